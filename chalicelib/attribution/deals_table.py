"""The deals table through pynamodb: one item a deal, holding its latest outcome and what it was joined to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib import aws
from chalicelib.attribution.proof import said_of
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


class ByVisitor(GlobalSecondaryIndex["DealItem"]):  # type: ignore[no-untyped-call]
    """The deals that name a visitor."""

    class Meta:
        index_name = "by_visitor"
        projection = AllProjection()

    site_visitor = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class ByCall(GlobalSecondaryIndex["DealItem"]):  # type: ignore[no-untyped-call]
    """The deals that name a call which is not known yet."""

    class Meta:
        index_name = "by_call"
        projection = AllProjection()

    site_call = UnicodeAttribute(hash_key=True)
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
    site_visitor = UnicodeAttribute(null=True)
    site_call = UnicodeAttribute(null=True)
    decided_ms = NumberAttribute(null=True)  # when a person last said what the deal comes from
    by_day = ByDay()
    by_caller = ByCaller()
    by_visitor = ByVisitor()
    by_call = ByCall()


def put_deal(deal: Deal) -> tuple[bool, Deal | None]:
    """Store the deal unless a newer outcome, or this very one, is there. → (whether it was written, what was there).

    At the same `outcome_at` the outcome that came last wins: that is how a person corrects a row of a file. It is not
    written, either, over another decision of a person than it holds itself.
    """
    item = _item(deal)
    model = type(item)
    absent, older = model.pk.does_not_exist(), model.outcome_ms < item.outcome_ms
    corrected = (model.outcome_ms == item.outcome_ms) & (model.digest != item.digest)
    with aws.storage_errors():
        before = _get(item.pk)
        try:
            item.save(condition=absent | ((older | corrected) & _decided_as(deal)))
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return False, _get(item.pk)
    return True, before


def join_deal(deal: Deal, joined: Deal) -> bool:
    """Write a stored deal's new origin. False where its outcome, or what a person decided, changed meanwhile."""
    item = _item(joined)
    model = type(item)
    texts = [(model.site_caller, item.site_caller), (model.site_visitor, item.site_visitor)]
    texts.append((model.site_call, item.site_call))
    changes: list[Action] = [attribute.set(text) if text else attribute.remove() for attribute, text in texts]
    changes += [model.doc.set(item.doc), model.site_day.set(item.site_day), model.digest.set(item.digest)]
    changes.append(model.decided_ms.set(item.decided_ms) if item.decided_ms else model.decided_ms.remove())
    with aws.storage_errors():
        try:
            item.update(changes, condition=(model.digest == _digest(deal)) & _decided_as(deal))
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


def deals_of_visitor(site_id: str, visitor: str) -> list[Deal]:
    """The deals that name a visitor."""
    with aws.storage_errors():
        return [_deal(item) for item in _model().by_visitor.query(f"{site_id}#{visitor}")]


def deals_waiting_for(site_id: str, call_named: str) -> list[Deal]:
    """The deals that name a call so and are not joined to it."""
    with aws.storage_errors():
        return [_deal(item) for item in _model().by_call.query(f"{site_id}#{call_named}")]


def _get(pk: str) -> Deal | None:
    model = _model()
    try:
        return _deal(model.get(pk, consistent_read=True))
    except model.DoesNotExist:
        return None


def _item(deal: Deal) -> DealItem:
    waiting = deal.call_named if deal.joined_by != "call_id" else None
    return _model()(
        _pk(deal.site_id, deal.source, deal.external_id),
        doc=msgspec.json.encode(deal).decode(),
        outcome_ms=_millis(deal.outcome_at),
        digest=_digest(deal),
        site_day=f"{deal.site_id}#{deal.day.isoformat()}",
        site_caller=f"{deal.site_id}#{deal.caller_key}" if deal.caller_key else None,
        site_visitor=f"{deal.site_id}#{deal.visitor}" if deal.visitor else None,
        site_call=f"{deal.site_id}#{waiting}" if waiting else None,
        decided_ms=_millis(deal.decision.at) if deal.decision else None,
    )


def _digest(deal: Deal) -> str:
    said = replace(deal, call_id=None, joined_by=None, day=date.min, contact_id=None, decision=None)
    return sha256(msgspec.json.encode(said_of(said))).hexdigest()[:32]


def _decided_as(deal: Deal) -> Condition:
    """The condition that nobody has decided otherwise than this deal says."""
    decided = _model().decided_ms
    return decided == _millis(deal.decision.at) if deal.decision else decided.does_not_exist()


def _deal(item: DealItem) -> Deal:
    return msgspec.json.decode(item.doc, type=Deal)


def _pk(site_id: str, source: str, external_id: str) -> str:
    return f"{site_id}#{source}#{external_id}"


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _model() -> type[DealItem]:
    DealItem.Meta.table_name = settings().deals_table
    return DealItem
