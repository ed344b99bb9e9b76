"""Recordings in storage: their state with the call, the audio in the bucket under `recordings/<site>/<call>/`.

Everything raises StorageUnavailable when AWS does not answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import msgspec

from chalicelib.calls import call_item
from chalicelib.calls.events_table import call_pk
from chalicelib.calls.recording import Recording, RecordingState
from chalicelib.calls.transcript import Spoken, Transcript
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

PREFIX = "recordings"
_ONLY_NEW = "attribute_not_exists(#n)"
_NOT_ERASED = "NOT contains(#n, :erased)"
_ERASED = {":erased": {"S": call_item.state_text(RecordingState.ERASED)}}


@dataclass(frozen=True, slots=True)
class ObjectOwner:
    """Which recording an object of the bucket belongs to."""

    site_id: str
    call_id: str
    recording_id: str


def folder(site_id: str, call_id: str) -> str:
    """Return the key prefix of everything that belongs to a call's recordings, with a slash at its end."""
    return f"{PREFIX}/{site_id}/{call_id}/"


def owner_of(key: str) -> ObjectOwner | None:
    """Return the recording that an object's key names; None for any other key."""
    parts = key.split("/")
    if len(parts) != 4 or parts[0] != PREFIX:
        return None
    return ObjectOwner(parts[1], parts[2], parts[3].rpartition(".")[0])


def put_recording(site_id: str, call_id: str, recording: Recording) -> bool:
    """Write a recording's state and end any claim on it; return False if the call is gone, or it was erased.

    What was stored counts, even if another fetch has the claim by now.
    """
    name, claim = call_item.RECORDING + recording.recording_id, {"#claim": call_item.CLAIM + recording.recording_id}
    return _put(site_id, call_id, name, recording, _NOT_ERASED, _ERASED, claim)


def put_failure(site_id: str, call_id: str, recording: Recording, fetcher: str) -> bool:
    """Write why a recording was not fetched and end the claim; return False if the claim is no more `fetcher`'s."""
    name, claim = call_item.RECORDING + recording.recording_id, {"#claim": call_item.CLAIM + recording.recording_id}
    return _put(site_id, call_id, name, recording, "#claim.#by = :me", {":me": {"S": fetcher}}, claim | {"#by": "by"})


def put_transcript(site_id: str, call_id: str, transcript: Transcript, *, only_new: bool = False) -> bool:
    """Write a transcript's state with its call; return False if the call is gone, or has one and `only_new` is set."""
    name = call_item.TRANSCRIPT + transcript.recording_id
    return _put(site_id, call_id, name, transcript, _ONLY_NEW if only_new else "")


def forget_transcript(site_id: str, call_id: str, recording_id: str) -> None:
    """Remove a transcript from its call."""
    with aws.storage_errors():
        aws.dynamodb().update_item(
            TableName=settings().calls_table,
            Key=call_pk(site_id, call_id),
            UpdateExpression="REMOVE #n",
            ExpressionAttributeNames={"#n": call_item.TRANSCRIPT + recording_id},
        )


def add_waiting(site_id: str, call_id: str, recording_id: str) -> None:
    """Note a recording that will be fetched, unless it is known already."""
    waiting = Recording(recording_id, RecordingState.WAITING, "It has not been fetched yet.")
    _put(site_id, call_id, call_item.RECORDING + recording_id, waiting, _ONLY_NEW)


def put_audio(key: str, audio: IO[bytes], content_type: str) -> None:
    """Put a file into the bucket, in parts where it is large. The same recording again replaces itself."""
    with aws.storage_errors():
        aws.s3().upload_fileobj(audio, settings().bucket, key, ExtraArgs={"ContentType": content_type})


def delete_audio(key: str) -> None:
    """Delete a file that must not be kept. The bucket's own rule expires its old version."""
    with aws.storage_errors():
        aws.s3().delete_object(Bucket=settings().bucket, Key=key)


def delete_folder(site_id: str, call_id: str) -> int:
    """Delete every object of a call with all its versions; return how many there were."""
    client = aws.s3()
    bucket, count = settings().bucket, 0
    with aws.storage_errors():
        pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=folder(site_id, call_id))
        for page in pages:
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            objects: list[Any] = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            if objects:
                client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            count += len(objects)
    return count


def put_object(key: str, body: bytes) -> None:
    """Put JSON into the bucket."""
    with aws.storage_errors():
        aws.s3().put_object(Bucket=settings().bucket, Key=key, Body=body, ContentType="application/json")


def spoken(key: str) -> Spoken | None:
    """Return a transcript's words; None if they are no longer there."""
    body = read_object(key)
    return None if body is None else msgspec.json.decode(body, type=Spoken)


def read_object(key: str) -> bytes | None:
    """Return the body of an object of the bucket; None if there is none."""
    client = aws.s3()
    try:
        with aws.storage_errors():
            body: bytes = client.get_object(Bucket=settings().bucket, Key=key)["Body"].read()
    except client.exceptions.NoSuchKey:
        return None
    return body


def _put(
    site_id: str,
    call_id: str,
    name: str,
    value: object,
    condition: str,
    values: Mapping[str, dict[str, str]] | None = None,
    claim: Mapping[str, str] | None = None,
) -> bool:
    """Set one attribute of a call under a condition, and remove a claim; return False if the condition is not met."""
    client = aws.dynamodb()
    try:
        with aws.storage_errors():
            client.update_item(
                TableName=settings().calls_table,
                Key=call_pk(site_id, call_id),
                UpdateExpression="SET #n = :v" + (" REMOVE #claim" if claim else ""),
                ConditionExpression=" AND ".join(filter(None, ("attribute_exists(vendor)", condition))),
                ExpressionAttributeNames={"#n": name, **(claim or {})},
                ExpressionAttributeValues={":v": {"S": msgspec.json.encode(value).decode()}, **(values or {})},
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True
