"""apt, package: which packages are installed, bound to the very transaction that the plan showed.

apt itself decides what a request means. While planning it only simulates; the change is bound to what it said, and
the device simulates once more and refuses where the transaction has become another: package lists that were renewed
in between bring no version that nobody saw.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed, Undetermined
from storefleet.model.changes import Alter, Inquire, ReadText
from storefleet.model.effects import Output, Step, ask
from storefleet.modules import transactions
from storefleet.modules.base import Done, Request
from storefleet.modules.transactions import Installed, Package

_NAME = re.compile(r"([a-z0-9][a-z0-9+.-]*[a-z0-9+.])(:[a-z0-9-]+)?(=[A-Za-z0-9.+:~*-]+)?")
_STATES = ("present", "installed", "latest", "absent", "removed")
SUBJECT = "packages"
MINUTES_S = 1800.0
"""Seconds that a transaction may take on a slow till over a slow line."""

_LISTS_AGE = """stamp=/var/lib/apt/periodic/update-success-stamp
[ -e "$stamp" ] || stamp=/var/lib/apt/lists
echo $(( $(date +%s) - $(stat -c %Y "$stamp" 2>/dev/null || echo 0) ))"""
_QUIET = "-e '^Reading ' -e '^(Reading ' -e '^Building ' -e '^Get:' -e '^Selecting ' -e '^debconf: ' -e '^Waiting '"
_TELL = f"""|| {{ rc=$?
  grep -v {_QUIET} "$k/$n.log" | tail -n 8 >&2
  for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
    held=$(awk -v i=":$(stat -c %i "$lock" 2>/dev/null)$" '$6 ~ i {{ print $5; exit }}' /proc/locks 2>/dev/null)
    [ -z "$held" ] || echo "$lock is held by process $held ($(cat "/proc/$held/comm" 2>/dev/null))" >&2
  done
  [ -z "$(ls /var/lib/dpkg/updates 2>/dev/null)" ] || echo 'dpkg was interrupted; run dpkg --configure -a' >&2
  exit $rc
}}"""
"""What is said where apt fails: its last words, which dpkg writes to the standard output, and who holds a lock."""


def package(request: Request) -> Step[Done]:
    """Have packages installed by whatever the host has; dpkg and apt so far."""
    known = yield from _installed("package: this host has no dpkg; package works on Debian and its kin so far")
    return (yield from _apt(request, known))


def apt(request: Request) -> Step[Done]:
    """Have Debian packages installed, renewed or removed."""
    known = yield from _installed("apt: this host has no dpkg")
    return (yield from _apt(request, known))


def _installed(none: str) -> Step[Installed]:
    text = yield from ask(ReadText(SUBJECT, transactions.INSTALLED))
    if text == "none":
        raise TaskFailed(none)
    return transactions.installed(text)


def wait_for_packages(what: str) -> Step[None]:
    """Say that only the device will know, where an earlier task of the plan installs packages: they may bring it."""
    text = yield from ask(ReadText(SUBJECT, transactions.INSTALLED))
    if transactions.installed(text).asked:
        raise Undetermined(f"{what} may come with the packages of the tasks before")


def _apt(request: Request, known: Installed) -> Step[Done]:
    state = request.choice("state", _STATES, "present")
    names = request.texts("name") or request.texts("package") or request.texts("pkg")
    deb = request.path("deb") if request.has("deb") else ""
    if deb and (names or state not in ("present", "installed")):
        raise TaskFailed("deb goes with state: present, and with no name")
    for name in names:
        if not _NAME.fullmatch(name):
            raise TaskFailed(f"name: {name!r:.60} is no package, nor package=version; patterns are not taken here")
    wanted = (yield from _from_file(deb, known)) if deb else _wanted(names, state, known, purge=request.flag("purge"))
    renews = request.flag("update_cache") or request.flag("update-cache") or request.number("cache_valid_time", 0) > 0
    only_lists = not (names or deb or request.flag("autoremove"))
    if only_lists and not renews:
        raise TaskFailed("name or deb is due here")
    renewed = False
    if renews and (only_lists or wanted):
        renewed = yield from _renew(request.number("cache_valid_time", 0))
    if only_lists:
        return Done(
            changed=renewed, why="" if renewed else "the package lists are fresh", values={"cache_updated": renewed}
        )
    if not wanted and (names or deb):
        return Done(changed=False, why=_settled(state), values={"cache_updated": renewed})
    return (yield from _transact(request, wanted, known, deb))


def _settled(state: str) -> str:
    return "none of it is installed" if state in ("absent", "removed") else "it is installed"


def _wanted(names: Sequence[str], state: str, known: Installed, *, purge: bool) -> tuple[str, ...]:
    """Return what apt must be asked for, in the words of ``apt-get install``; ``name-`` is to go."""
    found = []
    for spec in names:
        name, _, version = spec.partition("=")
        bare = name.partition(":")[0]
        have = known.versions.get(bare, "")
        if state in ("absent", "removed"):
            if have or (purge and bare in known.remains):
                found.append(f"{name}-")
        elif not have or state == "latest" or (version and version != have):
            found.append(spec)
    return tuple(found)


def _from_file(deb: str, known: Installed) -> Step[tuple[str, ...]]:
    script = f"""[ -f {quote(deb)} ] || {{ echo 'there is no such file on the device' >&2; exit 1; }}
dpkg-deb -f {quote(deb)} Package && dpkg-deb -f {quote(deb)} Version"""
    output = yield from ask(Inquire(script, f"file:{deb}"))
    words = output.stdout.decode("utf-8", "replace").split()
    if output.exit_status or len(words) != 2:
        raise TaskFailed(f"deb: {deb}: {_said(output) or 'it is no package'}")
    return () if known.versions.get(words[0]) == words[1] else (deb,)


def _renew(valid_s: int) -> Step[bool]:
    """Have the package lists read anew where they are older than that."""
    age = yield from ask(ReadText("package-lists", _LISTS_AGE))
    if int(age) < valid_s:
        return False
    yield from ask(
        Alter(
            subject="package-lists",
            action="read anew",
            script=_run(("update",)),
            cost="config",
            after="0",
            shown=("package lists are read anew",),
            way_back=":",
            deadline_s=MINUTES_S,
        )
    )
    return True


def _transact(request: Request, wanted: tuple[str, ...], known: Installed, deb: str) -> Step[Done]:
    options = _options(request)
    words = (*options, "install", *wanted)
    if not wanted:
        words = (*options, "autoremove")
    output = yield from ask(Inquire(_looking(words, wanted, known, deb), deadline_s=300.0))
    _refuse(output, known, wanted)
    text, _, sources = output.stdout.decode("utf-8", "replace").partition("--\n")
    parts = transactions.packages(text, known)
    if not parts:
        return Done(changed=False, why="apt finds nothing to do")
    _refuse_half(known, parts)
    yield from ask(_change(words, parts, known, deb, frozenset(sources.split())))
    return Done(changed=True, values={"packages": [one.words for one in parts]})


def _options(request: Request) -> tuple[str, ...]:
    options = []
    if request.has("install_recommends") or request.has("install-recommends"):
        on = request.flag("install_recommends") or request.flag("install-recommends")
        options += ["-o", f"APT::Install-Recommends={'yes' if on else 'no'}"]
    if any(request.flag(f"allow{mark}downgrade{end}") for mark in "_-" for end in ("", "s")):
        options.append("--allow-downgrades")
    if request.has("default_release"):
        options += ["-t", request.text("default_release")]
    options += ["--purge"] if request.flag("purge") else []
    options += ["--auto-remove"] if request.flag("autoremove") else []
    return tuple(options)


def _looking(words: tuple[str, ...], wanted: tuple[str, ...], known: Installed, deb: str) -> str:
    """Return the script that simulates, and says of which versions the way back can be sure.

    What earlier tasks of the same plan ask for is simulated along with it.
    """
    mine = {_bare(word) for word in wanted}
    earlier = [word for asked in known.asked for word in asked if _bare(word) not in mine]
    patterns = [] if deb else [_bare(word) for word in wanted if set(".+") & set(_bare(word))]
    checks = "".join(f"{transactions.exists(name)} || exit 1\n" for name in patterns)
    simulated = (*words, *earlier) if wanted else words
    return f"""{checks}parts=$({transactions.transaction(simulated)}
) || exit 1
printf '%s\\n' "$parts" | sed '/^$/d'
echo --
names=$(printf '%s\\n' "$parts" | sed -n 's/^\\([^|:]*\\)[|:].*/\\1/p')
[ -z "$names" ] || {transactions.versions_known("$names")}
{_file_sum(deb) if deb else ":"}
[ -z "$(ls /var/lib/dpkg/updates 2>/dev/null)" ] || echo 'storefleet: interrupted' >&2"""


def _file_sum(deb: str) -> str:
    return f"printf 'sha256|%s\\n' \"$(sha256sum <{quote(deb)} | cut -c1-64)\""


def _bare(word: str) -> str:
    return word if word.startswith("/") else word.partition("=")[0].removesuffix("-")


def _refuse(output: Output, known: Installed, wanted: tuple[str, ...]) -> None:
    said = _said(output)
    if "storefleet: interrupted" in said:
        raise TaskFailed("dpkg was interrupted on this host; run dpkg --configure -a there first")
    if output.exit_status == 0:
        return
    if "Packages were downgraded" in said:
        raise TaskFailed(f"{', '.join(wanted)}: this is a downgrade; write allow_downgrade: yes where it is meant")
    raise TaskFailed(f"{', '.join(wanted)}: {said or 'apt-get says no more than that it failed'}")


def _refuse_half(known: Installed, parts: tuple[Package, ...]) -> None:
    """Refuse to build on packages that are half there, unless the transaction is about just these."""
    half = set(known.half) - {one.bare for one in parts}
    if half:
        names = ", ".join(sorted(half)[:5])
        raise TaskFailed(f"only half configured on this host: {names}; run dpkg --configure -a there first")


def _said(output: Output) -> str:
    """Return the errors that apt named, or all that was said."""
    lines = output.stderr.decode("utf-8", "replace").splitlines()
    named = [line.removeprefix("E: ") for line in lines if line.startswith("E: ")]
    return " ".join(" ".join(named or lines).split())[-400:]


def _run(words: tuple[str, ...]) -> str:
    return f'{transactions.apt_get(words)} >"$k/$n.log" 2>&1 {_TELL}'


def _change(
    words: tuple[str, ...], parts: tuple[Package, ...], known: Installed, deb: str, sources: frozenset[str]
) -> Alter:
    script, unsure = transactions.way_back(parts, sources)
    bound = sorted(line for line in sources if line.startswith("sha256|"))
    asked = tuple(word for word in words[words.index("install") + 1 :]) if "install" in words else ()
    return Alter(
        subject=SUBJECT,
        action="install" if any(one.new for one in parts) else "remove",
        script=_run(words),
        cost=transactions.cost_of(parts),
        read=transactions.transaction(words) + (f"\n{_file_sum(deb)}" if deb else ""),
        before="\n".join([transactions.text_of(parts), *bound]),
        after=known.after(parts, asked).text,
        shown=(*(one.words for one in parts), *unsure),
        way_back=script,
        deadline_s=MINUTES_S,
    )
