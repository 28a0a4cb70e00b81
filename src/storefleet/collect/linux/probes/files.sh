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
    t 3 stat -L -c '%a %U %G %Y %s' -- "$_f" | each "stat	$_f"
    if [ -f "$_f" ]; then
      if [ ! -r "$_f" ]; then
        printf 'unread\t%s\n' "$_f"
      elif [ -n "$(t 3 find -L "$_f" -prune -size "+${_max}c")" ]; then
        printf 'large\t%s\n' "$_f"
      else
        digest "$_f" | each "sha256	$_f"
      fi
    fi
  done
}

digest() {
  if has sha256sum; then t 10 sha256sum <"$1"; elif has openssl; then t 10 openssl dgst -sha256 -r <"$1"; fi
}
