#!/bin/sh
# Run on the tree that becomes the router, with FRR and dnsmasq already in it. $1 root, $2 this package's files.
set -eu
root=$1
files=$2
chroot "$root" useradd --create-home --shell /usr/bin/vtysh --groups frr,frrvty sf
chroot "$root" useradd --create-home --shell /bin/sh --groups frr,frrvty sf-shell
printf '%s\n' 'sf-shell ALL=(root) NOPASSWD: /bin/sh, /usr/bin/sh' > "$root/etc/sudoers.d/storefleet"
chmod 0440 "$root/etc/sudoers.d/storefleet"
install -m 0755 "$files/store-switch" "$root/usr/local/sbin/store-switch"
install -m 0644 "$files/store-switch.service" "$root/etc/systemd/system/store-switch.service"
chroot "$root" systemctl -q enable store-switch.service frr.service dnsmasq.service nftables.service
chroot "$root" systemctl -q disable systemd-networkd.service
