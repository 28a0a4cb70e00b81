"""The dead-man switch on a host without systemd: a shell of its own that waits, a line at boot, and the live links.

The clock is the time since boot, which nobody sets. The boot is hooked where PID 1 is BusyBox ``init``, before its
first ``sysinit`` action; of another init nothing was tried, so nothing is promised there, and arming fails.
"""

from __future__ import annotations

BASE = "/var/lib/storefleet"

TIMER = f"""\
#!/bin/sh
# Wait, then undo: `timer.sh RUN UPTIME`. It ends when the run is disarmed, or undone by another.
trap '' HUP INT TERM
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
B={BASE}
cd /
echo "$$" >"$B/armed/$1/pid"
while [ -d "$B/armed/$1" ]; do
  read -r now rest </proc/uptime
  [ "${{now%%.*}}" -lt "$2" ] || exec /bin/sh "$B/undo.sh" "$1"
  sleep 1
done
"""

HOOKS = f"""hooked='{BASE}/undo.sh boot'
unhook() {{
  for file in /etc/inittab /etc/init.d/rcS; do
    grep -q "$hooked" "$file" 2>/dev/null || continue
    cp -p "$file" "$file.storefleet"
    grep -v "$hooked" "$file" >"$file.storefleet"
    sync
    mv -f "$file.storefleet" "$file"
  done
}}
put_hook() {{  # file, where, line
  grep -q "$hooked" "$1" && return 0
  cp -p "$1" "$1.storefleet"
  awk -v line="$3" -v where="$2" '
    !done && where != "" && $0 ~ where {{ print line; done = 1 }}
    {{ print }}
    where == "" && NR == 1 {{ print line; done = 1 }}
    END {{ exit !done }}' "$1" >"$1.storefleet" || {{ rm -f "$1.storefleet"; return 1; }}
  sync
  mv -f "$1.storefleet" "$1"
}}
hook() {{
  case $(readlink /proc/1/exe) in
    */busybox*) ;;
    *) echo 'neither systemd nor the init of BusyBox runs here, so no undo can be hooked into the boot' >&2; return 1 ;;
  esac
  if [ -f /etc/inittab ]; then put_hook /etc/inittab '^[^#]*:sysinit:' "::sysinit:/bin/sh $hooked"
  elif [ -f /etc/init.d/rcS ]; then put_hook /etc/init.d/rcS '' "/bin/sh $hooked"
  else false
  fi || {{ echo 'neither /etc/inittab nor /etc/init.d/rcS takes the line that undoes at boot' >&2; return 1; }}
}}
"""
"""``hook`` and ``unhook`` for the init of BusyBox; taken away, the file is byte for byte what it was."""

LINKS = """addresses() { ip -o -4 addr show | awk '{ print $2, $4 }'; }
without() { awk -v file="$1" 'BEGIN { while ((getline line < file) > 0) has[line] = 1 } !($0 in has)'; }
keep_links() {  # folder
  for link in /sys/class/net/*; do
    [ "$(($(cat "$link/flags") & 1))" = 0 ] || echo "${link##*/}"
  done >"$1/links"
  addresses >"$1/addresses"
  ip -4 route show >"$1/routes"
}
put_links() {  # folder
  while read -r link; do ip link set "$link" up; done <"$1/links"
  addresses >"$1/now"
  without "$1/addresses" <"$1/now" | while read -r link address; do ip addr del "$address" dev "$link"; done
  without "$1/now" <"$1/addresses" | while read -r link address; do ip addr add "$address" dev "$link"; done
  ip -4 route show >"$1/now"
  without "$1/routes" <"$1/now" | while read -r route; do ip route del $route; done
  for again in 1 2; do  # a way by a gateway needs the way to the gateway first
    ip -4 route show >"$1/now"
    without "$1/now" <"$1/routes" | while read -r route; do ip route add $route 2>/dev/null; done
  done
  ip -4 route show >"$1/now"
  [ -z "$(without "$1/now" <"$1/routes")$(without "$1/routes" <"$1/now")" ]
}
"""
"""What systemd-networkd would configure anew: the live addresses and routes of IPv4, as they were when it was armed."""


def start(run: str, seconds: int) -> str:
    """Return the lines that keep the links, start the shell that waits, and see it wait."""
    return f"""command -v setsid >/dev/null || {{ echo 'there is no setsid here, so no undo can wait' >&2; exit 1; }}
keep_links "$B/kept/{run}"
hook
read -r now rest </proc/uptime
setsid /bin/sh "$B/timer.sh" {run} $((${{now%%.*}} + {seconds})) </dev/null >/dev/null 2>&1 &
for again in 1 2 3 4 5; do [ -s "$B/armed/{run}/pid" ] && break; sleep 1; done
[ -s "$B/armed/{run}/pid" ] || {{ echo 'the shell that undoes did not start' >&2; exit 1; }}
"""


def waits(run: str) -> str:
    """Return the condition that the shell waits and the boot is hooked."""
    return f"""{{ pid=$(cat {BASE}/armed/{run}/pid) && tr '\\0' ' ' <"/proc/$pid/cmdline" | grep -q 'timer.sh {run} ' &&
  sh -n {BASE}/timer.sh && cat /etc/inittab /etc/init.d/rcS 2>/dev/null | grep -q '{BASE}/undo.sh boot'; }}"""
