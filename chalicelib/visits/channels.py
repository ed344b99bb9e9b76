"""The channels calls, spend and deals are compared by, and the rules that name one. Pure.

After GA4's default channel grouping; maps, classifieds, messengers and AI assistants are channels of their own, which
GA4 counts as referral.
"""

from __future__ import annotations

import re

# Our key → how it is called. Accounts may name channels of their own beside these.
CHANNELS = {
    "paid_search": "paid search",
    "paid_social": "paid social",
    "display": "display",
    "organic_search": "organic search",
    "social": "social",
    "messenger": "messenger",
    "email": "e-mail",
    "maps": "maps",
    "classifieds": "classifieds",
    "ai": "AI assistants",
    "referral": "referral",
    "direct": "direct",
    "offline": "offline",
    "overflow": "overflow number",
    "unknown": "unknown",
    "other_paid": "other paid",
}

# The kind of a known source (the classes of data/*.json) → its channel when nobody was paid, and when somebody was.
UNPAID = {
    "search": "organic_search",
    "social": "social",
    "messenger": "messenger",
    "email": "email",
    "maps": "maps",
    "classifieds": "classifieds",
    "ai": "ai",
    "offline": "offline",
    "paid": "other_paid",
    "paid_search": "paid_search",
    "paid_social": "paid_social",
    "display": "display",
}
PAID = UNPAID | {
    "search": "paid_search",
    "social": "paid_social",
    "messenger": "paid_social",
    "email": "other_paid",
    "ai": "other_paid",
}

_PAID_MEDIUM = re.compile(
    r".*cp[a-z].*|ppc|retargeting|remarketing|paid.*|ads?|affiliates?|target(ing)?|таргет|context|контекст"
)
_MEDIUMS = {
    "display": "display banner banners expandable interstitial cpm media_banner mediaad teaser media "
    "rsya rsy рся kms gdn",
    "email": "email e-mail e_mail mail newsletter mailing rassylka рассылка",
    "messenger": "messenger messengers telegram whatsapp viber max sms push bot",
    "social": "social social-network social-media sm smm social_network social_media organic_social post story stories "
    "video blogger bloger",
    "organic_search": "organic seo",
    "maps": "maps map geo",
    "classifieds": "classifieds classified marketplace",
    "ai": "ai chatbot ai_assistant",
    "offline": "offline qr qr-code qr_code qrcode print outdoor billboard radio tv flyer card vizitka листовка визитка",
    "referral": "referral link app partner",
}
_BY_NAME = {
    text.casefold().replace("_", " "): channel for channel, called in CHANNELS.items() for text in (channel, called)
}
_MEDIUM_CHANNELS = {medium: channel for channel, words in _MEDIUMS.items() for medium in words.split()}


def channel_of(medium: str, kind: str | None) -> str:
    """Return a tagged link's channel: `medium` is its utm_medium in lower case, `kind` that of its utm_source.

    Display is asked before the other paid ones, because `cpm` would pass for any of them; but paid posts in a social
    network are paid social however they are billed.
    """
    shown = _MEDIUM_CHANNELS.get(medium) == "display"
    if shown and kind not in ("social", "messenger", "paid_social"):
        return "display"
    if shown or _PAID_MEDIUM.fullmatch(medium):
        return PAID.get(kind or "", "other_paid")
    if _MEDIUM_CHANNELS.get(medium) == "social" and kind == "messenger":
        return "messenger"
    if medium == "organic" and kind in ("social", "messenger", "maps", "classifieds"):
        return UNPAID[kind]
    if medium in _MEDIUM_CHANNELS:
        return _MEDIUM_CHANNELS[medium]
    return UNPAID.get(kind or "", "referral")


def channel_named(name: str) -> str:
    """Return a channel that an account wrote in the form reports group by: ours by key or name, else as written."""
    written = " ".join(name.split())
    return _BY_NAME.get(written.casefold().replace("_", " "), written)
