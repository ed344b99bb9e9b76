"""An e-mail through Amazon SES: options `to` (addresses separated by commas), `language`.

The sender is the stack's: its address or domain must be verified in SES, and the function may send as nobody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.delivery.alerts import message
from chalicelib.delivery.destinations import Delivery, DeliveryFailed
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

if TYPE_CHECKING:
    from types_boto3_sesv2.type_defs import BodyTypeDef, ContentTypeDef

LANGUAGE = "en"  # where the options name none


def send(delivery: Delivery, options: dict[str, str]) -> None:
    """Send the alert as plain text and HTML. Raises DeliveryFailed unless SES took it."""
    sender = settings().alert_sender
    if not sender:
        raise DeliveryFailed("The stack has no AlertSender.")
    alert = message(delivery.alert, options.get("language", LANGUAGE))
    body: BodyTypeDef = {"Text": _text(alert.plain), "Html": _text(alert.page)}
    try:
        aws.sesv2().send_email(
            FromEmailAddress=sender,
            Destination={"ToAddresses": addresses(options.get("to", ""))},
            Content={"Simple": {"Subject": _text(alert.subject), "Body": body}},
        )
    except ClientError as refusal:  # SES's sentence may name an address: only its code goes on
        raise DeliveryFailed(f"SES answered {refusal.response['Error']['Code']}.") from None
    except BotoCoreError as failure:
        raise DeliveryFailed(f"SES did not answer: {type(failure).__name__}.") from None


def addresses(to: str) -> list[str]:
    """Return the addresses of the option `to`."""
    return [address.strip() for address in to.split(",") if address.strip()]


def _text(text: str) -> ContentTypeDef:
    return {"Data": text, "Charset": "UTF-8"}
