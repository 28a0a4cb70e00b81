"""The effective settings as typed values, each with where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from storefleet.model.base import Value
from storefleet.model.limits import Limits
from storefleet.settings.parsers import Parsed
from storefleet.settings.table import SETTINGS, Setting
from storefleet.settings.urls import masked_url


class Display(Value, frozen=True):
    """How times are printed: ``store`` (each store's own), ``UTC`` or an IANA name."""

    timezone: str
    language: str


class AuditSettings(Value, frozen=True):
    """What makes an audit incomplete or failed: coverage is a share, ``dark_after`` seconds.

    ``processes`` is how many judge a large fleet side by side; 0 means one for each core, four at most.
    """

    coverage: float
    dark_after_s: float
    fail_on_severity: str | None
    fail_on_change: tuple[str, ...]
    on_backup_link: str
    processes: int


class ChangeSettings(Value, frozen=True):
    """What a change must carry, and how much of it may happen at once.

    ``approval`` says which plans two people must have signed: ``none``, those that could cut a line (``path``), all.
    """

    require: tuple[str, ...]
    approval: str
    confirm_stores_over: int
    wave_over: int
    lanes_at_once: int


class KeepSettings(Value, frozen=True):
    """How long things are kept, in seconds; ``None`` is for ever."""

    documents_s: float | None
    results_s: float | None
    changes_s: float | None
    transcripts_s: float | None


class Row(NamedTuple):
    """One line of ``storefleet settings``; the source also says when this version does not use the setting yet."""

    name: str
    value: str
    source: str


class Settings(Value, frozen=True):
    """Everything that ``storefleet.yaml`` may say; ``sources`` says for each name where its value came from."""

    fleet: str
    requires: str | None
    database: str | None
    snapshots_remote: str | None
    var_group: str | None
    display: Display
    audit: AuditSettings
    change: ChangeSettings
    keep: KeepSettings
    network: Limits
    values: Mapping[str, Any]
    sources: Mapping[str, str]

    def explain(self) -> list[Row]:
        """Return every setting with its value as it would be written, and its source."""
        return [_row(setting, self.values[setting.name], self.sources[setting.name]) for setting in SETTINGS]


def assemble(values: Mapping[str, Any], sources: Mapping[str, str]) -> Settings:
    """Build the typed settings from the values by name."""
    return Settings(
        fleet=values["fleet"],
        requires=values["requires"],
        database=values["database"],
        snapshots_remote=values["snapshots.remote"],
        var_group=values["var.group"],
        display=Display(values["display.timezone"], values["display.language"]),
        audit=AuditSettings(
            coverage=values["audit.coverage.hosts"],
            dark_after_s=values["audit.coverage.dark_after"],
            fail_on_severity=values["audit.fail_on.severity"],
            fail_on_change=values["audit.fail_on.change"],
            on_backup_link=values["audit.on_backup_link"],
            processes=values["audit.processes"],
        ),
        change=ChangeSettings(
            require=values["change.require"],
            approval=values["change.approval"],
            confirm_stores_over=values["change.confirm_stores_over"],
            wave_over=values["change.wave_over"],
            lanes_at_once=values["change.lanes_at_once"],
        ),
        keep=KeepSettings(
            documents_s=values["keep.documents"],
            results_s=values["keep.results"],
            changes_s=values["keep.changes"],
            transcripts_s=values["keep.transcripts"],
        ),
        network=Limits(
            workers=values["network.workers"],
            per_store=values["network.per_store"],
            per_jump=values["network.per_jump"],
            connects_per_second=float(values["network.connects_per_second"]),
            host_s=values["network.host_deadline"],
            retries=values["network.retries"],
            retry_after_s=values["network.retry_after"],
        ),
        values=values,
        sources=sources,
    )


def _row(setting: Setting, value: Parsed, source: str) -> Row:
    unused = "" if setting.used else " (not used yet by this version)"
    return Row(setting.name, shown(setting.name, value), source + unused)


def shown(name: str, value: Parsed) -> str:
    """Return a value in the spelling of the file: ``72h``, ``97%``, ``forever``."""
    if value is None:
        return "forever" if name.startswith("keep.") else "-"
    if isinstance(value, tuple):
        return ", ".join(value) or "-"
    if isinstance(value, float):
        return f"{value * 100:g}%" if name == "audit.coverage.hosts" else _duration(int(value))
    return masked_url(str(value)) if "://" in str(value) else str(value)


def _duration(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds % size == 0 and seconds >= size * (2 if unit == "d" else 1):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
