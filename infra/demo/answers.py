"""What customers answer when they are asked what brought them. Pure."""

from __future__ import annotations

from random import Random

from infra.demo.events import Answer

ASKED = 25  # percent of callers and of customers

# Which measured channels an answer can be is written out here on purpose, and not asked of the service's dictionary.
ANSWERS = (
    Answer("Нашли в Яндексе", "search", frozenset({"paid_search", "organic_search"})),
    Answer("Гугл", "search", frozenset({"paid_search", "organic_search"})),
    Answer("Реклама ВКонтакте", "social", frozenset({"social", "paid_social"})),
    Answer("Знакомые посоветовали", "word_of_mouth", frozenset({"direct"})),
    Answer("Уже заказывали у вас", "returning", frozenset({"direct"})),
    Answer("Письмо со скидками", "email", frozenset({"email"})),
    Answer("Визитка в почтовом ящике", "offline", frozenset({"offline"})),
    Answer("Объявление на Авито", "classifieds", frozenset({"classifieds"})),
    Answer("Сорока на хвосте принесла", "other"),
)
NOT_ADVERTISED = frozenset({"word_of_mouth", "returning"})


def answer(rng: Random) -> Answer | None:
    """Return what somebody answers; None where nobody asks."""
    return rng.choice(ANSWERS) if rng.randrange(100) < ASKED else None
