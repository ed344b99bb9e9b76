"""The few AWS clients the tasks share. Hot paths get short timeouts: a caller waits at the other end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chalicelib.core.errors import StorageUnavailable

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_lambda.client import LambdaClient
    from types_boto3_s3.client import S3Client
    from types_boto3_sesv2.client import SESV2Client
    from types_boto3_sqs.client import SQSClient
    from types_boto3_ssm.client import SSMClient
    from types_boto3_transcribe.client import TranscribeServiceClient

HOT_TIMEOUTS = {"connect_timeout": 0.5, "read_timeout": 0.7}  # seconds; two tries stay under the 2 s a carrier waits
HOT_ASIDE_TIMEOUTS = {"connect_timeout": 0.3, "read_timeout": 0.4}  # what is tried after DynamoDB had its two tries
COLD_TIMEOUTS = {"connect_timeout": 3, "read_timeout": 20}
MAIL_TIMEOUTS = {"connect_timeout": 3, "read_timeout": 10}  # under the claim of a delivery, which the queue tries again
HOT_USER_AGENT = "callpath"  # botocore's own is put together for each request, which takes a quarter of its time
ANSWERS_NOT_OUTAGES = frozenset(
    {"ConditionalCheckFailedException", "TransactionCanceledException", "ValidationException", "NoSuchKey"}
)


def make_clients(*services: str) -> None:
    """Make hot clients before they are needed: a container's first one takes long, and threads may not make them."""
    for service in services:
        _client(service, hot=True)


@lru_cache(maxsize=1)
def _session() -> Any:
    import boto3

    return boto3.session.Session()


@lru_cache(maxsize=16)
def _client(service: str, *, hot: bool = False) -> Any:
    """Return a low-level boto3 client, made once per container. `hot` gives up within the time a caller can wait."""
    from botocore.config import Config

    s3: Any = {"addressing_style": "path"} if service == "s3" else None
    config = Config(
        retries=_retries(service, hot),
        signature_version="s3v4" if service == "s3" else None,
        s3=s3,
        max_pool_connections=16,
        user_agent=HOT_USER_AGENT if hot else None,
        **_limits(service, hot),
    )
    return _session().client(service, config=config)


def dynamodb(*, hot: bool = False) -> DynamoDBClient:
    """Return the client of DynamoDB; `hot` gives up within the time a caller can wait."""
    found: DynamoDBClient = _client("dynamodb", hot=hot)
    return found


def s3(*, hot: bool = False) -> S3Client:
    """Return the client of S3; `hot` gives up within the time a caller can wait."""
    found: S3Client = _client("s3", hot=hot)
    return found


def sqs(*, hot: bool = False) -> SQSClient:
    """Return the client of SQS; `hot` gives up within the time a caller can wait."""
    found: SQSClient = _client("sqs", hot=hot)
    return found


def lambda_() -> LambdaClient:
    """Return the client of Lambda."""
    found: LambdaClient = _client("lambda")
    return found


def cloudformation() -> CloudFormationClient:
    """Return the client of CloudFormation."""
    found: CloudFormationClient = _client("cloudformation")
    return found


def ssm() -> SSMClient:
    """Return the client of the SSM parameter store."""
    found: SSMClient = _client("ssm")
    return found


def sesv2() -> SESV2Client:
    """Return the client of SES."""
    found: SESV2Client = _client("sesv2")
    return found


def transcribe() -> TranscribeServiceClient:
    """Return the client of Amazon Transcribe."""
    found: TranscribeServiceClient = _client("transcribe")
    return found


def query(
    table: str, condition: str, values: Mapping[str, Any], *, hot: bool = False, **how: Any
) -> Iterator[dict[str, Any]]:
    """Yield the items of one partition of a DynamoDB table that meet a key condition, page after page.

    `how` holds other parameters of a Query, such as IndexName. Raises StorageUnavailable.
    """
    request = {"TableName": table, "KeyConditionExpression": condition, "ExpressionAttributeValues": values, **how}
    while True:
        with storage_errors():
            answer = _client("dynamodb", hot=hot).query(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _limits(service: str, hot: bool) -> dict[str, Any]:
    if hot:
        return HOT_TIMEOUTS if service == "dynamodb" else HOT_ASIDE_TIMEOUTS
    return MAIL_TIMEOUTS if service == "sesv2" else COLD_TIMEOUTS


def _retries(service: str, hot: bool) -> Any:
    """Choose the mode: standard waits up to a second before a retry, legacy 50 ms for DynamoDB, as hot paths need."""
    if service == "sesv2":  # an e-mail that SES took while its answer was lost must not be sent twice at once
        return {"mode": "standard", "total_max_attempts": 1}
    if not hot:
        return {"mode": "standard", "total_max_attempts": 4}
    return {"mode": "legacy", "total_max_attempts": 2 if service == "dynamodb" else 1}


def item_of(refused: ClientError) -> dict[str, Any] | None:
    """Return the item upon which a conditional write failed that asked for it; None where there is none."""
    response: Any = refused.response
    found: dict[str, Any] | None = response.get("Item")
    return found


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn an outage under a boto3 or pynamodb call into StorageUnavailable.

    A failed condition and a malformed request are answers, not outages: they pass through to the caller.
    """
    try:
        yield
    except Exception as error:
        if _is_outage(error):
            raise StorageUnavailable("The storage did not answer. Try again.") from error
        raise


def _is_outage(error: Exception) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    cause = getattr(error, "cause", None) or error  # pynamodb wraps botocore's errors
    if isinstance(cause, ClientError):
        return cause.response["Error"]["Code"] not in ANSWERS_NOT_OUTAGES
    return isinstance(cause, BotoCoreError) and not isinstance(cause, ParamValidationError)
