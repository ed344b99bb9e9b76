"""The story of the demo: a seed and a last day make all of it, and nothing else does. Pure.

Two weeks of a shop that sells windows and doors in three cities. Everything the report must find out is known here,
because it is made up here: who came from where, who called whom, and what was earned.

What a call is evidence of is certain in every moment of the story. A visitor calls while nobody else can have dialled,
whichever of the free numbers the service chose to lend: while the lease runs, or soon after it in an hour in which
nobody else was in town. Who may have dialled otherwise is a matter of likelihood, which simulations measure.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from random import Random

from infra.demo.calls import calls_back, calls_by_chance, with_answers
from infra.demo.contacts import contacts_of
from infra.demo.deals import deals_of, spend_of
from infra.demo.events import Story, local
from infra.demo.scenes import scenes_of
from infra.demo.visits import people_with_phones, quarantines_of, visits_of

SEED = 20261122
DAYS = 14
CLOSES_FOR_GOOD = 22  # of the last day, in the shop's zone: nothing happens later


def make_story(last_day: date, seed: int = SEED, length: int = DAYS) -> Story:
    """Return the story of the `length` days that end with `last_day`."""
    first_day = last_day - timedelta(days=length - 1)
    days = tuple(first_day + timedelta(days=day) for day in range(length))
    rng = Random(seed)  # noqa: S311 - the same story every time
    people, visit_keys, call_keys = people_with_phones(rng), count(1), count(1)
    quarantines, until = quarantines_of(days), local(last_day, CLOSES_FOR_GOOD)
    by_chance = visits_of(days, rng, people, visit_keys, quarantines)
    made = calls_by_chance(days, rng, by_chance, people, call_keys, quarantines)
    staged, staged_calls = scenes_of(days, rng, people, visit_keys, call_keys)
    made += staged_calls
    made += calls_back(rng, made, call_keys, until)
    visits = tuple(sorted((*by_chance, *staged), key=lambda visit: (visit.at, visit.key)))
    contacts, calls = contacts_of(rng, visits), with_answers(rng, made)
    deals = deals_of(rng, visits, contacts, calls, until)
    return Story(first_day, last_day, visits, contacts, calls, deals, spend_of(days, rng), tuple(quarantines), seed)
