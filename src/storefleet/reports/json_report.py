"""The audit as one JSON document, for programs."""

from __future__ import annotations

import json

from storefleet.model.report import AuditDocument


def audit_json(document: AuditDocument) -> str:
    """Return the document in its published order, one line, ending with a newline.

    Everything beyond ASCII is escaped, so that neither half a surrogate pair nor a direction mark of a device can break
    a reader or a terminal.
    """
    return json.dumps(document.to_json(), ensure_ascii=True, separators=(",", ":"), allow_nan=False) + "\n"
