p_me() {
  printf 'uid\t%s\n' "$me"
  if [ "${SUDO_UID:-}" ]; then printf 'sudo\t%s\n' "$SUDO_UID"; fi
}

p_clock() { date +%s.%N; }

p_system() {
  line hostname /proc/sys/kernel/hostname
  line kernel /proc/sys/kernel/osrelease
  line arch /proc/sys/kernel/arch
  if [ -z "$_v" ]; then printf 'arch\t%s\n' "$(uname -m)"; fi
  line machine_id /etc/machine-id
  line boot_id /proc/sys/kernel/random/boot_id
  line uptime /proc/uptime
  line load /proc/loadavg
  while read -r _k _v _; do
    case $_k in MemTotal: | MemAvailable: | SwapTotal: | SwapFree:) printf 'mem\t%s %s kB\n' "$_k" "$_v" ;; esac
    if [ "$_k" = SwapFree: ]; then break; fi
  done </proc/meminfo
  line timezone /etc/timezone
  printf 'localtime\t%s\n' "$(readlink /etc/localtime)"
  if [ -r /etc/os-release ]; then each os </etc/os-release; else each os </usr/lib/os-release; fi
  if [ -r /etc/machine-info ]; then each info </etc/machine-info; fi
  if [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ]; then
    echo 'reboot	yes'
  elif has dpkg; then
    echo 'reboot	no'
  else
    gap /system/reboot_required 'nothing on this system says so'
  fi
  for _f in /sys/class/dmi/id /proc/device-tree; do
    for _k in sys_vendor product_name product_serial model serial-number; do
      if [ -r "$_f/$_k" ]; then
        line "$_k" "$_f/$_k"
      elif [ -e "$_f/$_k" ]; then
        printf '%s-denied\t1\n' "$_k"
      fi
    done
  done
}
