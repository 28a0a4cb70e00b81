# Can this host reach its endpoints? Side by side; 8 s for the name, 2 x 5 s to connect, 8 s for TLS: under 30 s in all.
# A verdict comes from what a tool says, and a tool is believed only after it has told open from refused on this host.

now() { # hundredths of a second since the start; `date +%N` is not everywhere
  read -r _u _ </proc/uptime
  _u=$((${_u%.*} * 100 + 1${_u#*.} - 100))
}

verdict() { # STATUS TEXT
  case $2 in
    *sage:* | *'nvalid option'* | *'nrecognized option'* | *'applet not found'*) echo unknown ;;
    *refused*) echo refused ;;
    *'timed out'* | *'imeout'*) echo timeout ;;
    *'No route'* | *nreachable* | *'ermission denied'* | *'not permitted'* | *'Host is down'*) echo unreachable ;;
    *'not known'* | *'name resolution'* | *'bad address'* | *'lookup failed'* | *'No address associated'*) echo name ;;
    *) case $1 in 0) echo open ;; 124 | 137 | 143) echo timeout ;; *) echo unknown ;; esac ;;
  esac
}

# shellcheck disable=SC2016
with_bash() {
  _o=$($T "$WAIT" bash -c 'exec 3<>"/dev/tcp/$1/$2"' reach "$1" "$2" 2>&1)
  verdict $? "$_o"
}
with_nc_z() {
  _o=$($T $((WAIT + 1)) nc -z -v -w "$WAIT" "$1" "$2" 2>&1)
  verdict $? "$_o"
}
# BusyBox has no -z: its usage error would look like a closed port. `-e true` hangs up as soon as it is connected.
with_nc_e() {
  _o=$($T $((WAIT + 1)) nc -w "$WAIT" "$1" "$2" -e true 2>&1)
  verdict $? "$_o"
}

# The smallest BusyBox nc has neither: it says when it could not connect, and whoever must be hung up on was connected.
with_nc_w() {
  _o=$($T $((WAIT + 1)) nc -w "$WAIT" "$1" "$2" 2>&1)
  _r=$?
  case $_r in 124 | 137 | 143) _r=0 ;; esac
  verdict $_r "$_o"
}

# Ports of our own that are open: the way we came in, 22, then a few that listen.
own_ports() {
  _way=${SSH_CONNECTION:-22}
  for _f in /proc/net/tcp /proc/net/tcp6; do
    [ -r "$_f" ] || continue
    while read -r _n _a _b _st _; do
      case $_st,$_a in
        0A,00000000:* | 0A,0100007F:* | 0A,00000000000000000000000000000000:*)
          _a=$((0x${_a##*:}))
          case $_a in 22 | "${_way##* }") set -- "$_a" "$@" ;; *) set -- "$@" "$_a" ;; esac
          ;;
      esac
    done <"$_f"
  done
  _n=0
  for _a in "$@"; do
    _n=$((_n + 1))
    if [ $_n -le 4 ]; then echo "$_a"; fi
  done
}

# proven TOOL: does it tell a closed port of ours from an open one? A second is long enough for ourselves.
proven() {
  WAIT=1
  if [ "$("$1" 127.0.0.1 1)" != refused ]; then return 1; fi
  for _own in $(own_ports); do
    if [ "$("$1" 127.0.0.1 "$_own")" = open ]; then return 0; fi
  done
  return 1
}

pick_tool() {
  TOOL=
  WAIT=1
  if has bash && [ "$(with_bash 127.0.0.1 1)" = refused ]; then TOOL=with_bash; fi
  if has nc && [ -z "$TOOL" ]; then
    for _w in with_nc_z with_nc_e with_nc_w; do
      if proven "$_w"; then
        TOOL=$_w
        break
      fi
    done
  fi
  WAIT=5
}

# resolve HOST: its addresses as the system's own applications see them, else as the name servers say.
resolve() {
  case $1 in
    *:*) echo "$1" ;;
    *[!0-9.]*)
      if has getent; then
        $T 8 getent ahosts "$1" | while read -r _a _k _; do if [ "$_k" = STREAM ]; then echo "$_a"; fi; done
      else
        in_hosts_file "$1"
        if has nslookup; then $T 8 nslookup "$1" 2>/dev/null | answers; else echo "$1"; fi
      fi
      ;;
    *) echo "$1" ;;
  esac
}

in_hosts_file() {
  while read -r _a _names; do
    case " $_names " in *" $1 "*) case $_a in '#'*) ;; *) echo "$_a" ;; esac ;; esac
  done </etc/hosts
}

# What stands before the first `Name:` is the server that was asked.
answers() {
  _seen=
  while read -r _k _v _w _; do
    case $_k in
      Name:*) _seen=1 ;;
      Address:*) if [ "$_seen" ]; then echo "$_v"; fi ;;
      Address) if [ "$_seen" ]; then echo "$_w"; fi ;;
    esac
  done
}

# reach HOST PORT TLS: everything about one endpoint in one write, which a pipe does not mix with another's.
reach() {
  now
  _start=$_u
  _result=
  _at=
  _tried=' '
  for _addr in $(resolve "$1"); do
    case $_tried in
      *" $_addr "*) continue ;;
      ' '*' '*' ') break ;;
    esac
    _tried="$_tried$_addr "
    now
    _start=$_u
    _at=$_addr
    _result=$($TOOL "$_addr" "$2")
    if [ "$_result" = open ]; then break; fi
  done
  now
  if [ -z "$_result" ]; then _result=name; fi
  _ms=$(((_u - _start) * 10))
  _tls=
  if [ "$_result" = open ] && [ "$3" ]; then
    if has openssl; then _tls=$(handshake "$_at" "$2" "$1" "$3"); else _tls='none'; fi
  fi
  printf '%s\t%s\t%s\t%s\t%s\t%.3000s\n' "$1:$2" "$_result" "$_ms" "$_at" "$3" "$_tls"
}

# A plain handshake, nothing sent: what was spoken, what the check of the certificate says, and until when it lives.
# Fields are parted by a bar, which no date and no version holds.
handshake() { # ADDRESS PORT HOST VERSION
  _h=$3
  _least=$4
  case $1 in *:*) set -- -connect "[$1]:$2" ;; *) set -- -connect "$1:$2" ;; esac
  case $_h in
    *:*) set -- "$@" -verify_ip "$_h" ;;
    *[!0-9.]*) set -- "$@" -servername "$_h" -verify_hostname "$_h" ;;
    *) set -- "$@" -verify_ip "$_h" ;;
  esac
  case $_least in
    1.3) set -- "$@" -no_tls1 -no_tls1_1 -no_tls1_2 ;;
    1.2) set -- "$@" -no_tls1 -no_tls1_1 ;;
    1.1) set -- "$@" -no_tls1 ;;
  esac
  _o=$($T 8 openssl s_client "$@" 2>&1)
  printf 'status=%s' "$?"
  printf '%s\n' "$_o" | while IFS= read -r _l; do
    case $_l in
      CONNECTED*) printf '|connected=1' ;;
      'New, '* | *'Verify return code: '* | *'alert '* | *':error:'* | *'errno='*) printf '|line=%.300s' "$_l" ;;
    esac
  done
  printf '%s\n' "$_o" | openssl x509 -noout -enddate -issuer -subject -nameopt RFC2253 2>/dev/null |
    while IFS= read -r _l; do printf '|%.300s' "$_l"; done
}

p_reachable() { cat <&5; }
