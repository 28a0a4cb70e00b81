#!/bin/sh
# Run by mmdebstrap with the root of the new system as $1: what tills and routers share.
set -eu
root=$1
quiet="apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer
    console-getty.service container-getty@.service getty@.service systemd-networkd-wait-online.service
    systemd-firstboot.service systemd-pstore.service systemd-timesyncd.service ldconfig.service
    systemd-network-generator.service systemd-networkd.socket apt-daily.service apt-daily-upgrade.service"
for unit in $quiet; do
    ln -sfn /dev/null "$root/etc/systemd/system/$unit"
done
install -d -m 2755 "$root/var/log/journal"
install -d "$root/etc/systemd/network" "$root/var/cache/lab" "$root/usr/local/share/ca-certificates"
rm -f "$root"/etc/ssh/ssh_host_*
rm -f "$root/etc/machine-id" "$root/var/lib/dbus/machine-id"
chroot "$root" systemctl -q enable ssh.service
chroot "$root" systemctl -q disable systemd-resolved.service 2>/dev/null || true
