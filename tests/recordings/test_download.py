"""Files are fetched from a real server, and from nowhere that a link must not lead to."""

from __future__ import annotations

import io
import socket

import pytest

from chalicelib.calls.recording import Ask, Gone, NotFetched, NotReady, Refused, Unreachable
from chalicelib.recordings import download
from tests.conftest import forget_caches
from tests.fakes.carrier_server import CarrierServer, Given, wav

SECRET = {"Authorization": "Basic c2VjcmV0"}


def fetched(ask: Ask, pending: tuple[int, ...] = ()) -> bytes:
    file = io.BytesIO()
    size = download.download(ask, file, pending)
    assert size == len(file.getvalue())
    return file.getvalue()


def test_a_file_is_fetched_byte_by_byte(server: CarrierServer) -> None:
    audio = wav(30)
    url = server.give("/rec/2", audio)
    assert fetched(Ask(f"{url}?sign=a%20b&x=1", headers=SECRET)) == audio
    asked = server.asked[-1]
    assert (asked.method, asked.path) == ("GET", "/rec/2?sign=a%20b&x=1")
    assert (asked.headers["host"], asked.headers["authorization"]) == (
        f"127.0.0.1:{server.server_port}",
        "Basic c2VjcmV0",
    )


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (401, Refused),
        (403, Refused),
        (400, Refused),
        (302, Refused),  # with no place to go
        (404, Gone),
        (410, Gone),
        (408, Unreachable),
        (425, Unreachable),
        (429, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_a_status_says_whether_another_try_makes_sense(
    server: CarrierServer, status: int, failure: type[NotFetched]
) -> None:
    with pytest.raises(failure):
        fetched(Ask(server.give("/rec", Given(status, b"no"))))
    with pytest.raises(NotReady):
        fetched(Ask(server.give("/rec", Given(status, b"no"))), pending=(status,))


def test_an_empty_file_is_not_ready(server: CarrierServer) -> None:
    with pytest.raises(NotReady):
        fetched(Ask(server.give("/rec", Given(204))))


def test_a_file_that_breaks_off_is_tried_again(server: CarrierServer) -> None:
    with pytest.raises(Unreachable):
        fetched(Ask(server.give("/rec", Given(body=wav(), declared=1_000_000))))


def test_a_file_that_says_it_is_too_large_is_not_read(server: CarrierServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 10_000)
    with pytest.raises(Refused, match="larger"):
        fetched(Ask(server.give("/rec", Given(body=b"", declared=10_001))))


def chunked(size: int) -> bytes:
    """A body in chunks of a thousand bytes."""
    return (b"3e8\r\n" + bytes(1000) + b"\r\n") * (size // 1000) + b"0\r\n\r\n"


IN_CHUNKS = {"Transfer-Encoding": "chunked"}


@pytest.mark.parametrize(
    ("largest", "too_large"),
    [
        (Given(body=bytes(10_000), undeclared=True), Given(body=bytes(10_001), undeclared=True)),
        (
            Given(body=chunked(10_000), headers=IN_CHUNKS, declared=10),
            Given(body=chunked(11_000), headers=IN_CHUNKS, declared=10),
        ),
    ],
    ids=["the header is missing", "the header lies"],
)
def test_too_large_a_file_is_refused_by_its_bytes(
    server: CarrierServer, monkeypatch: pytest.MonkeyPatch, largest: Given, too_large: Given
) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 10_000)
    assert fetched(Ask(server.give("/rec", largest))) == bytes(10_000)
    file = io.BytesIO()
    with pytest.raises(Refused, match="larger"):
        download.download(Ask(server.give("/rec", too_large)), file)
    assert len(file.getvalue()) <= 10_000


def test_an_apis_answer_is_bounded_too(server: CarrierServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MAX_ANSWER_BYTES", 100)
    assert download.answer(Ask(server.give("/api", b"x" * 100))) == b"x" * 100
    with pytest.raises(Refused):
        download.answer(Ask(server.give("/api", b"x" * 101)))


def test_it_takes_only_so_long(server: CarrierServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TOTAL_SECONDS", -1)
    with pytest.raises(Unreachable, match="longer"):
        fetched(Ask(server.give("/rec", wav())))


def test_a_redirect_is_followed_without_what_was_only_for_the_first(server: CarrierServer) -> None:
    audio = wav()
    there = server.give("/there", audio).replace("127.0.0.1", "localhost")
    here = server.give("/here", Given(302, headers={"Location": there}))
    ask = Ask(here, "POST", SECRET, b"form")
    assert fetched(ask) == audio
    first, second = server.asked
    assert (first.method, first.body, first.headers["authorization"]) == ("POST", b"form", "Basic c2VjcmV0")
    assert (second.method, second.body, second.headers.get("authorization")) == ("GET", b"", None)


def test_a_redirect_within_a_host_keeps_them(server: CarrierServer) -> None:
    server.give("/there", wav())
    here = server.give("/here", Given(307, headers={"Location": "/there"}))
    fetched(Ask(here, "POST", SECRET, b"form"))
    second = server.asked[1]
    assert (second.method, second.body, second.headers["authorization"]) == ("POST", b"form", "Basic c2VjcmV0")


def test_redirects_end(server: CarrierServer) -> None:
    url = server.give("/round", Given(302, headers={"Location": "/round"}))
    with pytest.raises(Refused, match="leads on"):
        fetched(Ask(url))
    assert len(server.asked) == download.MAX_REDIRECTS + 1


@pytest.mark.parametrize("url", ["ftp://h.example/1", "file:///etc/passwd", "gopher://h.example", "", "//h.example/1"])
def test_only_http_is_spoken_even_in_tests(server: CarrierServer, url: str) -> None:
    with pytest.raises(Refused):
        fetched(Ask(url))


def test_a_redirect_is_checked_like_a_link(server: CarrierServer) -> None:
    url = server.give("/here", Given(302, headers={"Location": "file:///etc/passwd"}))
    with pytest.raises(Refused):
        fetched(Ask(url))


def test_nobody_there_is_tried_again(server: CarrierServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable):
            fetched(Ask(f"http://127.0.0.1:{taken.getsockname()[1]}/"))
    with pytest.raises(Unreachable):
        fetched(Ask("http://no-such-host.invalid/"))


# ---- in production -------------------------------------------------------------------------------------------------


@pytest.fixture
def outside(server: CarrierServer, monkeypatch: pytest.MonkeyPatch) -> CarrierServer:
    """The same server, and the settings of production."""
    monkeypatch.delenv("CALLPATH_TEST_FETCH")
    forget_caches()
    return server


def test_production_speaks_only_https(outside: CarrierServer) -> None:
    with pytest.raises(Refused, match="https"):
        fetched(Ask(outside.give("/rec", wav())))
    assert outside.asked == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "2130706433",
        "0x7f000001",
        "0",
        "169.254.169.254",
        "[::ffff:10.0.0.1]",
        "10.1",
    ],
)
def test_production_reaches_no_address_of_our_own(outside: CarrierServer, host: str) -> None:
    with pytest.raises(Refused, match="public"):
        fetched(Ask(f"https://{host}:{outside.server_port}/rec"))
    assert outside.asked == []


def test_a_name_with_one_private_address_is_refused(outside: CarrierServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in ("93.184.216.34", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(Refused, match="public"):
        fetched(Ask("https://rebinding.example/rec"))


@pytest.mark.parametrize("url", ["https://h.example:0x1/rec", "https://h.example:99999/", "https:///rec"])
def test_a_malformed_link_is_refused(outside: CarrierServer, url: str) -> None:
    with pytest.raises(Refused):
        fetched(Ask(url))
