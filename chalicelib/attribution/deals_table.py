"""The deals table through pynamodb: one item a deal, holding its latest outcome and the call it was joined to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib import aws
from chalicelib.attribution.self_reported import SelfReported
from chalicelib.attribution.types import Deal
from chalicelib.settings import settings

CONNECT_SECONDS, READ_SECONDS = 3, 10


class ByDay(GlobalSecondaryIndex["DealItem"]):  # type: ignore[no-untyped-call]
    """A day's deals."""

    class Meta:
        index_name = "by_day"
        projection = AllProjection()

    site_day = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class ByCaller(GlobalSecondaryIndex["DealItem"]):  # type: ignore[no-untyped-call]
    """A caller's deals."""

    class Meta:
        index_name = "by_caller"
        projection = AllProjection()

    site_caller = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class DealItem(Model):
    """One deal. Use it through `_model()`, which knows the table's name."""

    class Meta:
        table_name = ""
        connect_timeout_seconds = CONNECT_SECONDS
        read_timeout_seconds = READ_SECONDS

    pk = UnicodeAttribute(hash_key=True)
    doc = UnicodeAttribute()
    outcome_ms = NumberAttribute()
    digest = UnicodeAttribute()  # of what the CRM said, without what we joined it to
    site_day = UnicodeAttribute()
    site_caller = UnicodeAttribute(null=True)
    by_day = ByDay()
    by_caller = ByCaller()


def put_deal(deal: Deal) -> tuple[bool, Deal | None]:
    """Store the deal unless a newer outcome, or this very one, is there. → (whether it was written, what was there).

    At the same `outcome_at` the outcome that came last wins: that is how a person corrects a row of a file.
    """
    item = _item(deal)
    model = type(item)
    absent, older = model.pk.does_not_exist(), model.outcome_ms < item.outcome_ms
    corrected = (model.outcome_ms == item.outcome_ms) & (model.digest != item.digest)
    with aws.storage_errors():
        before = _get(item.pk)
        try:
            item.save(condition=absent | older | corrected)
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return False, before
    return True, before


def join_deal(deal: Deal, call_id: str | None, joined_by: str | None, day: date) -> bool:
    """Tie a stored deal to another call. False where its outcome changed meanwhile: that change joined it anew."""
    joined = _item(replace(deal, call_id=call_id, joined_by=joined_by, day=day))
    model = type(joined)
    with aws.storage_errors():
        try:
            joined.update(
                [model.doc.set(joined.doc), model.site_day.set(joined.site_day)],
                condition=model.digest == joined.digest,
            )
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return False
    return True


def replace_answer(deal: Deal, kept: SelfReported) -> bool:
    """Keep something else of a stored deal's answer. False where the deal changed since it was read."""
    item, changed = _item(deal), _item(replace(deal, self_reported=kept))
    model = type(item)
    with aws.storage_errors():
        try:
            changed.update(
                [model.doc.set(changed.doc), model.digest.set(changed.digest)], condition=model.doc == item.doc
            )
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return False
    return True


def deal(site_id: str, source: str, external_id: str) -> Deal | None:
    """One deal, read consistently."""
    with aws.storage_errors():
        return _get(_pk(site_id, source, external_id))


def deals_of_day(site_id: str, day: date) -> list[Deal]:
    """The deals of a day: that of the joined call, else that of the outcome."""
    with aws.storage_errors():
        return [_deal(item) for item in _model().by_day.query(f"{site_id}#{day.isoformat()}")]


def deals_of_caller(site_id: str, caller_key: str) -> list[Deal]:
    """A caller's deals."""
    with aws.storage_errors():
        return [_deal(item) for item in _model().by_caller.query(f"{site_id}#{caller_key}")]


def _get(pk: str) -> Deal | None:
    model = _model()
    try:
        return _deal(model.get(pk, consistent_read=True))
    except model.DoesNotExist:
        return None


def _item(deal: Deal) -> DealItem:
    said = replace(deal, call_id=None, joined_by=None, day=date.min)
    return _model()(
        _pk(deal.site_id, deal.source, deal.external_id),
        doc=msgspec.json.encode(deal).decode(),
        outcome_ms=_millis(deal.outcome_at),
        digest=sha256(msgspec.json.encode(said)).hexdigest()[:32],
        site_day=f"{deal.site_id}#{deal.day.isoformat()}",
        site_caller=f"{deal.site_id}#{deal.caller_key}" if deal.caller_key else None,
    )


def _deal(item: DealItem) -> Deal:
    return msgspec.json.decode(item.doc, type=Deal)


def _pk(site_id: str, source: str, external_id: str) -> str:
    return f"{site_id}#{source}#{external_id}"


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _model() -> type[DealItem]:
    DealItem.Meta.table_name = settings().deals_table
    return DealItem
