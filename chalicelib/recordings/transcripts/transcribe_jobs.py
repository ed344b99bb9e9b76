"""Amazon Transcribe's jobs: started under a name that reveals nothing, and found again by it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

if TYPE_CHECKING:
    from types_boto3_transcribe.type_defs import SettingsTypeDef

SPEAKERS = 4  # at most, in one channel


class JobRefused(Exception):
    """Amazon Transcribe does not take this recording; the message says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job and the key of its audio in the bucket."""

    status: str  # QUEUED, IN_PROGRESS, COMPLETED or FAILED
    language: str
    media_key: str
    failure: str


def job_name(key: str) -> str:
    """Return the one name of the job for an object. EventBridge's rule knows our jobs by how it starts."""
    return f"callpath.{settings().stage}.{sha256(key.encode()).hexdigest()[:40]}"


def output_key(key: str) -> str:
    """Return the key of the result for an object."""
    return f"{key.rpartition('.')[0]}.transcribe.json"


def start(key: str, media_format: Any, language: Any, channels: int | None) -> None:
    """Start the job for an object; repetitions change nothing. Raises JobRefused, StorageUnavailable."""
    client = aws.transcribe()
    two: SettingsTypeDef = {"ChannelIdentification": True}
    one: SettingsTypeDef = {"ShowSpeakerLabels": True, "MaxSpeakerLabels": SPEAKERS}
    with aws.storage_errors():
        try:
            client.start_transcription_job(
                TranscriptionJobName=job_name(key),
                LanguageCode=language,
                MediaFormat=media_format,
                Media={"MediaFileUri": f"s3://{settings().bucket}/{key}"},
                OutputBucketName=settings().bucket,
                OutputKey=output_key(key),
                Settings=two if channels == 2 else one,
            )
        except client.exceptions.ConflictException:
            return
        except client.exceptions.BadRequestException as refusal:
            raise JobRefused(refusal.response["Error"].get("Message", "")[:300]) from None


def find(name: str) -> Job | None:
    """Return a job by its name; None if there is none. Raises StorageUnavailable."""
    client = aws.transcribe()
    with aws.storage_errors():
        try:
            job = client.get_transcription_job(TranscriptionJobName=name)["TranscriptionJob"]
        except (client.exceptions.BadRequestException, client.exceptions.NotFoundException):
            return None
    _, _, key = job["Media"]["MediaFileUri"].removeprefix("s3://").partition("/")
    return Job(job["TranscriptionJobStatus"], job.get("LanguageCode", ""), key, job.get("FailureReason", ""))
