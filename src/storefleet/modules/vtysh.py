r"""The shell of a router that runs FRR: what it is asked, how lines are taken, and how they are taken back.

Lines go to ``vtysh -f /dev/stdin`` from a here-document, one at a time with its sections around it: as arguments they
would stand in the list of processes, which every account of the router may read, and a file with several lines goes on
behind one that was refused (FRR 8.4.4). It may refuse with 0 and a line that begins with ``%``. Everything is one
script, so that a line that dies in the middle leaves a whole result: what was planned, or what was there before.
"""

from __future__ import annotations

from collections.abc import Sequence

from storefleet.collect.frr.config import hide
from storefleet.collect.frr.platform import frr
from storefleet.collect.quote import quote
from storefleet.collect.redact import redact
from storefleet.compliance.golden import NO_SECRETS, Secrets
from storefleet.compliance.lines import Path, Paths, indented, write
from storefleet.model.effects import NONCE
from storefleet.modules.inverse import INVERSE
from storefleet.modules.remote import MOVED

SAVED_IN = "/etc/frr/frr.conf"

_TREE = r"""tr -d '\r' | awk '
/^[ ]*$/ || /^ *!/ || /^(Building configuration\.\.\.|Current configuration:|frr version )/ { next }
/^service integrated-vtysh-config$/ { next }
{ match($0, /^ */); d = RLENGTH; t = substr($0, d + 1); sub(/ +$/, "", t) }
t ~ /^(exit|exit-address-family|exit-vrf|exit-vni|exit-link-params|exit-ldp-if|end|quit)$/ { next }
{
  while (n > 0 && depth[n] >= d) n--
  p = ""
  for (i = 1; i <= n; i++) p = p text[i] "\t"
  print p t
  n++; depth[n] = d; text[n] = t
}'"""
"""Each line behind its sections, as they come."""

_PATHS = f"{_TREE} | LC_ALL=C sort -u"
"""Sorted, since the router's own order of sections means nothing."""

_WHOLE = """text=$(vtysh -c 'show running-config' </dev/null 2>&1) || {
  case $text in *'Current configuration'*) ;; *) printf '%.300s\\n' "$text" >&2 ;; esac
  exit 1
}
case $text in
  *'
end') ;;
  *) echo 'the running configuration came without its end' >&2; exit 1 ;;
esac
"""

RUNNING = f"""{_WHOLE}printf '%s\\n' "$text" | {_PATHS}"""

IN_ORDER = f"""{_WHOLE}printf '%s\\n' "$text" | {_TREE}"""
"""What runs, in the router's own order, for where that means something."""

SAVED = f"""[ -f {SAVED_IN} ] || {{ echo 'there is no {SAVED_IN}: it does not save into one file' >&2; exit 1; }}
cat {SAVED_IN} | {_PATHS}"""

_TOOLS = f"""trap '' HUP PIPE
running() (
{RUNNING}
)
saved() (
{SAVED}
)
take() {{
  said=$(vtysh $dry -f /dev/stdin 2>&1) || return 1
  case "
$said" in *'
%'*) return 1 ;; esac
}}
differ() {{
  {{ printf '%s\\n' "$1"; echo '{NONCE}'; printf '%s\\n' "$2"; }} | hidden=$hidden awk -v m='{NONCE}' '
    BEGIN {{ heads = split(ENVIRON["hidden"], head, "\\n") }}
    function hides(s,   i) {{
      sub(/^no /, "", s); sub(/\\t.*/, "", s)
      for (i = 1; i <= heads; i++) if (head[i] == "*" || index(s " ", head[i] " ") == 1) return 1
      return 0
    }}
    function told(s) {{
      if (hides(s) || tolower(s) ~ /passw|secret|key|communit|md5|authentication/) return "(a line with a secret)"
      gsub(/\\t/, " / ", s); return s
    }}
    $0 == m {{ second = 1; next }}
    !second {{ was[$0] = 1; next }}
    $0 in was {{ delete was[$0]; next }}
    {{ more = more "; has " told($0) }}
    END {{ for (s in was) less = less "; lacks " told(s); printf "%.250s", substr(less more, 3) }}'
}}
dry= hidden=
"""


def shown(path: Path, secrets: Secrets = NO_SECRETS) -> str:
    """Return a line with its sections for people, without a secret in it."""
    *above, line = secrets.hide(path, lambda text: redact(text, b""))
    bare = line.removeprefix("no ")
    hidden = hide(bare, frr(), b"")
    return " / ".join([*above, line.removesuffix(bare) + hidden])


def has_secret(path: Path, secrets: Secrets = NO_SECRETS) -> bool:
    """Tell whether a line is one that nobody may see."""
    return shown(path, secrets) != " / ".join(path)


def dry_run(paths: Sequence[Path], secrets: Secrets = NO_SECRETS) -> str:
    """Return the script that asks which daemons run, then whether the router knows each line; it changes nothing."""
    return f"""{_TOOLS}echo "daemons $(vtysh -c 'show daemons' </dev/null 2>&1)"
dry=-C no=
{_lines(paths, secrets)}[ -z "$no" ] || {{ printf '%s\\n' "$no"; exit 3; }}
"""


def way_back(before: Paths) -> str:
    """Return the script that makes the router what it was: the inverse lines, then all that ran, then a read-back.

    The whole text can take nothing away, so the inverse lines come once more after it. Nothing is done at boot, when
    what is saved comes up by itself.
    """
    return f"""case ${{when-}} in boot) exit 0 ;; esac
{_TOOLS}{INVERSE}before={quote(write(before))}
is_back() {{ now=$(running) && [ "$now" = "$before" ]; }}
go_back() {{
  now=$(running) && inverse "$before" "$now" | vtysh -f /dev/stdin >/dev/null 2>&1
  is_back
}}
is_back || go_back && exit 0
vtysh -f /dev/stdin >/dev/null 2>&1 <<'{NONCE}'
{indented(before)}{NONCE}
is_back || go_back || {{ sleep 1; go_back; }}
"""


def apply(before: Paths, then: Paths, todo: Sequence[Path], back: str, secrets: Secrets = NO_SECRETS) -> str:
    """Return the script that has the router take lines: all of them as they were predicted, or none."""
    return f"""(
{_TOOLS}{_hidden(secrets)}before={quote(write(before))}
wanted={quote(write(then))}
back() (
{back})
now=$(running) || exit {MOVED}
[ "$now" = "$before" ] || {{ echo "since then: $(differ "$before" "$now")" >&2; exit {MOVED}; }}
no=
{_lines(todo, secrets)}if [ -z "$no" ]; then
  now=$(running) && [ "$now" = "$wanted" ] || {{ sleep 1; now=$(running); }}
  [ "$now" = "$wanted" ] && exit 0
  no="the router made something else of the lines: $(differ "$wanted" "$now"); write them as it does"
fi
if back; then echo "$no; refused and put back" >&2; exit 1; fi
echo "$no; refused and NOT put back: look at the router" >&2
exit 2
)"""


def _hidden(secrets: Secrets) -> str:
    """Return the setting of how lines begin of which nothing is told when what runs is another."""
    return f"hidden={quote(chr(10).join(words or '*' for words in secrets.beginnings))}\n"


def _lines(paths: Sequence[Path], secrets: Secrets) -> str:
    return "".join(_line(path, secrets) for path in paths)


def _line(path: Path, secrets: Secrets) -> str:
    """Take a line unless one before it was refused; what the router says of a secret is not told, for it repeats it."""
    words = "" if has_secret(path, secrets) else r': $(printf %.150s "$said" | tr "\n\t" "  ")'
    return f"""if [ -z "$no" ]; then take <<'{NONCE}' || no={quote(f"{shown(path, secrets)}: not taken")}"{words}"
{_framed(path)}{NONCE}
fi
"""


def _framed(path: Path) -> str:
    """Return a line in its sections. Nothing is closed: an ``exit`` too many ends the reading without a word."""
    return "".join(f"{' ' * depth}{line}\n" for depth, line in enumerate(path))


def save(before: Paths, running: Paths, secrets: Secrets = NO_SECRETS) -> str:
    """Return the script that saves what runs, and puts the old file back where the file is then anything else."""
    return f"""(
{_TOOLS}{_hidden(secrets)}before={quote(write(before))}
wanted={quote(write(running))}
now=$(running) || exit {MOVED}
[ "$now" = "$wanted" ] || {{ echo "it runs other lines: $(differ "$wanted" "$now")" >&2; exit {MOVED}; }}
now=$(saved) || exit {MOVED}
[ "$now" = "$before" ] || {{ echo "other lines are saved: $(differ "$before" "$now")" >&2; exit {MOVED}; }}
umask 077
for name in {SAVED_IN} {SAVED_IN}.sav; do
  [ ! -f "$name" ] || cp -p "$name" "$k/$n.${{name##*.}}" || exit 1
done
sync
said=$(vtysh -c 'write memory' </dev/null 2>&1) && case $said in *'[OK]'*) sync ;; *) false ;; esac &&
  now=$(saved) && [ "$now" = "$wanted" ] && exit 0
{SAVE_BACK}
echo "the router did not save what runs: $(printf %.150s "$said" | tr '\\n' ' '); the old file is back" >&2
exit 1
)"""


SAVE_BACK = f"""for name in {SAVED_IN} {SAVED_IN}.sav; do
  if [ -f "$k/$n.${{name##*.}}" ]; then
    cp -p "$k/$n.${{name##*.}}" "$name.storefleet" && mv -f "$name.storefleet" "$name" || exit 1
  else rm -f "$name"
  fi
done
sync"""
"""The way back of saving: both files of FRR as they were, at boot too."""
