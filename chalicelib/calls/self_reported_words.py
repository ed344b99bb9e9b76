"""What a customer said brought them: the words in one form, and the channel they mean. Pure.

It is stored beside what was measured and never changes it: credit does not use it. The words are read by the account's
own dictionary first, then by the one below; words that neither knows stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from chalicelib.calls.self_reported import SelfReported
from chalicelib.visits.channels import CHANNELS, channel_named

HEADINGS = (  # what columns of answers are called
    *("self_reported", "self-reported source", "how did you hear about us", "heard from", "how heard", "told source"),
    *("откуда узнали", "откуда узнал", "откуда вы о нас узнали", "как узнали", "как узнали о нас", "источник со слов"),
    *("источник (со слов клиента)", "со слов клиента", "самоотчет", "самоотчёт"),
)
LONGEST = 200  # characters of an answer that are kept
OTHER = "other"  # of an answer that the dictionary does not know
NOT_ADVERTISED = {"word_of_mouth": "word of mouth", "returning": "had been a customer"}  # no advertisement is one
_SELF_REPORTED_ONLY = {
    **NOT_ADVERTISED,
    "search": "search engine",
    "internet": "the internet",
}  # nothing is measured as one
SELF_REPORTED_CHANNELS = {**_SELF_REPORTED_ONLY, **CHANNELS}
MASK = "[*]"  # NFKC, which answers are brought into, leaves it as it is
PRIVATE = re.compile(
    r"\S+@\S+\.\w+"  # a mail address
    r"|\+?\d(?:[\s().–—-]*\d){6,}"  # a telephone number, or anything as long
)
_QUOTES = dict.fromkeys(map(ord, "\"'«»“”„`"))
_WORD = re.compile(r"[^\W_]+")

# Channel → phrases; `*` is any ending of a word. The first channel that has a fitting phrase is meant: the narrower
# ones come before those they would pass for (Yandex Maps before Yandex).
_DEFAULTS = {
    "word_of_mouth": "знаком*|друзья|друз*|друг|друга|подруг*|родствен*|родител*|сосед*|коллег*|посовет*|"
    "советовал*|совету|рекоменд*|порекоменд*|сарафан*|word of mouth|friend*|recommend*|referred|colleague*|"
    "neighbo*|relative*|family",
    "returning": "постоянн* клиент*|постоянн* покупат*|уже заказ*|уже обращ*|уже покупа*|раньше заказ*|раньше обращ*|"
    "раньше покупа*|не первый раз|повторн*|regular customer|returning customer|existing customer|bought before|"
    "ordered before",
    "maps": "яндекс карт*|yandex map*|гугл карт*|google map*|карты|на карте|картах|map|maps|2гис|2gis|дубльгис|"
    "навигатор*",
    "classifieds": "авито*|avito|циан*|cian|юла|юле|домклик|яндекс маркет*|маркетплейс*|доск* объявлен*|classified*",
    "ai": "chatgpt|chat gpt|чат гпт|нейросет*|gigachat|гигачат|deepseek|дипсик|perplexity|искусственн* интеллект*",
    "messenger": "телеграм*|телеге|telegram|whatsapp|ватсап*|вотсап*|вацап*|viber|вайбер*",
    "paid_search": "яндекс директ*|yandex direct|google ads|adwords|контекстн*",
    "social": "вк|vk|вконтакте|vkontakte|инстаграм*|instagram|фейсбук*|facebook|одноклассник*|тикток*|tiktok|ютуб*|"
    "youtube|соцсет*|социальн* сет*|social*|блогер*|blogger*",
    "email": "рассылк*|email|e mail|имейл*|письм*|newsletter*",
    "offline": "радио|radio|тв|tv|телевизор*|телевиден*|television|билборд*|биллборд*|billboard*|рекламн* щит*|вывеск*|"
    "листовк*|флаер*|flyer*|leaflet*|газет*|newspaper*|журнал*|magazine*|визитк*|business card*|наружн*|мимо|"
    "drove past|walked past|выставк*|exhibition*|лифт*|подъезд*",
    "display": "баннер*|banner*",
    "search": "яндекс*|yandex*|гугл*|google*|поиск*|bing|search*",
    "internet": "интернет*|internet|онлайн|online|сайт*|website*|в сети",
}
# Where measuring distinguishes less than people do, or more: a self-reported channel → the measured ones it agrees
# with, besides itself. After word of mouth people type the address: nothing advertised is measured of them.
_MEANS = {
    "search": frozenset({"organic_search", "paid_search"}),
    "social": frozenset({"paid_social"}),
    "internet": frozenset(CHANNELS) - {"offline", "overflow", "unknown"},
    **dict.fromkeys(NOT_ADVERTISED, frozenset({"direct"})),
}


class SelfReportedRule(Protocol):
    """An account's own entry of the dictionary."""

    @property
    def channel(self) -> str: ...
    @property
    def phrases(self) -> tuple[str, ...]: ...


def parse(text: str | None, noted_at: datetime | None = None) -> SelfReported | None:
    """Read an answer as it was written down; None for one that says nothing."""
    answer = normal(text or "")
    return SelfReported(answer, channel_of(answer) or OTHER, noted_at) if answer else None


def normal(text: str) -> str:
    """Return an answer in its one form: small letters, single spaces, no telephone numbers or mail addresses, cut."""
    words = unicodedata.normalize("NFKC", text).lower().replace("ё", "е").translate(_QUOTES)
    return PRIVATE.sub(MASK, " ".join(words.split()))[:LONGEST].strip(" .,;:!?()–—-")


def channel_of(answer: str, rules: Iterable[SelfReportedRule] = ()) -> str | None:
    """Return the channel an answer in its one form means: by the account's `rules`, else the dictionary, else None."""
    words = _words(answer)
    own = (rule.channel for rule in rules if any(_fits(pattern_of(phrase), words) for phrase in rule.phrases))
    default = (channel for channel, phrases in _defaults() if any(_fits(phrase, words) for phrase in phrases))
    return next(own, None) or next(default, None)


def shown(reported: SelfReported, rules: Iterable[SelfReportedRule] = ()) -> str:
    """Return an answer as reports group by it: its channel, or `other: ` and the words."""
    if reported.answer is None:
        return reported.channel
    return channel_of(reported.answer, rules) or f"{OTHER}: {reported.answer}"


def is_other(value: str) -> bool:
    """Return whether what `shown` gives names no channel."""
    return value == OTHER or value.startswith(f"{OTHER}: ")


def agrees(value: str, measured: str) -> bool | None:
    """Return whether the self-reported channel can be the measured one. None where there is nothing to compare."""
    if is_other(value) or measured in ("unknown", "overflow"):
        return None
    return value == measured or measured in _MEANS.get(value, ())


def self_reported_channel_named(name: str) -> str:
    """Return a channel that an account wrote in the form reports group by: by key or name, else as written."""
    written = " ".join(name.split())
    known = written.casefold().replace("_", " ")
    key = next((key for key, called in _SELF_REPORTED_ONLY.items() if known in (key.replace("_", " "), called)), None)
    return key or channel_named(written)


def default_dictionary() -> dict[str, list[str]]:
    """Return the dictionary that every account begins with: channel → phrases, in the order they are tried."""
    return {channel: phrases.split("|") for channel, phrases in _DEFAULTS.items()}


@lru_cache(maxsize=1)
def _defaults() -> tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]:
    return tuple((channel, tuple(map(pattern_of, phrases))) for channel, phrases in default_dictionary().items())


@lru_cache(maxsize=4096)
def pattern_of(phrase: str) -> tuple[str, ...]:
    """Return a phrase's words, each with its `*` where any ending fits."""
    return tuple(found[0] for found in re.finditer(r"[^\W_]+\*?", normal(phrase.replace("*", "_")).replace("_", "*")))


def _words(answer: str) -> list[str]:
    return _WORD.findall(answer)


def _fits(pattern: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether the words of a phrase follow each other in an answer."""
    length = len(pattern)
    return any(
        all(map(_is, pattern, words[start : start + length])) for start in range(len(words) - length + 1) if length
    )


def _is(wanted: str, word: str) -> bool:
    return word.startswith(wanted[:-1]) if wanted.endswith("*") else word == wanted
