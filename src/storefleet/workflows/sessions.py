"""Where the sessions of a run come from: SSH, SSH with a recorder beside it, or recordings alone."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storefleet.connections import kept
from storefleet.connections.connector import Connector
from storefleet.connections.known_hosts import KnownHosts
from storefleet.connections.recording import RecordingSession, ReplaySession
from storefleet.connections.transcript import Transcript
from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import InputError, OutputIncomplete, TimedOut
from storefleet.fleet.drive import Session
from storefleet.fleet.run import Sessions
from storefleet.fleet.seen import Seen
from storefleet.model.limits import Limits
from storefleet.model.store import Host
from storefleet.workflows import clock
from storefleet.workflows.workspace import Workspace

Clock = Callable[[Host], datetime.datetime]
"""Gives the instant of the evidence that a host's session shows."""


def now(_host: Host) -> datetime.datetime:
    """Return the present: what a live session shows is shown now."""
    return clock.now()


def clock_of(sessions: Sessions) -> Clock:
    """Return the clock of a source of sessions."""
    return sessions.clock if isinstance(sessions, Replayed) else now


def check_folders(workspace: Workspace, record: Path | None, replay: Path | None, *, offline: bool = False) -> None:
    """Refuse what the options ask for when it cannot be; before anything, the database too, is touched."""
    if record and replay:
        raise InputError("--record and --replay exclude each other: a recording of a recording tells nothing new")
    if offline and (record or replay):
        raise InputError("--offline judges the last documents; it neither records nor replays sessions")
    if record:
        make_folder(record, "--record", workspace.owner_of(record))
    if replay and not replay.is_dir():
        raise InputError(f"--replay {replay}: there is no such folder")


def make_folder(folder: Path, option: str, owner: Ownership = PRIVATE) -> None:
    """Make the folder that an option names; refuses one that we could not write to, before anything is touched."""
    try:
        owner.make_folder(folder)
    except OSError as fault:
        raise InputError(f"{option} {folder}: cannot be made: {fault.strerror}") from fault
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{option} {folder}: we may not write there")


@contextmanager
def open_sessions(
    workspace: Workspace, limits: Limits, record: Path | None = None, replay: Path | None = None
) -> Iterator[Sessions]:
    """Yield the source of sessions that the options ask for, and close its connections afterwards."""
    if replay:
        yield Replayed(replay)
        return
    connector = live(workspace, limits)
    try:
        yield Recorded(connector, record, workspace.owner_of(record)) if record else connector
    finally:
        connector.close()


def live(workspace: Workspace, limits: Limits, *, keep: int = 0) -> Connector:
    """Return a connector over SSH with the fleet's credentials and pinned keys, which may keep some lines open."""
    return Connector(
        lookup=workspace.fleet.credentials_for,
        known_hosts=KnownHosts.load(workspace.known_hosts),
        host_of=workspace.fleet.hosts.__getitem__,
        limits=limits,
        lockout=workspace.fleet.credentials.lockout,
        keep=keep,
    )


@dataclass(frozen=True)
class Lines:
    """What one command knows of the hosts that it enters more than once: ways in, and its files as they were."""

    connector: Connector
    seen: dict[str, Seen] = field(default_factory=dict)

    def remember(self, host: str, seen: Seen) -> None:
        """Keep what was seen of a host's files, while that is not a whole country's."""
        if len(self.seen) < kept.MOST:
            self.seen[host] = seen.files()


@contextmanager
def keeping_lines(workspace: Workspace, workers: int | None) -> Iterator[Lines]:
    """Yield the lines of all that one command does: a host that is entered again is not logged in to again."""
    connector = live(workspace, workspace.limits(workers), keep=kept.MOST)
    try:
        yield Lines(connector)
    finally:
        connector.close()


@contextmanager
def lent(workspace: Workspace, limits: Limits, lines: Lines | None) -> Iterator[Connector]:
    """Yield the connector that the caller has and goes on with, or one of our own, closed afterwards."""
    connector = lines.connector if lines is not None else live(workspace, limits)
    try:
        yield connector
    finally:
        if lines is None:
            connector.close()


@dataclass(frozen=True)
class Replayed:
    """Recorded sessions: one text file per host; a host without one is a host that gives no answer."""

    folder: Path

    def session(self, host: Host, expires_at: float) -> Session:
        """Return the recorded session of the host."""
        transcript = self._transcript(host)
        if transcript is None:
            raise TimedOut(f"there is no recording of {host.name} in {self.folder}")
        return ReplaySession(transcript)

    def clock(self, host: Host) -> datetime.datetime:
        """Return the instant of the recording, so that old evidence is not dated today."""
        transcript = self._transcript(host)
        if transcript is None or transcript.recorded_at is None:
            return clock.now()
        return datetime.datetime.fromisoformat(transcript.recorded_at)

    def _transcript(self, host: Host) -> Transcript | None:
        path = self.folder / f"{host.name}.txt"
        if not path.is_file():
            return None
        try:
            transcript = Transcript.load(path)
        except InputError as fault:
            raise OutputIncomplete(f"the recording of {host.name} cannot be read: {fault}") from fault
        if (transcript.host, transcript.platform) != (host.name, host.platform):
            seen = f"{transcript.host} ({transcript.platform})"
            raise OutputIncomplete(f"{path} is a recording of {seen}, not of {host.name} ({host.platform})")
        return transcript


@dataclass(frozen=True)
class Recorded:
    """Live sessions, each kept as text when it ends."""

    inner: Connector
    folder: Path
    owner: Ownership = PRIVATE

    def session(self, host: Host, expires_at: float) -> Session:
        """Return a live session with a recorder beside it."""
        return _Keeping(
            RecordingSession(self.inner.session(host, expires_at), host, self.inner.wallet.secrets),
            self.folder / f"{host.name}.txt",
            self.owner,
        )


class _Keeping:
    """Saves the transcript when the session is closed."""

    def __init__(self, recording: RecordingSession, path: Path, owner: Ownership) -> None:
        self._recording, self._path, self._owner = recording, path, owner

    def answer(self, effect: Any) -> Any:
        return self._recording.answer(effect)

    def close(self) -> None:
        self._recording.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._recording.transcript().save(self._path, self._owner)
