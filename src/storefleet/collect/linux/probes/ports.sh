# The socket tables of the kernel, with the names of their owners found through /proc/PID/fd: what `ss -p` does.
sockets_of_proc() {
  _inodes=' '
  for _f in tcp tcp6 udp udp6; do
    [ -r "/proc/net/$_f" ] || continue
    while read -r _n _a _b _st _q _tr _r _uid _to _inode _; do
      case $_f$_st in
        tcp*0A | udp*07)
          printf '%s\t%s\t%s\t%s\n' "$_f" "$_a" "$_uid" "$_inode"
          _inodes="$_inodes$_inode "
          ;;
      esac
    done <"/proc/net/$_f"
  done
  if ! root; then echo 'names	no'; fi
  ls -l /proc/[0-9]*/fd 2>/dev/null | owners "$_inodes"
}

owners() {
  while IFS= read -r _l; do
    case $_l in
      /proc/*/fd:)
        _p=${_l#/proc/}
        _p=${_p%/fd:}
        ;;
      *'socket:['*)
        _n=${_l##*'socket:['}
        _n=${_n%]*}
        case $1 in
          *" $_n "*) line "owner	$_n" "/proc/$_p/comm" ;;
        esac
        ;;
    esac
  done
}

p_listening() {
  if has ss; then
    if ! root; then echo 'names	no'; fi
    ask ss ss -H -lntup
  elif [ -r /proc/net/tcp ]; then
    sockets_of_proc
  else
    return $NO_TOOL
  fi
}
