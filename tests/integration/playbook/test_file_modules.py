"""The file modules through the real scripts, with the tools of Debian and with those of BusyBox alone, and back."""

import base64
import hashlib
import http.server
import os
import pwd
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest
from module_world import World
from playbook_world import Shell, seeded, tree

from storefleet.errors import Moved
from storefleet.modules import remote, undo
from storefleet.modules.words import action_of, diff_of

TOOLS = ("debian", "busybox")


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    made = {}

    def path(*programs, busybox):
        if (programs, busybox) not in made:
            made[programs, busybox] = only(tmp_path_factory.mktemp("bin"), *programs, busybox=busybox)
        return made[programs, busybox]

    return path


def only(folder: Path, *programs: str, busybox: bool) -> str:
    """Return a PATH with nothing but these programs, beside all of BusyBox's or the base of this machine."""
    names = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout.split()
    for name in names if busybox else ():
        (folder / name).symlink_to("/usr/bin/busybox")
    for name in sorted(path.name for path in Path("/usr/bin").iterdir()) if not busybox else ():
        if name not in ("curl", "wget", "busybox"):
            (folder / name).symlink_to(f"/usr/bin/{name}")
    for name in programs:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(f"/usr/bin/{name}")
    return f"PATH={folder}; export PATH LC_ALL=C"


@pytest.fixture(params=TOOLS)
def world(request, tmp_path, monkeypatch, paths):
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "base" / "kept"))
    busybox = request.param == "busybox"
    if busybox:
        monkeypatch.setattr(remote, "SETUP", paths(busybox=True))
    seeded(tmp_path / "host")
    return World(Shell("busybox", "ash") if busybox else Shell("dash"))


def undone(tmp_path, run="run-1"):
    """Run the undo of the device itself; return what it wrote down."""
    base = tmp_path / "base"
    (base / "armed" / run).mkdir(parents=True)
    (base / "undo.sh").write_text(undo.UNDO.replace(remote.BASE, str(base)).replace("systemctl", ":"))
    subprocess.run(["sh", base / "undo.sh", run], check=True, stdin=subprocess.DEVNULL)
    return (base / "undone" / f"{run}.log").read_text()


@pytest.mark.parametrize(
    "task",
    [
        "copy: {src: site, dest: DIR/full, mode: '0600', directory_mode: '0700'}",
        "copy: {content: new, dest: DIR/lines, backup: true}",
        "file: {path: DIR/full, state: absent}",
        "file: {path: DIR/linked, state: absent}",
        "file: {path: DIR/lines, mode: '0600'}",
        "file: {path: DIR/full, state: directory, recurse: true, mode: 'u=rwX,go='}",
        "file: {src: full, dest: DIR/linked, state: link}",
        "file: {src: full, dest: DIR/lines, state: link, force: true}",
        "file: {src: full, dest: DIR/sub, state: link, force: true}",
        "file: {src: DIR/conf, dest: DIR/new, state: hard}",
        "file: {src: DIR/conf, dest: DIR/lines, state: hard, force: true}",
        "file: {path: DIR/new, state: touch}",
        "blockinfile: {path: DIR/conf, block: x}",
        "replace: {path: DIR/conf, regexp: port, replace: PORT}",
        "lineinfile: {path: DIR/new/deep, line: x, create: true}",
    ],
)
def test_what_is_changed_is_there_is_not_changed_twice_and_comes_back(tmp_path, world, task):
    host = tmp_path / "host"
    before, task = tree(host), task.replace("DIR", str(host))
    made, (end,) = world.make(task)
    assert end.ended == "changed", end.why
    assert made
    after = tree(host)
    assert after != before
    if "touch" not in task:
        assert world.plan(task) == ([], world.plan(task)[1])
    told = undone(tmp_path)
    assert "NOT" not in told
    assert tree(host) == before


def test_an_attribute_is_changed_on_the_file_itself_and_its_content_is_not_sent(tmp_path, world):
    host = tmp_path / "host"
    (host / "second").hardlink_to(host / "lines")
    world.make(f"file: {{path: {host}/lines, mode: '0600'}}")
    assert stat.S_IMODE((host / "second").stat().st_mode) == 0o600
    assert "printf '%b'" not in world.shell.scripts[-1]


def test_a_new_file_that_its_command_refuses_is_not_put_in_place(tmp_path, world):
    host = tmp_path / "host"
    before = tree(host)
    _, (end,) = world.make(f"copy: {{content: 'a; b', dest: {host}/lines, validate: 'grep -q \"x y\" %s'}}")
    assert end.ended == "failed"
    assert "validate refuses it" in end.why
    assert tree(host) == before
    _, (end,) = world.make(f"copy: {{content: 'x y', dest: {host}/lines, validate: 'grep -q \"x y\" %s'}}", run="run-2")
    assert end.ended == "changed", end.why


def test_a_command_of_validate_is_words_and_no_shell(tmp_path, world):
    host = tmp_path / "host"
    task = f"copy: {{content: x, dest: {host}/lines, validate: 'test -f %s -a \"$(touch {host}/hurt)\" = x'}}"
    assert world.make(task)[1][0].ended == "failed"
    assert not (host / "hurt").exists()


def test_the_old_file_is_kept_beside_the_new_one_and_its_name_is_told(tmp_path, world):
    host = tmp_path / "host"
    _, (end,) = world.make(f"copy: {{content: new, dest: {host}/lines, backup: true}}")
    kept = Path(end.values["backup_file"])
    assert kept.parent == host
    assert kept.read_text() == "one\ntwo = 2\nthree\n# two = 0\n"


@pytest.mark.parametrize("moved", ["more", "less", "link"])
def test_a_folder_that_holds_other_files_than_were_seen_is_not_removed(tmp_path, world, moved):
    host = tmp_path / "host"

    def meanwhile(script):
        if ".part" in script:
            (host / "full" / "late").write_text("late") if moved != "less" else (host / "full" / "top").unlink(True)
            if moved == "link":
                (host / "full").rename(host / "other")
                (host / "full").symlink_to("other")

    world.shell.before = meanwhile
    with pytest.raises(Moved):
        world.make(f"file: {{path: {host}/full, state: absent}}")
    assert (host / "full" / "deep" / "file").exists()


def test_a_plan_shows_what_a_removed_folder_holds_and_where_a_link_will_point(tmp_path, world):
    host = tmp_path / "host"
    (away, link), _ = world.plan(
        f"file: {{path: {host}/full, state: absent}}", f"file: {{src: conf, dest: {host}/linked, state: link}}"
    )
    assert diff_of(away).splitlines() == [f"- {host}/full/{name}" for name in ("deep", "deep/file", "top")]
    assert diff_of(link) == "points to: lines -> conf"
    assert [action_of(away), action_of(link)] == ["remove", "link"]


@pytest.mark.parametrize("path", ["/etc", "/usr/lib", "/var/lib/storefleet/kept", "/boot/grub", "/home", "/etc/ssh"])
@pytest.mark.parametrize("task", ["state: absent", "state: directory, recurse: true, mode: '0700'"])
def test_a_folder_of_the_system_is_neither_removed_nor_changed_whole(world, path, task):
    class Stub(Shell):
        def answer(self, effect):
            done = super().answer(type(effect)("true"))
            text = f"{done.nonce} directory 755 root root 0\n\n{done.nonce} end\n"
            return type(done)(text.encode(), b"", 0, done.nonce)

    changes, (end,) = World(Stub("sh")).plan(f"file: {{path: {path}, {task}}}")
    assert changes == []
    assert end.ended == "failed"
    assert "of the system itself" in end.why


def test_nothing_below_a_linked_folder_is_touched(tmp_path, world):
    host = tmp_path / "host"
    (host / "way").symlink_to("full")
    before = tree(host)
    for task in ("state: absent", "state: touch", "mode: '0600'", "state: link, src: x, force: true"):
        changes, (end,) = world.plan(f"file: {{path: {host}/way/top, {task}}}")
        assert (changes, end.ended) == ([], "failed")
        assert "below a symbolic link" in end.why
    assert tree(host) == before


def test_times_are_set_and_left_as_the_task_says(tmp_path, world):
    path = tmp_path / "host" / "lines"
    os.utime(path, (1_500_000_000, 1_500_000_000))
    world.make(f"file: {{path: {path}, state: touch, access_time: preserve, modification_time: '202001020304.05'}}")
    assert time.strftime("%Y%m%d%H%M.%S", time.localtime(path.stat().st_mtime)) == "202001020304.05"
    assert undone(tmp_path) == f"timer: the way back\ntaken back: times:{path}\n"
    assert int(path.stat().st_mtime) == 1_500_000_000


def test_an_account_may_be_a_number_with_a_name_or_without(tmp_path, world):
    path = tmp_path / "host" / "lines"
    task = f"file: {{path: {path}, owner: 1, group: 54321}}"
    made, (end,) = world.make(task)
    assert end.ended == "changed", end.why
    assert (made[0].owner, made[0].group) == (pwd.getpwuid(1).pw_name, "54321")
    assert (path.stat().st_uid, path.stat().st_gid) == (1, 54321)
    assert world.plan(task)[0] == []
    assert "NOT" not in undone(tmp_path)
    assert (path.stat().st_uid, path.stat().st_gid) == (os.getuid(), os.getgid())


@pytest.mark.parametrize("line", ["value: 'port=9', regex: '^port'"])
def test_a_line_and_its_expression_have_two_names(tmp_path, world, line):
    path = tmp_path / "host" / "conf"
    assert world.make(f"lineinfile: {{path: {path}, {line}}}")[1][0].values["msg"] == "line replaced"
    assert path.read_text() == "[x]\nport=1\nhost=a\nport=9\n"
    assert world.plan(f"lineinfile: {{path: {path}, line: x, {line}}}")[1][0].ended == "failed"


def test_stat_tells_what_ansible_tells(tmp_path, world):
    host = tmp_path / "host"
    (lines, link, far, none, folder) = world.plan(
        f"stat: {{path: {host}/lines}}",
        f"stat: {{path: {host}/linked}}",
        f"stat: {{path: {host}/linked, follow: true, checksum_algorithm: sha256}}",
        f"stat: {{path: {host}/none}}",
        f"stat: {{path: {host}/sub}}",
    )[1]
    seen, real = lines.values["stat"], (host / "lines").stat()
    assert (seen["size"], seen["uid"], seen["inode"], seen["nlink"]) == (
        *(real.st_size, real.st_uid, real.st_ino, real.st_nlink),
    )
    assert (seen["mode"], seen["isreg"], seen["isdir"], seen["islnk"], seen["wusr"], seen["wgrp"]) == (
        *("0644", True, False, False, True, False),
    )
    assert (seen["readable"], seen["executable"], int(seen["mtime"])) == (True, False, int(real.st_mtime))
    assert seen["checksum"] == hashlib.sha1((host / "lines").read_bytes()).hexdigest()
    seen = link.values["stat"]
    assert (seen["islnk"], seen["isreg"], seen["lnk_target"], seen["lnk_source"]) == (
        *(True, False, "lines", str(host / "lines")),
    )
    assert "checksum" not in seen
    seen = far.values["stat"]
    assert (seen["isreg"], seen["checksum"]) == (True, hashlib.sha256((host / "lines").read_bytes()).hexdigest())
    assert none.values == {"stat": {"exists": False}}
    assert folder.values["stat"]["isdir"] is True
    assert "checksum" not in folder.values["stat"]


def test_slurp_gives_every_byte_also_through_a_link(tmp_path, world):
    host = tmp_path / "host"
    (host / "odd").write_bytes(bytes(range(256)) * 20)
    (host / "to-odd").symlink_to("odd")
    ends = world.plan(f"slurp: {{src: {host}/odd}}", f"slurp: {{src: {host}/to-odd}}", f"slurp: {{src: {host}/sub}}")[1]
    assert [base64.b64decode(end.values["content"]) for end in ends[:2]] == [bytes(range(256)) * 20] * 2
    assert ends[2].ended == "failed"
    assert world.plan(f"slurp: {{src: {host}/nowhere}}")[1][0].ended == "failed"


def test_fetch_keeps_a_file_by_host_and_path_or_flat_and_says_whether_it_is_new(tmp_path, world):
    path = tmp_path / "host" / "lines"
    tasks = [f"fetch: {{src: {path}, dest: kept/}}", f"fetch: {{src: {path}, dest: kept/, flat: true}}"]
    asked = len(world.shell.scripts)
    assert [end.why for end in world.plan(*tasks)[1]] == ["it is brought home only when the plan is made"] * 2
    assert (world.kept, len(world.shell.scripts)) == ({}, asked)
    assert [end.ended for end in world.make(*tasks)[1]] == ["changed", "changed"]
    assert set(world.kept) == {f"kept/S0001-pos1{path}", "kept/lines"}
    assert [end.ended for end in world.make(*tasks)[1]] == ["ok", "ok"]
    missing = f"fetch: {{src: {path}.none, dest: kept/}}"
    assert world.make(missing)[1][0].ended == "failed"
    assert world.make(missing.replace("}", ", fail_on_missing: false}"))[1][0].ended == "ok"
    for dest in ("/etc/x", "../x", "a/../../x"):
        assert world.make(f"fetch: {{src: {path}, dest: {dest}, flat: true}}")[1][0].ended == "failed"


# -- get_url


class Server(http.server.BaseHTTPRequestHandler):
    body, sums = b"served\n", b""
    seen = ()

    def do_GET(self):
        self.seen.append((self.command, self.path, self.headers))
        body = self.sums if self.path == "/sums" else self.body
        found = self.path in ("/dir/a.txt?q=1", "/sums") or (self.path == "/secret" and self.headers["Authorization"])
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body) if found else 0))
        self.end_headers()
        if found and self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 — the library's name

    def log_message(self, *_words):
        pass


@pytest.fixture
def server():
    Server.body, Server.seen = b"served\n", []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


GETTERS = {
    "curl": (("curl",), False),
    "wget": (("wget",), False),
    "apt": ((), False),
    "busybox": ((), True),
    "curl-on-busybox": (("curl",), True),
}


@pytest.fixture(params=GETTERS)
def getting(request, tmp_path, monkeypatch, paths):
    programs, busybox = GETTERS[request.param]
    if request.param == "apt" and not Path("/usr/lib/apt/apt-helper").exists():
        pytest.skip("no apt on this machine")
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "base" / "kept"))
    monkeypatch.setattr(remote, "SETUP", paths(*programs, busybox=busybox))
    (tmp_path / "host").mkdir()
    world = World(Shell("busybox", "ash") if busybox else Shell("dash"))
    world.tool = request.param
    return world


def test_a_file_of_a_server_comes_once_and_again_only_when_it_is_other(tmp_path, getting, server):
    host = tmp_path / "host"
    task = f"get_url: {{url: '{server}/dir/a.txt?q=1', dest: {host}, mode: '0600'}}"
    _, (end,) = getting.make(task)
    assert end.ended == "changed", end.why
    assert (host / "a.txt").read_text() == "served\n"
    assert stat.S_IMODE((host / "a.txt").stat().st_mode) == 0o600
    assert list(host.iterdir()) == [host / "a.txt"]
    changes, (end,) = getting.plan(task)
    assert (changes, end.ended) == ([], "ok"), end.why
    Server.body = b"served anew\n"
    force = task.replace("mode: '0600'", "force: true")
    assert getting.make(force, run="run-2")[1][0].ended == "changed"
    assert (host / "a.txt").read_text() == "served anew\n"
    assert stat.S_IMODE((host / "a.txt").stat().st_mode) == 0o600
    assert "NOT" not in undone(tmp_path, "run-2")
    assert (host / "a.txt").read_text() == "served\n"
    assert "NOT" not in undone(tmp_path, "run-1")
    assert list(host.iterdir()) == []


def test_a_sum_decides_what_stands_and_what_comes(tmp_path, getting, server):
    path, asked = tmp_path / "host" / "x", len(Server.seen)
    digest = hashlib.sha256(b"served\n").hexdigest()
    task = f"get_url: {{url: '{server}/dir/a.txt?q=1', dest: {path}, checksum: 'sha256:{digest}'}}"
    wrong = task.replace(digest, "0" * 64)
    _, (end,) = getting.make(wrong)
    assert end.ended == "failed"
    assert "did not match" in end.why
    assert not path.exists()
    path.write_text("old")
    assert getting.make(task, run="run-2")[1][0].ended == "changed"
    assert path.read_text() == "served\n"
    asked = len(Server.seen)
    changes, (end,) = getting.plan(task.replace("checksum", "mode: '0640', checksum"))
    assert (len(changes), end.ended, len(Server.seen)) == (1, "changed", asked)
    assert getting.plan(task) == ([], getting.plan(task)[1])


def test_a_sum_may_stand_in_a_list_of_the_server(tmp_path, getting, server, monkeypatch):
    path = tmp_path / "host" / "x"
    digest = hashlib.sha256(b"served\n").hexdigest()
    monkeypatch.setattr(Server, "sums", f"{'0' * 64}  b.txt\n{digest} *./a.txt\n".encode(), raising=False)
    task = f"get_url: {{url: '{server}/dir/a.txt?q=1', dest: {path}, checksum: 'sha256:{server}/sums'}}"
    _, (end,) = getting.make(task)
    assert end.ended == "changed", end.why
    assert getting.plan(task)[1][0].ended == "ok"
    monkeypatch.setattr(Server, "sums", b"x  other\n")
    assert "names no a.txt" in getting.plan(task)[1][0].why


def test_a_file_that_the_server_lacks_fails_and_leaves_nothing(tmp_path, getting, server):
    path = tmp_path / "host" / "x"
    _, (end,) = getting.make(f"get_url: {{url: '{server}/none', dest: {path}}}")
    assert end.ended == "failed"
    path.write_text("old")
    _, (end,) = getting.make(f"get_url: {{url: '{server}/none', dest: {path}, force: true}}")
    assert end.ended == "failed"
    assert [one.name for one in path.parent.iterdir()] == ["x"]
    assert path.read_text() == "old"


def test_a_password_goes_with_curl_and_wget_and_never_by_their_command_line(tmp_path, getting, server):
    path = tmp_path / "host" / "x"
    task = f"get_url: {{url: '{server}/secret', dest: {path}, url_username: u, url_password: hunter2}}"
    task = task.replace("}", ", headers: {X-A: 'q \" \\ z'}}")
    _, (end,) = getting.make(task)
    if getting.tool in ("apt", "busybox"):
        assert end.ended == "failed"
        assert "need curl or GNU wget" in end.why
        return
    assert end.ended == "changed", end.why
    assert Server.seen[-1][2]["Authorization"] == "Basic " + base64.b64encode(b"u:hunter2").decode()
    assert Server.seen[-1][2]["X-A"] == 'q " \\ z'
    secret = base64.b64encode(b"u:hunter2").decode()
    lines = [line for script in getting.shell.scripts for line in script.splitlines() if secret in line]
    assert lines
    assert all(line.startswith(("header = ", 'header = "')) for line in lines)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("url: 'file:///etc/passwd', dest: /x", "url: "),
        ("url: 'http://u:p@h/x', dest: /x", "url: "),
        ("url: 'http://h/a b', dest: /x", "url: "),
        ("url: 'http://h/x', dest: x", "dest: "),
        ("url: 'http://h/x', dest: /x, checksum: 'sha256:12'", "checksum: "),
        ("url: 'http://h/x', dest: /x, checksum: 'crc:12'", "checksum: "),
        ("url: 'http://h/x', dest: /x, headers: {'a b': c}", "headers: "),
        ("url: 'http://h/x', dest: /x, headers: {a: \"c\\nd: e\"}", "headers: "),
    ],
)
def test_what_cannot_be_got_is_refused_before_the_device_is_asked(arguments, why):
    shell = Shell("sh")
    _, (end,) = World(shell).plan(f"get_url: {{{arguments}}}")
    assert (end.ended, shell.scripts) == ("failed", [])
    assert end.why.startswith(why)
