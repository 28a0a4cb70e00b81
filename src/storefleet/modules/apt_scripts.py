"""The shell in which apt is run, and says why it failed."""

from __future__ import annotations

from storefleet.modules.transactions import apt_get

LISTS_AGE = """stamp=/var/lib/apt/periodic/update-success-stamp
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


def run(words: tuple[str, ...], waits_s: int = 60) -> str:
    """Return the script that has apt do something, and waits so long for whoever holds its lock."""
    waits = ("-o", f"DPkg::Lock::Timeout={waits_s}")
    return f'{apt_get((*waits, *words))} >"$k/$n.log" 2>&1 {_TELL}'
