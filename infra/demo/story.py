"""The story of the demo: a seed and a last day make all of it, and nothing else does. Pure.

Two weeks of a shop that sells windows and doors in two cities. Everything the report must find out is known here,
because it is made up here: who came from where, who called whom, and what was earned.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from infra.demo.calls import calls_of
from infra.demo.deals import deals_of, end_of, spend_of
from infra.demo.events import Story
from infra.demo.visits import people_with_phones, visits_of

SEED = 20261122
DAYS = 14


def tell(last_day: date, seed: int = SEED, length: int = DAYS) -> Story:
    """The story of the `length` days that end with `last_day`."""
    first_day = last_day - timedelta(days=length - 1)
    days = tuple(first_day + timedelta(days=day) for day in range(length))
    rng = Random(seed)  # noqa: S311 - the same story every time
    people = people_with_phones(rng)
    visits = visits_of(days, rng, people)
    calls = calls_of(days, rng, visits, people)
    deals = deals_of(rng, calls, end_of(days))
    return Story(first_day, last_day, visits, calls, deals, spend_of(days, rng))
