"""The audit as one JSON document, for programs."""

from __future__ import annotations

from storefleet.model.report import AuditDocument


def audit_json(document: AuditDocument) -> str:
    """Return the document in its published order, one line of ASCII, ending with a newline."""
    return "".join([*document.json_pieces(), "\n"])
