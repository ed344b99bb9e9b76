"""What was published is proved: a later change of evidence, figures or the chain is found."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.audit import chain_table, leaves
from chalicelib.audit.hash_chain import Leaf
from chalicelib.calls import calls_table, changed_days_table, self_reported_digest
from chalicelib.calls.events_table import call_pk
from chalicelib.core import clock
from chalicelib.privacy import find_person
from chalicelib.privacy.erase_person import erase
from chalicelib.privacy.types import Person
from chalicelib.reports import close_day
from chalicelib.reports.facts import facts_bucket, parquet
from chalicelib.reports.spend import import_spend
from chalicelib.reports.verify import Verdict, verify
from chalicelib.runtime.settings import settings
from chalicelib.visits import visits_table
from tests.reports import day
from tests.reports.day import DAY, NOON, SITE
from tests.reports.test_close_day import SPEND


@pytest.fixture(autouse=True)
def closed_day(aws: Any) -> None:
    """Two calls, a deal and spend, closed; the bucket keeps versions, as it does where it is deployed."""
    versions = {"Status": "Enabled"}
    aws.client("s3").put_bucket_versioning(Bucket=settings().bucket, VersioningConfiguration=versions)
    day.register()
    day.won(day.call("c1"))
    day.call("c2", at=NOON + timedelta(hours=1), talk=0)
    import_spend.import_rows(SITE.site_id, "generic", SPEND, NOON)
    close()


def close() -> None:
    close_day.close(clock.utc_now() + timedelta(seconds=5))


def verdict() -> Verdict:
    return verify(SITE.site_id, DAY - timedelta(days=3), DAY + timedelta(days=3), NOON)


def update(aws: Any, call_id: str, expression: str, values: dict[str, Any], names: dict[str, str]) -> None:
    """What somebody with the keys to the table may do by hand."""
    aws.client("dynamodb").update_item(
        TableName=settings().calls_table,
        Key=call_pk(SITE.site_id, call_id),
        UpdateExpression=expression,
        ExpressionAttributeValues=values,
        ExpressionAttributeNames=names,
    )


def text_of(call_id: str, name: str) -> dict[str, Any]:
    item = calls_table.item(SITE.site_id, call_id)
    assert item is not None
    loaded: dict[str, Any] = json.loads(item[name]["S"])
    return loaded


def test_an_untouched_day_has_nothing_wrong() -> None:
    found = verdict()
    assert (found.days, found.entries, found.findings, found.waiting) == (1, 1, (), ())
    assert found.head == chain_table.entries(SITE.site_id)[-1].digest


def test_closing_an_unchanged_day_again_adds_no_entry_and_a_change_adds_one(aws: Any) -> None:
    changed_days_table.mark_changed(SITE.site_id, DAY)
    close()
    assert len(chain_table.entries(SITE.site_id)) == 1
    day.call("c3", at=NOON + timedelta(hours=2))
    assert verdict().waiting == (DAY,)
    close()
    first, second = chain_table.entries(SITE.site_id)
    assert (second.previous, second.leaves) == (first.digest, first.leaves + 1)
    assert verdict().findings == ()


def test_an_event_changed_by_hand_is_found(aws: Any) -> None:
    event = text_of("c1", "e#c1-ended") | {"talk_seconds": 300}
    update(aws, "c1", "SET #e = :e", {":e": {"S": json.dumps(event)}}, {"#e": "e#c1-ended"})
    found = verdict().findings
    assert found[0] == f"{DAY}: call c1 is not what it was."
    assert found[1] == f"{DAY}: calls, call_id c1: talk_seconds is 30 in the facts and 300 by the evidence."


def test_evidence_changed_by_hand_is_found_to_the_last_letter_of_an_address(aws: Any) -> None:
    evidence = text_of("c2", "evidence")
    evidence["touches"][0]["url"] += "x"
    update(aws, "c2", "SET #e = :e", {":e": {"S": json.dumps(evidence)}}, {"#e": "evidence"})
    assert verdict().findings[0] == f"{DAY}: call c2 is not what it was."


def test_a_call_that_was_deleted_or_slipped_in_is_found(aws: Any) -> None:
    table = aws.client("dynamodb")
    table.delete_item(TableName=settings().calls_table, Key=call_pk(SITE.site_id, "c2"))
    assert verdict().findings[0] == f"{DAY}: call c2 is gone."
    item = calls_table.item(SITE.site_id, "c1")
    assert item is not None
    table.put_item(TableName=settings().calls_table, Item={**item, **call_pk(SITE.site_id, "c0")})
    assert verdict().findings[0] == f"{DAY}: call c0 was not there."


def test_a_deal_changed_by_hand_is_found(aws: Any) -> None:
    client = aws.client("dynamodb")
    (item,) = client.scan(TableName=settings().deals_table)["Items"]
    doc = json.loads(item["doc"]["S"]) | {"amount": "99000"}
    client.put_item(TableName=settings().deals_table, Item=item | {"doc": {"S": json.dumps(doc)}})
    found = verdict().findings
    assert "deal " in found[0] and "is not what it was" in found[0]
    assert "amount is 20000.00 in the facts and 99000.00 by the evidence" in found[1]


def test_spend_changed_by_hand_is_found(aws: Any) -> None:
    client = aws.client("dynamodb")
    (item,) = client.scan(TableName=settings().spend_table)["Items"]
    client.put_item(TableName=settings().spend_table, Item=item | {"cost": {"S": "1"}})
    assert verdict().findings[0] == f"{DAY}: spend is not what it was."


def test_published_figures_changed_by_hand_are_found(tmp_path: Path) -> None:
    files = facts_bucket.fetch(SITE.site_id, DAY, DAY, tmp_path)
    (path,) = files.of("calls")
    with parquet.connect(tmp_path) as db:
        changed = f"SELECT * REPLACE (talk_seconds + 1 AS talk_seconds) FROM read_parquet('{path}')"  # noqa: S608
        db.execute(f"COPY ({changed}) TO '{tmp_path}/changed.parquet' (FORMAT parquet)")
    from chalicelib.runtime import aws as clients

    body = (tmp_path / "changed.parquet").read_bytes()
    key = facts_bucket.key_of("calls", SITE.site_id, DAY)
    clients.s3().put_object(Bucket=settings().bucket, Key=key, Body=body)
    assert verdict().findings == (f"{DAY}: calls, call_id c1: talk_seconds is 31 in the facts and 30 by the evidence.",)


def test_a_chain_rewritten_in_the_table_differs_from_the_bucket(aws: Any) -> None:
    (entry,) = chain_table.entries(SITE.site_id)
    client = aws.client("dynamodb")
    key = {"pk": {"S": f"PROOF#{SITE.site_id}"}, "sk": {"S": "00000001"}}
    item = client.get_item(TableName=settings().days_table, Key=key)["Item"]
    doc = json.loads(item["doc"]["S"]) | {"root": "0" * 64}
    client.put_item(TableName=settings().days_table, Item=item | {"doc": {"S": json.dumps(doc)}})
    found = verdict().findings
    assert found[0] == "Entry 1 of the chain is another in the bucket than in the table."
    assert entry.root != "0" * 64


def test_an_entry_taken_out_of_the_chain_is_missed(aws: Any) -> None:
    day.call("c3", at=NOON + timedelta(hours=2))
    close()
    key = {"pk": {"S": f"PROOF#{SITE.site_id}"}, "sk": {"S": "00000001"}}
    aws.client("dynamodb").delete_item(TableName=settings().days_table, Key=key)
    assert verdict().findings[0] == "The chain is broken: entry 1 is missing."


def test_a_proof_written_over_in_the_bucket_still_counts_as_it_was_written_first(aws: Any) -> None:
    key = f"proof/{SITE.site_id}/chain/00000001.json"
    aws.client("s3").put_object(Bucket=settings().bucket, Key=key, Body=b"{}")
    assert verdict().findings == ()


def test_what_a_crash_left_out_of_the_bucket_is_put_there_with_the_next_entry(aws: Any) -> None:
    key = f"proof/{SITE.site_id}/chain/00000001.json"
    s3 = aws.client("s3")
    (version,) = s3.list_object_versions(Bucket=settings().bucket, Prefix=key)["Versions"]
    s3.delete_object(Bucket=settings().bucket, Key=key, VersionId=version["VersionId"])
    assert verdict().findings == ("Entry 1 of the chain is not in the bucket.",)
    day.call("c3", at=NOON + timedelta(hours=2))
    close()
    assert verdict().findings == ()


def test_an_erasure_keeps_the_proof_and_nobody_hides_a_change_behind_one(aws: Any) -> None:
    evidence = text_of("c1", "evidence")
    evidence["touches"][0] |= {"url": "https://shop.example/?mail=ivan@mail.example", "referrer": "https://vk.com/ivan"}
    values = {":e": {"S": json.dumps(evidence | {"visitor": "a" * 24})}}
    update(aws, "c1", "SET #e = :e", values, {"#e": "evidence"})
    changed_days_table.mark_changed(SITE.site_id, DAY)
    close()
    entries, before = chain_table.entries(SITE.site_id), leaf("c1")

    for person in (Person(SITE.site_id, (), ("a" * 24,)), find_person.by_phone(SITE.site_id, "+79160000001")):
        visits_table.note_call(SITE.site_id, "a" * 24, "c1", NOON, 400)
        assert erase(person, NOON).complete
        assert leaf("c1") == before
    close()
    assert chain_table.entries(SITE.site_id) == entries
    assert (verdict().waiting, verdict().findings) == ((), ())

    evidence = text_of("c1", "evidence")
    assert (evidence["touches"][0]["url"], evidence["visitor"] != "a" * 24) == ("https://shop.example/", True)
    evidence["touches"][0]["url"] = "https://another.example/"
    update(aws, "c1", "SET #e = :e", {":e": {"S": json.dumps(evidence)}}, {"#e": "evidence"})
    assert verdict().findings[0] == f"{DAY}: call c1 is not what it was."


def leaf(call_id: str) -> Leaf:
    item = calls_table.item(SITE.site_id, call_id)
    assert item is not None
    return leaves.call_leaf(item, self_reported_digest.salt_of(SITE.site_id, settings().signing_key))


def test_locked_proofs_are_put_with_their_retention(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place = {"LocationConstraint": "eu-central-1"}
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="locked", CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True)
    monkeypatch.setenv("CALLPATH_BUCKET", "locked")
    monkeypatch.setenv("CALLPATH_PROOF_LOCK_DAYS", "30")
    settings.cache_clear()
    now = datetime(2026, 11, 24, tzinfo=UTC)
    chain_table.append(SITE.site_id, DAY + timedelta(days=1), [], now)
    key = f"proof/{SITE.site_id}/chain/00000002.json"
    kept = s3.head_object(Bucket="locked", Key=key)
    assert (kept["ObjectLockMode"], kept["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", now + timedelta(days=30))
