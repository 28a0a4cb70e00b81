# crontab_of TAG FILE: a crontab, whole or not at all.
crontab_of() {
  _v=$(content '' 65537 "$2")
  case $? in
    0) if [ "${#_v}" -gt 65536 ]; then gap /security/jobs "more than 64 KiB: $2"; else said "$1	$2" "$_v"; fi ;;
    "$NEEDS_ROOT") gap /security/jobs "needs root (sudo refused): $2" ;;
  esac
}

# closed FOLDER: may jobs stand in it that we cannot see?
closed() {
  if root; then return 1; fi
  if hidden "$1"; then return 0; fi
  [ -d "$1" ] && [ ! -r "$1" ]
}

# ignored NAME: Debian's cron and run-parts take plain names only; others leave out what editors and packages put beside.
ignored() {
  case $1 in
    *[!A-Za-z0-9_-]*) if [ -e /etc/debian_version ]; then return 0; fi ;;
  esac
  case $1 in
    '*' | *"$NL"* | *'	'* | *'~' | *.swp | *.rpmsave | *.rpmnew | *.rpmorig) return 0 ;;
  esac
  return 1
}

p_jobs() {
  for _d in /etc/cron.d /etc/crontabs /var/spool/cron /var/spool/cron/crontabs /var/spool/cron/atjobs /var/spool/at; do
    if closed "$_d"; then gap /security/jobs "needs root (sudo refused): $_d"; fi
  done
  echo 'asked	yes'
  if [ -f /etc/crontab ]; then crontab_of system /etc/crontab; fi
  if [ -f /etc/anacrontab ]; then crontab_of anacron /etc/anacrontab; fi
  for _f in /etc/cron.d/*; do
    if [ -f "$_f" ] && ! ignored "${_f##*/}"; then crontab_of system "$_f"; fi
  done
  # One folder may be a link to another.
  for _d in /etc/crontabs /var/spool/cron /var/spool/cron/crontabs; do
    if [ "$_d" != /etc/crontabs ] && [ "$_d" -ef /etc/crontabs ]; then continue; fi
    for _f in "$_d"/*; do
      case ${_f##*/} in cron.update | *"$NL"* | *'	'*) continue ;; esac
      if [ -f "$_f" ]; then crontab_of own "$_f"; fi
    done
  done
  set --
  for _d in /etc/cron.*ly /etc/periodic/*; do
    for _f in "$_d"/*; do
      if [ ! -f "$_f" ] || [ ! -x "$_f" ] || ignored "${_f##*/}"; then continue; fi
      printf 'script\t%s\t%s\n' "${_d##*/}" "$_f"
      set -- "$@" "$_f"
    done
  done
  if [ $# -gt 0 ] && has sha256sum; then said sha256 "$($T 10 sha256sum -- "$@")"; fi
  for _f in /var/spool/cron/atjobs/* /var/spool/at/*; do
    case $_f in *"$NL"*) continue ;; esac
    if [ -f "$_f" ]; then printf 'at\t%s\n' "$_f"; fi
  done
}
