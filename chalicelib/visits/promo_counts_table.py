"""How many promo codes a site has, and how many an address has asked for, in the visitors table.

pk <site id>#promo, sk <days since 1970>                         n: codes made that day, counted SAMPLED at a time
pk <site id>#promo-by#<keyed hash of the address>, sk <hour>     n: requests in that hour

Both expire by themselves (x). The first says how long a code must be, which need not be exact; so only each sixteenth
code is counted, and a container reads the sum once in ten minutes. The second is exact over all containers.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from chalicelib.registry.ttl_cache import Cache
from chalicelib.registry.types import Site
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings
from chalicelib.visits.promo_table import REST, ShownCode

MOST_AN_HOUR = 600  # requests of one address: a mobile network's exchange has many customers behind one
SAMPLED = 16
_DAY, _HOUR = 86_400, 3_600

_made: Cache[int] = Cache(ttl=timedelta(minutes=10))


def admits(site_id: str, who: str, now: datetime) -> bool:
    """Count a request of an address; return whether it may have one more code in this hour.

    Raises StorageUnavailable.
    """
    hour = int(now.timestamp()) // _HOUR
    digest = hmac.new(settings().signing_key, f"promo-by\0{site_id}\0{who}".encode(), hashlib.sha256).hexdigest()[:24]
    return _add(f"{site_id}#promo-by#{digest}", hour, 1, (hour + 2) * _HOUR, most=MOST_AN_HOUR)


def add(site: Site, shown: ShownCode) -> None:
    """Count a code that was made. Raises StorageUnavailable."""
    if is_sampled(shown.code):
        day = int(shown.shown_at.timestamp()) // _DAY
        _add(f"{site.site_id}#promo", day, SAMPLED, (day + _days(site) + 1) * _DAY)


def is_sampled(code: str) -> bool:
    """Return whether the code is in the sample that is counted."""
    return hashlib.sha256(code.encode()).digest()[0] % SAMPLED == 0


def made(site: Site, now: datetime) -> int:
    """Return about how many of the site's codes are not free for others yet. Raises StorageUnavailable."""
    return _made.get(site.site_id, now, lambda: _sum(site, now)) or 0


def _days(site: Site) -> int:
    return site.promo_days + REST.days


def _sum(site: Site, now: datetime) -> int:
    today = int(now.timestamp()) // _DAY
    with aws.storage_errors():
        answer = aws.dynamodb(hot=True).query(
            TableName=settings().visitors_table,
            KeyConditionExpression="pk = :pk AND sk >= :since",
            ExpressionAttributeValues={
                ":pk": {"S": f"{site.site_id}#promo"},
                ":since": {"N": str(today - _days(site))},
            },
        )
    return sum(int(item["n"]["N"]) for item in answer["Items"])


def _add(pk: str, sk: int, count: int, expires: int, most: int | None = None) -> bool:
    client = aws.dynamodb(hot=True)
    condition: Any = {"ConditionExpression": "attribute_not_exists(n) OR n < :most"} if most else {}
    values = {":count": {"N": str(count)}, ":x": {"N": str(expires)}}
    try:
        with aws.storage_errors():
            client.update_item(
                TableName=settings().visitors_table,
                Key={"pk": {"S": pk}, "sk": {"N": str(sk)}},
                UpdateExpression="ADD n :count SET x = :x",
                ExpressionAttributeValues=values | ({":most": {"N": str(most)}} if most else {}),
                **condition,
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True
