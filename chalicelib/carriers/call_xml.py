"""XML answers of the carriers that read verbs: TwiML, TeXML and Plivo XML. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from chalicelib.runtime.http import Answer


def element(name: str, attributes: Mapping[str, str], inner: str = "") -> str:
    """Return one XML element; `inner` is markup already."""
    written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def spoken(text: str | None, language: str | None, verb: str = "Say") -> str:
    """Return the verb that speaks a text, or that plays the sound behind an https URL; an empty text without one."""
    if not text:
        return ""
    if text.startswith("https://"):
        return element("Play", {}, escape(text))
    return element(verb, {"language": language} if language else {}, escape(text))


def response(verbs: str = "") -> Answer:
    """Return an answer whose document the carrier executes."""
    document = f'<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>'
    return Answer(document, content_type="text/xml; charset=utf-8")
