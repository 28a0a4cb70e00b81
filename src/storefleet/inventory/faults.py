"""Complaints that many stores share: a template is wrong once, however many stores meet it."""

from __future__ import annotations

from storefleet.documents.nodes import Source
from storefleet.errors import Complaint


class Faults:
    """Complaints of templates, one per line of the file however many stores meet it."""

    def __init__(self) -> None:
        self._met: dict[tuple[Source, str], tuple[str, list[str]]] = {}

    def add(self, source: Source, message: str, store: str, subject: str = "") -> None:
        """Note a fault of one store; ``subject`` keeps different faults of one line apart."""
        self._met.setdefault((source, subject), (message, []))[1].append(store)

    def stores(self) -> set[str]:
        """Return every store that met a fault."""
        return {store for _, stores in self._met.values() for store in stores}

    def complaints(self) -> list[Complaint]:
        """Return one complaint per line and subject, naming the first store and how many more."""
        found: list[Complaint] = []
        for (source, _), (message, stores) in self._met.items():
            unique = list(dict.fromkeys(stores))
            more = f" and {len(unique) - 1:,} more" if len(unique) > 1 else ""
            about = f" ({unique[0]}{more})" if unique[0] else ""
            found.append(Complaint(source.path, source.line, f"{message}{about}"))
        return found
