"""Links that open one object of the bucket for a limited time."""

from __future__ import annotations

from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings


def link(key: str) -> str:
    """Return a link to one object, good for `link_seconds`, or until the credentials it is signed with end."""
    url: str = aws.s3().generate_presigned_url(
        "get_object", Params={"Bucket": settings().bucket, "Key": key}, ExpiresIn=settings().link_seconds
    )
    return url
