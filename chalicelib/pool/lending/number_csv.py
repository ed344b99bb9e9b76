"""Rows of a list of tracking numbers into values. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chalicelib.core.errors import BadInput
from chalicelib.core.phone import parse_phone
from chalicelib.registry.types import NumberKind, TrackingNumber

KINDS = (NumberKind.DYNAMIC, NumberKind.OVERFLOW, NumberKind.STATIC)
MAX_LABEL = 200


def parse_row(
    cells: Mapping[str, str], site_id: str, country: str, pools: Collection[str], campaigns: Collection[str]
) -> TrackingNumber:
    """Read a row: `number`, `kind` (dynamic where empty), `pool_id`, `campaign_id`, `target_number`, `label`.

    Raises BadInput naming the field.
    """
    filled = {name: cell.strip() for name, cell in cells.items() if cell and cell.strip()}
    if "number" not in filled:
        raise BadInput("number", "is missing")
    kind = _kind(filled.get("kind", NumberKind.DYNAMIC))
    static = kind is NumberKind.STATIC
    target = filled.get("target_number")
    if target and not static:
        raise BadInput("target_number", "only static numbers have one; calls to a pool go to the pool's")
    return TrackingNumber(
        number=parse_phone(filled["number"], country=country, field="number").e164,
        site_id=site_id,
        kind=kind,
        pool_id=_known(filled, "pool_id", pools, needed=not static, allowed=not static),
        campaign_id=_known(filled, "campaign_id", campaigns, needed=False, allowed=static),
        target_number=parse_phone(target, country=country, field="target_number").e164 if target else None,
        label=_label(filled.get("label")),
    )


def _kind(text: str) -> NumberKind:
    for kind in KINDS:
        if text.lower() == kind:
            return kind
    raise BadInput("kind", f"not one of {', '.join(KINDS)}")


def _known(cells: Mapping[str, str], name: str, known: Collection[str], *, needed: bool, allowed: bool) -> str | None:
    value = cells.get(name)
    if value is None:
        if needed:
            raise BadInput(name, "is missing")
        return None
    if not allowed:
        raise BadInput(name, "does not go with this kind of number")
    if value not in known:
        raise BadInput(name, "is not one of this site's")
    return value


def _label(text: str | None) -> str | None:
    if text and len(text) > MAX_LABEL:
        raise BadInput("label", f"longer than {MAX_LABEL} characters")
    return text
