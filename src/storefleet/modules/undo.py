"""The dead-man switch: a change that could cut the line is armed with its own undo on the device before it is made.

The undo is a shell script beside what the run keeps (:mod:`storefleet.modules.remote`). It goes off by a timer of
systemd, which no log-out ends, or without systemd by a shell of its own (:mod:`storefleet.modules.detached`), and,
until it is disarmed, at every boot before the network comes up: a power cut undoes too. Disarming and undoing race for
one folder by renaming it, so that exactly one of them wins. Whatever the undo does it writes down for the controller to
read.
"""

from __future__ import annotations

from storefleet.collect.quote import quote
from storefleet.model.changes import ActOnUnit, Alter, Change
from storefleet.model.effects import NONCE
from storefleet.modules import detached, remote
from storefleet.modules.risk import NO_UNDO_FILES, NO_UNDO_UNITS

UNIT = "storefleet-undo"
HOOK = f"/etc/systemd/system/{UNIT}.service"
HOOK_TEXT = f"""\
[Unit]
Description=storefleet: undo what was being changed when the power went
DefaultDependencies=no
After=local-fs.target systemd-remount-fs.service
Before=network-pre.target nftables.service systemd-networkd.service networking.service frr.service ssh.service
Wants=network-pre.target

[Service]
Type=oneshot
ExecStart=/bin/sh {remote.BASE}/undo.sh boot

[Install]
WantedBy=multi-user.target
"""

UNDO = f"""\
#!/bin/sh
# Undo what a storefleet run changed: `undo.sh RUN [WHY]`, or `undo.sh boot` for whatever is armed.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
B={remote.BASE}
tab=$(printf '\\t')
{detached.HOOKS}{detached.LINKS}systemd() {{ [ -d /run/systemd/system ]; }}
tell() {{ printf '%s\\n' "$1" >>"$B/undone/$run.log"; }}
place() {{
  rm -f "$p.storefleet-undo"
  cp -pP "$k/$n" "$p.storefleet-undo" || return 1
  [ ! -L "$p" ] || rm -f "$p"  # a rename would go into the folder that it points to
  mv -f "$p.storefleet-undo" "$p" && tell "restored $p"
}}
tree() {{
  [ ! -e "$p" ] && [ ! -L "$p" ] && [ -d "$k/$n" ] || return 1
  rm -rf "$p.storefleet-undo"
  cp -pPR "$k/$n" "$p.storefleet-undo" && mv "$p.storefleet-undo" "$p" && tell "restored $p"
}}
files() {{
  sort -rn "$k/list" | while IFS=$tab read -r n kind words p; do
    case $kind in
      kept) place || tell "NOT restored $p" ;;
      tree) tree || tell "NOT restored $p" ;;
      attributes)
        set -- $words
        chown "$2:$3" "$p" && chmod "$1" "$p" && tell "restored $p" || tell "NOT restored $p" ;;
      absent)
        if [ -d "$p" ] && [ ! -L "$p" ]; then rmdir "$p"; else rm -f "$p"; fi &&
          tell "removed $p" || tell "NOT removed $p" ;;
      folder)
        set -- $words
        [ ! -L "$p" ] || rm -f "$p"
        [ -d "$p" ] || mkdir "$p"
        chown "$2:$3" "$p" && chmod "00$1" "$p" && tell "restored $p" || tell "NOT restored $p" ;;
      script) ( . "$k/$n.sh" ) </dev/null >/dev/null 2>&1 && tell "taken back: $p" || tell "NOT taken back: $p" ;;
      no-way-back) tell "no way back: $p" ;;
    esac
  done
}}
first() {{  # of each unit what was true of it before the run: "active enabled unit", the last one first
  seen=' ' lines=
  sort -n "$k/list" | {{
    while IFS=$tab read -r n kind words p; do
      [ "$kind" = unit ] && [ -n "$p" ] || continue
      case $seen in *" $p "*) continue ;; esac
      seen="$seen$p " lines="${{words#* }} $p
$lines"
    done
    printf %s "$lines"
  }}
}}
touched() {{  # whether the run did more to the unit than to say whether it starts with the host
  while IFS=$tab read -r n kind words p; do
    [ "$kind,$p" = "unit,$1" ] || continue
    case $words in "start "* | "stop "* | "restart "* | "reload "*) return 0 ;; esac
  done <"$k/list"
  return 1
}}
act() {{
  systemctl --no-ask-password "$1" -- "$2" && tell "$1 $2" || tell "NOT done: $1 $2"
}}
stops() {{  # what the run brought must end while its files are still there
  systemd || return 0
  first | while read -r active enabled unit; do
    case $active in active | activating | reloading | -) continue ;; esac
    [ "$when" = boot ] || ! systemctl --quiet is-active -- "$unit" || act stop "$unit"
    case $enabled in disabled | -) ! systemctl --quiet is-enabled -- "$unit" || act disable "$unit" ;; esac
  done
}}
units() {{
  systemd || return 0
  systemctl daemon-reload
  first | while read -r active enabled unit; do
    now=$(systemctl is-enabled -- "$unit" 2>/dev/null)
    case $enabled,$now in
      masked*,masked*) ;;
      masked*,*) act mask "$unit" ;;
      *,masked*) act unmask "$unit" ;;
    esac
    case $enabled,$now in
      enabled*,enabled*) ;;
      enabled*,*) act enable "$unit" ;;
      disabled*,enabled*) act disable "$unit" ;;
    esac
    case $active in active | activating | reloading) ;; *) continue ;; esac
    [ "$when" != boot ] && touched "$unit" || continue
    act restart "$unit"
    case $unit in
      systemd-networkd*)  # a restart alone leaves the wrong addresses and routes where they are
        for link in /sys/class/net/*; do networkctl reconfigure "${{link##*/}}"; done ;;
    esac
  done
}}
links() {{
  [ -f "$k/addresses" ] && [ "$when" != boot ] || return 0
  if put_links "$k"; then tell 'addresses and routes are back'; else tell 'NOT back: addresses and routes'; fi
}}
undo() {{
  run=$1 k=$B/kept/$1
  mkdir -p "$B/undoing" "$B/undone"
  mv "$B/armed/$run" "$B/undoing/$run" 2>/dev/null || [ -d "$B/undoing/$run" ] || return 0
  tell "$when: the way back"
  [ ! -f "$k/list" ] || {{ stops; files; units; }}
  links
  sync
  mv "$B/undoing/$run" "$B/undone/$run"
  if rmdir "$B/armed" 2>/dev/null; then
    if systemd; then systemctl disable {UNIT}.service; else unhook; fi
  fi
  sync
}}
when=$1
if [ "$when" = boot ]; then
  systemd || [ -d "$B" ] || mount -a
  ( : >"$B/undo.log" ) 2>/dev/null || mount -o remount,rw /
  for folder in "$B"/armed/* "$B"/undoing/*; do
    [ ! -d "$folder" ] || undo "${{folder##*/}}"
  done
else
  when=${{2:-timer}}
  undo "$1"
fi
"""


def has_undo(change: Change) -> bool:
    """Tell whether an undo on the device survives the change: not where the shell, systemd or the boot is at stake."""
    if isinstance(change, ActOnUnit):
        return not NO_UNDO_UNITS.fullmatch(change.unit)
    if isinstance(change, Alter) and not change.subject.startswith("file:"):
        return True
    return not NO_UNDO_FILES.fullmatch(change.target)


def has_way_back(change: Change) -> bool:
    """Tell whether what a change replaces can be put back."""
    return not isinstance(change, Alter) or bool(change.way_back)


def arm(run: str, seconds: int) -> str:
    """Return the script that arms the undo of a run: to go off in so many seconds, and at every boot until then.

    Where it cannot be armed whole it is not armed at all.
    """
    return f"""{remote.SETUP}
set -eu
umask 077
B={remote.BASE}
{detached.HOOKS}{detached.LINKS}[ ! -d "$B/armed" ] || rmdir "$B/armed" 2>/dev/null || {{
  echo "armed already: $(ls "$B/armed")" >&2; exit 1
}}
mkdir -p "$B/kept/{run}" "$B/armed/{run}"
trap 'rm -rf "$B/armed/{run}"; rmdir "$B/armed"; [ -d /run/systemd/system ] || unhook' EXIT
cat >"$B/undo.sh" <<'{NONCE}'
{UNDO}{NONCE}
if [ -d /run/systemd/system ]; then
{_by_systemd(run, seconds)}else
cat >"$B/timer.sh" <<'{NONCE}'
{detached.TIMER}{NONCE}
{detached.start(run, seconds)}fi
sync
trap - EXIT
"""


def _by_systemd(run: str, seconds: int) -> str:
    return f"""cat >{HOOK} <<'{NONCE}'
{HOOK_TEXT}{NONCE}
chmod 644 {HOOK}
systemctl daemon-reload
systemctl --quiet enable {UNIT}.service
systemd-run --quiet --collect --unit={_timer(run)} --on-active={seconds} --timer-property=AccuracySec=1s \\
  /bin/sh "$B/undo.sh" {run} </dev/null
"""


def is_armed(run: str) -> str:
    """Return the script that looks, over another connection, whether the undo is armed; exit 0 says so."""
    return f"""{remote.SETUP}
[ -d {remote.BASE}/armed/{run} ] && sh -n {remote.BASE}/undo.sh && if [ -d /run/systemd/system ]; then
  systemctl --quiet is-active {_timer(run)}.timer && systemctl --quiet is-enabled {UNIT}.service
else {detached.waits(run)}
fi && echo {NONCE} armed
"""


def disarm(run: str) -> str:
    """Return the script that takes the undo away where it has not gone off, and says which of both it is."""
    return f"""{remote.SETUP}
B={remote.BASE}
{detached.HOOKS}mkdir -p "$B/disarmed"
if mv "$B/armed/{run}" "$B/disarmed/{run}" 2>/dev/null; then
  [ ! -d /run/systemd/system ] || systemctl stop {_timer(run)}.timer
  rmdir "$B/armed"
  if [ -d /run/systemd/system ]; then systemctl --quiet disable {UNIT}.service; else unhook; fi
  sync
  echo {NONCE} disarmed
elif [ -d "$B/disarmed/{run}" ]; then echo {NONCE} disarmed
elif [ -d "$B/undone/{run}" ]; then echo {NONCE} undone; cat "$B/undone/{run}.log"
elif [ -d "$B/undoing/{run}" ]; then echo {NONCE} undoing
else echo {NONCE} unknown
fi
"""


def undo_now(run: str) -> str:
    """Return the script that undoes at once, and tells it."""
    return f"{remote.SETUP}\n/bin/sh {remote.BASE}/undo.sh {quote(run)} asked </dev/null >/dev/null 2>&1\n{disarm(run)}"


def _timer(run: str) -> str:
    return f"{UNIT}-{run.lower()}"
