# The state of a password, worked out here: a hash never leaves the device.
password() {
  case $1 in
    '') _h=none ;;
    '!'* | '*'*) _h=locked ;;
    *) _h=set ;;
  esac
}

p_users() {
  while IFS=: read -r _n _h _u _g _c _d _s; do
    case $_h in
      x) ;;
      *) password "$_h" ;;
    esac
    printf 'user\t%s\t%s\t%s\t%s\t%s\t%s\n' "$_n" "$_h" "$_u" "$_g" "$_d" "$_s"
  done </etc/passwd
  if [ -r /etc/shadow ]; then
    echo 'shadow	read'
    while IFS=: read -r _n _h _; do
      password "$_h"
      printf 'shadow\t%s\t%s\n' "$_n" "$_h"
    done </etc/shadow
  elif [ -e /etc/shadow ]; then
    echo 'shadow	denied'
  fi
  each group </etc/group
  p_keys
}

# Asked once for all frames: two of them read it, and sshd takes its time to tell.
ask_sshd() {
  _sshd='' _sshd_rc=0
  if has sshd && root; then
    _sshd=$($T 5 sshd -T 2>/dev/null)
    _sshd_rc=$?
  fi
}

# Options of dropbear stand on its command line; they are given the names that sshd has for them.
p_sshd() {
  if has sshd; then
    if root; then told sshd "$_sshd_rc" "$_sshd"; else return $NEEDS_ROOT; fi
    return 0
  fi
  for _d in /proc/[0-9]*; do
    _v=
    { read -r _v <"$_d/comm"; } 2>/dev/null
    if [ "$_v" = dropbear ]; then
      said dropbear "$(tr '\000' '\n' <"$_d/cmdline")"
      return 0
    fi
  done
  return $NO_TOOL
}

# hidden FOLDER: may something lie in it that we cannot see?
hidden() {
  if root; then return 1; fi
  if [ -e "$1" ]; then
    [ ! -x "$1" ]
  else
    [ -e "${1%/*}" ] && [ ! -x "${1%/*}" ]
  fi
}

key_files() { # USER HOME PATTERNS…
  _n=$1
  _h=$2
  shift 2
  for _f in "$@"; do
    case $_f in
      none) continue ;;
      %h/*) _f=$_h/${_f#%h/} ;;
      *%u*) _f=${_f%%%u*}$_n${_f#*%u} ;;
      /*) ;;
      *) _f=$_h/$_f ;;
    esac
    if [ -f "$_f" ] && [ -r "$_f" ]; then
      said "key	$_n" "$(head -c 262144 "$_f")"
    elif [ -e "$_f" ] || hidden "${_f%/*}" || hidden "$_h"; then
      printf 'denied\t%s\t%s\n' "$_n" "$_f"
    fi
  done
}

p_keys() {
  _files='.ssh/authorized_keys .ssh/authorized_keys2'
  if has sshd && root; then
    case $NL$_sshd in
      *"$NL"'authorizedkeysfile '*)
        _set=${_sshd##*authorizedkeysfile }
        _files=${_set%%"$NL"*}
        ;;
    esac
  fi
  set -f
  while IFS=: read -r _n _x _u _g _c _h _s; do
    case $_h in /nonexistent | '') continue ;; esac
    # shellcheck disable=SC2086
    key_files "$_n" "$_h" $_files
  done </etc/passwd
  if [ -e /etc/dropbear/authorized_keys ]; then key_files root /etc/dropbear /etc/dropbear/authorized_keys; fi
}

# Only the first certificate of a file: a private key beside it stays where it is.
p_certificates() {
  for _f in "$@"; do
    _v=$(content 3 262144 "$_f")
    printf 'status\t%s\t%s\n' "$_f" "$?"
    case $_v in
      *-----BEGIN\ CERTIFICATE-----*-----END\ CERTIFICATE-----*)
        _v=${_v#*-----BEGIN CERTIFICATE-----}
        said "cert	$_f" "-----BEGIN CERTIFICATE-----${_v%%-----END CERTIFICATE-----*}-----END CERTIFICATE-----"
        ;;
    esac
  done
}

p_firewall() {
  if ! root; then return $NEEDS_ROOT; fi
  if has nft; then
    echo 'backend	nftables'
    ask nft nft -nn list ruleset
  elif has iptables-save; then
    echo 'backend	iptables'
    run iptables 10 iptables-save
  else
    return $NO_TOOL
  fi
}
