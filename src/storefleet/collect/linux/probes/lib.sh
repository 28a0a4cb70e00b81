# What every probe needs. POSIX sh only: dash and BusyBox ash; no file is written, so a full or read-only disk is no matter.
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset LANGUAGE LANG TZ CDPATH ENV 2>/dev/null
N='@NONCE@'

has() { command -v "$1" >/dev/null 2>&1; }
# tagged TAG: the end of a pipe, whose own process becomes sed; tag TAG <FILE: the shell stays.
if has sed; then
  tagged() { exec sed "s/^/$1	/"; }
  tag() { sed "s/^/$1	/"; }
else
  tagged() { each "$1"; }
  tag() { each "$1"; }
fi
each() { while IFS= read -r _l || [ -n "$_l" ]; do printf '%s\t%s\n' "$1" "$_l"; done; } # for tags that hold names
gap() { printf '?\t%s\t%s\n' "$1" "$2"; }

# line TAG FILE: the first line of a small file of the kernel, without a fork.
line() {
  _v=
  { IFS= read -r _v <"$2"; } 2>/dev/null
  if [ -n "$_v" ]; then printf '%s\t%s\n' "$1" "$_v"; fi
}

# Whoever kills a command that hangs: KILL, since one that ignores TERM would hold the whole collection.
watched() {
  _s=$1
  shift
  "$@" &
  _p=$!
  (
    trap 'kill "$_z"; exit 0' TERM
    sleep "$_s" &
    _z=$!
    wait "$_z" && kill -9 "$_p"
  ) </dev/null >/dev/null 2>&1 &
  _w=$!
  wait "$_p"
  _r=$?
  kill "$_w" 2>/dev/null
  wait "$_w" 2>/dev/null
  return "$_r"
}

# $T SECONDS COMMAND…: run a command that may hang. BusyBox before 1.30 has `timeout -t`; some builds have none.
# A word and not a function, so that a subshell with nothing else to do becomes the command: a process less each time.
if timeout -s KILL 5 true </dev/null >/dev/null 2>&1; then
  T='timeout -s KILL'
elif timeout -t 5 -s KILL true </dev/null >/dev/null 2>&1; then
  T='timeout -s KILL -t'
else
  T=watched
fi

# run TAG SECONDS COMMAND…: every line with its tag, and how the command ended: a tool that failed has not said "none".
run() {
  _g=$1
  shift
  _o=$($T "$@")
  told "$_g" "$?" "$_o"
}

# told TAG STATUS TEXT: what a command said, and how it ended.
told() {
  printf 'rc\t%s\t%s\n' "$1" "$2"
  if [ -n "$3" ]; then printf '%s\n' "$3" | tagged "$1"; fi
}

everything() { cat; }
if [ "$(printf abc | head -c 2 2>/dev/null)" = ab ]; then CAP='head -c'; else CAP=everything; fi

me=$(id -u 2>/dev/null)
if [ -z "$me" ]; then
  while read -r _k _v _; do if [ "$_k" = Uid: ]; then me=$_v; fi; done </proc/self/status
fi
root() { [ "$me" = 0 ]; }

# frame ID BYTES COMMAND…: run one probe between two lines that nobody can forge; file descriptor 4 is our own output.
frame() {
  _id=$1
  _cap=$2
  shift 2
  printf 'BEGIN %s %s\n' "$N" "$_id"
  _rc=$({ { "$@" </dev/null 2>/dev/null 3>&- 4>&-; echo $? >&3; } | $CAP "$_cap" >&4; } 3>&1)
  printf '\nEND %s %s %s\n' "$N" "$_id" "$_rc"
}

# Exit codes of a probe that could not read; the controller turns them into words.
NO_FILE=121
NEEDS_ROOT=122
NO_TOOL=123

# content SECONDS BYTES FILE: a regular file, never a pipe or a device that would block.
content() {
  if [ -f "$3" ]; then
    if [ -r "$3" ]; then $T "$1" head -c "$2" "$3"; else return $NEEDS_ROOT; fi
  elif [ -e "$3" ] || [ -L "$3" ]; then
    return $NO_FILE
  else
    # A folder that may not be entered looks like an absent file.
    if root || [ -x "${3%/*}/." ]; then return $NO_FILE; else return $NEEDS_ROOT; fi
  fi
}
