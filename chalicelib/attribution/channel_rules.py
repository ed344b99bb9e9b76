"""An account's own rules, from what is known of a touch to its channel. Pure; docs/campaigns.md explains them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from chalicelib.core import wildcard
from chalicelib.registry.types import ChannelRule, Comparison, Condition
from chalicelib.visits import landing_url
from chalicelib.visits.types import Source, Touch

# Part of a touch → what it is. The first six are of the built-in reading, which outlives an erased address.
PARTS = {
    "channel": "the channel the built-in rules give",
    "source": "utm_source, or the known name of the referring site",
    "medium": "utm_medium",
    "campaign": "utm_campaign",
    "keyword": "utm_term, or the words searched for",
    "creative": "utm_content or the id of the advertisement",
    "host": "the referrer's host, without www.",
    "path": "the referrer's path",
    "click_id": "the names of the click ids in the address: yclid, gclid, …",
    "landing_host": "the host of the page opened, without www.",
    "landing_path": "the path of the page opened",
    "tag": "any argument of the address, as name=value",
}
Parts = Mapping[str, tuple[str, ...]]


def parts_of(touch: Touch) -> Parts:
    """Return the parts of a touch that rules can test; several texts where a part has several, none if unknown."""
    page, came_from = landing_url.split(touch.url), landing_url.split(touch.referrer)
    tags = landing_url.tags_of(touch.url)
    return {
        **parts_of_source(touch.source),
        "host": _known(landing_url.host_of(touch.referrer).removeprefix("www.")),
        "path": _known(landing_url.text_of(came_from.path)),
        "landing_host": _known(landing_url.host_of(touch.url).removeprefix("www.")),
        "landing_path": _known(landing_url.text_of(page.path) or ("/" if page.netloc else "")),
        "tag": tuple(f"{name}={value}" for name, value in tags.items()),
    }


def parts_of_source(source: Source) -> Parts:
    """Return the parts of a source alone: of spend, or of a touch whose address was erased."""
    click = (source.click_id or "").partition("=")[0]
    named = {name: (getattr(source, name),) for name in ("channel", "source", "medium", "campaign", "keyword")}
    return {**named, "creative": (source.creative,), "click_id": _known(click)}


def first_fitting(rules: Sequence[ChannelRule], parts: Parts) -> int | None:
    """Return the position of the first rule whose conditions all hold for `parts`, or None."""
    return next((position for position, rule in enumerate(rules) if meets(rule, parts)), None)


def meets(rule: ChannelRule, parts: Parts) -> bool:
    """Return whether every condition of the rule holds. No condition holds for an unknown part."""
    return all(any(_compares(each, text) for text in parts.get(each.part, ())) for each in rule.when)


def applied(rule: ChannelRule, source: Source) -> Source:
    """Return the source as the rule counts it."""
    return replace(
        source,
        channel=rule.channel,
        source=source.source if rule.source is None else rule.source,
        medium=source.medium if rule.medium is None else rule.medium,
    )


def condition_text(condition: Condition) -> str:
    """Write the condition in words."""
    verbs = {
        Comparison.EXACT: "is",
        Comparison.PREFIX: "begins with",
        Comparison.CONTAINS: "contains",
        Comparison.GLOB: "is like",
    }
    values = " or ".join(value or "empty" for value in condition.values)
    return f"{condition.part} {verbs[condition.compare]} {values}"


def _compares(condition: Condition, text: str) -> bool:
    known = text.casefold()
    wanted = (value.casefold() for value in condition.values)
    match condition.compare:
        case Comparison.EXACT:
            return known in wanted
        case Comparison.PREFIX:
            return known.startswith(tuple(wanted))
        case Comparison.CONTAINS:
            return any(value in known for value in wanted)
        case Comparison.GLOB:
            return any(wildcard.fits(value, text) for value in condition.values)


def _known(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
