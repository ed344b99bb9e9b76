"""Who fetches a recording now: one claim beside its state. The fetch's result ends it, or its time if the fetch dies.

f#<recording id>   {"by": the fetch, "until": milliseconds since 1970}, an attribute of the call's item
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.calls import call_item
from chalicelib.calls.call_item import millis
from chalicelib.calls.events_table import call_pk
from chalicelib.calls.recording import OPEN
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

CLAIM_SECONDS = (
    200  # longer than the function may run, by more than two clocks differ: no fetch is overtaken while it runs
)


def claim(site_id: str, call_id: str, recording_id: str, fetcher: str, now: datetime) -> int | None:
    """Claim the fetch of a recording that is still open; return None if `fetcher` has the claim now.

    Else return for how many seconds another fetch may still have it, 0 if the recording was settled meanwhile. Two
    claims never hold at once, and one whose answer was lost recognises itself. Raises StorageUnavailable.
    """
    states = {f":{state}": {"S": call_item.state_text(state)} for state in OPEN}
    still_open = " OR ".join(f"contains(#recording, {name})" for name in states)
    until = millis(now) + CLAIM_SECONDS * 1000
    client = aws.dynamodb()
    try:
        with aws.storage_errors():
            client.update_item(
                TableName=settings().calls_table,
                Key=call_pk(site_id, call_id),
                UpdateExpression="SET #claim = :claim",
                ConditionExpression="attribute_exists(vendor)"
                " AND (attribute_not_exists(#claim) OR #claim.#until < :now OR #claim.#by = :me)"
                f" AND (attribute_not_exists(#recording) OR {still_open})",
                ExpressionAttributeNames={
                    "#claim": call_item.CLAIM + recording_id,
                    "#by": "by",
                    "#until": "until",
                    "#recording": call_item.RECORDING + recording_id,
                },
                ExpressionAttributeValues={
                    ":claim": {"M": {"by": {"S": fetcher}, "until": {"N": str(until)}}},
                    ":me": {"S": fetcher},
                    ":now": {"N": str(millis(now))},
                    **states,
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
    except client.exceptions.ConditionalCheckFailedException as refused:
        other = (aws.item_of(refused) or {}).get(call_item.CLAIM + recording_id)
        left = int(other["M"]["until"]["N"]) - millis(now) if other else 0
        return max(0, -(-left // 1000))
    return None
