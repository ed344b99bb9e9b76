from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attribution.recordings.carrier_server import CarrierServer, carrier_server
from tests.conftest import forget_caches


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[CarrierServer]:
    """A carrier on this machine, which only the setting for tests lets us ask."""
    monkeypatch.setenv("CALLPATH_TEST_FETCH", "on")
    forget_caches()
    with carrier_server() as running:
        yield running
