#!/bin/sh
# Run on the copy that becomes the till: accounts and the point-of-sale package. $1 root, $2 folder with packages.
set -eu
root=$1
packages=$2
for user in sf-read sf-change; do
    chroot "$root" useradd --create-home --shell /bin/sh "$user"
done
printf '%s\n' 'sf-read ALL=(root) NOPASSWD: /bin/sh, /usr/bin/sh' 'sf-change ALL=(ALL) NOPASSWD: ALL' \
    > "$root/etc/sudoers.d/storefleet"
chmod 0440 "$root/etc/sudoers.d/storefleet"
cp "$packages"/*.deb "$root/var/cache/lab/"
chroot "$root" dpkg -i /var/cache/lab/pos-client_2.4.1-1_all.deb
install -d "$root/opt/pos/etc" "$root/var/lib/pos"
chroot "$root" systemctl -q enable systemd-networkd.service posd.service
