from __future__ import annotations

import base64
import subprocess
import threading
import time

import pytest

from storefleet.connections import hostkeys
from storefleet.connections.hostkeys import ScannedKeys, listing, trust
from storefleet.connections.known_hosts import KnownHosts, PinnedKey, add, fingerprint
from storefleet.errors import InputError


def blob_of(number, key_type="ssh-ed25519"):
    name = key_type.encode()
    return len(name).to_bytes(4, "big") + name + (32).to_bytes(4, "big") + number.to_bytes(32, "big")


def key_of(number, key_type="ssh-ed25519"):
    return PinnedKey(key_type, blob_of(number, key_type))


def line_of(name, number, comment="", key_type="ssh-ed25519"):
    return f"{name} {key_type} {base64.b64encode(blob_of(number, key_type)).decode()} {comment}".rstrip()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "known_hosts"


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o644)
    return path


def complaints(path):
    with pytest.raises(InputError) as caught:
        KnownHosts.load(path)
    return {complaint.line: complaint.message for complaint in caught.value.complaints}


def test_keys_are_found_by_host_name_with_their_comments(path):
    write(path, "# enrolled by hand", "", line_of("S0001-pos1,S0001-pos2", 1, "trusted 2026-11-23: label"),
          line_of("S0001-pos1", 2, key_type="ssh-rsa"))  # fmt: skip
    known = KnownHosts.load(path)
    assert [key.type for key in known.keys("S0001-pos1")] == ["ssh-ed25519", "ssh-rsa"]
    assert known.keys("S0001-pos2")[0].comment == "trusted 2026-11-23: label"
    assert known.keys("S0001-pos2")[0].line == 3
    assert known.keys("S0001-pos") == ()


def test_a_missing_file_pins_nothing(path):
    assert KnownHosts.load(path).keys("S0001-pos1") == ()


def test_revoked_keys_are_known_and_authorities_are_no_pins(path):
    write(path, "@revoked " + line_of("*", 1), "@cert-authority " + line_of("*.example", 2), line_of("S0001-pos1", 3))
    known = KnownHosts.load(path)
    assert known.revoked == {blob_of(1)}
    assert list(known.by_name) == ["S0001-pos1"]


def test_every_damaged_line_is_a_complaint_with_its_number(path):
    good = line_of("S0001-pos1", 1)
    write(path, good, "S0001-pos1 ssh-ed25519", good.replace("ssh-ed25519", "ssh-rsa"), "S0001-pos1 ssh-ed25519 A?=",
          "|1|abc|def ssh-ed25519 AAAA", line_of("*", 1), "@trusted " + good, "S0001-pos1 hello AAAA")  # fmt: skip
    found = complaints(path)
    assert sorted(found) == [2, 3, 4, 5, 6, 7, 8]
    assert "damaged" in found[3]
    assert "pattern" in found[6]


def test_a_file_that_others_may_write_is_refused(path):
    write(path, line_of("S0001-pos1", 1)).chmod(0o666)
    assert "chmod go-w" in complaints(path)[0]


def test_a_folder_or_a_pipe_is_refused_without_waiting(path, tmp_path):
    assert "regular" in complaints(tmp_path)[0]


def test_25_000_lines_are_indexed_in_well_under_a_second(path):
    write(path, *(line_of(f"S{number:05}-pos1", number, "comment") for number in range(25_000)))
    started = time.process_time()
    known = KnownHosts.load(path)
    assert time.process_time() - started < 1
    assert len(known.by_name) == 25_000


def test_adding_a_key_keeps_every_other_byte(path):
    before = b"# caf\xe9, no UTF-8\r\n\n@revoked " + line_of("*", 9).encode() + b"   \n# no line end"
    path.write_bytes(before)
    path.chmod(0o640)
    add(path, "S0001-pos1", key_of(1), "two\nlines")
    after = path.read_bytes()
    assert after == before + b"\n" + line_of("S0001-pos1", 1, "two lines").encode() + b"\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert KnownHosts.load(path).keys("S0001-pos1")[0].blob == blob_of(1)


def test_a_name_that_could_break_out_of_its_line_is_refused(path):
    for name in ("a b", "a\nb", "*", "a,b", ""):
        with pytest.raises(InputError):
            add(path, name, key_of(1), "")
    assert not path.exists()


def test_keys_added_at_once_are_all_kept(path):
    threads = [threading.Thread(target=add, args=(path, f"S{n}-pos1", key_of(n), "")) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(KnownHosts.load(path).by_name) == 30


def test_fingerprints_are_those_of_openssh(tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "k")], check=True)
    shown = subprocess.run(["ssh-keygen", "-lf", str(tmp_path / "k")], capture_output=True, check=True, text=True)
    encoded = (tmp_path / "k.pub").read_text().split()[1]
    assert fingerprint(base64.b64decode(encoded)) == shown.stdout.split()[1]


SCANNED = ScannedKeys("S0001-pos1", "S0001-pos1 (10.0.0.1:22)", (key_of(1), key_of(2, "ssh-rsa")))


def test_exactly_the_typed_key_is_pinned_with_evidence_and_day(path):
    trust(path, "S0001-pos1", key_of(2, "ssh-rsa").fingerprint, SCANNED, "label, read by A. Weber")
    (only,) = listing(path)
    assert (only.host, only.key.blob) == ("S0001-pos1", blob_of(2, "ssh-rsa"))
    assert only.key.comment.startswith("trusted 20")
    assert only.key.comment.endswith(": label, read by A. Weber")


def test_trusting_the_same_key_again_changes_nothing(path):
    for _ in range(2):
        trust(path, "S0001-pos1", key_of(1).fingerprint, SCANNED, "label")
    assert len(listing(path)) == 1


@pytest.mark.parametrize(
    ("name", "number", "evidence", "words"),
    [
        ("S0001-pos1", 7, "label", "does not show"),
        ("S0001-pos1", 1, "  ", "evidence"),
        ("S0001-pos2", 1, "label", "not of S0001-pos2"),
    ],
)
def test_nothing_is_pinned_without_evidence_or_for_another_key_or_host(path, name, number, evidence, words):
    with pytest.raises(InputError, match=words):
        trust(path, name, key_of(number).fingerprint, SCANNED, evidence)
    assert not path.exists()


def test_a_second_key_of_one_type_is_refused_until_the_first_is_removed(path):
    write(path, line_of("S0001-pos1", 5))
    with pytest.raises(InputError, match=r":1 pins another"):
        trust(path, "S0001-pos1", key_of(1).fingerprint, SCANNED, "label")


def test_a_revoked_key_is_never_pinned(path):
    write(path, "@revoked " + line_of("*", 1))
    with pytest.raises(InputError, match="revoked"):
        trust(path, "S0001-pos1", key_of(1).fingerprint, SCANNED, "label")


def test_the_list_shows_who_shares_a_key(path):
    write(path, line_of("S0002-pos1", 1), line_of("S0001-pos1", 1), line_of("S0003-pos1", 3))
    assert [(listed.host, listed.shared_with) for listed in hostkeys.listing(path)] == [
        ("S0001-pos1", ("S0002-pos1",)),
        ("S0002-pos1", ("S0001-pos1",)),
        ("S0003-pos1", ()),
    ]


def test_a_key_that_another_host_has_is_pinned_only_when_somebody_says_that_this_is_known(tmp_path):
    path = tmp_path / "known_hosts"
    key = key_of(1)
    add(path, "S0001-pos1", key, "trusted")
    clone = ScannedKeys("S0001-pos2", "there", (key,))
    with pytest.raises(InputError, match=r"pinned for S0001-pos1 already: S0001-pos2 is a cloned image"):
        trust(path, "S0001-pos2", key.fingerprint, clone, "read by A. Weber")
    assert KnownHosts.load(path).keys("S0001-pos2") == ()
    trust(path, "S0001-pos2", key.fingerprint, clone, "one image, INC-1", shared=True)
    known = KnownHosts.load(path)
    assert [names for _, names in known.shared()] == [("S0001-pos1", "S0001-pos2")]
