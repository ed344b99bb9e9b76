"""The script a website includes, with its site key and this service's address filled in."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from chalicelib.core.errors import NotFound
from chalicelib.registry import snapshot
from chalicelib.runtime.http import Answer, Request
from chalicelib.runtime.settings import settings

SCRIPT = Path(__file__).with_name("snippet.min.js")  # made from snippet.js by `python -m infra.setup.minify_snippet`
CACHE_SECONDS = 300


def serve(request: Request, site_key: str) -> Answer:
    """Serve the site's script, or 304 where the browser has it. Raises NotFound for a key that no site has."""
    if snapshot.site_by_key(site_key, request.now) is None:
        raise NotFound("no site has this key", field="site_key")
    script = script_of(settings().public_url, site_key)
    etag = f'"{hashlib.sha256(script.encode()).hexdigest()[:20]}"'
    headers = {"Cache-Control": f"public, max-age={CACHE_SECONDS}", "ETag": etag}
    known = etag in request.header("if-none-match")
    return Answer(
        "" if known else script,
        304 if known else 200,
        content_type="application/javascript; charset=utf-8",
        headers=headers,
    )


def script_of(base_url: str, site_key: str) -> str:
    """Return the script of one site, with both values as JSON in plain ASCII, so that neither can end its string."""
    config = json.dumps({"base": base_url, "site": site_key}).replace("<", "\\u003c")
    return _script().replace("__CONFIG__", config)


@lru_cache(maxsize=1)
def _script() -> str:
    return SCRIPT.read_text(encoding="ascii")
