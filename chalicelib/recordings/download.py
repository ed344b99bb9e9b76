"""Ask a carrier for a file: over https, from public addresses, bounded in size and time, each redirect checked alike.

A webhook's link is a stranger's text. So the address a name resolves to is checked, and that very address is
connected to: a name that resolves differently in between leads nowhere else.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import urllib3
from msgspec.structs import replace

from chalicelib.calls.recording import Ask, Gone, NotReady, Refused, Unreachable
from chalicelib.recordings.safe_address import is_public
from chalicelib.runtime.settings import settings

MAX_BYTES = 200_000_000  # some seven hours of telephone MP3
MAX_ANSWER_BYTES = 1_000_000  # of an API's JSON
TOTAL_SECONDS = 120
TIMEOUT = urllib3.Timeout(connect=5, read=20)
CHUNK = 256 * 1024
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
NOT_THERE = (404, 410)
LATER = (408, 409, 425, 429)


def download(ask: Ask, into: IO[bytes], pending: Collection[int] = ()) -> int:
    """Write what the carrier answers into a file; return its size in bytes. Raises a NotFetched.

    `pending` are the statuses that mean "not ready yet" for this recording at this time.
    """
    size = 0
    for chunk in _chunks(ask, pending):
        size += len(chunk)
        if size > MAX_BYTES:
            raise Refused(f"The file is larger than {MAX_BYTES // 1_000_000} MB.")
        into.write(chunk)
    if not size:
        raise NotReady("The carrier answered with an empty file.")
    return size


def answer(ask: Ask, pending: Collection[int] = ()) -> bytes:
    """Return the body of an API's successful answer. Raises a NotFetched."""
    body = b""
    for chunk in _chunks(ask, pending):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise Refused("The carrier's answer is too large.")
    return body


def status_of(ask: Ask) -> int:
    """Return the status of a request whose body does not matter. Raises Unreachable, Refused."""
    with _opened(ask, time.monotonic() + TOTAL_SECONDS) as response:
        status: int = response.status
    return status


def _chunks(ask: Ask, pending: Collection[int]) -> Iterator[bytes]:
    deadline = time.monotonic() + TOTAL_SECONDS
    with _opened(ask, deadline) as response:
        _judge(response.status, pending)
        declared = response.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > MAX_BYTES:
            raise Refused(f"The file is larger than {MAX_BYTES // 1_000_000} MB.")
        for chunk in response.stream(CHUNK, decode_content=False):
            _check(deadline)
            yield chunk


def _judge(status: int, pending: Collection[int]) -> None:
    """Raise the NotFetched that a status other than success means."""
    if 200 <= status < 300:
        return
    if status in pending:
        raise NotReady(f"The recording is not ready: the carrier answered {status}.")
    if status in NOT_THERE:
        raise Gone(f"The carrier has no such recording: it answered {status}.")
    if status in LATER or status >= 500:
        raise Unreachable(f"The carrier answered {status}.")
    raise Refused(f"The carrier refused it: it answered {status}.")


@contextmanager
def _opened(ask: Ask, deadline: float) -> Iterator[Any]:
    """Yield the response to a request behind its redirects, its body not yet read."""
    try:
        for _ in range(MAX_REDIRECTS + 1):
            _check(deadline)
            with _connection(ask.url) as pool, closing(_send(pool, ask)) as response:
                location = response.headers.get("location")
                if response.status not in REDIRECTS or not location:
                    yield response
                    return
            ask = _redirected(ask, response.status, location)
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"The carrier did not answer: {type(error).__name__}.") from None
    raise Refused(f"The link leads on more than {MAX_REDIRECTS} times.")


def _send(pool: urllib3.HTTPConnectionPool, ask: Ask) -> Any:
    parts = urlsplit(ask.url)
    host = parts.netloc.rpartition("@")[2]
    headers = {"Host": host, "Accept-Encoding": "identity", "User-Agent": "callpath", **ask.headers}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return pool.urlopen(
        ask.method, target, ask.body, headers, retries=False, redirect=False, timeout=TIMEOUT, preload_content=False
    )


@contextmanager
def _connection(url: str) -> Iterator[urllib3.HTTPConnectionPool]:
    """Yield a connection to an address that was checked, under the name of the link. Raises Refused, Unreachable."""
    parts = urlsplit(url)
    plain_allowed = settings().test_fetch
    if not parts.hostname or parts.scheme not in (("https", "http") if plain_allowed else ("https",)):
        raise Refused("The link is not https.")
    try:
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except ValueError:
        raise Refused("The link names no port there can be.") from None
    address = _address(parts.hostname, port, anywhere=plain_allowed)
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address, port, cert_reqs="CERT_REQUIRED", server_hostname=parts.hostname, assert_hostname=parts.hostname
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, port)
    with pool:
        yield pool


def _address(host: str, port: int, *, anywhere: bool) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise Unreachable("The link's host cannot be found.") from None
    # Lambda speaks IPv4 unless it is in a network of its own that has more.
    addresses = [str(each[4][0]) for each in sorted(found, key=lambda each: each[0] != socket.AF_INET)]
    if not anywhere and not all(is_public(address) for address in addresses):
        raise Refused("The link leads to an address that is not public.")
    return addresses[0]


def _redirected(ask: Ask, status: int, location: str) -> Ask:
    """Return the request a redirect asks for. Headers, and so credentials, do not go to another host."""
    url = urljoin(ask.url, location)
    same = urlsplit(url)[:2] == urlsplit(ask.url)[:2]
    headers = ask.headers if same else {}
    if status in (307, 308):
        return replace(ask, url=url, headers=headers)
    return Ask(url, headers=headers)


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise Unreachable(f"The carrier took longer than {TOTAL_SECONDS} s.")
