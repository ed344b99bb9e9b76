"""Every error the domain raises, and nothing else.

CallpathError
├── BadInput            400  a field is missing, malformed or out of range
├── NotAuthenticated    401  no API key, or one we do not know
├── Forbidden           403  a good key, but not for this
├── SignatureRejected   403  a webhook that its sender did not sign
├── NotFound            404
├── Conflict            409  the write would break a rule that holds now
├── TooLarge            413
├── TooManyRequests     429
└── StorageUnavailable  503  AWS did not answer in time; the caller may try again

Only `runtime/http.py` turns them into answers. A message never holds a secret or a person's number.
"""

from __future__ import annotations

from typing import ClassVar


class CallpathError(Exception):
    """Base of all domain errors: a stable code, a sentence, and the field it is about."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.error_code = code or self.code


class BadInput(CallpathError):
    """The request cannot be taken as it is; `field` names the part to correct."""

    status = 400
    code = "bad_input"

    def __init__(self, field: str, reason: str, *, code: str | None = None) -> None:
        super().__init__(f"{field}: {reason}", field=field, code=code)
        self.reason = reason


class NotAuthenticated(CallpathError):
    status = 401
    code = "not_authenticated"


class Forbidden(CallpathError):
    status = 403
    code = "forbidden"


class SignatureRejected(CallpathError):
    status = 403
    code = "signature_rejected"


class NotFound(CallpathError):
    status = 404
    code = "not_found"


class Conflict(CallpathError):
    status = 409
    code = "conflict"


class TooLarge(CallpathError):
    status = 413
    code = "too_large"


class TooManyRequests(CallpathError):
    status = 429
    code = "too_many_requests"


class StorageUnavailable(CallpathError):
    status = 503
    code = "storage_unavailable"
