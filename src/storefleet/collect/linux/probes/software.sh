# A package system is believed by its data: BusyBox brings an rpm and a dpkg of its own that know nothing.
p_packages() {
  if has dpkg-query && [ -e /var/lib/dpkg/status ]; then
    echo 'system	dpkg'
    run dpkg 20 dpkg-query -W -f '${db:Status-Abbrev}\t${binary:Package}\t${Version}\n'
  elif has rpm && { [ -d /var/lib/rpm ] || [ -d /usr/lib/sysimage/rpm ]; }; then
    echo 'system	rpm'
    run rpm 20 rpm -qa --qf '%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\n'
  elif has apk && [ -d /lib/apk/db ]; then
    echo 'system	apk'
    run apk 20 apk info -v
  elif has opkg && { [ -d /usr/lib/opkg ] || [ -d /var/lib/opkg ]; }; then
    echo 'system	opkg'
    run opkg 20 opkg list-installed
  elif has busybox; then
    echo 'system	busybox'
  else
    echo 'system	none'
  fi
  if has busybox; then $T 5 busybox 2>&1 | head -n 1 | tagged busybox; fi
  if has dropbear; then $T 5 dropbear -V 2>&1 | head -n 1 | tagged dropbear; fi
}

session() { # PID: the sixth field of stat; the name before it may hold anything, a closing bracket too
  _st=
  { IFS= read -r _st <"/proc/$1/stat"; } 2>/dev/null
  _st=${_st##*) }
  _st=${_st#* * * }
  _st=${_st%% *}
}

# BusyBox `timeout` leaves our session.
ourselves() {
  if [ "$1" = "$PPID" ]; then return 0; fi
  if [ "$1" -lt $$ ]; then return 1; fi
  session "$1"
  if [ "$_st" = "$_mine" ]; then return 0; fi
  _v=
  { read -r _v <"/proc/$1/comm"; } 2>/dev/null
  [ "$_v" = timeout ]
}

# What is installed and not loaded. `systemctl list-unit-files` tells it too, and takes init longer than all else that
# is read here: it looks every unit up in every folder. A file in an earlier folder hides its namesakes in later ones.
unit_files() {
  _on=' '
  for _f in /etc/systemd/system/*.wants/* /etc/systemd/system/*.requires/* /run/systemd/system/*.wants/*; do
    _on="$_on${_f##*/} "
  done
  _seen=' '
  set --
  for _d in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /lib/systemd/system \
    /usr/lib/systemd/system; do
    for _f in "$_d"/*.service "$_d"/*.socket "$_d"/*.timer; do
      case $_f in *@.* | *'*'*) continue ;; esac
      case $_seen in *" ${_f##*/} "*) continue ;; esac
      _seen="$_seen${_f##*/} "
      if [ -f "$_f" ] && [ ! -L "$_f" ] && [ -s "$_f" ]; then
        set -- "$@" "$_f"
      elif [ ! -f "$_f" ] || [ ! -s "$_f" ]; then
        printf 'file\t%s masked\n' "${_f##*/}"
      fi
    done
  done
  if ! has grep; then
    printf 'rc\tfile\t%s\n' $NO_TOOL
    return 0
  fi
  _can=" $(grep -l '^\[Install\]' "$@" /dev/null | tr '\n' ' ')"
  for _f in "$@"; do
    case $_on in
      *" ${_f##*/} "*) _st=enabled ;;
      *) case $_can in *" $_f "*) _st=disabled ;; *) _st=static ;; esac ;;
    esac
    printf 'file\t%s %s\n' "${_f##*/}" "$_st"
  done
  printf 'rc\tfile\t0\n'
}

p_services() {
  if has systemctl && [ -d /run/systemd/system ]; then
    echo 'manager	systemd'
    run show 15 systemctl show --all -p Id,ActiveState,SubState,UnitFileState,NRestarts,MainPID \
      '*.service' '*.socket' '*.timer'
    unit_files
    return 0
  fi
  echo 'manager	none'
  session $$
  _mine=$_st
  for _d in /proc/[0-9]*; do
    _v=
    { read -r _v <"$_d/cmdline"; } 2>/dev/null
    # A kernel thread has no command line; what began after us in our own session is ourselves.
    if [ -n "$_v" ] && ! ourselves "${_d#/proc/}"; then line "process	${_d#/proc/}" "$_d/comm"; fi
  done
  if [ -r /etc/inittab ]; then tag inittab </etc/inittab; fi
  for _f in /etc/init.d/* /etc/rc.d/S* /etc/rc2.d/S*; do
    if [ -f "$_f" ]; then printf 'init\t%s\n' "$_f"; fi
  done
}
