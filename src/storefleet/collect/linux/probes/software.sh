# A package system is believed by its data: BusyBox brings an rpm and a dpkg of its own that know nothing.
p_packages() {
  if has dpkg-query && [ -e /var/lib/dpkg/status ]; then
    echo 'system	dpkg'
    ask dpkg dpkg-query -W -f '${db:Status-Abbrev}\t${binary:Package}\t${Version}\n'
  elif has rpm && { [ -d /var/lib/rpm ] || [ -d /usr/lib/sysimage/rpm ]; }; then
    echo 'system	rpm'
    run rpm 20 rpm -qa --qf '%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\n'
  elif has apk && [ -d /lib/apk/db ]; then
    echo 'system	apk'
    ask apk apk info -v
  elif has opkg && { [ -d /usr/lib/opkg ] || [ -d /var/lib/opkg ]; }; then
    echo 'system	opkg'
    ask opkg opkg list-installed
  elif has busybox; then
    echo 'system	busybox'
  else
    echo 'system	none'
  fi
  if has busybox; then first busybox "$(busybox 2>&1)"; fi
  if has dropbear; then first dropbear "$(dropbear -V 2>&1)"; fi
}

first() { said "$1" "${2%%"$NL"*}"; }

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

# When timers run, out of their files and those over them; init would have to be asked for each.
timers() {
  for _d in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system "$_lib"; do
    for _f in "$_d"/*.timer.d/*.conf; do
      if [ -f "$_f" ]; then set -- "$@" "$_f"; fi
    done
  done
  said timer "$(grep -HE '^[[:space:]]*(On[A-Z][A-Za-z]*|Unit)[[:space:]]*=' "$@" /dev/null)"
}

# What is installed, and what starts by itself: the names in each folder, earlier folders first, and what decides about
# them. `systemctl list-unit-files` tells it too, and takes init longer than all else that is read here.
unit_files() {
  _on='' _now=''
  for _f in /etc/systemd/system/*.wants/* /etc/systemd/system/*.requires/*; do _on="$_on ${_f##*/}"; done
  for _f in /run/systemd/*/*.wants/* /run/systemd/*/*.requires/*; do _now="$_now ${_f##*/}"; done
  printf 'wanted\t%s\nwanted-runtime\t%s\n' "$_on" "$_now"
  _links='' _timers=''
  _lib=/lib/systemd/system
  if [ -L /lib ] && [ -d /usr/lib/systemd/system ]; then _lib=/usr/lib/systemd/system; fi
  set --
  for _d in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system "$_lib"; do
    _here='' _masked='' _other=''
    for _f in "$_d"/*.service "$_d"/*.socket "$_d"/*.timer; do
      case $_f in
        *'*'*) continue ;;
        *.timer) _timers="$_timers $_f" ;;
      esac
      if [ ! -f "$_f" ] || [ ! -s "$_f" ]; then
        _masked="$_masked ${_f##*/}"
      elif [ -L "$_f" ]; then
        _other="$_other ${_f##*/}"
        case $_d in /etc/* | /run/*) _links="$_links $_f" ;; esac
      else
        _here="$_here ${_f##*/}"
        set -- "$@" "$_f"
      fi
    done
    printf 'folder\t%s\t%s\t%s\t%s\n' "$_d" "$_masked" "$_other" "$_here"
  done
  # shellcheck disable=SC2086
  if [ "$_links" ]; then said alias "$(readlink $_links)"; fi
  if has grep; then
    # shellcheck disable=SC2086
    timers $_timers
    said startable "$(grep -l '^\[Install\]' "$@" /dev/null)"
    printf 'rc\tfolder\t0\n'
  else
    printf 'rc\tfolder\t%s\n' $NO_TOOL
  fi
}

unit() { # the columns of one line
  _u=$1
  _load=$2
  _st=$4
}

# What is loaded. `systemctl show` has init tell all it knows of a unit, some hundred properties, whatever is asked for:
# it is asked about what runs or failed, and about what has no file in the folders (generated units, foreign links).
units() {
  _o=$($T 15 systemctl list-units --all --full --plain --no-legend --no-pager --type=service,socket,timer)
  told units "$?" "$_o"
  set -f
  IFS=$NL
  set --
  for _l in $_o; do
    IFS=' '
    # shellcheck disable=SC2086
    unit $_l
    case $_load/$_u/$_st in
      not-found/* | masked/*) continue ;;
      */*.socket/* | */*.timer/* | */*.service/dead | */*.service/exited)
        case $_u in *@*) _f=${_u%%@*}@.${_u##*.} ;; *) _f=$_u ;; esac
        if [ -L "/etc/systemd/system/$_f" ]; then :; elif [ -f "/etc/systemd/system/$_f" ] || [ -f "$_lib/$_f" ]; then
          continue
        fi
        ;;
    esac
    set -- "$@" "$_u"
  done
  if [ $# -gt 0 ]; then run show 15 systemctl show -p Id,UnitFileState,NRestarts,MainPID -- "$@"; fi
}

p_services() {
  if has systemctl && [ -d /run/systemd/system ]; then
    echo 'manager	systemd'
    unit_files
    units
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
