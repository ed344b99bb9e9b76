"""From a call's evidence to its credit under a model. Pure: verdicts are computed, never stored.

Two steps. `paths_of` says whose touches count and for how much: each possible caller's with his share. `shared_by`
lets a model weigh the touches of each path. The facts hold the paths too, so that a report can ask any model later.
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

NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # when somebody came of whom nothing is known: it is alone in its path


@dataclass(frozen=True, slots=True)
class PathStep:
    """One touch as credit sees it: its source as the account's rulebook names it, and the campaign it is counted under.

    A call to a number that stands for one source is a touch of that source, at the moment of the call.
    """

    at: datetime
    source: Source
    region: str = ""
    landing_page: str = ""
    campaign_id: str = ""

    @property
    def direct(self) -> bool:
        """Nobody sent the visitor."""
        return self.source.channel == "direct"


@dataclass(frozen=True, slots=True)
class Path:
    """One possible caller: his share in the call, and his touches, oldest first, at least one."""

    share: Decimal
    steps: tuple[PathStep, ...]


def credit_of(
    attributed: AttributedCall, site: Site, rulebook: Rulebook, model: str | None = None
) -> tuple[Credit, ...]:
    """Who gets the call under the site's model, or another: by touch, the weights summing to exactly 1.

    Raises BadInput for a model we do not know.
    """
    return shared_by(model_of(model or site.model), paths_of(attributed, site, rulebook))


def shared_by(model: Model, paths: Sequence[Path]) -> tuple[Credit, ...]:
    """What each touch of each path gets; what gets nothing is left out."""
    credits = []
    for candidate, place, weight in model.split([(path.share, path.steps) for path in paths]):
        step, share = paths[candidate].steps[place], paths[candidate].share
        credits.append(Credit(step.source, weight, step.region, step.landing_page, candidate, share, step.campaign_id))
    return tuple(credits)


def paths_of(attributed: AttributedCall, site: Site, rulebook: Rulebook) -> tuple[Path, ...]:
    """The possible callers with the touches that count for each: within the look-back, as the repeat rule says.

    The overflow number and the unknown are paths of one step. Shares sum to exactly 1.
    """
    return tuple(Path(caller.share, _steps(caller, rulebook)) for caller in _callers(attributed, site, rulebook))


def path_of_visit(touches: Iterable[Touch], at: datetime, site: Site, rulebook: Rulebook) -> Path:
    """The path of a visitor who is known: his touches within the look-back before a moment, or one unknown step."""
    steps = tuple(_step(touch, rulebook) for touch in _window(touches, at, site))
    return Path(ONE, steps or (_bare("unknown"),))


def landing_page(url: str) -> str:
    """The page of a URL: host and path, without the tags that make every click another URL, and without a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{host}{parts.path or '/'}" if host else ""


class _Caller(NamedTuple):
    """One who may have made the call: his share, the touches that count, and what he is where there are none.

    `called` are the sources of numbers and promo codes that stand for one: touches at the moment of their call.
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
    """Who may have made the call, as far as the call itself tells."""
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
    # The touches are of the page view that a promo code names; a code that stands for a campaign has none.
    touches = _window(evidence.touches, evidence.called_at or begun, site)
    return [_Caller(ONE, touches, nobody, _called(evidence, begun, rulebook))]


def _window(touches: Iterable[Touch], at: datetime, site: Site) -> tuple[Touch, ...]:
    """The touches within the site's look-back before a call."""
    since = at - timedelta(days=site.lookback_days)
    return tuple(touch for touch in touches if touch.at >= since)


def _merged(one: Iterable[Touch], other: Iterable[Touch]) -> tuple[Touch, ...]:
    """Touches of several calls, each arrival once, oldest first: of one call its address may have been erased since."""
    each_once = {(touch.at, page_of(touch.url)): touch for touch in (*one, *other)}
    return tuple(sorted(each_once.values(), key=lambda touch: touch.at))


def _steps(caller: _Caller, rulebook: Rulebook) -> tuple[PathStep, ...]:
    """What counts for a caller, oldest first."""
    steps = [*(_step(touch, rulebook) for touch in caller.touches), *caller.called]
    return tuple(sorted(steps, key=lambda step: step.at)) or (caller.otherwise,)


def _step(touch: Touch, rulebook: Rulebook) -> PathStep:
    found = rulebook.decide(touch)
    return PathStep(touch.at, found.source, touch.region, landing_page(touch.url), found.campaign_id)


def _called(told: Evidence | EarlierCall, at: datetime, rulebook: Rulebook) -> tuple[PathStep, ...]:
    """The source that the number called, or the promo code told, stands for; nothing where it stands for none.

    Its campaign may be archived, or past its dates: its billboard may still hang.
    """
    kind = told.first_kind if isinstance(told, Evidence) else told.kind
    if kind is not EvidenceKind.STATIC and not told.campaign_id:
        return ()
    campaign, offline = rulebook.campaign(told.campaign_id), Source("offline", "", "", told.campaign_id or "", "", "")
    if campaign is None:
        return (PathStep(at, offline),)
    parts = {part: value for part, value in campaign.match.items() if not wildcard.is_pattern(value)}
    source, medium = parts.get("source", ""), parts.get("medium", "")
    named = Source(campaign.channel or "offline", source, medium, key_of(campaign), "", "")
    return (PathStep(at, named, campaign_id=campaign.campaign_id),)


def _bare(channel: str) -> PathStep:
    """A source that is no arrival."""
    return PathStep(NEVER, Source(channel, "", "", "", "", ""))
