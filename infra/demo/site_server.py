"""The shop's website on this machine, with the snippet of a site in its head.

python -m infra.demo.site_server --base-url http://… --site-key pk_… [--port 8080]
"""

from __future__ import annotations

import argparse
import contextlib
import html
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(__file__).parent / "site"
PLACE = "<!-- snippet -->"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8"}


@contextlib.contextmanager
def serving(base_url: str, site_key: str, port: int = 0) -> Iterator[str]:
    """Yield the site's address while it is served; port 0 takes any free one."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler_of(page_of(base_url, site_key)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def page_of(base_url: str, site_key: str) -> str:
    """Return the page with the tag that a customer would paste into it."""
    source = html.escape(f"{base_url}/v1/sites/{site_key}/snippet.js")
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    return page.replace(PLACE, f'<script async src="{source}"></script>')


def handler_of(page: str) -> type[BaseHTTPRequestHandler]:
    """Every path is the one page, but for the style sheet."""
    style = (FOLDER / "style.css").read_text(encoding="utf-8")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_style = urlsplit(self.path).path == "/style.css"
            body = (style if is_style else page).encode()
            self.send_response(200)
            self.send_header("Content-Type", TYPES[".css" if is_style else ".html"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="The demo shop's website.")
    parser.add_argument("--base-url", required=True, help="the service's base URL, stage included")
    parser.add_argument("--site-key", required=True)
    parser.add_argument("--port", type=int, default=8080)
    asked = parser.parse_args()
    with serving(asked.base_url, asked.site_key, asked.port) as address, contextlib.suppress(KeyboardInterrupt):
        print(f"{address} (Ctrl+C stops it)")
        threading.Event().wait()


if __name__ == "__main__":
    main()
