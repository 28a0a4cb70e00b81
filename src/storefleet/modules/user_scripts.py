"""The shell in which an account is made, changed and removed, and each way back.

A hash travels in a here-document, never on a command line, where every process of the device could read it.
"""

from __future__ import annotations

import datetime

from storefleet.collect.quote import command, quote
from storefleet.model.effects import NONCE
from storefleet.modules.accounts import DATABASE, Account, Tools
from storefleet.modules.base import Request

_OPTIONS = (("comment", "-c"), ("home", "-d"), ("shell", "-s"))


def make(request: Request, name: str, wanted: Account) -> str:
    """Return the script that makes a user."""
    lines = ["set -e"]
    if wanted.has_home:
        lines.append(f"new=yes; [ ! -e {quote(wanted.home)} ] || new=no")
    if wanted.has_home and request.has("home"):
        lines.append(f"[ -d {quote(_parent(wanted.home))} ] || mkdir -p {quote(_parent(wanted.home))}")
    lines.append(_useradd(request, name, wanted))
    lines += _password(request, name, lock=wanted.locked)
    if wanted.has_home:
        lines.append('[ "$new" = no ] || : >"$k/$n.home"')
    return "\n".join(lines)


def _useradd(request: Request, name: str, wanted: Account) -> str:
    words = ["useradd"]
    words += ["-u", wanted.uid] if request.has("uid") else []
    words += ["-o"] if request.has("uid") and request.flag("non_unique") else []
    words += ["-g", wanted.primary] if request.has("group") else []
    words += ["-G", ",".join(sorted(wanted.groups))] if wanted.groups else []
    for argument, option in _OPTIONS:
        words += [option, getattr(wanted, argument)] if request.has(argument) else []
    words += ["-e", _day(wanted.expires)] if wanted.expires else []
    words += ["-m"] if wanted.has_home else ["-M"]
    words += ["-k", request.path("skeleton")] if request.has("skeleton") and wanted.has_home else []
    words += ["-r"] if request.flag("system") else []
    if request.has("group"):
        return f"{command([*words, name])} </dev/null"
    found = f"db group | awk -F: -v g={quote(name)} '$1 == g {{ found = 1 }} END {{ exit !found }}'"
    own = f"if {found}; then own=-N; else own=; fi"
    return f"{DATABASE}{own}\n{command(words)} $own {quote(name)} </dev/null"


def _password(request: Request, name: str, *, lock: bool) -> list[str]:
    if not request.has("password"):
        return []
    hashed = request.text("password").lstrip("!")
    return [f"chpasswd -e <<'{NONCE}'\n{name}:{'!' if lock else ''}{hashed}\n{NONCE}"]


def change(request: Request, name: str, before: Account, wanted: Account, tools: Tools) -> str:
    """Return the script that changes a user, who is kept as he was for the way back."""
    words = _usermod(before, wanted, moves=request.flag("move_home"))
    if request.flag("non_unique") and "-u" in words:
        words.insert(1, "-o")
    lines = ["set -e", _keep(name)]
    new_password = wanted.password != before.password
    if wanted.locked != before.locked and not new_password:
        words.append("-L" if wanted.locked else "-U")
    if len(words) > 1:
        lines.append(f"{command([*words, name])} </dev/null")
    lines += _password(request, name, lock=wanted.locked) if new_password else []
    lines += [_home(name, wanted.home, tools.umask)] if wanted.has_home else []
    return "\n".join(lines)


def _usermod(before: Account, wanted: Account, *, moves: bool) -> list[str]:
    words = ["usermod"]
    words += ["-u", wanted.uid] if wanted.uid != before.uid else []
    words += ["-g", wanted.primary] if wanted.primary != before.primary else []
    words += ["-G", ",".join(sorted(wanted.groups))] if wanted.groups != before.groups else []
    for argument, option in _OPTIONS:
        new = getattr(wanted, argument)
        words += [option, new] if new != getattr(before, argument) else []
    words += ["-m"] if "-d" in words and moves else []
    words += ["-e", _day(wanted.expires)] if wanted.expires != before.expires else []
    return words


def unchange(name: str, before: Account, wanted: Account) -> str:
    """Return the script that gives a changed user back what he had, and takes away a home that was made for him."""
    words = _usermod(wanted, before, moves=wanted.home != before.home)
    if "-u" in words:
        words.insert(1, "-o")
    lines = [command([*words, name])] if len(words) > 1 else []
    if (before.password, before.locked) != (wanted.password, wanted.locked):
        lines.append(_secret_back(name))
    if wanted.has_home and not before.has_home and wanted.home == before.home:
        lines.append(_without_home(wanted.home))
    return "\n".join(lines) or ":"


def _without_home(home: str) -> str:
    """Take away a home that we made, unless somebody has put a file into it since."""
    return f"""h={quote(home)}
[ ! -e "$k/$n.home" ] || [ -n "$(find "$h" ! -type d -newer "$k/$n.home" 2>/dev/null)" ] || rm -rf "$h"\n"""


def _keep(name: str) -> str:
    """Keep the lines of a user, readable by root alone."""
    return f"""umask 077
{DATABASE}{{ for file in passwd shadow; do awk -F: -v u={quote(name)} '$1 == u' "/etc/$file"; done
awk -F: -v u={quote(name)} 'index("," $4 ",", "," u ",") {{ print $1 }}' /etc/group
echo "group $(db group | awk -F: -v g="$(awk -F: -v u={quote(name)} '$1 == u {{ print $4 }}' /etc/passwd)" \
'$3 == g {{ print $1 }}')"; }} >"$k/$n"
umask 022"""


def _secret_back(name: str) -> str:
    return f'sed -n 2p "$k/$n" | cut -d: -f1,2 | chpasswd -e  # {name}'


def _home(name: str, home: str, umask: str) -> str:
    """Make a home that is missing, as Ansible does: the skeleton, with the mode that login.defs asks for."""
    return f"""h={quote(home)}
if [ ! -e "$h" ]; then
  mkdir -p {quote(_parent(home))}
  if [ -d /etc/skel ]; then cp -pPR /etc/skel "$h"; else mkdir "$h"; fi
  chown -hR "$(id -u {quote(name)}):$(id -g {quote(name)})" "$h"
  chmod {0o777 & ~int(umask, 8):o} "$h"
  : >"$k/$n.home"
fi"""


def unmake(name: str, wanted: Account) -> str:
    """Return the script that takes back a user who was made."""
    gone = command(["userdel", name])
    return f"{gone}\n{_without_home(wanted.home)}" if wanted.has_home else gone


def remove(name: str, *, home: bool, force: bool) -> str:
    """Return the script that removes a user, who is kept for the way back."""
    words = ["userdel", *(["-f"] if force else []), *(["-r"] if home else []), name]
    return f"set -e\n{_keep(name)}\n{command(words)} </dev/null"


def restore(name: str) -> str:
    """Return the script that makes a removed user anew from what was kept of him."""
    return f"""line=$(sed -n 1p "$k/$n")
IFS=: read -r u _ uid gid comment home shell <<{NONCE}
$line
{NONCE}
group=$(sed -n 's/^group //p' "$k/$n")
getent group "$gid" >/dev/null || groupadd -g "$gid" "$group"
useradd -M -N -o -u "$uid" -g "$gid" -c "$comment" -d "$home" -s "$shell" "$u" && {_secret_back(name)}
sed -e 1,2d -e '/^group /d' "$k/$n" | while read -r one; do usermod -aG "$one" {quote(name)}; done"""


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _day(expires: str) -> str:
    if not expires:
        return ""
    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=int(expires))).isoformat()
