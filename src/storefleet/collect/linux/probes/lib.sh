# What every probe needs. POSIX sh only: dash and BusyBox ash; no file is written, so a full or read-only disk is no matter.
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset LANGUAGE LANG TZ CDPATH ENV 2>/dev/null
NL='
'
N='@NONCE@'

has() { command -v "$1" >/dev/null 2>&1; }
gap() { printf '?\t%s\t%s\n' "$1" "$2"; }

# said TAG TEXT: what a tool or a file said, between two marks. Nobody else knows the word, so no line of it can be a mark
# or pass for a record. A shell that writes it by itself saves the two processes of a pipe into `sed`.
said() {
  if [ -n "$2" ]; then printf "= $N %s\n%.${_cap}s\n= $N\n" "$1" "$2"; fi
}

# each TAG <FILE: for small files, without a process; tag TAG <FILE: for those that may be long.
each() { while IFS= read -r _l || [ -n "$_l" ]; do printf '%s\t%s\n' "$1" "$_l"; done; }
tag() { said "$1" "$(cat)"; }

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
# What only asks the kernel or reads a local file runs without it: nothing waits there, and a killed one would wait too.
if timeout -s KILL 5 true </dev/null >/dev/null 2>&1; then
  T='timeout -s KILL'
elif timeout -t 5 -s KILL true </dev/null >/dev/null 2>&1; then
  T='timeout -s KILL -t'
else
  T=watched
fi

# run TAG SECONDS COMMAND…: what it said, and how it ended: a tool that failed has not said "none".
run() {
  _g=$1
  shift
  _o=$($T "$@")
  told "$_g" "$?" "$_o"
}

# ask TAG COMMAND…: the same for one that cannot hang.
ask() {
  _g=$1
  shift
  _o=$("$@")
  told "$_g" "$?" "$_o"
}

# told TAG STATUS TEXT
told() {
  printf 'rc\t%s\t%s\n' "$1" "$2"
  said "$1" "$3"
}

me=
{ while read -r _k _v _w _; do case $_k in Uid:) me=$_w && break ;; esac; done </proc/self/status; } 2>/dev/null
if [ -z "$me" ]; then me=$(id -u 2>/dev/null); fi
root() { [ "$me" = 0 ]; }

# frame ID BYTES COMMAND…: one probe between two lines that nobody can forge, in a shell of its own.
frame() {
  _id=$1
  _cap=$2
  shift 2
  printf 'BEGIN %s %s\n' "$N" "$_id"
  ("$@") </dev/null 2>/dev/null
  printf '\nEND %s %s %s\n' "$N" "$_id" "$?"
}

everything() { cat; }

# capped COMMAND…: what a command of somebody else's prints, up to the frame's size.
capped() {
  if [ "$(printf abc | head -c 2)" = ab ]; then _max='head -c'; else _max=everything; fi
  _rc=$({ { "$@" 3>&- 4>&-; echo $? >&3; } | $_max "$_cap" >&4; } 3>&1)
  return "$_rc"
} 4>&1

# Exit codes of a probe that could not read; the controller turns them into words.
NO_FILE=121
NEEDS_ROOT=122
NO_TOOL=123

# content SECONDS BYTES FILE: a regular file, never a pipe or a device that would block; no SECONDS for one of the system's.
content() {
  if [ -f "$3" ]; then
    if [ -r "$3" ]; then ${1:+$T $1} head -c "$2" "$3"; else return $NEEDS_ROOT; fi
  elif [ -e "$3" ] || [ -L "$3" ]; then
    return $NO_FILE
  else
    # A folder that may not be entered looks like an absent file.
    if root || [ -x "${3%/*}/." ]; then return $NO_FILE; else return $NEEDS_ROOT; fi
  fi
}
