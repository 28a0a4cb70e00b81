"""The report of drift as one page that opens anywhere: the verdict first, then what is alike, or a store."""

from __future__ import annotations

import html
from typing import Any

from storefleet.model.drift import DriftDocument
from storefleet.reports.drift_text import drift_text
from storefleet.reports.escape import visible
from storefleet.reports.html import MOST_BYTES
from storefleet.reports.html.drift_fleet import fleet_data
from storefleet.reports.html.drift_store import store_data
from storefleet.reports.html.page import DRIFT, data_text, page

_ROOM = 100_000
"""For what is no data: style, script and the words around."""


def drift_page(
    document: DriftDocument,
    *,
    fleet: str = "",
    timezone: str = "store",
    whole_fleet: bool = False,
    most: int = MOST_BYTES,
) -> str:
    """Return the page, up to ``most`` bytes; what does not fit is counted on it, never left out in silence."""
    plain = _plain(document, timezone, whole_fleet=whole_fleet, most=most // 4)
    data = fleet_data(document, fleet, timezone, whole_fleet=whole_fleet)
    left = most - len(data_text(data)) - _ROOM - len(html.escape(plain).encode("utf-8"))
    missing = 0
    stores = {visible(store.store): store for store in document.stores}
    for line in data["stores"]:
        detail = store_data(stores[line["id"]], document, timezone)
        taken = len(data_text({line["id"]: detail}))
        if taken > left:
            missing += 1
            continue
        left -= taken
        data["details"][line["id"]] = detail
    data["note"] = _note(missing)
    return page(_title(data), plain, data, DRIFT)


def _note(missing: int) -> str:
    if not missing:
        return ""
    many = "1 store" if missing == 1 else f"{missing:,} stores"
    return f"Left out for size: the details of {many}; storefleet drift STORE --report html:PATH has them."


def _title(data: dict[str, Any]) -> str:
    only = f"{data['stores'][0]['id']} · " if len(data["stores"]) == 1 else ""
    return f"{only}{data['fleet'] or 'storefleet'} · storefleet drift"


def _plain(document: DriftDocument, timezone: str, *, whole_fleet: bool, most: int) -> str:
    text = drift_text(document, timezone, whole_fleet=whole_fleet)
    if len(text) > most:
        text = text[: text.rfind("\n", 0, most) + 1] + "(cut for size; storefleet drift prints all of it)\n"
    return f"This page needs scripts for its tables; without them, here is the report as text.\n\n{text}"
