"""What a website's visitors pay for the snippet."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from chalicelib.pool.snippet import script_of
from tests.bench.row import Row


def rows() -> Iterator[Row]:
    """`snippet_gzip_bytes`: the script as served, compressed as API Gateway does."""
    script = script_of("https://abcdefghij.execute-api.eu-central-1.amazonaws.com/api", "k" * 16)
    yield Row("snippet_gzip_bytes", len(gzip.compress(script.encode())), "bytes", note="as served, gzip")
