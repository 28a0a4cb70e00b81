# p_files BYTES FILE…: the names are already expanded; a name with a line break cannot be framed and is told as a gap.
p_files() {
  _max=$1
  shift
  for _f in "$@"; do
    shift
    case $_f in
      *"$NL"*)
        gap /files 'a file name with a line break'
        continue
        ;;
    esac
    if [ -L "$_f" ]; then printf 'kind\tlink\t%s\n' "$_f"; fi
    if [ -d "$_f" ]; then
      printf 'kind\tdirectory\t%s\n' "$_f"
    elif [ -f "$_f" ]; then
      printf 'kind\tfile\t%s\n' "$_f"
    elif [ -e "$_f" ] || [ -L "$_f" ]; then
      printf 'kind\tother\t%s\n' "$_f"
      continue
    elif root || [ -x "${_f%/*}/." ]; then
      case $_f in *[\*\?\[]*) ;; *) printf 'kind\tabsent\t%s\n' "$_f" ;; esac
      continue
    else
      printf 'denied\t%s\n' "$_f"
      continue
    fi
    if [ -f "$_f" ] && [ ! -r "$_f" ]; then printf 'unread\t%s\n' "$_f"; fi
    set -- "$@" "$_f"
  done
  if [ $# = 0 ]; then return 0; fi
  _o=
  if has stat; then
    _o=$($T 10 stat -L -c '%a	%U	%G	%Y	%s	%n' -- "$@")
    said stat "$_o"
    _o=$_o$NL
  fi
  digests "$@"
}

# digests FILE…: of those that may be read and are not larger than the limit.
digests() {
  for _f in "$@"; do
    shift
    if [ ! -f "$_f" ] || [ ! -r "$_f" ]; then continue; fi
    if larger "$_f"; then printf 'large\t%s\n' "$_f"; else set -- "$@" "$_f"; fi
  done
  if [ $# = 0 ]; then return 0; fi
  if has sha256sum; then
    said sha256 "$($T 30 sha256sum -- "$@")"
  elif has openssl; then
    for _f in "$@"; do said "digest	$_f" "$($T 10 openssl dgst -sha256 -r <"$_f")"; done
  fi
}

# larger FILE: where stat did not tell the size, find does.
larger() {
  _v=${_o%%"	$1$NL"*}
  _v=${_v##*"$NL"}
  _v=${_v##*	}
  case $_v in
    '' | *[!0-9]*) [ -n "$($T 3 find -L "$1" -prune -size "+${_max}c")" ] ;;
    *) [ "$_v" -gt "$_max" ] ;;
  esac
}
