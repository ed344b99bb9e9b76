from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.carrier_server import CarrierServer
from tests.recordings.recordings_fixture import endpoint
from tests.requests import open_site


@pytest.fixture
def site(aws: Any, server: CarrierServer) -> Any:
    """The site with a PBX's endpoint."""
    open_site()
    endpoint("generic")
    return aws
