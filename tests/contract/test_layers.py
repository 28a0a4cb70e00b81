"""The import contracts bite: one import that they forbid, in a copy of the package, makes the check fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import ROOT

CHECK = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"


def lint(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("place", "line", "said"),
    [
        ("model/store.py", "import storefleet.cli.options", "storefleet.model is not allowed to import storefleet.cli"),
        ("reports/view.py", "import storefleet.storage.engine", "storefleet.reports is not allowed to import"),
        ("audit/judge.py", "import yaml", "yaml belongs to documents BROKEN"),
    ],
)
def test_a_forbidden_import_breaks_the_check(place, line, said, tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / "src" / "storefleet" / place
    target.write_text(target.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    code, text = lint(tmp_path)
    assert code == 1
    assert said in text
