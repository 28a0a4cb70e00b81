"""A night as the machine starts it: systemd's timer and service, and a line for cron."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Night:
    """What is to run, when and as whom.

    ``at`` is ``HH:MM``, ``timezone`` an IANA name or nothing for the machine's own, ``jitter_s`` the most by which the
    start is put off at random, ``longest_s`` after which a night that hangs is ended.
    """

    name: str
    at: str
    command: tuple[str, ...]
    folder: str
    user: str | None = None
    group: str | None = None
    timezone: str | None = None
    jitter_s: int = 900
    longest_s: int = 6 * 3600
    environment: str | None = None

    @property
    def unit(self) -> str:
        """Return the name of the units, without their kind."""
        return f"storefleet-{self.name}"


def schedule_text(night: Night) -> str:
    """Return all of it as one text that can be read, copied, and run by a shell: what is not a file is a comment."""
    cron_lines = cron(night)
    return "\n".join(
        [
            f"# {night.unit}: every night at {night.at} {night.timezone or '(the zone of this machine)'}",
            f"# With systemd, as root; then: systemctl daemon-reload && systemctl enable --now {night.unit}.timer",
            _file(f"/etc/systemd/system/{night.unit}.service", service(night)),
            _file(f"/etc/systemd/system/{night.unit}.timer", timer(night)),
            f"# With cron instead, in /etc/cron.d/{night.unit}:",
            *(f"# {line}" for line in cron_lines.splitlines()),
            "",
        ]
    )


def _file(path: str, content: str) -> str:
    return f"cat >{path} <<'END'\n{content}END\n"


def service(night: Night) -> str:
    """Return the unit that runs one night.

    1 (findings) and 3 (incomplete) are results of a night and no failure of the service; 5 means that the last one
    still runs. The first SIGTERM lets the run write its report, which is why it has time to end.
    """
    lines = [
        "[Unit]",
        f"Description=storefleet {night.name}",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={_systemd(night.folder)}",
        f"ExecStart={' '.join(map(_systemd_word, night.command))}",
        "SuccessExitStatus=1 3",
        *([f"User={night.user}"] if night.user else []),
        *([f"Group={night.group}"] if night.group else []),
        *([f"EnvironmentFile={_systemd(night.environment)}"] if night.environment else []),
        "UMask=0027",
        "Nice=5",
        f"TimeoutStartSec={night.longest_s}",
        "TimeoutStopSec=120",
        "KillMode=mixed",
        "NoNewPrivileges=yes",
        "PrivateTmp=yes",
        "ProtectSystem=full",
    ]
    return "\n".join(lines) + "\n"


def timer(night: Night) -> str:
    """Return the unit that starts it; a night that was slept through is made up for."""
    zone = f" {night.timezone}" if night.timezone else ""
    lines = [
        "[Unit]",
        f"Description=storefleet {night.name}, every night",
        "",
        "[Timer]",
        f"OnCalendar=*-*-* {night.at}:00{zone}",
        f"RandomizedDelaySec={night.jitter_s}",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join(lines) + "\n"


def cron(night: Night) -> str:
    """Return the lines for cron: it has no jitter and no limit of its own, and ``%`` means a line break to it."""
    hour, minute = (int(part) for part in night.at.split(":"))
    words = ["timeout", "--signal=TERM", "--kill-after=120", str(night.longest_s), *night.command]
    wait = f"sleep $(shuf -i 0-{night.jitter_s} -n 1); " if night.jitter_s else ""
    command = f"cd {shlex.quote(night.folder)} && {wait}{shlex.join(words)}"
    zone = f"CRON_TZ={night.timezone}\n" if night.timezone else ""
    escaped = command.replace("%", "\\%")
    return f"{zone}{minute} {hour} * * *  {night.user or 'root'}  {escaped}\n"


def _systemd(text: str) -> str:
    """Return a path for a unit file, where ``%`` begins a specifier."""
    return text.replace("%", "%%")


def _systemd_word(word: str) -> str:
    """Return one word of a command line as systemd.service(5) reads it."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return safe if re.fullmatch(r"[A-Za-z0-9_./:=@%,+-]+", safe) else f'"{safe}"'
