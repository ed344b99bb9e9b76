"""Delete a carrier's own copy of a recording that we hold."""

from __future__ import annotations

from datetime import datetime

from chalicelib.calls.recording import CarriersCopy, NotFetched, ReportedRecording, Unreachable
from chalicelib.carriers.recording_source import removal_of
from chalicelib.recordings import download
from chalicelib.registry.types import Endpoint

DELETED = (404, 410)  # besides success: it was deleted before


def remove_carriers_copy(reported: ReportedRecording, endpoint: Endpoint, now: datetime) -> CarriersCopy:
    """Delete the copy and return its state: kept if the carrier cannot delete it, or not for us. Raises Unreachable."""
    removal = removal_of(endpoint.vendor)
    if removal is None:
        return CarriersCopy.KEPT
    try:
        status = download.status_of(removal(reported, endpoint, now))
    except Unreachable:
        raise
    except NotFetched:
        return CarriersCopy.KEPT
    if status in download.LATER or status >= 500:
        raise Unreachable(f"The carrier answered {status} when asked to delete its copy.")
    return CarriersCopy.DELETED if 200 <= status < 300 or status in DELETED else CarriersCopy.KEPT
