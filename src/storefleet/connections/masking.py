"""Our own secrets in what a device sends back: an echoed password reaches no document, report or recording."""

from __future__ import annotations

from collections.abc import Iterable

from storefleet.errors import HostError
from storefleet.model.effects import Output
from storefleet.model.secret import Secret

MIN_SECRET = 6
"""A shorter secret is not searched for as a literal: `1` or `cisco` would blank out half of a document."""

MASK = "***"


class Masking:
    """Masks some secrets, the longest first, since one may contain another."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        words = {secret.reveal() for secret in secrets}
        self._words = tuple(sorted((word for word in words if len(word) >= MIN_SECRET), key=len, reverse=True))

    def data(self, data: bytes) -> bytes:
        """Return bytes without the secrets."""
        for word in self._words:
            data = data.replace(word.encode(), MASK.encode())
        return data

    def text(self, text: str) -> str:
        """Return text without the secrets."""
        for word in self._words:
            text = text.replace(word, MASK)
        return text

    def output(self, output: Output) -> Output:
        """Return a script's output without the secrets."""
        return Output(self.data(output.stdout), self.data(output.stderr), output.exit_status, output.nonce)

    def error(self, fault: HostError) -> HostError:
        """Return the error as it is, or one of its kind that does not repeat a secret."""
        said = self.text(str(fault))
        return fault if said == str(fault) else type(fault)(said)
