"""What a playbook changed on a till, as text: the same eyes for Ansible's run and for ours.

A recording holds changes, never states: what a till was before its run is taken off, so that a till with Python and
one without may be compared.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import tempfile
from pathlib import Path

from storefleet.lab.lab import Lab

FOLDER = Path(__file__).resolve().parent.parent / "lab" / "fidelity"
RECORDED = FOLDER / "recorded"
SUPPORT = ("files", "templates", "roles", "group_vars", "host_vars", "vars", "tasks", "scripts")
TILLS = ("S0001-pos1", "S0001-pos2")
PACKAGES = (
    *(("fidelity-tool", "1.0"), ("fidelity-tool", "1.1"), ("fidelity-extra", "2.0")),
    *(("fidelity-old", "1.0"), ("fidelity-aged", "1.0"), ("fidelity-aged", "1.2")),
)
"""What the tills can install; ``prepare.sh`` installs the old ones."""
SMALL = 1024
"""A file of at most so many bytes of text is recorded whole."""


def playbooks() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("[0-9][0-9]-*.yaml"))


def tills_of(name: str) -> tuple[str, ...]:
    """Return the tills that a playbook is run on: the first, or both where its first line says so."""
    both = (FOLDER / f"{name}.yaml").read_text().startswith("# tills: 2\n")
    return TILLS if both else TILLS[:1]


def material(name: str) -> list[Path]:
    """Return the playbook and every file that it, or a file of it, names; variables of groups and hosts always."""
    candidates = sorted(path for part in SUPPORT for path in (FOLDER / part).rglob("*") if path.is_file())
    found = [FOLDER / f"{name}.yaml", FOLDER / "prepare.sh"]
    found += [path for path in candidates if path.relative_to(FOLDER).parts[0] in ("group_vars", "host_vars")]
    for path in found:
        text = path.read_text()
        found += [one for one in candidates if one not in found and any(re.search(word, text) for word in _names(one))]
    return sorted(found)


def _names(path: Path) -> list[str]:
    parts = path.relative_to(FOLDER).parts
    names = [parts[1]] if parts[0] == "roles" else [path.stem] if path.suffix == ".yaml" else parts[1:]
    return [rf"\b{re.escape(name)}\b" for name in names]


def digest(name: str) -> str:
    """Return the hash of all that a playbook is made of, the till's preparation included."""
    whole = hashlib.sha256()
    for path in material(name):
        whole.update(str(path.relative_to(FOLDER)).encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


# -- the till before a run


def fresh(name: str, root: Path, *, python: bool) -> Lab:
    """Return a lab of one store and two tills, made anew and prepared; this takes about two seconds."""
    Lab(name, root).down()
    lab = Lab.up(name, 1, 2, 0, root, python=python)
    (lab.place.folder / "packages" / "fidelity.txt").write_text("served at head office\n")
    with tempfile.TemporaryDirectory() as folder:
        packed = _packages(Path(folder))
    script = (FOLDER / "prepare.sh").read_text().replace("ARCHIVE", packed)
    for till in TILLS:
        done = lab.enter(till, ["sh", "-s"], stdin=script)
        if done.returncode:
            raise RuntimeError(f"{till} could not be prepared: {done.stderr}")
    return lab


def _packages(folder: Path) -> str:
    """Return a small package repository as base64 of a tar."""
    index = ""
    for package, version in PACKAGES:
        staging = folder / "staging"
        control = f"Package: {package}\nVersion: {version}\nArchitecture: all\nMaintainer: Practice <lab@hq.example>\n"
        control += f"Description: what playbooks install, {package}\n"
        for path, text in (("DEBIAN/control", control), (f"opt/{package}/version", f"{version}\n")):
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            (staging / path).write_text(text)
        for path in staging.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        deb = folder / f"{package}_{version}_all.deb"
        argv = ["dpkg-deb", "--root-owner-group", "--build", str(staging), str(deb)]
        subprocess.run(argv, capture_output=True, check=True)
        subprocess.run(["rm", "-r", str(staging)], check=True)
        body = deb.read_bytes()
        index += f"{control}Filename: ./{deb.name}\nSize: {len(body)}\nSHA256: {hashlib.sha256(body).hexdigest()}\n\n"
    (folder / "Packages").write_text(index)
    done = subprocess.run(["tar", "-C", str(folder), "-c", "."], capture_output=True, check=True)
    return base64.b64encode(done.stdout).decode()


# -- the till as it is

_LOOK = r"""
export LC_ALL=C.UTF-8
watched="/etc /opt /srv /usr/local /home /root /var/spool/cron"
say() { printf '\n== %s\n' "$1"; }
say tree; find $watched -printf '%y\t%m\t%u:%g\t%l\t%p\n'
say sums; find $watched -type f -exec sha256sum {} +
say packages; dpkg-query -W -f '${Package}\t${Version}\t${db:Status-Abbrev}\n'
say files; systemctl list-unit-files --no-legend --no-pager --plain
say units; systemctl list-units --all --no-legend --no-pager --plain --type=service,timer,socket,path
say runs; systemctl show -p Id,InvocationID --no-pager '*.service'
say passwd; getent passwd
say group; getent group
for name in shadow gshadow subuid subgid; do say $name; cat /etc/$name; done
say live; hostname; sysctl net.ipv4.conf.all.log_martians net.ipv4.ip_default_ttl
"""

_VOLATILE = re.compile(
    r"/etc/(machine-id|\.pwd\.lock|ld\.so\.cache|\.updated|(passwd|group|g?shadow|subuid|subgid)-?)"
    r"|/usr/local/lib/python3.*|.*/\.ansible(/.*)?|/(root|home/[^/]+)/\.cache(/.*)?"
    r"|/etc/systemd/system/storefleet-undo\.service"
)
_BACKUP = re.compile(r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~$")
"""How Ansible names the copy that ``backup: true`` keeps."""
_PASSING = re.compile(
    r"(user|user-runtime-dir|session)[@-].*|systemd-(hostnamed|timedated|localed|tmpfiles-clean)\..*"
    r"|storefleet-undo.*"
)
"""Units that come and go by themselves, and our own dead-man switch."""
_ACCOUNTS = ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")


def look(lab: Lab, till: str) -> dict:
    """Return a till's state, section by section, each a mapping."""
    done = lab.enter(till, ["sh", "-s"], stdin=_LOOK)
    parts = dict(part.split("\n", 1) for part in done.stdout.split("\n== ")[1:])
    rows = {name: text.strip("\n").split("\n") for name, text in parts.items()}
    sums = dict(reversed(line.split("  ", 1)) for line in rows["sums"])
    tree = {}
    for kind, mode, owner, link, path in (line.split("\t") for line in rows["tree"]):
        if not _VOLATILE.fullmatch(path):
            more = {"sha256": sums[path]} if kind == "f" else {"to": link} if kind == "l" else {}
            shown = {} if kind == "l" else {"mode": f"{int(mode, 8):04o}"}
            tree[_BACKUP.sub(".BACKUP~", path)] = {"kind": kind, **shown, "owner": owner, **more}
    packages = {}
    for name, version, state in (line.split("\t") for line in rows["packages"]):
        packages[name] = f"{version} {state.strip()}"
    shadow = [re.sub(r"^([^:]*:[^:]*):\d+:", r"\1:DAY:", line) for line in rows["shadow"]]
    accounts = {kind: (shadow if kind == "shadow" else rows[kind]) for kind in _ACCOUNTS}
    state = {"tree": tree, "packages": packages, "services": _services(rows)}
    return {**state, "accounts": accounts, "live": dict(enumerate(rows["live"]))}


def _services(rows: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    units: dict[str, dict[str, str]] = {}
    for line in rows["files"]:
        unit, enabled = line.split()[:2]
        units.setdefault(unit, {})["enabled"] = enabled
    for line in rows["units"]:
        unit, loaded, active, _ = line.split(None, 3)
        if loaded == "loaded":
            units.setdefault(unit, {})["active"] = active
    for block in "\n".join(rows["runs"]).split("\n\n"):
        values = dict(line.split("=", 1) for line in block.split("\n") if line)
        if values.get("Id") in units:
            units[values["Id"]]["run"] = values.get("InvocationID", "")
    for state in units.values():
        # systemd forgets a unit that does not run, or keeps it in mind a while.
        state.setdefault("active", "inactive")
        if state["active"] == "inactive":
            state.pop("run", None)
    return {unit: state for unit, state in units.items() if not _PASSING.fullmatch(unit)}


# -- what a run changed


def changes(lab: Lab, till: str, before: dict, after: dict) -> dict:
    """Return what differs, with the text of small files; sections without a difference are left out."""
    tree = _changed(before["tree"], after["tree"])
    texts = _texts(lab, till, [path for path, entry in tree.items() if entry and entry["kind"] == "f"])
    for path, text in texts.items():
        tree[path] = {**tree[path], "text": text}
    accounts = {}
    for kind in _ACCOUNTS:
        gone = [f"- {line}" for line in before["accounts"][kind] if line not in after["accounts"][kind]]
        come = [f"+ {line}" for line in after["accounts"][kind] if line not in before["accounts"][kind]]
        if gone or come:
            accounts[kind] = gone + come
    services = {}
    for unit, now in sorted(_changed(before["services"], after["services"]).items()):
        services[unit] = _service(before["services"].get(unit, {}), now)
    sections = {
        "tree": tree,
        "packages": _changed(before["packages"], after["packages"]),
        "services": {unit: words for unit, words in services.items() if words},
        "accounts": accounts,
        "live": list(_changed(before["live"], after["live"]).values()),
    }
    return {name: found for name, found in sections.items() if found}


def _service(was: dict[str, str], now: dict[str, str] | None) -> str:
    if now is None:
        return "gone"
    told = f"{now['active']} {now.get('enabled', '-')}"
    lived = was.get("active") == now.get("active") == "active"
    return f"{told}, started anew" if lived and was.get("run") != now.get("run") else told


def _changed(before: dict, after: dict) -> dict:
    """Return what is new or other, with None for what is gone."""
    return {key: after.get(key) for key in sorted({*before, *after}) if before.get(key) != after.get(key)}


def _texts(lab: Lab, till: str, paths: list[str]) -> dict[str, str]:
    if not paths:
        return {}
    script = 'for f in "$@"; do [ "$(wc -c <"$f")" -le %d ] && printf "%%s\\t%%s\\n" "$f" "$(base64 -w0 "$f")"; done'
    done = lab.enter(till, ["sh", "-c", script % SMALL, "sh", *[path for path in paths if "BACKUP" not in path]])
    found = {}
    for line in done.stdout.splitlines():
        path, body = line.split("\t")
        try:
            found[path] = base64.b64decode(body).decode()
        except UnicodeDecodeError:
            continue
    return found


def fetched(folder: Path) -> dict[str, str]:
    """Return the files below a local folder, as text; what ``fetch`` brought home."""
    if not folder.is_dir():
        return {}
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def recording(name: str) -> dict:
    return json.loads((RECORDED / f"{name}.json").read_text())
