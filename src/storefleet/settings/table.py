"""Every setting there is: its name, how its text is read, and what holds where nobody says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from storefleet.settings.parsers import (
    Parsed,
    Parser,
    choice,
    choices,
    display_zone,
    kept,
    percent,
    seconds,
    text,
    whole,
    word,
)

PREFIX = "STOREFLEET_"
SEVERITIES = ("info", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. ``used`` is whether this version does anything with it yet; ``explain`` says so."""

    name: str
    parse: Parser
    default: Parsed
    used: bool = True

    @property
    def variable(self) -> str | None:
        """Return the environment variable; ``STOREFLEET_FLEET`` is the folder, so the name ``fleet`` has none.

        That a second person must agree is said by the fleet, not by the shell of the first.
        """
        if self.name in {"fleet", "requires", "change.approval"}:
            return None
        return PREFIX + self.name.upper().replace(".", "_")


SETTINGS: tuple[Setting, ...] = (
    Setting("fleet", word, None),
    Setting("requires", text, None),
    Setting("database", text, None),
    Setting("snapshots.remote", text, None, used=False),
    Setting("var.group", word, None),
    Setting("display.timezone", display_zone, "store"),
    Setting("display.language", choice("en"), "en", used=False),
    Setting("audit.coverage.hosts", percent, 1.0),
    Setting("audit.coverage.dark_after", seconds, 72 * 3600.0),
    Setting("audit.fail_on.severity", choice(*SEVERITIES), None),
    Setting("audit.fail_on.change", choices("new", "worse"), ()),
    Setting("audit.on_backup_link", choice("light", "full", "skip"), "full"),
    Setting("audit.processes", whole(0, 64), 0),
    Setting("change.require", choices("reason", "ticket"), (), used=False),
    Setting("change.approval", choice("none", "path", "always"), "none"),
    Setting("change.confirm_stores_over", whole(0, 1_000_000), 10, used=False),
    Setting("change.wave_over", whole(0, 1_000_000), 50, used=False),
    Setting("change.lanes_at_once", whole(1, 999), 1, used=False),
    Setting("keep.documents", kept, 35 * 86_400.0),
    Setting("keep.results", kept, 400 * 86_400.0),
    Setting("keep.changes", kept, None, used=False),
    Setting("keep.transcripts", kept, 90 * 86_400.0, used=False),
    Setting("network.workers", whole(1, 1000), 50),
    Setting("network.per_store", whole(1, 100), 2),
    Setting("network.per_jump", whole(1, 1000), 20),
    Setting("network.connects_per_second", whole(1, 10_000), 50),
    Setting("network.host_deadline", seconds, 180.0),
    Setting("network.retries", whole(0, 20), 0),
    Setting("network.retry_after", seconds, 60.0),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
SECTIONS = {name.rsplit(".", depth)[0] for name in BY_NAME for depth in range(1, name.count(".") + 1)}
"""The mappings of the file: ``audit``, ``audit.coverage`` …"""
