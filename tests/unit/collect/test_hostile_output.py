"""Laws over what a device may print: nothing raises, nothing breaks the schema, what is cut is only ever missing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from collect_harness import NONCE, clock, plan, replay, run
from hypothesis import given, settings
from hypothesis import strategies as st

from storefleet.collect.facts import pointer
from storefleet.collect.frames import frames_of, read_frames
from storefleet.collect.plan import Endpoint, WatchedFiles
from storefleet.collect.probes import Probe
from storefleet.collect.registry import collector
from storefleet.documents.published import problems
from storefleet.errors import OutputIncomplete
from storefleet.model.base import Json
from storefleet.model.effects import Output
from storefleet.model.state import StateDocument

CASES = Path(__file__).parent / "cases"
TILL = CASES / "linux" / "debian-till"
RECORDED = (TILL / "stdout.txt").read_bytes()
FRAMES = re.findall(rf"BEGIN {NONCE} (\S+)", RECORDED.decode())
ASKED = plan(
    endpoints=(Endpoint("pay", "pay.hq.example", 19003, "1.2"),),
    watch=(WatchedFiles(("/etc/hosts",)),),
    certificates=("/opt/pos/client.crt",),
    probes=(
        Probe("one", file="/a", parse="json", into="/app/one"),
        Probe("two", file="/a", parse="yaml", into="/app/two", take={"x": "a/b:int"}),
        Probe("three", file="/a", parse="ini", into="/app/three", redact=("a",)),
        Probe("four", stat="/a", parse="stat", into="/app/four"),
        Probe("five", file="/a", parse="keyvalue", into="/app/five"),
    ),
)
NAMES = [*FRAMES, "app-0", "app-1", "app-2", "app-3", "app-4"]


def collect(stdout: bytes) -> StateDocument:
    return run(collector("linux").step(ASKED, clock()), stdout)


def leaves(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every leaf; a list is one value, since its entries have no name of their own."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from leaves(below, path + pointer(key))
    else:
        yield path, repr(value)


def is_missing(path: str, document: StateDocument) -> bool:
    return any(path == gap.path or path.startswith(gap.path + "/") for gap in document.missing)


def assert_only_moved_to_missing(whole: StateDocument, cut: StateDocument) -> None:
    before, after = dict(leaves(dict(whole.facts))), dict(leaves(dict(cut.facts)))
    for path, value in after.items():
        assert value in (before.get(path), "{}"), f"{path} is new or another value"
    for path in before.keys() - after.keys():
        assert is_missing(path, cut), f"{path} is gone without a reason"


@pytest.mark.parametrize("name", [name for name in FRAMES if name != "me"])
def test_a_frame_that_is_cut_out_only_moves_its_facts_to_missing(name: str, tmp_path: Path) -> None:
    lost = re.sub(rf"BEGIN {NONCE} {name}\n.*?\nEND {NONCE} {name} \d+\n".encode(), b"", RECORDED, flags=re.S)
    assert lost != RECORDED
    assert_only_moved_to_missing(replay(TILL), _replay_with(lost, tmp_path))


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(RECORDED)))
def test_output_that_ends_anywhere_only_moves_facts_to_missing(
    at: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not read_frames(Output(RECORDED[:at], nonce=NONCE)):
        with pytest.raises(OutputIncomplete):
            _replay_with(RECORDED[:at], tmp_path_factory.mktemp("cut"))
        return
    cut = _replay_with(RECORDED[:at], tmp_path_factory.mktemp("cut"))
    assert_only_moved_to_missing(replay(TILL), cut)
    assert problems(cut.to_json(), "state-1") == []


def _replay_with(stdout: bytes, folder: Path) -> StateDocument:
    case = folder / "linux" / "case"
    case.mkdir(parents=True)
    (case / "stdout.txt").write_bytes(stdout)
    (case / "plan.json").write_text((TILL / "plan.json").read_text())
    return replay(case)


@settings(max_examples=60, deadline=None)
@given(stdout=st.binary(max_size=2000))
def test_bytes_without_one_whole_frame_are_no_document(stdout: bytes) -> None:
    with pytest.raises(OutputIncomplete, match="nothing that was asked"):
        collect(stdout)


def test_the_last_line_that_a_host_complained_with_is_told() -> None:
    with pytest.raises(OutputIncomplete, match="exit status 127; it said: sh: not found"):
        frames_of(Output(b"", b"Welcome\nsh: not found\n", 127, NONCE), "S0001-pos1")


@pytest.mark.parametrize("mark", ["\x1d", "\x1dss", "= ", f"= {NONCE[::-1]}", f"= {NONCE[::-1]} ss", f" = {NONCE}"])
def test_no_line_of_a_tool_ends_its_own_words_or_passes_for_a_record(mark: str) -> None:
    said = f"rc\tip\t0\n= {NONCE} ip\n{mark}\nrc\tip\t9\n?\t/network/neighbours\tforged\n{mark}\n= {NONCE}"
    document = collect(f"BEGIN {NONCE} neighbours\n{said}\n\nEND {NONCE} neighbours 0\n".encode())
    assert document.facts["network"] == {"neighbours": []}
    assert "/network/neighbours" not in {gap.path for gap in document.missing}


@settings(max_examples=60, deadline=None)
@given(stdout=st.binary(max_size=2000))
def test_any_bytes_beside_a_whole_frame_give_a_valid_document_with_nothing_of_their_own(stdout: bytes) -> None:
    document = collect(f"BEGIN {NONCE} me\n\nEND {NONCE} me 0\n".encode() + stdout)
    assert dict(document.facts) == {}
    assert problems(document.to_json(), "state-1") == []


WORDS = (
    "rc ss tcp LISTEN 0 128 0.0.0.0:22 * sshd dev via default inet 10.0.0.1/33 -1 999999999999999999999 NaN 1e999 {}",
    "/proc/1 sha256 stat kind file absent user shadow key ssh-ed25519 AAAA group root:x:0: mount df 100% ext4 ? arp",
    "/network /ports/listening show Id=a.service ActiveState=active file: enabled dpkg ii a 1 system manager none lo",
    "link 1: lo: <UP> mtu addr conf nameserver 1.2.3.4 open refused status=0 line=New, TLSv1.3, { } : = \\x00 \\ud800",
    "null true [a] ~ - &a *a owner tcp6 0100007F:0016 inodes status cert usb zone temp printer daemon chrony proc4",
)
TOKENS = st.sampled_from([word for line in WORDS for word in line.split()])
LINE = st.tuples(st.sampled_from([" ", "\t"]), st.lists(TOKENS, max_size=9)).map(lambda parts: parts[0].join(parts[1]))
MARKED = st.sampled_from(["", *WORDS[0].split(), "units", "show", "folder\tx", "key\troot", "stat", "sha256"])
LINES = st.lists(LINE | MARKED.map(lambda tag: f"= {NONCE} {tag}".rstrip()), max_size=16)


@settings(max_examples=150, deadline=None)
@given(
    bodies=st.lists(
        st.tuples(st.sampled_from(NAMES), LINES | st.text(max_size=80).map(lambda text: [text])), max_size=6
    )
)
def test_hostile_words_in_true_frames_never_break_the_document(bodies: list[tuple[str, list[str]]]) -> None:
    text = "".join(
        f"BEGIN {NONCE} {name}\n" + "\n".join(lines) + f"\n\nEND {NONCE} {name} 0\n" for name, lines in bodies
    )
    whole = f"BEGIN {NONCE} whole\n\nEND {NONCE} whole 0\n"
    document = collect((whole + text).encode("utf-8", "replace"))
    assert problems(document.to_json(), "state-1") == []


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_recording_with_lines_changed_never_breaks_the_document(data: st.DataObject) -> None:
    lines = RECORDED.decode().split("\n")
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(lines) - 1))
        if not lines[at].startswith(("BEGIN", "END", "DONE")):
            words = lines[at].split("\t")
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(TOKENS | st.text(max_size=20))
            lines[at] = "\t".join(words)
    document = collect("\n".join(lines).encode("utf-8", "replace"))
    assert problems(document.to_json(), "state-1") == []


@settings(max_examples=60, deadline=None)
@given(
    shown=st.dictionaries(
        st.sampled_from(["show version", "show interface json", "show ip route json", "show running-config"]),
        st.text(max_size=200) | LINES.map("\n".join) | st.recursive(st.none() | st.text(max_size=5), st.lists).map(str),
    )
)
def test_whatever_a_router_shows_gives_a_valid_document(shown: dict[str, str]) -> None:
    document = run(collector("frr").step(plan("frr"), clock()), b"", shown)
    assert problems(document.to_json(), "state-1") == []


@pytest.mark.parametrize(
    "forged",
    [
        "BEGIN wrong system\nhostname\tevil\n\nEND wrong system 0\n",
        f"BEGIN {NONCE} system\nhostname\tevil\n\nEND {NONCE} routes 0\n",
        f"BEGIN {NONCE} system\nhostname\tevil\n",
        f"BEGIN {NONCE} system\nhostname\tevil\n\nEND {NONCE} system 0 0\n",
        f"BEGIN {NONCE} system\nhostname\tevil\n\nEND {NONCE} system zero\n",
        f"END {NONCE} system 0\nhostname\tevil\n",
        f"BEGIN {NONCE} system\nBEGIN {NONCE} system\nhostname\tevil\n\nEND {NONCE} system 0\n",
    ],
)
def test_a_forged_or_broken_frame_is_no_frame(forged: str) -> None:
    assert "system" not in read_frames(Output(forged.encode(), nonce=NONCE))


def test_a_frame_that_comes_twice_is_believed_neither_time() -> None:
    once = f"BEGIN {NONCE} dns\nconf\tnameserver 10.0.0.1\n\nEND {NONCE} dns 0\n"
    twice = once + once.replace("10.0.0.1", "6.6.6.6")
    assert read_frames(Output(twice.encode(), nonce=NONCE)) == {}
    assert read_frames(Output(once.encode(), nonce="")) == {}


def test_a_probe_cannot_declare_another_probes_facts_missing() -> None:
    body = f"BEGIN {NONCE} dns\n?\t/security/users\tnothing to see\nconf\tnameserver 10.0.0.1\n\nEND {NONCE} dns 0\n"
    gaps = {gap.path: gap.reason for gap in collect(body.encode()).missing}
    assert gaps["/security/users"] == "output incomplete"


def test_a_list_that_is_too_long_is_refused_and_not_cut() -> None:
    rows = "".join(f"ss\ttcp LISTEN 0 1 127.{n // 65000}.0.1:{n % 65000 + 1} 0.0.0.0:*\n" for n in range(10_001))
    document = collect(f"BEGIN {NONCE} listening\nrc\tss\t0\n{rows}\nEND {NONCE} listening 0\n".encode())
    assert "listening" not in dict(document.facts).get("ports", {})  # type: ignore[operator]
    assert is_missing("/ports/listening", document)
