"""A copy of the recorded practice fleet for each test, far from the user's own settings and folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from change_world import hosts, playbook  # noqa: F401 - fixtures of every file here
from command_line import practice_fleet


@pytest.fixture(autouse=True)
def _nobody_elses_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("STOREFLEET_")]:
        monkeypatch.delenv(name)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return practice_fleet(tmp_path / "fleet")


@pytest.fixture
def no_session(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every attempt to open a session, and let none succeed."""
    tried: list[str] = []

    def refuse(*_arguments: object, **_options: object) -> None:
        tried.append("session")
        raise AssertionError("a session was opened")

    monkeypatch.setattr("storefleet.workflows.sessions.Replayed.session", refuse)
    monkeypatch.setattr("storefleet.connections.connector.Connector.session", refuse)
    return tried
