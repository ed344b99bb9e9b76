"""The words of the reports. Another language is another dictionary here, under its ISO 639 code."""

from __future__ import annotations

ENGLISH: dict[str, str] = {
    # groupings and dimensions
    "channel": "Channel",
    "campaign": "Campaign",
    "keyword": "Keyword",
    "campaign_keyword": "Campaign and keyword",
    "creative": "Creative",
    "number": "Number",
    "region": "Region",
    "hour": "Hour",
    "weekday": "Weekday",
    "manager": "Manager",
    "self_reported": "Self-reported",
    # figures
    "calls": "Calls",
    "unique": "Unique",
    "answered": "Answered",
    "target": "Target",
    "missed": "Missed",
    "missed_percent": "Missed, %",
    "called_back": "Called back",
    "share": "Share, %",
    "average_talk": "Average talk, s",
    "average_quality": "Average quality",
    "leads": "Leads",
    "deals": "Deals won",
    "conversion": "Conversion, %",
    "revenue": "Revenue",
    "gross_profit": "Gross profit",
    "average_order": "Average order",
    "spend": "Spend",
    "cpl": "CPL",
    "cost_per_call": "Cost per call",
    "cost_per_unique": "Cost per unique call",
    "cost_per_order": "Cost per order",
    "roi": "ROI, %",
    "romi": "ROMI, %",
    "sales_cycle": "Sales cycle, days",
    # what visitors did besides calling
    "contacts": "Contacts",
    "form": "Forms",
    "chat": "Chats",
    "email_click": "E-mail clicks",
    "tel_click": "Clicks on the number",
    "reveal": "Numbers revealed",
    "promo_shown": "Promo codes shown",
    "accuracy": "Tracking accuracy, %",
    # values
    "total": "Total",
    "": "(not set)",
    "channel:paid_search": "Paid search",
    "channel:paid_social": "Paid social",
    "channel:display": "Display",
    "channel:organic_search": "Organic search",
    "channel:social": "Social",
    "channel:messenger": "Messengers",
    "channel:email": "E-mail",
    "channel:maps": "Maps",
    "channel:classifieds": "Classifieds",
    "channel:ai": "AI assistants",
    "channel:referral": "Referral",
    "channel:direct": "Direct",
    "channel:offline": "Offline",
    "channel:overflow": "Overflow number",
    "channel:unknown": "Unknown",
    "channel:other_paid": "Other paid",
    "self_reported:": "(not asked)",
    "self_reported:word_of_mouth": "Word of mouth",
    "self_reported:returning": "Had been a customer",
    "self_reported:search": "Search engine",
    "self_reported:internet": "The internet",
    "self_reported:other": "Other",
    "weekday:1": "Mon",
    "weekday:2": "Tue",
    "weekday:3": "Wed",
    "weekday:4": "Thu",
    "weekday:5": "Fri",
    "weekday:6": "Sat",
    "weekday:7": "Sun",
    "model:last_non_direct": "last non-direct touch",
    "model:last_touch": "last touch",
    "model:first_touch": "first touch",
    "model:linear": "touches equally",
    "model:time_decay": "touches by age, half as much per",
    "model:position_based": "touches by position, first/between/last",
    "model:custom": "touches by weight,",
    "calls_low": "Calls, at least (95 %)",
    "calls_high": "Calls, at most (95 %)",
    # the call list
    "started_at": "Started",
    "call_id": "Call",
    "caller": "Caller",
    "status": "Status",
    "talk_seconds": "Talk, s",
    "source": "Source",
    "evidence": "Evidence",
}
LANGUAGES: dict[str, dict[str, str]] = {"en": ENGLISH}


def label(key: str, language: str = "en") -> str:
    """Return the word for a figure, grouping or dimension; the key itself where there is none."""
    return LANGUAGES[language].get(key, key)


def value_label(dimension: str, value: str, language: str = "en") -> str:
    """Return a row's value in words: `paid_search` is Paid search, 1 is Mon, hour 9 09:00; other text is kept."""
    if dimension == "hour" and value.isdigit():
        return f"{int(value):02d}:00"
    words = LANGUAGES[language]
    named = words.get(f"{dimension}:{value}")
    if named is None and dimension == "self_reported":  # channels have one name, measured or self-reported
        named = words.get(f"channel:{value}")
    return named or value or words[""]


def model_label(spec: str, language: str = "en") -> str:
    """Return a model's spec in words, with its own figures behind them."""
    name, _, figures = spec.partition(":")
    return f"{value_label('model', name, language)} {figures.replace(',', ', ')}".strip()


def row_label(dimensions: tuple[str, ...], key: tuple[str, ...], name: str = "", language: str = "en") -> str:
    """Return a whole row in one line: the name before the id, a nested value after its parent."""
    parts = [value_label(dimension, value, language) for dimension, value in zip(dimensions, key, strict=True)]
    if name:
        parts[0] = f"{name} ({parts[0]})"
    return " · ".join(parts)
