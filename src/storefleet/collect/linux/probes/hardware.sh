# Only local file systems are asked: a dead network mount blocks even a killed `df`.
p_storage() {
  set --
  while read -r _dev _mnt _type _opt _; do
    case $_mnt in /proc/* | /sys | /sys/* | /dev | /dev/* | /run/host | /run/host/* | /run/user/*) continue ;; esac
    if [ ! -d "$_mnt" ]; then continue; fi
    case $_type in
      ext* | xfs | btrfs | f2fs | vfat | exfat | ubifs | jffs2 | squashfs | overlay | tmpfs | zfs | reiserfs | jfs | erofs)
        case $_mnt in
          *'\'*) gap /hardware/storage 'a mount point with a blank in its name' ;;
          *)
            printf 'mount\t%s\t%s\t%s\t%s\n' "$_mnt" "$_dev" "$_type" "${_opt%%,*}"
            set -- "$@" "$_mnt"
            ;;
        esac
        ;;
    esac
  done </proc/mounts
  if ! has df; then return $NO_TOOL; fi
  ask df df -P -k "$@"
  ask inodes df -P -i "$@"
}

p_devices() {
  for _d in /sys/bus/usb/devices/*; do
    [ -r "$_d/idVendor" ] || continue
    for _k in idVendor idProduct product; do line "usb	${_d##*/}	$_k" "$_d/$_k"; done
  done
  for _f in /dev/serial/by-id/* /dev/ttyUSB* /dev/ttyACM*; do
    if [ -e "$_f" ]; then printf 'serial\t%s\n' "$_f"; fi
  done
  for _f in /dev/usb/lp* /dev/lp[0-9]*; do
    if [ -e "$_f" ]; then printf 'printer\t%s\n' "$_f"; fi
  done
  for _d in /sys/class/thermal/thermal_zone*; do
    line "zone	${_d##*/}	type" "$_d/type"
    line "zone	${_d##*/}	temp" "$_d/temp"
  done
}
