"""Option over environment over file over default, each value typed and with its source; nothing is silently ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from storefleet.errors import InputError
from storefleet.model.limits import Limits
from storefleet.settings.load import load_settings
from storefleet.settings.table import SETTINGS

WORKED = """\
fleet: grocery-de
requires: "storefleet >=0.4,<0.5"
database: "postgresql://storefleet@db.hq.example/storefleet"
snapshots: {remote: "git@git.hq.example:ops/fleet-snapshots.git"}
var: {group: storefleet}
display: {timezone: store, language: en}
audit:
  coverage: {hosts: "97%", dark_after: 72h}
  fail_on: {severity: high, change: [new, worse]}
  on_backup_link: light
change:
  require: [reason, ticket]
  confirm_stores_over: 10
  wave_over: 50
  lanes_at_once: 1
keep: {documents: 35d, results: 400d, changes: forever, transcripts: 90d}
network: {workers: 200, per_store: 2, per_jump: 20, connects_per_second: 50, host_deadline: 180s}
"""


def folder(tmp_path: Path, text: str | None) -> Path:
    if text is not None:
        (tmp_path / "storefleet.yaml").write_text(text)
    return tmp_path


def refused(tmp_path: Path, text: str | None, environ=None, options=None, version: str | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_settings(folder(tmp_path, text), environ or {}, options, version)
    return [str(each) for each in caught.value.complaints]


def test_the_worked_example_is_read_into_typed_values(tmp_path: Path):
    settings = load_settings(folder(tmp_path, WORKED), {}, version="0.4.2")
    assert settings.fleet == "grocery-de"
    assert settings.network == Limits(workers=200, per_store=2, per_jump=20, connects_per_second=50.0, host_s=180.0)
    audit = settings.audit
    assert (audit.coverage, audit.dark_after_s, audit.fail_on_severity) == (0.97, 72 * 3600, "high")
    assert audit.fail_on_change == ("new", "worse")
    assert (settings.keep.documents_s, settings.keep.changes_s) == (35 * 86_400, None)
    assert settings.change.require == ("reason", "ticket")


def test_without_a_file_the_defaults_hold_and_the_folder_names_the_fleet(tmp_path: Path):
    settings = load_settings(tmp_path, {})
    assert settings.audit.coverage == 1.0
    assert (settings.network.workers, settings.change.confirm_stores_over) == (50, 10)
    assert settings.audit.fail_on_severity is None
    assert set(settings.sources.values()) == {"default"}
    assert settings.fleet == tmp_path.name.replace(" ", "")


def test_option_wins_over_environment_over_file_over_default(tmp_path: Path):
    where = folder(tmp_path, "network: {workers: 1, per_store: 1, per_jump: 1}\n")
    environ = {"STOREFLEET_NETWORK_WORKERS": "2", "STOREFLEET_NETWORK_PER_STORE": "2", "STOREFLEET_FLEET": "/x"}
    settings = load_settings(where, environ, {"network.workers": 3, "network.per_store": None})
    limits = settings.network
    assert (limits.workers, limits.per_store, limits.per_jump, limits.connects_per_second) == (3, 2, 1, 50.0)
    rows = {row.name: (row.value, row.source) for row in settings.explain()}
    assert rows["network.workers"] == ("3", "option")
    assert rows["network.per_store"] == ("2", "environment STOREFLEET_NETWORK_PER_STORE")
    assert rows["network.per_jump"] == ("1", "storefleet.yaml:1")
    assert rows["network.connects_per_second"] == ("50", "default")


def test_every_setting_is_explained_in_the_spelling_of_the_file(tmp_path: Path):
    rows = {row.name: row for row in load_settings(folder(tmp_path, WORKED), {}, version="0.4").explain()}
    assert list(rows) == [setting.name for setting in SETTINGS]
    shown = {
        name: rows[name].value for name in ("audit.coverage.hosts", "keep.changes", "keep.results", "change.require")
    }
    assert shown == {
        "audit.coverage.hosts": "97%",
        "keep.changes": "forever",
        "keep.results": "400d",
        "change.require": "reason, ticket",
    }
    assert rows["network.host_deadline"].value == "3m"
    assert rows["var.group"].source == "storefleet.yaml:5"
    assert rows["keep.changes"].source.endswith("(not used yet by this version)")


def test_what_is_explained_can_be_read_again(tmp_path: Path):
    settings = load_settings(folder(tmp_path, WORKED), {}, version="0.4")
    options = {row.name: row.value.split(", ") for row in settings.explain() if row.value != "-"}
    again = load_settings(tmp_path, {}, options, version="0.4")
    assert again.values == settings.values


def test_another_version_is_refused_before_anything_else_is_read(tmp_path: Path):
    text = "requires: 'storefleet >=0.4,<0.5'\nno_such_setting: 1\n"
    said = refused(tmp_path, text, version="0.5.0")
    message = "requires: this is storefleet 0.5.0, and the fleet asks for >=0.4,<0.5; nothing else was read"
    assert said == [f"storefleet.yaml:1: {message}"]
    assert "no_such_setting" in refused(tmp_path, text, version="0.4.9")[0]
    assert "write it as" in refused(tmp_path, "requires: whatever\n", version="0.4.9")[0]
    assert load_settings(folder(tmp_path, "requires: storefleet >=0.4\n"), {}, version="0.5.0.dev1").requires


FAULTS = {
    "network: {worker: 5}": "storefleet.yaml:1: there is no setting 'network.worker'; did you mean 'network.workers'?",
    "netwrok: {workers: 5}": "storefleet.yaml:1: there is no setting 'netwrok'; did you mean 'network'?",
    "network: 5": "storefleet.yaml:1: network: a mapping is due here",
    "- a": "storefleet.yaml:1: the settings: a mapping is due here",
    "network: {workers: 0}": "network.workers: a whole number from 1 to 1000 is due here, not '0'",
    "network: {workers: 010}": "not '010'",
    "network: {host_deadline: 180}": "a duration as 180s, 30m, 72h or 35d is due here, not '180'",
    "keep: {documents: 5 weeks}": "a duration as",
    "audit: {coverage: {hosts: 0.97}}": "a percentage as \"97%\" is due here, not '0.97'",
    "audit: {coverage: {hosts: 101%}}": "a percentage as",
    "audit: {fail_on: {severity: hi}}": "'hi' is not one of info, low, medium, high, critical",
    "audit: {fail_on: {change: [new, old]}}": "'old' is not one of new, worse",
    "display: {timezone: Europe/Berln}": "did you mean 'Europe/Berlin'?, or store, or UTC",
    "fleet: a b": "'a b' is not a word",
    "fleet:": "fleet: a value is due here",
    "fleet: [a, b]": "one value is due here, not a list",
    "fleet: {a: b}": "fleet: a value is due here",
    'database: "postgresql://u:s3cr3t@h/d"': "a literal secret stands here",
    "fleet: a\nfleet: b": "the key 'fleet' stands twice",
}


@pytest.mark.parametrize(("text", "complaint"), FAULTS.items())
def test_a_setting_that_cannot_stand_is_refused_at_its_line(tmp_path: Path, text: str, complaint: str):
    said = "\n".join(refused(tmp_path, text))
    assert complaint in said
    assert "s3cr3t" not in said


def test_all_complaints_come_at_once_from_every_source(tmp_path: Path):
    environ = {"STOREFLEET_NETWORK_WORKER": "5", "STOREFLEET_AUDIT_COVERAGE_HOSTS": "most", "STOREFLEET_LAB": "x"}
    said = refused(tmp_path, "keep: {results: 1y}\n", environ, {"network.per_jump": "many"})
    assert said == [
        "STOREFLEET_AUDIT_COVERAGE_HOSTS: audit.coverage.hosts: a percentage as \"97%\" is due here, not 'most'",
        "STOREFLEET_NETWORK_WORKER: there is no such setting; did you mean 'STOREFLEET_NETWORK_WORKERS'?",
        "option network.per_jump: network.per_jump: a whole number from 1 to 1000 is due here, not 'many'",
        "storefleet.yaml:1: keep.results: a duration as 180s, 30m, 72h or 35d is due here, not '1y'",
    ]


def test_the_password_of_a_url_is_not_shown(tmp_path):
    (tmp_path / "storefleet.yaml").write_text("fleet: x\n")
    environment = {"STOREFLEET_DATABASE": "postgresql://sf:canary-of-db@db.hq.example/sf"}
    rows = load_settings(tmp_path, environment, {}).explain()
    assert {row.value for row in rows if row.name == "database"} == {"postgresql://sf:***@db.hq.example/sf"}
    assert "canary-of-db" not in str(rows)
