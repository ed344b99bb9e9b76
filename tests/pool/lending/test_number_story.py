"""Visitors and an operator who archives and imports at random, against a plain list of who saw which number when.

The model shares no code with the service: it knows intervals, owners, a guard and a grace.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.pool.lending.find_holder import holder_at
from chalicelib.pool.lending.provision_numbers import import_numbers, set_state
from chalicelib.pool.statistics.maintenance import look_after
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import Campaign, NumberState
from chalicelib.visits.visitor_key import visitor_key
from tests.conftest import SIGNING_KEY
from tests.pool.shop import NOW, POOL, SITE, number, open_shop, page, replace
from tests.requests import issue

HOLD, GRACE, GUARD = 60, {"s1": 120, "s2": 300}, 2
STEPS, NUMBERS = 250, 3
PLACES = (("s1", "p1"), ("s1", "p2"), ("s2", "p3"), ("s1", None))  # None: a static number
PAGES = {"s1": ("https://shop.example/one", "https://shop.example/two"), "s2": ("https://shop.example/",)}


@dataclass
class Seen:
    """A visitor was shown the number; until when the page was to show it."""

    visitor: str
    site: str
    begun: float
    until: float


@dataclass
class Model:
    """One number: where it was from when on, and who saw it."""

    places: list[tuple[float, tuple[str, str | None]]] = field(default_factory=list)
    archived: bool = True
    seen: list[Seen] = field(default_factory=list)

    def place_at(self, at: float) -> tuple[str, str | None]:
        return next((place for begun, place in reversed(self.places) if begun <= at), self.places[0][1])

    def free_from(self) -> float:
        """From when another place may have it."""
        here = [seen for seen in self.seen if seen.begun >= self.places[-1][0]]
        return max((seen.until + GRACE[seen.site] for seen in here), default=0)


class Story:
    """The service beside the model. Seconds are those after NOW."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = 0.0
        self.models = {number(place): Model() for place in range(1, NUMBERS + 1)}
        self.leases: dict[tuple[str, str], tuple[str, Seen]] = {}
        self.refused = self.moved = self.asked = 0

    def at(self, seconds: float) -> datetime:
        return NOW + timedelta(seconds=seconds)

    def step(self) -> None:
        self.now = round(self.now + self.rng.expovariate(1 / 12), 1)
        snapshot.forget()  # a minute's memory is another test's matter
        action = self.rng.choices((self.visit, self.archive, self.bring, self.maintain, self.ask), (6, 1, 3, 0.3, 4))[0]
        action()

    def visit(self) -> None:
        site = self.rng.choice(("s1", "s2"))
        who = f"v{self.rng.randrange(5)}"
        body: dict[str, Any] = {"url": self.rng.choice(PAGES[site]), "visitor_id": who}
        lease, before = self.leases.get((site, who), (None, None))
        asked = page(body | ({"lease": lease} if lease else {}), self.at(self.now))
        answer = issue(asked, "sk1" if site == "s1" else "sk2")
        if answer["kind"] != "dynamic":
            return
        shown = self.models[answer["number"]]
        until = int(-(-(self.now + HOLD) // 1))
        last = shown.seen[-1] if shown.seen else None
        if last is not None and last is before and before.until >= self.now:
            last.until = max(last.until, until)  # it goes on
        else:
            assert last is None or last.visitor == who or int(self.now) > last.until + GUARD, "two have the number"
            last = Seen(who, site, int(self.now), until)
            shown.seen.append(last)
        assert shown.place_at(self.now)[0] == site, "a number of another site"
        assert not shown.archived
        self.leases[site, who] = (answer["lease"], last)

    def archive(self) -> None:
        name = self.rng.choice(list(self.models))
        model = self.models[name]
        if model.places and not model.archived:
            state = self.rng.choice((NumberState.DRAINING, NumberState.ARCHIVED, NumberState.ARCHIVED))
            set_state(model.places[-1][1][0], name, state, self.at(self.now))
            model.archived = state is NumberState.ARCHIVED

    def bring(self) -> None:
        name = self.rng.choice(list(self.models))
        model, (site, pool) = self.models[name], self.rng.choice(PLACES)
        cells = {"kind": "static", "campaign_id": "c1"} if pool is None else {"pool_id": pool}
        report = import_numbers(site, [(1, {"number": name, **cells})], self.at(self.now))
        here = bool(model.places) and model.places[-1][1] == (site, pool)
        if here or not model.places:
            wait = None
        elif not model.archived:
            wait = float("inf")
        else:
            wait = model.free_from()
        if wait is not None and self.now < wait:
            self.refused += 1
            (rejected,) = report["rejected"]
            assert rejected.get("available_at") == (None if wait == float("inf") else self.at(wait))
            return
        assert not report["rejected"], report
        if not here:
            self.moved += bool(model.places)
            model.places.append((self.now, (site, pool)))
        model.archived = False

    def maintain(self) -> None:
        for site in ("s1", "s2"):
            look_after(site, store.pools_of(site), self.at(self.now), quarantines=False)

    def ask(self) -> None:
        """Who had a number at some moment: as the model says, whenever it is asked."""
        name = self.rng.choice(list(self.models))
        model, moment = self.models[name], round(self.rng.uniform(0, self.now - 3), 1)
        if moment < 0 or not model.places:
            return
        owner = snapshot.owner_at(name, self.at(moment), self.at(self.now))
        assert owner is not None
        assert (owner.site_id, owner.pool_id) == model.place_at(moment)
        held = [seen for seen in model.seen if seen.begun <= moment <= seen.until]
        if owner.pool_id is None or not held or moment - held[-1].begun < 4:
            return  # nobody dials so fast
        self.asked += 1
        holding = holder_at(owner, self.at(moment), GRACE[owner.site_id], self.at(self.now))
        keys = {visitor_key(held[-1].site, held[-1].visitor, SIGNING_KEY.encode()).hex()}
        assert {holding.visitor} == keys, (name, moment, held, holding)


@pytest.mark.parametrize("seed", range(4))
def test_a_number_is_whose_the_plain_list_says_after_any_changes(aws: Any, seed: int) -> None:
    site = replace(SITE, call_grace_seconds=GRACE["s1"])
    pool = replace(POOL, overflow_number=None, hold_seconds=HOLD, cooldown_seconds=0, address_percent=100)
    open_shop(pool, replace(pool, pool_id="p2"), site=site)
    other = replace(site, site_id="s2", account_id="acc2", site_key="sk2", call_grace_seconds=GRACE["s2"])
    open_shop(replace(pool, pool_id="p3", site_id="s2"), site=other)
    store.create_campaign(Campaign("c1", "s1", "Radio"))
    store.create_campaign(Campaign("c1", "s2", "Radio"))
    story = Story(seed)
    for _ in range(STEPS):
        story.step()
    assert min(story.refused, story.moved, story.asked) >= 3
