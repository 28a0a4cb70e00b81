# p_files BYTES FILE…: the names are already expanded; a name with a line break cannot be framed and is told as a gap.
p_files() {
  _max=$1
  shift
  for _f in "$@"; do
    case $_f in
      *"
"*)
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
    _v=$($T 3 stat -L -c '%a %U %G %Y %s' -- "$_f")
    if [ -n "$_v" ]; then printf 'stat\t%s\t%s\n' "$_f" "$_v"; fi
    if [ -f "$_f" ]; then
      if [ ! -r "$_f" ]; then
        printf 'unread\t%s\n' "$_f"
      elif larger "$_f" "$_max" "${_v##* }"; then
        printf 'large\t%s\n' "$_f"
      else
        _v=$(digest "$_f")
        if [ -n "$_v" ]; then printf 'sha256\t%s\t%s\n' "$_f" "$_v"; fi
      fi
    fi
  done
}

# larger FILE BYTES SIZE: where stat could not tell the size, find does.
larger() {
  case $3 in
    '' | *[!0-9]*) [ -n "$($T 3 find -L "$1" -prune -size "+${2}c")" ] ;;
    *) [ "$3" -gt "$2" ] ;;
  esac
}

digest() {
  if has sha256sum; then $T 10 sha256sum <"$1"; elif has openssl; then $T 10 openssl dgst -sha256 -r <"$1"; fi
}
