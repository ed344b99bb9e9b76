"""An account's rulebook: its channel rules, its campaigns and its rules for self-reported sources. Pure.

Evidence keeps a touch as it was seen and as the built-in rules read it. The rulebook is opened when credit or facts are
computed, never before: a changed rule or campaign recounts the past without touching a call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.attribution import campaign_match, channel_rules
from chalicelib.calls import self_reported_words
from chalicelib.calls.self_reported import SelfReported
from chalicelib.core.canonical_json import canonical, sha256
from chalicelib.registry.types import Campaign, ChannelRule, SelfReportedRule
from chalicelib.visits.types import Source, Touch


@dataclass(frozen=True, slots=True)
class Decision:
    """The source a touch is counted as, and what decided it: a rule by its position, a campaign, or neither."""

    source: Source
    rule: int | None
    campaign: Campaign | None

    @property
    def campaign_id(self) -> str:
        return self.campaign.campaign_id if self.campaign else ""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A site's campaigns and its account's rules, in the order they are tried. Days are in `time_zone`."""

    campaigns: tuple[Campaign, ...] = ()
    rules: tuple[ChannelRule, ...] = ()
    time_zone: str = "UTC"
    self_reported_rules: tuple[SelfReportedRule, ...] = ()

    @property
    def digest(self) -> str:
        """Return 16 hex digits that change with any campaign or rule."""
        parts = msgspec.to_builtins(self)
        parts["answers"] = parts.pop("self_reported_rules")  # the name that digests in reports made so far have
        return sha256(canonical(parts))[:16]

    def read_self_reported(self, reported: SelfReported | None) -> str | None:
        """Return what a customer's answer is counted as, beside what was measured; None where there is no answer."""
        return self_reported_words.shown(reported, self.self_reported_rules) if reported else None

    def decide(self, touch: Touch) -> Decision:
        """Decide a touch by the first rule that fits, then by the closest campaign; else as it was classified.

        For an erased touch only rules and campaigns count that test what is still stored of it.
        """
        if not self.rules and not self.campaigns:
            return Decision(touch.source, None, None)
        erased = not touch.url and not touch.referrer
        read = bool(self.rules) and not erased
        parts = channel_rules.parts_of(touch) if read else channel_rules.parts_of_source(touch.source)
        return self._decide(touch.source, parts, touch.at.astimezone(ZoneInfo(self.time_zone)).date())

    def decide_source(self, source: Source, day: date) -> Decision:
        """Decide a source alone, e.g. that of a row of spend."""
        return self._decide(source, channel_rules.parts_of_source(source), day)

    def campaign(self, campaign_id: str | None) -> Campaign | None:
        """Return a campaign by its id, archived or not; None where there is none."""
        return next((each for each in self.campaigns if each.campaign_id == campaign_id), None)

    def _decide(self, source: Source, parts: channel_rules.Parts, day: date) -> Decision:
        rule = channel_rules.first_fitting(self.rules, parts)
        if rule is not None:
            source = channel_rules.applied(self.rules[rule], source)
        campaign = campaign_match.best(self.campaigns, source, day)
        return Decision(campaign_match.placed(campaign, source) if campaign else source, rule, campaign)


def why(rulebook: Rulebook, decision: Decision, basis: str) -> str:
    """Explain in one or two sentences which rule and campaign decided, or that the built-in rules did."""
    said: Iterable[str] = (_of_rule(rulebook, decision, basis), _of_campaign(decision))
    return " ".join(sentence for sentence in said if sentence)


def _of_rule(rulebook: Rulebook, decision: Decision, basis: str) -> str:
    if decision.rule is None:
        return f"No rule of the account fits, so the built-in rules decide by {basis}."
    rule = rulebook.rules[decision.rule]
    named = f" ({rule.name})" if rule.name else ""
    conditions = " and ".join(channel_rules.condition_text(condition) for condition in rule.when)
    return f"Rule {decision.rule}{named} decides: {conditions}."


def _of_campaign(decision: Decision) -> str:
    if decision.campaign is None:
        return ""
    channel = f" and takes its channel {decision.campaign.channel}" if decision.campaign.channel else ""
    return f"It belongs to campaign {decision.campaign.name}{channel}."
