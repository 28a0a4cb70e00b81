"""Messages really leave: a webhook, a mail server and a command here, well or ill, and a death in between."""

import contextlib
import datetime
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import audit_factory as factory
import msgspec
import pytest
from aiosmtpd.controller import Controller
from command_line import RECORDINGS, practice_fleet, storefleet

from storefleet.documents.ownership import PRIVATE
from storefleet.documents.published import problems
from storefleet.model.credentials import SecretSource
from storefleet.notify.config import Channel, Notify
from storefleet.notify.events import events_of
from storefleet.notify.routing import Message
from storefleet.notify.send import Sender
from storefleet.notify.spool import MOST, Spool

SECRET = "canary-token-4711"
NOW = datetime.datetime(2026, 11, 22, 9, 14, tzinfo=datetime.UTC)


class Webhook(http.server.ThreadingHTTPServer):
    """Keeps what it is sent; ``answer`` is its status, ``wait_s`` how long it takes to think."""

    answer, wait_s = 200, 0.0

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken = []

    @property
    def url(self):
        return f"json://user:{SECRET}@127.0.0.1:{self.server_address[1]}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.wait_s)
        if self.server.answer == 200:
            self.server.taken.append(json.loads(body))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def webhook():
    server = Webhook()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def mailbox():
    class Box:
        def __init__(self):
            self.taken = []

        async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - same
            if address.startswith("gone@"):
                return "550 nobody of that name"
            envelope.rcpt_tos.append(address)
            return "250 ok"

        async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
            self.taken.append(envelope)
            return "250 kept"

    box = Box()
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


def events(count=1):
    (event, *_) = events_of(factory.first_store(), "the digest\nof the night\n")
    return [msgspec.structs.replace(event, id=f"e{number}") for number in range(count)]


def sender(tmp_path, channels, **more):
    spool = Spool(tmp_path / "spool", PRIVATE)
    found = Sender(spool, Notify({one.name: one for one in channels}), lambda source: os.environ[source.env], **more)
    return spool, found


HOOK = Channel("hook", apprise=SecretSource(env="SF_HOOK"), timeout_s=3)


def put(spool, *channels, count=1):
    return spool.put([Message(name, event) for event in events(count) for name in channels], NOW, 86_400)


@pytest.fixture(autouse=True)
def _clock(monkeypatch, request):
    if "webhook" in request.fixturenames:
        monkeypatch.setenv("SF_HOOK", request.getfixturevalue("webhook").url)


def at(seconds=0.0):
    return lambda: NOW.timestamp() + seconds


def test_a_webhook_gets_title_and_text_once(webhook, tmp_path):
    spool, ours = sender(tmp_path, [HOOK], clock=at())
    assert put(spool, "hook") == 1
    assert put(spool, "hook") == 0, "it waits already"
    assert ours.send().delivered == 1
    assert [one["message"] for one in webhook.taken] == ["the digest\nof the night"]
    assert put(spool, "hook") == 0, "the same event is quiet for a day"
    assert ours.send().delivered == 0


def test_a_message_fits_its_channel_also_after_nobody_is_called(webhook, tmp_path):
    channel = Channel("hook", apprise=SecretSource(env="SF_HOOK"), max_bytes=1024)
    spool, ours = sender(tmp_path, [channel], clock=at())
    loud = msgspec.structs.replace(events()[0], text="@all é\n" * 500, title="@here " * 30)
    spool.put([Message("hook", loud)], NOW, 1)
    assert ours.send().delivered == 1
    (taken,) = webhook.taken
    assert len((taken["title"] + taken["message"]).encode()) <= 1024
    assert taken["message"].endswith("@ all é\n… (cut)")
    assert taken["title"].startswith("@ here @ here")


@pytest.mark.parametrize("trouble", ["500", "gone", "slow", "no secret"])
def test_a_channel_in_trouble_delays_nothing_and_the_message_stays(trouble, webhook, tmp_path, monkeypatch):
    if trouble == "500":
        webhook.answer = 500
    elif trouble == "gone":
        monkeypatch.setenv("SF_HOOK", "json://127.0.0.1:1/")
    elif trouble == "slow":
        webhook.wait_s = 30
    else:
        monkeypatch.delenv("SF_HOOK")
    script = tmp_path / "ticket"
    script.write_text("#!/bin/sh\ncat >$0.event\necho INC-7\n")
    script.chmod(0o755)
    spool, ours = sender(tmp_path, [HOOK, Channel("tickets", command=(str(script),))], clock=at(), budget_s=8)
    put(spool, "hook", "tickets")
    began = time.monotonic()
    sent = ours.send()
    assert time.monotonic() - began < 12
    assert (sent.delivered, sent.left) == (1, 1)
    assert sent.tickets == spool.memory().tickets == {"e0": "INC-7"}
    assert sent.faults[0].startswith("hook:")
    assert SECRET not in " ".join(sent.faults)
    (waiting,) = spool.waiting()
    assert waiting[1].attempts == 1
    event = json.loads((tmp_path / "ticket.event").read_text())
    assert problems(event, "event-1") == []
    for path in (tmp_path / "spool").iterdir():
        assert SECRET not in path.read_text()
    monkeypatch.setenv("SF_HOOK", webhook.url)
    webhook.answer, webhook.wait_s = 200, 0
    ours.clock = at(10)
    assert ours.send().delivered == 0, "not before its time"
    ours.clock = at(200)
    assert ours.send().delivered == 1


def test_what_could_not_be_delivered_for_a_day_is_given_up_and_counted(webhook, tmp_path):
    webhook.answer = 500
    spool, ours = sender(tmp_path, [HOOK], clock=at())
    put(spool, "hook")
    ours.send()
    ours.clock = at(90_000)
    assert ours.send().lost == 1
    assert spool.waiting() == []
    assert spool.memory().lost == 1


def test_no_more_than_so_many_a_minute(webhook, tmp_path):
    spool, ours = sender(tmp_path, [Channel("hook", apprise=SecretSource(env="SF_HOOK"), per_minute=3)], clock=at())
    put(spool, "hook", count=10)
    assert (ours.send().delivered, len(webhook.taken)) == (3, 3)
    ours.clock = at(30)
    assert ours.send().delivered == 0
    ours.clock = at(61)
    assert ours.send().delivered == 3


def test_a_mail_has_a_subject_a_text_and_the_page(mailbox, tmp_path):
    channel = Channel("boss", mail=("it@example.com",), sender="sf@example.com", smtp=f"127.0.0.1:{mailbox.port}")
    (tmp_path / "report.html").write_text("<p>page</p>")
    spool, ours = sender(tmp_path, [channel], clock=at(), attached=tmp_path / "report.html")
    spool.put([Message("boss", events()[0], ("html",))], NOW, 0)
    assert ours.send().delivered == 1
    (envelope,) = mailbox.taken
    text = envelope.content.decode()
    assert envelope.rcpt_tos == ["it@example.com"]
    assert "Subject: grocery-de" in text
    assert "of the night" in text
    assert "report.html" in text
    spool.put([Message("boss", events()[0])], NOW, 0)
    ours.clock = at(61)
    (spool.folder / "memory.json").unlink()
    assert ours.send().delivered == 1
    ids = [re.search(r"Message-ID: (\S+)", one.content.decode())[1] for one in mailbox.taken]
    assert ids[0] == ids[1], "whoever gets it twice sees it once"
    assert "Date: " in text


def test_a_second_new_finding_of_the_same_cause_on_the_same_day_is_told_too(webhook, tmp_path):
    (event, *_) = events()
    first = msgspec.structs.replace(event, event="finding.new", id="S1:attack/listener:2026-11-22", text="low")
    second = msgspec.structs.replace(first, text="critical")
    spool, ours = sender(tmp_path, [HOOK], clock=at())
    for one in (first, first, second, first):
        spool.put([Message("hook", one)], NOW, 86_400)
        ours.send()
    assert len(webhook.taken) == 2


def test_a_mail_that_some_did_not_get_is_told_and_not_sent_again_to_those_who_have_it(mailbox, tmp_path):
    people = ("gone@example.com", "it@example.com")
    channel = Channel("boss", mail=people, sender="sf@example.com", smtp=f"127.0.0.1:{mailbox.port}")
    spool, ours = sender(tmp_path, [channel], clock=at())
    put(spool, "boss")
    sent = ours.send()
    assert (sent.delivered, sent.left) == (1, 0)
    assert "did not take it for gone@example.com" in sent.faults[0]
    assert [envelope.rcpt_tos for envelope in mailbox.taken] == [["it@example.com"]]


def test_a_ticket_that_was_begun_at_the_end_of_the_round_is_waited_for_and_made_once(tmp_path):
    script = tmp_path / "ticket"
    script.write_text("#!/bin/sh\nsleep 1\necho made >>$0.log\necho INC-7\n")
    script.chmod(0o755)
    spool, ours = sender(tmp_path, [Channel("tickets", command=(str(script),))], budget_s=0.5)
    put(spool, "tickets", count=2)
    first = ours.send()
    assert (first.delivered, first.left, list(first.faults)) == (1, 1, [])
    assert ours.send().delivered == 1
    assert (tmp_path / "ticket.log").read_text().count("made") == 2


@pytest.mark.parametrize("body", ["exit 3", "sleep 30", "kill -9 $$", "echo nothing >&2; exit 1"])
def test_a_command_that_fails_or_hangs_leaves_the_message(body, tmp_path):
    script = tmp_path / "ticket"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    spool, ours = sender(tmp_path, [Channel("tickets", command=(str(script),), timeout_s=1)], clock=at())
    put(spool, "tickets")
    sent = ours.send()
    assert (sent.delivered, sent.left) == (0, 1)
    assert str(script) in sent.faults[0]


def test_a_command_that_does_not_end_is_killed_with_what_it_started(tmp_path):
    script = tmp_path / "ticket"
    script.write_text(f"#!/bin/sh\nsleep 300 & echo $! >{tmp_path}/child\nwait\n")
    script.chmod(0o755)
    spool, ours = sender(tmp_path, [Channel("tickets", command=(str(script),), timeout_s=1)], clock=at())
    put(spool, "tickets")
    assert "did not end within 1 s" in ours.send().faults[0]
    child = int((tmp_path / "child").read_text())
    with contextlib.suppress(FileNotFoundError):
        state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        assert state == "Z", "it is dead, and only waits for its parent"


@pytest.mark.parametrize(
    ("body", "ticket"),
    [
        ("yes INC-1 | head -c 30000000", "INC-1"),
        ("sleep 60 & echo INC-2", "INC-2"),
        ("printf 'INC\\033[2J\\342\\200\\256\\nINC-3'", "INC\\x1b[2J\\u202e"),
        ("head -c 5000 /dev/zero | tr '\\0' x", "x" * 60),
        ("exec true </dev/null", None),
        ("read line; case $line in *@all*) ;; esac; echo $0 | tail -c 7", "ticket"),
    ],
)
def test_what_a_command_prints_is_read_to_its_bound_and_made_visible(body, ticket, tmp_path):
    script = tmp_path / "ticket"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    spool, ours = sender(tmp_path, [Channel("tickets", command=(str(script),), timeout_s=8)], clock=at())
    put(spool, "tickets")
    sent = ours.send()
    assert (sent.delivered, sent.faults) == (1, [])
    found = sent.tickets.get("e0")
    assert (found or "").startswith(ticket or "")
    assert len(found or "") <= 100


def test_no_argument_of_a_route_or_a_title_meets_a_shell(tmp_path):
    script = tmp_path / "ticket"
    script.write_text('#!/bin/sh\ncat >"$0.in"\necho "$#"\n')
    script.chmod(0o755)
    channel = Channel("tickets", command=(str(script), f"$(touch {tmp_path}/owned); echo"))
    spool, ours = sender(tmp_path, [channel], clock=at())
    evil = msgspec.structs.replace(events()[0], title=f"`touch {tmp_path}/owned`")
    spool.put([Message("tickets", evil)], NOW, 1)
    assert ours.send().tickets == {"e0": "1"}
    assert not (tmp_path / "owned").exists()


def test_no_log_of_any_library_holds_the_url(webhook, tmp_path, caplog, capfd, monkeypatch):
    caplog.set_level("DEBUG")
    spool, ours = sender(tmp_path, [HOOK], clock=at())
    plain = f"json://127.0.0.1:{webhook.server_address[1]}/{SECRET}"
    tries = ((500, webhook.url), (200, plain), (200, f"{SECRET}://x"), (200, f"json://127.0.0.1:1/{SECRET}"))
    for number, (answer, url) in enumerate(tries):
        webhook.answer = answer
        monkeypatch.setenv("SF_HOOK", url)
        spool.put([Message("hook", msgspec.structs.replace(events()[0], id=f"e{number}"))], NOW, 1)
        ours.clock = at(200 * number)
        ours.send()
    assert len(webhook.taken) == 2
    assert SECRET not in caplog.text
    assert SECRET not in "".join(capfd.readouterr())


def test_the_spool_is_bounded_and_what_nobody_can_read_is_set_aside(tmp_path, monkeypatch):
    monkeypatch.setattr("storefleet.notify.spool.MOST", 5)
    assert MOST == 10_000
    spool, _ = sender(tmp_path, [HOOK], clock=at())
    put(spool, "hook", count=9)
    (tmp_path / "spool" / "0.msg").write_text("{")
    assert spool.trim() == 5
    assert len(spool.waiting()) == 5
    (tmp_path / "spool" / "9.msg").write_text("{")
    assert len(spool.waiting()) == 5
    assert (tmp_path / "spool" / "9.broken").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
import storefleet.notify.send as send
real = send.deliver
def dies(*arguments):
    real(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
send.deliver = dies
from storefleet.documents.ownership import PRIVATE
from storefleet.model.credentials import SecretSource
from storefleet.notify.config import Channel, Notify
from storefleet.notify.spool import Spool
channel = Channel("hook", apprise=SecretSource(env="SF_HOOK"))
spool = Spool(Path(sys.argv[1]), PRIVATE)
secret, clock = lambda source: os.environ["SF_HOOK"], lambda: float(sys.argv[2])
send.Sender(spool, Notify({"hook": channel}), secret, clock=clock).send()
"""


PLAIN = KILLED.replace("send.deliver = dies", "")


def test_a_death_while_sending_loses_nothing_and_repeats_at_most_what_was_under_way(webhook, tmp_path):
    spool, ours = sender(tmp_path, [HOOK], clock=at())
    put(spool, "hook", count=3)
    argv = [sys.executable, "-c", KILLED, str(tmp_path / "spool"), str(NOW.timestamp())]
    done = subprocess.run(argv, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(spool.waiting()) == 3
    assert ours.send().delivered == 3
    assert len(webhook.taken) == 4
    assert spool.waiting() == []


@pytest.mark.parametrize(
    "step", ["storefleet.notify.spool.Spool.again", "storefleet.notify.spool.Spool.remember", "pathlib.Path.unlink"]
)
@pytest.mark.parametrize("after", [False, True])
def test_a_death_at_any_step_loses_nothing_and_repeats_one_at_most(step, after, webhook, tmp_path):
    """Kill at the first, second, third … time that a step is done, until a whole round passes."""
    webhook.answer = 500 if step.endswith("again") else 200
    module, name, method = step.rsplit(".", 2)
    for times in range(1, 30):
        folder = tmp_path / str(times)
        spool = Spool(folder, PRIVATE)
        put(spool, "hook", count=3)
        webhook.taken.clear()
        dies = f"""
import os, signal, {module} as place
kept, left = place.{name}.{method}, [{times}]
def dying(*a, **k):
    left[0] -= 1
    if left[0] == 0 and not {after}: os.kill(os.getpid(), signal.SIGKILL)
    found = kept(*a, **k)
    if left[0] == 0: os.kill(os.getpid(), signal.SIGKILL)
    return found
place.{name}.{method} = dying
"""
        done = subprocess.run([sys.executable, "-c", dies + PLAIN, str(folder), str(NOW.timestamp())], check=False)
        if done.returncode == 0:
            assert times > 1, "the step was never done"
            return
        assert done.returncode == -signal.SIGKILL
        webhook.answer = 200
        _, ours = sender(tmp_path, [HOOK], clock=at(400))
        ours.spool = spool
        ours.send()
        assert spool.waiting() == []
        assert 3 <= len(webhook.taken) <= 4
        webhook.answer = 500 if step.endswith("again") else 200
    raise AssertionError("it never got through")


def test_two_processes_never_send_the_same(webhook, tmp_path):
    webhook.wait_s = 1
    spool, ours = sender(tmp_path, [HOOK], clock=at())
    put(spool, "hook")
    thread = threading.Thread(target=ours.send)
    thread.start()
    time.sleep(0.4)
    _, second = sender(tmp_path, [HOOK], clock=at())
    assert second.send().delivered == 0
    thread.join()
    assert len(webhook.taken) == 1


def test_a_night_is_told_after_its_reports_and_its_exit_code_is_its_own(webhook, tmp_path, monkeypatch):
    fleet = practice_fleet(tmp_path / "fleet")
    routes = "channels: {hook: {apprise: {env: SF_HOOK}}}\n"
    routes += "routes: [{on: nightly, to: [hook]}, {on: finding.new, to: [hook]}]\n"
    (fleet / "inventory" / "notify.yaml").write_text(routes)
    words = ("audit", "--fleet", fleet, "--replay", RECORDINGS / "broken", "--notify")
    ended = storefleet(*words)
    assert ended.code == 1
    assert "notify:" not in ended.err
    assert len(webhook.taken) >= 5, "the digest, and one for each cause in each store"
    assert "new" in webhook.taken[0]["message"]
    webhook.answer = 500
    with contextlib.suppress(FileNotFoundError):
        (fleet / "var" / "spool" / "notify" / "memory.json").unlink()
    ended = storefleet(*words)
    assert ended.code == 1, "findings are still open"
    assert "notify: not told yet, the next run tries again: hook" in ended.err
    assert SECRET not in ended.err
    (fleet / "var" / "spool" / "notify" / "memory.json").write_text('{"sent": {"x": 1e12}}')
    assert storefleet(*words).code == 1
    monkeypatch.setattr("storefleet.workflows.notify.messages", lambda *_: 1 / 0)
    ended = storefleet(*words)
    assert (ended.code, ended.err.count("notify: ")) == (1, 1)
    assert "notify: nobody was told: this is a bug in storefleet (ZeroDivisionError)" in ended.err
    (fleet / "inventory" / "notify.yaml").unlink()
    assert "notify: nobody was told: there is no inventory/notify.yaml" in storefleet(*words).err
    (fleet / "inventory" / "notify.yaml").write_text("channels: {hook: {apprise: json://x}}\n")
    ended = storefleet(*words)
    assert ended.code == 2
    assert "inventory/notify.yaml:1" in ended.err
    assert storefleet("check", "--fleet", fleet).code == 2
