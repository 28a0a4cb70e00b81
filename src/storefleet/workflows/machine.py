"""What this machine lacks, and what does not work for want of it: better known at `check` than at night."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass

from storefleet.documents.ownership import Ownership
from storefleet.errors import InputError
from storefleet.workflows.workspace import Workspace, inputs


@dataclass(frozen=True, slots=True)
class Lack:
    """A feature that this machine cannot give, why, and what mends it."""

    feature: str
    missing: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.feature}: {self.missing}; {self.remedy}"


def lacks(workspace: Workspace) -> tuple[Lack, ...]:
    """Return what is missing here for what this fleet uses, or may use."""
    found: list[Lack] = []
    if shutil.which("git") is None:
        missing = "git is not installed, so no run can name the commit of the fleet folder"
        found.append(Lack("fleet commit in every run", missing, "install git"))
    elif inputs(workspace.folder).commit is None:
        missing = "the fleet folder is in no git repository with a commit, so no run can name it"
        found.append(Lack("fleet commit in every run", missing, "git init && git add . && git commit"))
    found += _group_lacks(workspace.settings.var_group)
    if (workspace.settings.database or "").startswith("postgres") and importlib.util.find_spec("psycopg") is None:
        found.append(
            Lack("database", "psycopg, the driver for PostgreSQL, is missing", "pip install 'storefleet[postgresql]'")
        )
    if shutil.which("systemd-run") is None and shutil.which("crontab") is None:
        found.append(Lack("schedule", "neither systemd nor cron is here", "start `storefleet audit` by other means"))
    return tuple(found)


def _group_lacks(name: str | None) -> list[Lack]:
    try:
        if Ownership.of(name).is_member:
            return []
    except InputError as fault:
        return [Lack("sharing var/", str(fault).partition("; ")[0], f"groupadd {name}, or name another")]
    missing = f"we are not in the group {name} of var.group, so we cannot share what we write"
    return [Lack("sharing var/", missing, f"usermod -aG {name} and your name, then log in again")]
