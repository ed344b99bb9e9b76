"""A month of facts as large as wanted, made by DuckDB: what a report of a big site reads."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from chalicelib.attribution.models import MODELS
from chalicelib.reports.fact_rows import SCHEMAS
from chalicelib.reports.facts import parquet

DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(30)]
CHANNELS = ("paid_search", "organic_search", "direct", "referral", "social", "maps", "email", "classifieds")
CAMPAIGNS, KEYWORDS, CALLERS_A_CALL = 200, 3_000, 0.6
SPLIT = frozenset({"linear", "time_decay:7d", "position_based:40/20/40"})  # models in which two touches share a call

# One row a call; {calls} are its numbers, {most} callers there are. hash() is DuckDB's own: the same every time.
_CALLS = """
    CREATE OR REPLACE TEMP TABLE called AS
    SELECT i, hash(i) AS h, hash(i + 1000000007) AS g, 'call-' || i AS call_id,
           md5((hash(i * 31) % {most})::VARCHAR) AS caller_key, hash(i) % 100 < 30 AS two
    FROM range({first}, {last}) AS numbers(i)"""
_CALL_COLUMNS = {
    "site_id": "'s1'",
    "started_at": "TIMESTAMP '{day} 06:00:00' + to_seconds((h % 43200)::BIGINT)",
    "day": "DATE '{day}'",
    "hour": "(9 + h % 12)::INTEGER",
    "weekday": "isodow(DATE '{day}')::INTEGER",
    "direction": "'in'",
    "number": "'+7499' || lpad((h % 500)::VARCHAR, 7, '0')",
    "pool_id": "'p1'",
    "evidence": "'live'",
    "caller_masked": "'+7•••' || lpad((h % 10000)::VARCHAR, 4, '0')",
    "status": "CASE WHEN h % 10 = 0 THEN 'missed' ELSE 'accepted' END",
    "answered": "h % 10 <> 0",
    "missed": "h % 10 = 0",
    "target": "h % 10 <> 0 AND g % 10 < 7",
    "called_back": "h % 20 = 0",
    "talk_seconds": "CASE WHEN h % 10 = 0 THEN 0 ELSE (g % 300)::INTEGER END",
    "quality": "CASE WHEN g % 10 = 0 THEN 4 END",
    "region": "'region ' || g % 80",
    "manager": "'manager ' || g % 40",
    "overflow": "false",
    "end_missing": "false",
}
_CREDIT_COLUMNS = {
    "channel": "list_value({channels})[1 + ((h + part) % {channel_count})::INTEGER]",
    "campaign": "'campaign ' || (h + part) % {campaigns}",
    "keyword": "'keyword ' || (g + part) % {keywords}",
    "weight": "CASE WHEN two AND {split} THEN 0.5 ELSE 1 END",
    "candidate": "0",
    "share": "1",
}
_DEAL_COLUMNS = {
    "external_id": "call_id",
    "outcome_at": "TIMESTAMP '{day} 06:00:00' + to_seconds((h % 43200)::BIGINT) + INTERVAL 3 DAY",
    "first_call_at": "TIMESTAMP '{day} 06:00:00' + to_seconds((h % 43200)::BIGINT)",
    "won": "g % 3 = 0",
    "status": "CASE WHEN g % 3 = 0 THEN 'won' ELSE 'open' END",
    "amount": "20000",
    "gross_profit": "5000",
    "currency": "'RUB'",
}


def write(folder: Path, calls: int) -> parquet.FactFiles:
    """Fact files of `calls` calls in DAYS, one file a day and kind; every twentieth call has a deal."""
    paths: dict[str, list[Path]] = {kind: [] for kind in SCHEMAS}
    bounds = [calls * number // len(DAYS) for number in range(len(DAYS) + 1)]
    with parquet.connect(folder) as db:
        db.execute("SET memory_limit = '2GB'")  # sorting needs more than reading, which has its own connection
        for number, day in enumerate(DAYS):
            first, last = bounds[number], bounds[number + 1]
            db.execute(_CALLS.format(first=first, last=last, most=int(calls * CALLERS_A_CALL)))
            for kind, query in _queries(day).items():
                path = folder / f"{kind}-{day}.parquet"
                db.execute(
                    f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {parquet.ROW_GROUP})"
                )
                paths[kind].append(path)
    return parquet.FactFiles(paths)


def _queries(day: date) -> dict[str, str]:
    credits = " UNION ALL ".join(
        f"SELECT {_select('credits', day, model)} FROM called, range({2 if model in SPLIT else 1}) AS parts(part) "  # noqa: S608
        "WHERE part = 0 OR two"
        for model in sorted(MODELS)
    )
    return {
        "calls": f"SELECT {_select('calls', day)} FROM called",  # noqa: S608
        "credits": f"SELECT * FROM ({credits}) ORDER BY model",  # noqa: S608
        "deals": f"SELECT {_select('deals', day)} FROM called WHERE i % 20 = 0",  # noqa: S608
        "spend": f"SELECT {_select('spend', day)} FROM range({CAMPAIGNS}) AS campaigns(part)",  # noqa: S608
    }


def _select(kind: str, day: date, model: str = "") -> str:
    """Return the columns of a kind, as its files have them; what nothing is said of is empty."""
    said = {
        "calls": _CALL_COLUMNS,
        "credits": _CALL_COLUMNS | _CREDIT_COLUMNS | {"model": f"'{model}'"},
        "deals": _CALL_COLUMNS | _DEAL_COLUMNS,
        "spend": {
            "day": "DATE '{day}'",
            "channel": "'paid_search'",
            "campaign": "'campaign ' || part",
            "cost": "1500.5",
            "currency": "'RUB'",
        },
    }[kind]
    listed = ", ".join(f"'{channel}'" for channel in CHANNELS)
    filled = {
        "day": day,
        "channels": listed,
        "channel_count": len(CHANNELS),
        "campaigns": CAMPAIGNS,
        "keywords": KEYWORDS,
        "split": "true" if model in SPLIT else "false",
    }
    own = {"call_id", "caller_key"} & SCHEMAS[kind].keys()
    return ", ".join(
        f"CAST({name if name in own else said[name].format(**filled) if name in said else _empty(column)} "
        f"AS {column}) AS {name}"
        for name, column in SCHEMAS[kind].items()
    )


def _empty(column: str) -> str:
    return "''" if column == "VARCHAR" else "NULL"
