"""Facts to tallies: the SQL of the reports.

Rows are counted from the credits of one model (weights), totals from the calls and deals themselves.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chalicelib.calls.self_reported_words import OTHER
from chalicelib.reports.figures.formulas import Spread, Tally

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Key = tuple[str, ...]
Sums = dict[str, Any]

SPEND_DIMENSIONS = frozenset({"channel", "campaign", "keyword", "creative"})

# A deal belongs to the sources of its call or contact; one without either to the source it names itself.
_DEAL_DIMENSIONS = {
    "channel": "coalesce(c.channel, d.own_channel)",
    "campaign": "coalesce(c.campaign, d.own_campaign)",
    "keyword": "coalesce(c.keyword, d.own_keyword)",
    "creative": "coalesce(c.creative, d.own_creative)",
    "number": "coalesce(c.number, '')",
    "region": "coalesce(c.region, '')",
    "manager": "coalesce(nullif(c.manager, ''), d.manager)",
    "weekday": "c.weekday",
    "hour": "c.hour",
    "self_reported": "coalesce(c.self_reported, d.self_reported)",
}
_OF_AN_ORIGIN = "channel, campaign, keyword, creative, region, weekday, hour, weight"
_ONE = "CAST(1 AS DECIMAL(9,8))"

# The names are the fields of Tally; {w} is the weight a row counts with.
_CALL_SUMS = """
    sum({w}) AS calls,
    sum({w}) FILTER (missed) AS missed,
    sum({w}) FILTER (target) AS target,
    sum({w}) FILTER (called_back) AS called_back,
    sum({w} * talk_seconds) AS talk_seconds,
    sum({w} * quality) AS quality_sum,
    sum({w}) FILTER (quality IS NOT NULL) AS quality_count"""
# A caller's key is 32 hex digits, half as large as a number; a withheld caller counts as one of their own.
_CALLER = "CAST(coalesce(caller_key, md5(call_id)) AS UUID)"
_DEAL_SUMS = """
    sum({w}) AS leads,
    sum({w}) FILTER (won) AS deals,
    sum({w} * amount) FILTER (won) AS revenue,
    sum({w} * gross_profit) FILTER (won) AS gross_profit,
    median(date_diff('second', first_call_at, outcome_at))
        FILTER (won AND outcome_at >= first_call_at) AS cycle_seconds"""
_SPEND_SUMS = "sum(cost) AS spend"


def tallies(db: DuckDBPyConnection, dimensions: tuple[str, ...], model: str) -> dict[Key, Tally]:
    """Return the tally of every value of `dimensions` that has calls, deals or spend under `model`."""
    parts = [_calls_by(db, dimensions, model), _deals_by(db, dimensions, model)]
    with_spend = SPEND_DIMENSIONS.issuperset(dimensions) and _any_spend(db)
    if with_spend:
        parts.append(_spend_by(db, dimensions))
    rows: dict[Key, Sums] = {}
    for part in parts:
        for key, sums in part.items():
            rows.setdefault(key, {"spend": Decimal(0)} if with_spend else {}).update(sums)
    return {key: Tally(**sums) for key, sums in rows.items()}


def spreads(db: DuckDBPyConnection, dimensions: tuple[str, ...], model: str) -> dict[Key, Spread]:
    """How far off the count of each row's calls may be; only rows that share a call with another possible caller's.

    A call is one candidate's: with shares p and, of the row, weights w within each candidate's path, what it adds to
    the row has the mean Σ p w and the variance Σ p w² − (Σ p w)². A credit's weight is p w.
    """
    named = ", ".join(dimensions)
    statement = f"""
        WITH candidates AS (
            SELECT {named}, call_id, candidate, share, sum(weight) AS part
            FROM credits WHERE model = ? AND share < 1 GROUP BY {named}, call_id, candidate, share),
        shared AS (
            SELECT {named}, sum(part) AS calls, sum(part * part / share) AS square, max(part / share) AS most
            FROM candidates GROUP BY {named}, call_id)
        SELECT {named}, sum(calls) AS calls, sum(square - calls * calls) AS variance, sum(most) AS most
        FROM shared GROUP BY {named}"""  # noqa: S608
    return {key: Spread(**sums) for key, sums in _read(db, statement, (model,), len(dimensions)).items()}


def total(db: DuckDBPyConnection) -> Tally:
    """Return the tally of the whole period, where every call and deal counts once."""
    sums: Sums = {}
    statements = [
        f"SELECT {_CALL_SUMS.format(w=_ONE)} FROM calls WHERE direction = 'in'",  # noqa: S608 - our own names, as everywhere
        f"SELECT count(*) AS \"unique\" FROM (SELECT DISTINCT {_CALLER} FROM calls WHERE direction = 'in')",  # noqa: S608
        f"SELECT {_DEAL_SUMS.format(w=_ONE)} FROM deals",  # noqa: S608
    ]
    if _any_spend(db):
        statements.append(f"SELECT {_SPEND_SUMS} FROM spend")  # noqa: S608
    for statement in statements:
        sums.update(_read(db, statement, (), dimensions=0)[()])
    return Tally(**sums)


def contacts(db: DuckDBPyConnection, dimensions: tuple[str, ...], model: str) -> dict[Key, dict[str, Decimal]]:
    """Return what visitors did besides calling by source under `model` and kind; without dimensions, in all."""
    named = "".join(f"{name}, " for name in dimensions)
    statement = f"SELECT {named}kind, sum(weight) FROM contacts WHERE model = ? GROUP BY {named}kind"  # noqa: S608
    rows: dict[Key, dict[str, Decimal]] = {}
    for *key, kind, count in db.execute(statement, [model]).fetchall():
        rows.setdefault(tuple(key), {})[kind] = count
    return rows


def leads_kept(db: DuckDBPyConnection) -> bool:
    """Return whether the CRM reports cards that are not won: without any, there are no leads to convert."""
    return _one(db, "SELECT count(*) FROM deals WHERE NOT won") > 0


def pool_calls(db: DuckDBPyConnection) -> tuple[int, int]:
    """Return calls to overflow numbers, and calls to all numbers of pools."""
    counted = "SELECT count(*) FROM calls WHERE direction = 'in' AND pool_id <> ''"
    return _one(db, counted + " AND coalesce(overflow, evidence = 'overflow')"), _one(db, counted)


def names_of_campaigns(db: DuckDBPyConnection) -> dict[str, str]:
    """Campaign id → the name its spend came with, where that says more than the id."""
    rows = db.execute(
        "SELECT campaign, max(campaign_name) FROM spend WHERE campaign_name <> campaign GROUP BY 1"
    ).fetchall()
    return {campaign: name for campaign, name in rows if name}


def names_of_numbers(db: DuckDBPyConnection) -> dict[str, str]:
    """Return static number → its one campaign; a known caller may be counted for a visit: to a landing page."""
    rows = db.execute("""
        SELECT c.number, max(k.campaign) FROM calls AS c JOIN credits AS k USING (call_id)
        WHERE c.evidence = 'static' AND k.campaign <> '' AND k.landing_page = ''
        GROUP BY 1 HAVING count(DISTINCT k.campaign) = 1""").fetchall()
    return dict(rows)


def answers(db: DuckDBPyConnection, model: str) -> list[tuple[str, str, Decimal]]:
    """Return (measured under `model`, self-reported, number of calls), with deals that have no call.

    Answers that name no channel are `other`: `other_answers` has what they say.
    """
    return db.execute(
        f"""
        WITH asked AS (SELECT call_id, self_reported FROM calls WHERE direction = 'in' AND self_reported IS NOT NULL),
        answers AS (
            SELECT k.channel, asked.self_reported, k.weight
            FROM asked JOIN (SELECT call_id, channel, weight FROM credits WHERE model = $model) AS k USING (call_id)
            UNION ALL
            SELECT own_channel, self_reported, 1 FROM deals WHERE call_id IS NULL AND self_reported IS NOT NULL)
        SELECT channel, if(starts_with(self_reported, '{OTHER}: '), '{OTHER}', self_reported) AS reported, sum(weight)
        FROM answers GROUP BY channel, reported""",  # noqa: S608
        {"model": model},
    ).fetchall()


def other_answers(db: DuckDBPyConnection, most: int) -> list[tuple[str, int]]:
    """Return the words of the commonest answers that name no channel, and how often they were given."""
    return db.execute(
        f"""
        SELECT self_reported[{len(OTHER) + 3}:] AS words, count(*) AS given FROM (
            SELECT self_reported FROM calls WHERE direction = 'in'
            UNION ALL SELECT self_reported FROM deals WHERE call_id IS NULL)
        WHERE starts_with(self_reported, '{OTHER}: ') GROUP BY words ORDER BY given DESC, words LIMIT ?""",  # noqa: S608
        [most],
    ).fetchall()


def asked(db: DuckDBPyConnection) -> tuple[int, int]:
    """How many customers' calls have an answer, and how many deals that have no call."""
    calls = "SELECT count(*) FROM calls WHERE direction = 'in' AND self_reported IS NOT NULL"
    return _one(db, calls), _one(db, "SELECT count(*) FROM deals WHERE call_id IS NULL AND self_reported IS NOT NULL")


def call_list(db: DuckDBPyConnection, model: str, limit: int) -> list[tuple[Any, ...]]:
    """Return the last incoming calls (CallLine columns, UTC), newest first, with their heaviest credit."""
    # Where the list begins is found first, so that only the last days' files are read for the rest of it.
    start = db.execute(
        "SELECT min(started_at), min(day) FROM (SELECT started_at, day FROM calls WHERE direction = 'in' "
        "ORDER BY started_at DESC LIMIT ?)",
        [limit],
    ).fetchone()
    since, first_day = start or (None, None)
    return db.execute(
        """
        WITH listed AS (
            SELECT * FROM calls WHERE direction = 'in' AND day >= $first_day AND started_at >= $since
            ORDER BY started_at DESC, call_id LIMIT $most),
        credited AS (
            SELECT call_id, arg_max(struct_pack(channel, source, campaign, keyword, creative), weight) AS credit
            FROM credits SEMI JOIN listed USING (call_id) WHERE model = $model AND day >= $first_day GROUP BY call_id)
        SELECT started_at, call_id, caller_masked, number, status, answered, target, called_back, talk_seconds,
               coalesce(credit.channel, ''), coalesce(credit.source, ''), coalesce(credit.campaign, ''),
               coalesce(credit.keyword, ''), coalesce(credit.creative, ''), region, manager, evidence,
               coalesce(self_reported, '')
        FROM listed LEFT JOIN credited USING (call_id) ORDER BY started_at DESC, call_id""",
        {"since": since, "first_day": first_day, "most": limit, "model": model},
    ).fetchall()


def _calls_by(db: DuckDBPyConnection, dimensions: Key, model: str) -> dict[Key, Sums]:
    named = ", ".join(dimensions)
    counted = f"SELECT {named}, {_CALL_SUMS.format(w='weight')} FROM credits WHERE model = ? GROUP BY {named}"  # noqa: S608
    rows = _read(db, counted, (model,), len(dimensions))
    # Not count(DISTINCT): groups go to disk when memory ends, sets of distinct values do not.
    distinct = f"SELECT DISTINCT {named}, {_CALLER} AS caller FROM credits WHERE model = ?"  # noqa: S608
    unique = f'SELECT {named}, count(*) AS "unique" FROM ({distinct}) GROUP BY {named}'  # noqa: S608
    for key, found in _read(db, unique, (model,), len(dimensions)).items():
        rows[key].update(found)
    return rows


def _deals_by(db: DuckDBPyConnection, dimensions: Key, model: str) -> dict[Key, Sums]:
    named = ", ".join(f"{_DEAL_DIMENSIONS[name]} AS {name}" for name in dimensions)
    weight = f"coalesce(c.weight, {_ONE})"
    statement = f"""
        WITH origins AS (
            SELECT call_id AS id, {_OF_AN_ORIGIN}, number, manager, self_reported FROM credits WHERE model = ?
            UNION ALL
            SELECT contact_id AS id, {_OF_AN_ORIGIN}, '' AS number, '' AS manager, NULL AS self_reported FROM contacts
            SEMI JOIN (SELECT contact_id FROM deals) USING (contact_id) WHERE model = ?)
        SELECT {named}, {_DEAL_SUMS.format(w=weight)}
        FROM deals AS d LEFT JOIN origins AS c ON c.id = coalesce(d.call_id, d.contact_id)
        GROUP BY {_keys(dimensions)}"""  # noqa: S608
    return _read(db, statement, (model, model), len(dimensions))


def _spend_by(db: DuckDBPyConnection, dimensions: Key) -> dict[Key, Sums]:
    statement = f"SELECT {', '.join(dimensions)}, {_SPEND_SUMS} FROM spend GROUP BY {_keys(dimensions)}"  # noqa: S608
    return _read(db, statement, (), len(dimensions))


def _any_spend(db: DuckDBPyConnection) -> bool:
    return _one(db, "SELECT count(*) FROM spend") > 0


def _keys(dimensions: Key) -> str:
    return ", ".join(str(position + 1) for position in range(len(dimensions)))


def _one(db: DuckDBPyConnection, statement: str) -> int:
    row = db.execute(statement).fetchone()
    return int(row[0]) if row else 0


def _read(db: DuckDBPyConnection, statement: str, arguments: tuple[str, ...], dimensions: int) -> dict[Key, Sums]:
    """Return rows by key; missing sums are left out, so that Tally's own defaults apply."""
    found = db.execute(statement, list(arguments))
    names = [column[0] for column in found.description or ()][dimensions:]
    return {
        tuple("" if value is None else str(value) for value in row[:dimensions]): {
            name: _decimal(value) for name, value in zip(names, row[dimensions:], strict=True) if value is not None
        }
        for row in found.fetchall()
    }


def _decimal(value: Any) -> Any:
    # a median of whole seconds comes as a double with at most one half in it: exact
    return Decimal(str(value)) if isinstance(value, float) else value
