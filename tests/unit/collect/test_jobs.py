# ruff: noqa: E501 - a line of a table is as long as it is
"""What runs by itself: every spelling of a table, one place for one job, no password, no gap that looks empty."""

from __future__ import annotations

import pytest
from collect_harness import NONCE, clock, plan, run

from storefleet.audit.flat import flatten
from storefleet.audit.shape import state_schema
from storefleet.audit.unflatten import unflatten
from storefleet.collect.facts import Fact
from storefleet.collect.linux.jobs import jobs
from storefleet.collect.linux.units import units
from storefleet.collect.redact import redact_command, strip_secrets
from storefleet.collect.registry import collector
from storefleet.collect.text import Records
from storefleet.documents.published import problems
from storefleet.drift.compare import deltas
from storefleet.model.state import Missing

KEY = b"the fleet's own key"
ASKED = "asked\tyes\n"


def read(*tables: tuple[str, str, str], rest: str = "") -> tuple[list[dict], dict[str, str]]:
    said = "".join(f"\x1d{tag}\t{source}\n{text}\n\x1d\n" for tag, source, text in tables)
    found = list(jobs(ASKED + rest + said, KEY))
    (fact,) = [one for one in found if isinstance(one, Fact)]
    return fact.value, {one.path: one.reason for one in found if isinstance(one, Missing)}


@pytest.mark.parametrize(
    ("tag", "source", "line", "job"),
    [
        ("system", "/etc/crontab", "17 *\t* * *\troot\tcd / && run-parts x", ("17 * * * *", "root", "cd / && run-parts x")),
        ("system", "/etc/cron.d/a", "@reboot pos /opt/a", ("@reboot", "pos", "/opt/a")),
        ("system", "/etc/cron.d/a", " -*/5 1-6/2 * jan mon-fri root true", ("*/5 1-6/2 * jan mon-fri", "root", "true")),
        ("own", "/etc/crontabs/root", "0~30 2 * * * true a", ("0~30 2 * * *", "root", "true a")),
        ("own", "/var/spool/cron/crontabs/pos", "@daily true", ("@daily", "pos", "true")),
        ("anacron", "/etc/anacrontab", "7\t10\tcron.weekly\trun-parts /etc/cron.weekly", ("7 10", "root", "run-parts /etc/cron.weekly")),
    ],
)  # fmt: skip
def test_a_line_of_a_table_is_a_job(tag, source, line, job):
    found, missing = read((tag, source, f"# m h\n\nMAILTO=root\nSHELL = /bin/sh\n{line}\n"))
    assert [(one["source"], one["when"], one["user"], one["command"]) for one in found] == [(source, *job)]
    assert missing == {}


@pytest.mark.parametrize("line", ["@reboot", "*/5 * * * * root", "sometimes true", "1 2 3 4 5"])
def test_a_line_that_is_no_job_leaves_the_list_unknown_and_the_rest_told(line):
    found, missing = read(("system", "/etc/cron.d/a", f"{line}\n@daily root true"))
    assert [one["command"] for one in found] == ["true"]
    assert missing == {"/security/jobs": "cannot parse: lines of /etc/cron.d/a"}


def test_no_cron_at_all_is_known_and_an_answer_without_its_first_word_is_not():
    assert read() == ([], {})
    assert list(jobs("", KEY)) == []


def test_scripts_have_their_content_and_jobs_of_at_their_instant():
    digest = "a" * 64
    found, _ = read(
        rest=f"script\tcron.daily\t/etc/cron.daily/x\nat\t/var/spool/cron/atjobs/a0000101c9a3c0\n"
        f"at\t/var/spool/cron/atjobs/spool\n\x1dsha256\n{digest}  /etc/cron.daily/x\n\x1d\n"
    )
    assert found == [
        {"source": "/etc/cron.daily/x", "when": "daily", "user": "root", "sha256": digest},
        {"source": "/var/spool/cron/atjobs/a0000101c9a3c0", "when": "2027-01-09T16:32:00Z"},
    ]


TABLE = "*/5 * * * * root a\n*/5 * * * * root b\n@reboot root c\n1 1 * * * pos d, e] /f"


def flat(text: str) -> str:
    found, _ = read(("system", "/etc/cron.d/a", text))
    told = flatten({"security": {"jobs": found}}, state_schema())
    back = unflatten(told, state_schema())["security"]["jobs"]
    assert len(back) == len(found)
    assert all(one in found for one in back)
    return told


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("root c", "root x", '/security/jobs[/etc/cron.d/a,@reboot,]'),
        ("root b", "root x", '/security/jobs[/etc/cron.d/a,"*/5 * * * *",2]'),
        ("pos d", "root d", '/security/jobs[/etc/cron.d/a,"1 1 * * *",]'),
        ("@reboot root c\n", "", '/security/jobs[/etc/cron.d/a,@reboot,]'),
        ("@reboot", "2 2 * * * root new\n@reboot", '/security/jobs[/etc/cron.d/a,"2 2 * * *",]'),
    ],
)  # fmt: skip
def test_what_one_person_changes_in_one_line_is_one_difference(old, new, key):
    some = deltas({"security": flat(TABLE)}, {"security": flat(TABLE.replace(old, new))})
    assert [one.key for one in some] == [key]


@pytest.mark.parametrize(
    "command",
    [
        "PGPASSWORD=c4n4ry pg_dump pos | gzip",
        "mysqldump --password=c4n4ry pos | gzip",
        "mysqldump -u pos -pc4n4ry pos | gzip",
        "backup --token c4n4ry --to x | gzip",
        "curl -u joe:c4n4ry http://h/ | gzip",
        "curl -fsu 'joe:c4n4ry and' --proxy-user=joe:c4n4ry http://h/ | gzip",
        "curl -H 'X-Api-Key: c4n4ry' h | gzip",
        'curl -H "Authorization: Bearer c4n4ry" h | gzip',
        "curl https://joe:c4n4ry@h/ | gzip",
        "curl 'https://h/?a=b&token=c4n4ry' | gzip",
        "sshpass -p 'c4n4ry' ssh h | gzip",
        'x --secret "c4n4ry and more" | gzip',
        'x password="c4n4ry and more" | gzip',
    ],
)
def test_a_password_in_a_command_is_seen_to_change_and_never_seen(command):
    hidden = redact_command(command, KEY)
    assert "c4n4ry" not in hidden
    assert "c4n4ry" not in strip_secrets(f"@daily root {command}")
    assert hidden.endswith("| gzip")
    assert redact_command(hidden, KEY) == hidden
    assert redact_command(command.replace("c4n4ry", "0th3r"), KEY) != hidden


@pytest.mark.parametrize(
    "command", ["date -u +%H:%M", "test -e /x || run-parts --report /etc/cron.daily", "mysql -P 3306"]
)
def test_a_command_without_a_password_stays_as_it_is(command):
    assert redact_command(command, KEY) == command


def frame(body: str) -> bytes:
    return f"BEGIN {NONCE} jobs\n{body}\nEND {NONCE} jobs 0\n".encode()


def test_a_line_of_a_table_can_forge_no_record_and_what_could_not_be_read_is_a_gap():
    table = "script\tcron.daily\t/etc/forged\n?\t/security/users\tforged\n@daily root true"
    body = f"?\t/security/jobs\tneeds root (sudo refused): /var/spool/cron/crontabs\n{ASKED}= {NONCE} system\t/etc/crontab\n{table}\n= {NONCE}\n"
    document = run(collector("linux").step(plan(), clock()), frame(body))
    assert [one["command"] for one in document.facts["security"]["jobs"]] == ["true"]
    gaps = {gap.path: gap.reason for gap in document.missing}
    assert gaps["/security/jobs"] == "needs root (sudo refused): /var/spool/cron/crontabs"
    assert gaps["/security/users"] == "output incomplete"
    assert problems(document.to_json(), "state-1") == []


def test_an_old_recording_says_that_it_was_not_asked():
    document = run(collector("linux").step(plan(), clock()), frame("x").replace(b" jobs", b" sshd"))
    assert {gap.path: gap.reason for gap in document.missing}["/security/jobs"] == "output incomplete"


TIMERS = """\
/etc/systemd/system/a.timer:OnCalendar=daily
/etc/systemd/system/a.timer: Unit = other.service
/lib/systemd/system/a.timer:OnCalendar=never
/lib/systemd/system/b.timer:OnBootSec=15min
/lib/systemd/system/b.timer:OnUnitActiveSec=1d
/lib/systemd/system/c.timer:OnCalendar=weekly
/lib/systemd/system/d@.timer:OnCalendar=monthly
/etc/systemd/system/c.timer.d/z.conf:OnCalendar=
/etc/systemd/system/c.timer.d/z.conf:OnCalendar=hourly
/lib/systemd/system/c.timer.d/z.conf:OnCalendar=never
/lib/systemd/system/c.timer.d/a.conf:OnBootSec=1
not a line"""
LOADED = "".join(
    f"{name} loaded active waiting x\n" for name in ("a.timer", "b.timer", "c.timer", "d@1.timer", "e.timer")
)


def test_a_timer_says_when_it_runs_as_systemd_reads_its_files():
    text = f"rc\tunits\t0\nrc\tfolder\t0\nrc\tshow\t0\n\x1dunits\n{LOADED}\n\x1d\n\x1dtimer\n{TIMERS}\n\x1d\n"
    (fact,) = units(Records(text))
    told = {name: (entry.get("when"), entry.get("starts")) for name, entry in fact.value.items()}
    assert told == {
        "a.timer": (["OnCalendar=daily"], "other.service"),
        "b.timer": (["OnBootSec=15min", "OnUnitActiveSec=1d"], None),
        "c.timer": (["OnCalendar=hourly"], None),
        "d@1.timer": (["OnCalendar=monthly"], None),
        "e.timer": (None, None),
    }
