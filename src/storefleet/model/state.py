"""The state document: the normalised facts of one host at one instant (``storefleet.state/1``)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from storefleet.model.base import Json, Value

STATE_FORMAT = "storefleet.state/1"


class Missing(Value, frozen=True):
    """A part of the document that could not be read, and why.

    ``path`` is a JSON Pointer of the state document; everything at or below it is unknown. ``reason`` is one line for a
    person (``sudo refused``, ``no tool on this system: ss``, ``timeout 5 s``).
    """

    path: str
    reason: str


class StateDocument(Value, frozen=True):
    """Normalised facts of one host, and what is missing from them with the reason.

    ``facts`` holds the top-level parts of CONTRACTS §3 (``system``, ``network``, ``ports``, ``software``, ``services``,
    ``security``, ``kernel``, ``files``, ``app``, ``hardware``, ``config`` …) as plain JSON; the published schema
    ``schemas/state-1.json`` gives their shape. ``provenance`` maps a part to the probe that gave it.
    """

    host: str
    store: str
    role: str
    platform: str
    collected_at: str
    duration_s: float
    facts: Mapping[str, Json]
    missing: tuple[Missing, ...] = ()
    provenance: Mapping[str, str] = {}

    def to_json(self) -> dict[str, Json]:
        """Return the flat document that leaves the process, with its format name."""
        head: dict[str, Json] = {
            "format": STATE_FORMAT,
            "host": self.host,
            "store": self.store,
            "role": self.role,
            "platform": self.platform,
            "collected_at": self.collected_at,
            "duration_s": self.duration_s,
        }
        missing: list[Json] = [{"path": gap.path, "reason": gap.reason} for gap in self.missing]
        return {**head, **dict(self.facts), "missing": missing, "provenance": dict(self.provenance)}

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> StateDocument:
        """Rebuild the value from :meth:`to_json`; raises ``msgspec.ValidationError`` on a document of another shape."""
        known = {"host", "store", "role", "platform", "collected_at", "duration_s", "missing", "provenance"}
        facts = {key: part for key, part in document.items() if key not in known and key != "format"}
        head = {key: document[key] for key in known if key in document}
        return msgspec.convert({**head, "facts": facts}, cls)
