# What inventory/probes.yaml asks for: a file, a stat, or an argv that was quoted word by word.
p_probe_file() { content "$1" "$2" "$3"; }

p_probe_stat() {
  if [ -e "$1" ]; then
    has stat || return $NO_TOOL
    printf 'now\t%s\n' "$(date +%s)"
    said stat "$($T 5 stat -L -c '%a %U %G %Y %s' -- "$1")"
  elif root || [ -x "${1%/*}/." ]; then
    echo 'absent	1'
  else
    return $NEEDS_ROOT
  fi
}

p_probe_run() { # SECONDS ARGV…; what it starts and leaves behind must not hold our output open
  if [ ! -e "$2" ]; then return $NO_FILE; fi
  if [ ! -x "$2" ]; then return $NEEDS_ROOT; fi
  capped $T "$@"
}
