"""What user, group and authorized_key decide, and what nobody gets to see."""

import subprocess
from dataclasses import replace

import pytest
from till_world import decide

from storefleet.model.changes import FileState, MakeFolder, PutFile
from storefleet.modules import accounts
from storefleet.modules.accounts import WITH_ITS_GROUP, Account, digest, parse, read_group, read_user
from storefleet.modules.authorized_keys import options
from storefleet.modules.risk import class_of
from storefleet.modules.words import diff_of

HASH = "$6$practice$T9B3VEIHhurfnCILq9dSJZwpkCmkEDswjLlG86U0e"
ALICE = Account(
    *("1001", "1001", "Alice", "/home/alice", "/bin/sh", "alice", frozenset({"adm"}), digest(HASH)),
    locked=False, expires="", has_home=True, alone=True,
)  # fmt: skip
TOOLS = "/home|/bin/sh|yes|022|"
TEXTS = {
    "accounts:tools": TOOLS, "login": "sf-change", "packages": "i|dash|1",
    "user:alice": ALICE.text, "user:bob": "absent",
    "group:adm": "adm|4", "user:adm": "absent", "group:clerks": "clerks|3000", "user:clerks": "absent",
    "group:bob": "absent", "group:none": "absent", "user:none": "absent", "group:3000": "clerks|3000",
    "group:100": "users|100", "group:alice": "alice|1001",
}  # fmt: skip


def changes_of(module, arguments, **texts):
    return decide(module, arguments, texts={**TEXTS, **texts})


def shown(arguments, **texts):
    done, changes = changes_of("user", arguments, **texts)
    return list(changes[0].shown) if changes else done


def test_an_account_reads_back_as_it_is_written():
    assert parse(ALICE.text) == ALICE


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ({"shell": "/bin/bash"}, ["shell /bin/sh -> /bin/bash"]),
        ({"groups": ["clerks"], "append": True}, ["groups adm -> adm clerks"]),
        ({"groups": "clerks"}, ["groups adm -> clerks"]),
        ({"groups": "3000", "append": True}, ["groups adm -> adm clerks"]),
        ({"groups": ""}, ["groups adm -> (none)"]),
        ({"group": "clerks"}, ["primary alice -> clerks"]),
        ({"password_lock": True}, ["locked no -> yes"]),
        ({"expires": 86400 * 20000}, ["expires (none) -> 20000"]),
        ({"password": "$6$other$xyz"}, ["password (hidden)"]),
        ({"uid": 1500, "comment": "A"}, ["uid 1001 -> 1500", "comment Alice -> A"]),
    ],
)
def test_what_changes_is_shown(arguments, lines):
    assert shown({"name": "alice", **arguments}) == lines


@pytest.mark.parametrize(
    "arguments",
    [
        {}, {"shell": "/bin/sh", "comment": "Alice"}, {"groups": "adm", "append": True}, {"password": HASH},
        {"password": f"!{HASH}"}, {"password": "$6$other$xyz", "update_password": "on_create"},
        {"password_lock": False}, {"expires": -1}, {"uid": 1001},
    ],
)  # fmt: skip
def test_a_user_who_is_as_wanted_is_left_alone(arguments):
    done, changes = changes_of("user", {"name": "alice", **arguments})
    assert (done.changed, done.why, changes) == (False, "it is as it must be", [])


def test_a_hash_is_in_no_word_of_the_plan_and_on_no_command_line():
    done, (change,) = changes_of("user", {"name": "bob", "password": HASH})
    assert done.changed
    for told in (*change.shown, diff_of(change), change.before, change.after, change.way_back, change.read):
        assert HASH not in told
    lines = [line for line in change.script.splitlines() if HASH in line]
    assert lines == [f"bob:{HASH}"]
    assert "chpasswd -e <<'" in change.script


@pytest.mark.parametrize("word", ["secret", "", "$6$a$b:c", "a\nb", "$6$a$b\nroot:x"])
def test_what_is_no_hash_is_refused(word):
    told, changes = changes_of("user", {"name": "bob", "password": word})
    assert told.startswith("password: ")
    assert changes == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"name": "-x"}, "no name for a user"),
        ({"name": "a b"}, "no name for a user"),
        ({"name": "bob", "group": "none"}, "Group none does not exist"),
        ({"name": "bob", "comment": "a:b"}, "comment: "),
        ({"name": "bob", "generate_ssh_key": True}, "generate_ssh_key: "),
        ({"name": "bob", "expires": "soon"}, "expires: "),
        ({"name": "bob", "home": "/a:b"}, "home: "),
        ({"name": "bob", "groups": ["a;b"]}, "no name of a group"),
    ],
)
def test_bad_input_is_refused(arguments, word):
    told, changes = changes_of("user", arguments)
    assert word in told
    assert changes == []


def test_a_new_user_is_foretold_as_far_as_it_can_be():
    _, (change,) = changes_of("user", {"name": "bob", "groups": "adm", "system": True, "create_home": False})
    told = parse(change.after)
    assert (told.uid, told.primary, told.home, told.has_home) == ("?", "bob", "/home/bob", False)
    assert "useradd -G adm -M -r $own bob" in change.script


def test_a_new_user_whose_name_is_a_group_already_gets_the_common_group():
    _, (change,) = changes_of("user", {"name": "bob"}, **{"group:bob": "bob|1200"})
    assert parse(change.after).primary == "users"


def test_root_and_the_account_of_the_login_are_the_way_to_the_device():
    assert class_of(changes_of("user", {"name": "alice", "shell": "/bin/x"})[1][0]) == "config"
    assert class_of(changes_of("user", {"name": "alice", "shell": "/bin/x"}, login="alice")[1][0]) == "path"
    root = replace(ALICE, uid="0")
    assert (
        class_of(changes_of("user", {"name": "alice", "shell": "/bin/x"}, **{"user:alice": root.text})[1][0]) == "path"
    )


def test_a_second_change_of_a_user_whom_the_same_plan_makes_is_bound_to_no_number():
    made = replace(ALICE, uid="?", gid="?")
    for state in (made, ALICE):
        _, (change,) = changes_of("user", {"name": "alice", "shell": "/bin/x"}, **{"user:alice": state.text})
        assert change.before.startswith("passwd|?|?|Alice|")


def test_a_change_is_not_bound_to_what_becomes_of_other_users():
    _, (one,) = changes_of("user", {"name": "alice", "state": "absent"})
    _, (other,) = changes_of(
        "user", {"name": "alice", "state": "absent"}, **{"user:alice": replace(ALICE, alone=False).text}
    )
    assert one.bound() == other.bound()


def test_a_user_who_goes_takes_his_own_group_along():
    _, (change,) = changes_of("user", {"name": "alice", "state": "absent"})
    assert change.after == WITH_ITS_GROUP
    done, changes = changes_of("group", {"name": "alice", "state": "absent"}, **{"user:alice": WITH_ITS_GROUP})
    assert (done.changed, changes) == (False, [])


def test_no_way_back_is_claimed_where_a_home_is_removed():
    _, (change,) = changes_of("user", {"name": "alice", "state": "absent", "remove": True})
    assert change.way_back == ""
    assert "no way back" in change.shown[1]


def test_the_group_that_a_new_user_brings_is_known_to_the_tasks_behind():
    made = replace(ALICE, gid="?")
    texts = {"user:alice": made.text, "group:alice": "absent"}
    assert changes_of("group", {"name": "alice"}, **texts)[0].changed is False
    assert changes_of("user", {"name": "bob", "group": "alice"}, **texts)[0].changed is True


def test_a_group_is_made_numbered_and_removed():
    for arguments, texts, script in (
        ({"name": "none", "gid": 50, "system": True}, {}, "groupadd -g 50 -r none"),
        ({"name": "clerks", "gid": 50}, {}, "groupmod -g 50 clerks"),
        ({"name": "clerks", "state": "absent"}, {}, "groupdel clerks"),
    ):
        _, (change,) = changes_of("group", arguments, **texts)
        assert script in change.script
        assert change.way_back
    assert changes_of("group", {"name": "clerks", "gid": 3000})[0].changed is False


def test_a_host_without_useradd_is_told_by_name():
    assert "no useradd" in changes_of("user", {"name": "bob"}, **{"accounts:tools": "none"})[0]


def test_the_real_scripts_show_root():
    run = [subprocess.run(["sh", "-c", one], capture_output=True, text=True, check=True).stdout.strip()
           for one in (read_user("root"), read_group("root"), read_group("0"), read_user("nobody-at-all"))]  # fmt: skip
    root = parse(run[0])
    assert (root.uid, root.primary, root.home) == ("0", "root", "/root")
    assert run[1:] == ["root|0", "root|0", "absent"]


# -- keys

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPractice first"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOther second"
PATH = "/home/alice/.ssh/authorized_keys"
SSH = FileState("directory", 0o700, "alice", "alice")


def keys(arguments, there=None):
    files = {"/home/alice/.ssh": SSH} if there is not None else {}
    if there is not None:
        files[PATH] = FileState("file", 0o600, "alice", "alice", there.encode())
    done, changes = decide("authorized_key", {"user": "alice", **arguments}, files=files, texts=TEXTS)
    put = [change for change in changes if isinstance(change, PutFile)]
    return done, changes, put[0].content.decode() if put else None


def test_a_first_key_comes_with_its_closed_folder():
    done, changes, content = keys({"key": KEY})
    assert (done.changed, content) == (True, f"{KEY}\n")
    folder, file = changes
    assert isinstance(folder, MakeFolder)
    assert (folder.mode, folder.owner, folder.group) == (0o700, "alice", "alice")
    assert (file.mode, class_of(file)) == (0o600, "path")


@pytest.mark.parametrize(
    ("arguments", "there", "content"),
    [
        ({"key": KEY}, f"{KEY}\n", None),
        ({"key": KEY}, f"# kept\n\n{OTHER}\n", f"# kept\n\n{OTHER}\n{KEY}\n"),
        ({"key": f"{KEY}\n{OTHER}"}, "", f"{KEY}\n{OTHER}\n"),
        ({"key": KEY, "exclusive": True}, f"{OTHER}\n# x\n{KEY}\n", f"{KEY}\n"),
        ({"key": KEY, "state": "absent"}, f"{OTHER}\n{KEY}\n", f"{OTHER}\n"),
        ({"key": KEY, "state": "absent"}, f"{OTHER}\n", None),
        ({"key": KEY, "comment": "renamed"}, f"{KEY}\n{OTHER}\n", f"{OTHER}\n{KEY.replace('first', 'renamed')}\n"),
        ({"key": KEY, "key_options": 'from="10.0.0.0/8",no-pty'}, "", f'from="10.0.0.0/8",no-pty {KEY}\n'),
        ({"key": f'from="10.0.0.0/8" {KEY}'}, f'from="10.0.0.0/8" {KEY}\n', None),
    ],
)
def test_a_key_file_is_edited_as_ansible_does(arguments, there, content):
    assert keys(arguments, there)[2] == content


@pytest.mark.parametrize("key", ["", "ssh-ed25519", "not a key", "https://keys.example/a", "ssh-rsa AAAA;x", "# only"])
def test_what_is_no_key_is_refused(key):
    told, changes, _ = keys({"key": key})
    assert told.startswith("key: ")
    assert changes == []


def test_options_are_told_apart_by_the_commas_outside_of_quotes():
    assert options('command="a, b",no-pty') == ('command="a, b"', "no-pty")


def test_a_key_for_nobody_is_refused():
    assert "Failed to lookup user bob" in decide("authorized_key", {"user": "bob", "key": KEY}, texts=TEXTS)[0]
    assert accounts.NAME.fullmatch("bob")
