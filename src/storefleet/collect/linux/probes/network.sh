p_interfaces() {
  if has ip; then
    ask link ip -o link show
    ask addr ip -o addr show
  elif has ifconfig; then
    ask ifconfig ifconfig -a
    tag inet6 </proc/net/if_inet6
  else
    gap /network/interfaces 'no tool on this system: ip, ifconfig'
    return 0
  fi
  for _d in /sys/class/net/*; do
    _i=${_d##*/}
    for _k in ifindex address flags mtu operstate carrier speed duplex ifalias carrier_changes \
      statistics/rx_bytes statistics/tx_bytes statistics/rx_errors statistics/tx_errors \
      statistics/rx_dropped statistics/tx_dropped statistics/rx_crc_errors; do
      line "sys	$_i	${_k#statistics/}" "$_d/$_k"
    done
  done
}

p_routes() {
  if has ip; then
    ask ip4 ip -4 -o route show
    ask ip6 ip -6 -o route show
  elif [ -r /proc/net/route ]; then
    tag proc4 </proc/net/route
    if [ -r /proc/net/ipv6_route ]; then tag proc6 </proc/net/ipv6_route; fi
  else
    gap /network/routes 'no tool on this system: ip, and no /proc/net/route'
    gap /network/default_gateways 'no tool on this system: ip, and no /proc/net/route'
  fi
}

p_neighbours() {
  if has ip; then ask ip ip -o neigh show; else tag arp </proc/net/arp; fi
}

# A name service of our own (dnsmasq) asks further servers; what it asks is what every client of it depends on.
forwarder() {
  for _f in /etc/dnsmasq.conf /etc/dnsmasq.d/*; do
    if [ -f "$_f" ] && [ -r "$_f" ]; then
      while IFS= read -r _l || [ -n "$_l" ]; do
        case $_l in server=* | no-resolv*) printf 'dnsmasq\t%s\n' "$_l" ;; esac
      done <"$_f"
    fi
  done
}

p_dns() {
  forwarder
  _f=/etc/resolv.conf
  if [ ! -e "$_f" ]; then
    printf 'source\t%s (absent)\n' "$_f"
    return 0
  fi
  # systemd-resolved's stub hides the servers that are really asked.
  if [ -r /run/systemd/resolve/resolv.conf ]; then
    while read -r _k _v _; do
      if [ "$_k $_v" = 'nameserver 127.0.0.53' ]; then _f=/run/systemd/resolve/resolv.conf; fi
    done </etc/resolv.conf
  fi
  if [ ! -r "$_f" ]; then return $NEEDS_ROOT; fi
  printf 'source\t%s\n' "$_f"
  each conf <"$_f"
}

p_ntp() {
  for _f in /etc/systemd/timesyncd.conf /etc/systemd/timesyncd.conf.d/*.conf /run/systemd/timesyncd.conf.d/*.conf; do
    if [ -f "$_f" ] && [ -r "$_f" ]; then each timesyncd <"$_f"; fi
  done
  for _f in /etc/chrony/chrony.conf /etc/chrony.conf /etc/chrony/conf.d/*.conf /etc/chrony/sources.d/*.sources \
    /etc/ntp.conf /etc/ntpsec/ntp.conf; do
    if [ -f "$_f" ] && [ -r "$_f" ]; then tag ntp <"$_f"; fi
  done
  for _f in /proc/[0-9]*/comm; do
    _v=
    { read -r _v <"$_f"; } 2>/dev/null
    case $_v in
      chronyd | ntpd | systemd-timesyn | openntpd | ntpsec)
        printf 'daemon\t%s\n' "$_v"
        said arg "$(tr '\000' '\n' <"${_f%comm}cmdline")"
        ;;
    esac
  done
  if has chronyc; then said chrony "$($T 3 chronyc -c -n tracking)"; fi
  # timedatectl starts a service of its own, which costs more than the rest of this probe.
  if [ -e /run/systemd/timesync/synchronized ]; then
    echo 'synchronised	yes'
  elif has timedatectl && [ -d /run/systemd/system ]; then
    said timedatectl "$($T 3 timedatectl show -p NTPSynchronized)"
  fi
}
