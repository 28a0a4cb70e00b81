"""What to ask of one host: the caller selects it from the fleet's files; a collector only carries it out."""

from __future__ import annotations

from storefleet.collect.probes import Probe
from storefleet.model.base import Value
from storefleet.model.store import Host


class Endpoint(Value, frozen=True):
    """A place that the host must reach; ``tls`` is the lowest version that it must speak there (``1.2``), if any.

    ``from_`` holds the roles that must reach it; empty means every role.
    """

    name: str
    host: str
    port: int
    tls: str | None = None
    from_: tuple[str, ...] = ()


class WatchedFiles(Value, frozen=True):
    """Files (globs are expanded on the device) whose hash, mode and owner are kept; larger ones are not hashed."""

    files: tuple[str, ...]
    max_bytes: int = 256 * 1024


class CollectPlan(Value, frozen=True):
    """Everything that one collection of one host needs.

    ``light`` leaves out what is slow or seldom changes (packages, accounts, files, hardware) for a quick look.
    ``redaction_key`` is the fleet's own; without it hidden values show no more than that they are hidden.
    ``secret_lines`` are patterns of configuration lines that the fleet calls secret, each with a group ``secret``.
    """

    host: Host
    endpoints: tuple[Endpoint, ...] = ()
    probes: tuple[Probe, ...] = ()
    watch: tuple[WatchedFiles, ...] = ()
    certificates: tuple[str, ...] = ()
    light: bool = False
    redaction_key: bytes = b""
    secret_lines: tuple[str, ...] = ()
