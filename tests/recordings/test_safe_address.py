from __future__ import annotations

import pytest

from chalicelib.recordings.safe_address import is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2a00:1450:4010:c05::71", "::ffff:8.8.8.8"])
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # the cloud's own metadata
        "169.254.170.2",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",  # 127.0.0.1 by 6to4
        "64:ff9b::7f00:1",  # 127.0.0.1 by NAT64
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "not an address",
        "",
    ],
)
def test_what_only_we_can_reach_is_not(address: str) -> None:
    assert not is_public(address)
