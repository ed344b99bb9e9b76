from __future__ import annotations

from typing import Any

import pytest

from tests.attribution.examples import open_site
from tests.attribution.recordings.carrier_server import CarrierServer
from tests.attribution.recordings.world import endpoint


@pytest.fixture
def site(aws: Any, server: CarrierServer) -> Any:
    """The site with a PBX's endpoint."""
    open_site()
    endpoint("generic")
    return aws
