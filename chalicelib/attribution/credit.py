"""From a call's evidence to its credit under a model. Pure: verdicts are computed, never stored.

Two steps. `paths_of` says whose touches count and for how much: those of each possible caller, with a share.
`shared_by` lets a model weigh the touches of each path. Facts have the paths too, so any model can be used later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlsplit

from chalicelib.attribution.campaign_match import key_of
from chalicelib.attribution.models import Model, model_of
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls.evidence import MEASURED, AttributedCall, EarlierCall, Evidence, EvidenceKind
from chalicelib.calls.redaction import page_of
from chalicelib.calls.types import Credit
from chalicelib.core import wildcard
from chalicelib.core.apportion import ONE
from chalicelib.registry.types import RepeatRule, Site
from chalicelib.visits.types import Source, Touch

NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # the moment of an unknown arrival: it is alone in its path


@dataclass(frozen=True, slots=True)
class PathStep:
    """One touch as credit sees it: its source and campaign by the account's rulebook.

    A call to a number of one source is a touch of that source, at the moment of the call.
    """

    at: datetime
    source: Source
    region: str = ""
    landing_page: str = ""
    campaign_id: str = ""

    @property
    def direct(self) -> bool:
        """Return whether nobody sent the visitor."""
        return self.source.channel == "direct"


@dataclass(frozen=True, slots=True)
class Path:
    """One possible caller: their share in the call, and their touches, oldest first, at least one."""

    share: Decimal
    steps: tuple[PathStep, ...]


def credit_of(
    attributed: AttributedCall, site: Site, rulebook: Rulebook, model: str | None = None
) -> tuple[Credit, ...]:
    """Return the credit of a call under the site's model or another, by touch; the weights sum to exactly 1.

    Raises BadInput for an unknown model.
    """
    return shared_by(model_of(model or site.model), paths_of(attributed, site, rulebook))


def shared_by(model: Model, paths: Sequence[Path]) -> tuple[Credit, ...]:
    """Return the credit of each touch of each path; touches without weight are left out."""
    found = []
    for candidate, index, weight in model.split([(path.share, path.steps) for path in paths]):
        step, share = paths[candidate].steps[index], paths[candidate].share
        found.append(Credit(step.source, weight, step.region, step.landing_page, candidate, share, step.campaign_id))
    return tuple(found)


def paths_of(attributed: AttributedCall, site: Site, rulebook: Rulebook) -> tuple[Path, ...]:
    """Return the possible callers with the touches that count for each: within the look-back, by the repeat rule.

    The overflow number and the unknown are paths of one step. Shares sum to exactly 1.
    """
    return tuple(Path(caller.share, _steps(caller, rulebook)) for caller in _callers(attributed, site, rulebook))


def path_of_visit(touches: Iterable[Touch], at: datetime, site: Site, rulebook: Rulebook) -> Path:
    """Return the path of a known visitor: their touches in the look-back before a moment, or one unknown step."""
    steps = tuple(_step(touch, rulebook) for touch in _window(touches, at, site))
    return Path(ONE, steps or (_bare("unknown"),))


def landing_page(url: str) -> str:
    """Return the page of a URL: host and path, without tags, which differ for each click, and without a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{host}{parts.path or '/'}" if host else ""


class _Caller(NamedTuple):
    """A possible caller: the share, the touches that count, and the step that counts where there are none.

    `called` are the sources of numbers and promo codes that have one: touches at the moment of their call.
    """

    share: Decimal
    touches: tuple[Touch, ...]
    otherwise: PathStep
    called: tuple[PathStep, ...] = ()


def _callers(attributed: AttributedCall, site: Site, rulebook: Rulebook) -> list[_Caller]:
    evidence, begun = attributed.evidence, attributed.call.started_at
    own = _own_callers(attributed, site, rulebook)
    if not evidence.earlier:
        return own
    measured = evidence.first_kind in MEASURED
    if site.repeat_rule is RepeatRule.MODEL:
        others = _window([touch for call in evidence.earlier for touch in call.touches], begun, site)
        called = tuple(step for call in evidence.earlier for step in _called(call, call.started_at, rulebook))
        called = tuple(step for step in called if step.at >= begun - timedelta(days=site.lookback_days))
        mine = own if measured else [_Caller(ONE, (), own[0].otherwise)]
        return [
            caller._replace(touches=_merged(others, caller.touches), called=called + caller.called) for caller in mine
        ]
    if measured and site.repeat_rule is RepeatRule.NEW_VISIT:
        return own
    call = evidence.earlier[0 if site.repeat_rule is RepeatRule.FIRST else -1]
    touches, called = _window(call.touches, call.started_at, site), _called(call, call.started_at, rulebook)
    return [_Caller(ONE, touches, _bare("unknown"), called)]


def _own_callers(attributed: AttributedCall, site: Site, rulebook: Rulebook) -> list[_Caller]:
    """Return the possible callers by the call's own evidence."""
    evidence, begun = attributed.evidence, attributed.call.started_at
    kind = evidence.first_kind
    nobody = _bare("overflow" if kind is EvidenceKind.OVERFLOW else "unknown")
    if evidence.candidates and site.share_credit:
        # Where the caller dialled the number before, the shares know already who called from which browser.
        known = set() if evidence.redial_of else {call.visitor for call in evidence.earlier}
        self_known = next((each for each in evidence.candidates if each.visitor and each.visitor in known), None)
        if self_known:  # the caller called before from this very browser
            return [_Caller(ONE, _window(self_known.touches, begun, site), _bare("unknown"))]
        return [
            _Caller(
                each.share,
                _window(each.touches, each.called_at or begun, site),
                _bare("unknown") if each.visitor else nobody,
            )
            for each in evidence.candidates
        ]
    if kind is EvidenceKind.OVERFLOW:
        return [_Caller(ONE, (), nobody)]
    # The touches are of the page view that a promo code names; a code of a campaign has none.
    touches = _window(evidence.touches, evidence.called_at or begun, site)
    return [_Caller(ONE, touches, nobody, _called(evidence, begun, rulebook))]


def _window(touches: Iterable[Touch], at: datetime, site: Site) -> tuple[Touch, ...]:
    """Return the touches within the site's look-back before a call."""
    since = at - timedelta(days=site.lookback_days)
    return tuple(touch for touch in touches if touch.at >= since)


def _merged(one: Iterable[Touch], other: Iterable[Touch]) -> tuple[Touch, ...]:
    """Return the touches of several calls, each arrival once, oldest first; an address may be erased in one of them."""
    each_once = {(touch.at, page_of(touch.url)): touch for touch in (*one, *other)}
    return tuple(sorted(each_once.values(), key=lambda touch: touch.at))


def _steps(caller: _Caller, rulebook: Rulebook) -> tuple[PathStep, ...]:
    """Return the steps that count for a caller, oldest first."""
    steps = [*(_step(touch, rulebook) for touch in caller.touches), *caller.called]
    return tuple(sorted(steps, key=lambda step: step.at)) or (caller.otherwise,)


def _step(touch: Touch, rulebook: Rulebook) -> PathStep:
    found = rulebook.decide(touch)
    return PathStep(touch.at, found.source, touch.region, landing_page(touch.url), found.campaign_id)


def _called(evidence: Evidence | EarlierCall, at: datetime, rulebook: Rulebook) -> tuple[PathStep, ...]:
    """Return the source of the called number or the keyed promo code, if it has one.

    Its campaign may be archived, or past its dates: its billboard may still be up.
    """
    kind = evidence.first_kind if isinstance(evidence, Evidence) else evidence.kind
    if kind is not EvidenceKind.STATIC and not evidence.campaign_id:
        return ()
    campaign, offline = (
        rulebook.campaign(evidence.campaign_id),
        Source("offline", "", "", evidence.campaign_id or "", "", ""),
    )
    if campaign is None:
        return (PathStep(at, offline),)
    parts = {part: value for part, value in campaign.match.items() if not wildcard.is_pattern(value)}
    source, medium = parts.get("source", ""), parts.get("medium", "")
    named = Source(campaign.channel or "offline", source, medium, key_of(campaign), "", "")
    return (PathStep(at, named, campaign_id=campaign.campaign_id),)


def _bare(channel: str) -> PathStep:
    """Return the step of a source that is no arrival."""
    return PathStep(NEVER, Source(channel, "", "", "", "", ""))
