"""The audit as a page that opens anywhere: one file without a server, or a folder with a page for each store."""

from __future__ import annotations

from collections.abc import Iterator

from storefleet.model.report import AuditDocument
from storefleet.reports.html.data import Builder, size
from storefleet.reports.html.page import page
from storefleet.reports.terminal import audit_text

MOST_BYTES = 20_000_000
"""A page that a mail server still carries and a browser still opens at once."""


def single_page(document: AuditDocument, builder: Builder, most: int = MOST_BYTES) -> str:
    """Return one page with the fleet and every store that has something to show, the worst first, up to ``most`` bytes.

    What does not fit is said on the page, never left out in silence: first diffs go, then the details of the stores
    with the least to show.
    """
    data = builder.fleet()
    stores = {store.store: store for store in document.stores}
    left = most - size(data) - 100_000
    shorter = missing = 0
    for line in data["stores"]:
        if not (line["open"] or line["state"] in {"dark", "incomplete"}):
            continue
        detail = builder.detail(stores[line["id"]])
        if size(detail) > left // 2:
            for host in detail["hosts"]:
                shorter += bool(host["diff"])
                host["diff"] = ""
        taken = size(detail)
        if taken > left:
            missing += 1
            continue
        left -= taken
        data["details"][line["id"]] = detail
    data["note"] = _note(shorter, missing, document.run.id)
    return page(_title(document), _plain(document), data)


def _note(shorter: int, missing: int, run: str) -> str:
    parts = [f"the diffs of {shorter:,} hosts"] if shorter else []
    parts += [f"the details of {missing:,} stores"] if missing else []
    more = f"storefleet report {run} --report html:FOLDER/ has them."
    return f"Left out for size: {' and '.join(parts)}; {more}" if parts else ""


def folder_pages(document: AuditDocument, builder: Builder) -> Iterator[tuple[str, str]]:
    """Yield file name and content: ``index.html`` over all stores, and ``STORE.html`` for each of them."""
    fleet = {**builder.fleet(), "folder": True}
    yield "index.html", page(_title(document), _plain(document), fleet)
    lines = {line["id"]: line for line in fleet["stores"]}
    common = {name: fleet[name] for name in ("run", "verdict", "totals", "changes", "controls", "expiring")}
    for store in document.stores:
        own = {**common, "folder": True, "store": store.store, "stores": [lines[store.store]], "trend": []}
        own |= {"details": {store.store: builder.detail(store)}}
        yield f"{store.store}.html", page(f"{store.store} · {_title(document)}", _of_store(document, store.store), own)


def _title(document: AuditDocument) -> str:
    return f"{document.run.fleet} · storefleet {document.run.verb}"


def _plain(document: AuditDocument) -> str:
    return "This page needs scripts for its tables; without them, here is the report as text.\n\n" + audit_text(
        document
    )


def _of_store(document: AuditDocument, store: str) -> str:
    return f"This page of {store} needs scripts. The report as text: storefleet report {document.run.id}"
