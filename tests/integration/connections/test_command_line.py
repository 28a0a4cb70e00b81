"""A router's command line: whole answers or an error, and nothing typed that is not on the list."""

from __future__ import annotations

import logging
import time

import pytest
from hostile_servers import PASSWORD, Router, session_with, ssh_server

from storefleet import errors
from storefleet.model.effects import ShowCommands
from storefleet.model.limits import Limits


@pytest.fixture(autouse=True)
def secret_in_the_environment(monkeypatch):
    monkeypatch.setenv("SF_TEST_PASSWORD", PASSWORD)


def show(router, *commands, deadline_s=5.0, **options):
    max_bytes = options.pop("max_bytes", 8_000_000)
    with ssh_server(router) as port:
        session = session_with(port, **options)
        try:
            return session.answer(ShowCommands(commands, deadline_s, max_bytes))
        finally:
            session.close()


def refused(router, *commands, **options):
    with pytest.raises(errors.HostError) as caught:
        show(router, *commands, **options)
    return caught.value


def test_each_command_has_its_whole_answer_without_echo_and_prompt():
    long = "".join(f"line {number} of a long table\r\n" for number in range(20_000))
    answers = show(Router(**{"show ip route": long}), "show version", "show clock", "show ip route")
    assert answers == ("FRRouting 8.4.4\n", "", long.replace("\r", ""))


@pytest.mark.parametrize(
    "command",
    [
        "show clock\nreload in 1", "show clock\rreload", "show x | redirect flash:y", "show x > y", "show ?",
        "copy a b", "debug all", "clear counters", "configure terminal", "show\x00x", "show käse", " show clock", "",
        "show", "show " + "a" * 300, "show x; reload", "show `id`",
    ],
)  # fmt: skip
def test_what_is_not_one_printable_line_of_the_read_only_list_is_never_sent(command):
    router = Router()
    assert type(refused(router, command)) is errors.NotAllowed
    assert router.typed == []


def test_one_forbidden_command_keeps_its_lawful_neighbours_from_being_sent():
    router = Router()
    assert type(refused(router, "show version", "reload")) is errors.NotAllowed
    assert router.typed == []


@pytest.mark.parametrize(
    "words",
    [
        "% Unknown command: show nonsense", "% Invalid input detected at '^' marker.", "% Ambiguous command: show i",
        "% Incomplete command.", "% Command incomplete: show ip", "% There is no matched command.",
        "bgpd is not running", "% Authorization failed.",
    ],
)  # fmt: skip
def test_a_vendors_no_is_a_refusal_and_not_an_answer(words):
    error = refused(Router(**{"show nonsense": f"   ^\r\n{words}\r\n"}), "show nonsense")
    assert type(error) is errors.CommandRefused
    assert "show nonsense" in str(error)


def test_an_answer_that_merely_begins_with_a_percent_sign_is_an_answer():
    assert show(Router(**{"show ip bgp 1.1.1.1": "% Network not in table\r\n"}), "show ip bgp 1.1.1.1") == (
        "% Network not in table\n",
    )


class SpoofsItsPrompt(Router):
    """Prints its own prompt in the midst of the answer, waits, and goes on."""

    pause = 0.3

    def one(self, channel, line):
        if line != "show interface":
            return super().one(channel, line)
        self.typed.append(line)
        self.write(channel, f"{line}\r\neth0 is up\r\n{self.prompt}")
        time.sleep(self.pause)
        self.write(channel, f"\r\neth1 is down\r\n{self.prompt}")
        return None


class SpoofsAtOnce(SpoofsItsPrompt):
    pause = 0


@pytest.mark.parametrize("kind", [SpoofsItsPrompt, SpoofsAtOnce])
def test_a_prompt_spoofed_inside_the_output_is_noticed(kind):
    error = refused(kind(), "show interface")
    assert type(error) is errors.OutputIncomplete
    assert "prompt" in str(error)


def test_a_description_that_looks_like_the_prompt_is_noticed():
    text = "interface eth0\r\n description x\r\nS0001-router# show version\r\n!\r\n"
    assert type(refused(Router(**{"show running-config": text}), "show running-config")) is errors.OutputIncomplete


class Talkative(Router):
    """Says something after its last prompt, as a log line on the console does."""

    def one(self, channel, line):
        super().one(channel, line)
        if line.startswith("!") and len(self.typed) > 6:
            self.write(channel, "\r\n%LINK-3-UPDOWN: Interface eth0 down\r\n")


def test_text_after_the_end_makes_the_answer_unknown():
    assert type(refused(Talkative(), "show version", "show clock")) is errors.OutputIncomplete


class Pages(Router):
    def one(self, channel, line):
        if line != "show log":
            return super().one(channel, line)
        self.write(channel, f"{line}\r\none page\r\n --More-- ")
        return None


def test_a_pager_that_waits_for_a_key_gets_none_and_is_named():
    error = refused(Pages(), "show log", deadline_s=1)
    assert type(error) is errors.OutputIncomplete
    assert "--More--" in str(error)


class Mute(Router):
    def one(self, channel, line):
        if line != "show log":
            super().one(channel, line)


class Endless(Router):
    def one(self, channel, line):
        if line != "show log":
            return super().one(channel, line)
        while True:
            self.write(channel, "y\r\n" * 8000)


class HangsUp(Router):
    def one(self, channel, line):
        if line != "show log":
            return super().one(channel, line)
        self.write(channel, f"{line}\r\nhalf a li")
        channel.close()
        return None


@pytest.mark.parametrize(
    ("kind", "error"),
    [(Mute, errors.DeadlineExceeded), (Endless, errors.BudgetExceeded), (HangsUp, errors.Dropped)],
)
def test_an_answer_that_does_not_end_well_is_a_named_error(kind, error):
    assert type(refused(kind(), "show log", deadline_s=1.5, max_bytes=500_000)) is error


class NoPrompt(Router):
    def shell(self, channel):
        channel.sendall(b"Change now? [Y/N]:")
        time.sleep(30)


def test_a_device_that_asks_a_question_instead_of_a_prompt_gets_no_answer():
    router = NoPrompt()
    assert type(refused(router, "show version", limits=Limits(login_s=1))) is errors.TimedOut


class Coloured(Router):
    prompt = "\x1b[?2004hS0001-router# "


def test_terminal_sequences_around_the_prompt_do_not_matter():
    assert show(Coloured(), "show version") == ("FRRouting 8.4.4\n",)


class Gbk(Router):
    def write(self, channel, text):
        channel.sendall(text.encode("gbk"))


def test_a_description_in_the_devices_charset_is_read():
    assert show(Gbk(**{"show description": "收银台\r\n"}), "show description", charset="gbk") == ("收银台\n",)


def test_bytes_that_are_no_character_never_break_an_answer():
    answer = show(Gbk(**{"show description": "收银台\r\n"}), "show description")[0]
    assert "\ufffd" in answer


def test_no_log_filter_stays_on_netmikos_logger():
    logger = logging.getLogger("netmiko")
    before = len(logger.filters)
    for _ in range(3):
        show(Router(), "show version")
        refused(NoPrompt(), "show version", limits=Limits(login_s=0.3))
    assert len(logger.filters) == before


def test_a_till_has_no_command_line():
    assert type(refused(Router(), "show version", platform="linux")) is errors.NotAllowed


def test_after_an_answer_that_cannot_be_trusted_the_next_one_comes_over_a_new_login():
    router = SpoofsItsPrompt()
    with ssh_server(router) as port:
        session = session_with(port)
        with pytest.raises(errors.OutputIncomplete):
            session.answer(ShowCommands(("show interface",)))
        assert session.answer(ShowCommands(("show version",))) == ("FRRouting 8.4.4\n",)
        session.close()
    assert router.seen == [PASSWORD, PASSWORD]
