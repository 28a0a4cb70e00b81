# Run as root on each till, with Python and without, before a playbook: what an ordinary system has and the practice
# till lacks. The archive is a small package repository.
set -e
mkdir -p /var/cache/lab/repository /var/spool/cron/crontabs /etc/cron.d
echo 'ARCHIVE' | base64 -d | tar -C /var/cache/lab/repository -x
chown -R root:root /var/cache/lab/repository
echo 'deb [trusted=yes] file:/var/cache/lab/repository ./' >/etc/apt/sources.list
apt-get -qq update
# cron's own tool, as far as a playbook uses it: crontab [-u USER] -l | -r | FILE
cat >/usr/bin/crontab <<'END'
#!/bin/sh
user=$(id -un)
if [ "$1" = -u ]; then user=$2; shift 2; fi
table=/var/spool/cron/crontabs/$user
case $1 in
-l) if [ -e "$table" ]; then cat "$table"; else echo "no crontab for $user" >&2; exit 1; fi ;;
-r) rm -f "$table" ;;
*) cat "$1" >"$table.new" && chmod 600 "$table.new" && chown "$user" "$table.new" && mv "$table.new" "$table" ;;
esac
END
chmod 755 /usr/bin/crontab
sed -i "s/SERIAL=.*/SERIAL=LAB00000000/" /etc/machine-info
printf 'port=1\nhost=alpha\nport=2\n# timeout=5\n' >/etc/fidelity.conf
printf '# BEGIN ANSIBLE MANAGED BLOCK\nold=1\n# END ANSIBLE MANAGED BLOCK\nbetween\n# BEGIN OLD\nx\n# END OLD\n' \
    >/etc/fidelity.blocks
printf '# BEGIN EMPTY\ny\n# END EMPTY\nlast\n' >>/etc/fidelity.blocks
printf '#Ansible: boot\n@reboot /opt/boot\n#Ansible: nightly\n5 3 * * * /opt/nightly\n7 * * * * /opt/by-hand\n' |
    crontab /dev/stdin
dpkg --force-unsafe-io --install /var/cache/lab/repository/fidelity-old_1.0_all.deb \
    /var/cache/lab/repository/fidelity-aged_1.0_all.deb >/dev/null
mkdir -p /root/.ssh
chmod 700 /root/.ssh
key=AAAAC3NzaC1lZDI1NTE5AAAAIOldOldOldOldOldOldOldOldOldOldOldOldOldOldOldO0
echo "ssh-ed25519 $key old" >/root/.ssh/authorized_keys
chmod 600 /root/.ssh/authorized_keys
mkdir -p /srv/old/deep
echo kept >/srv/old/deep/file
echo again >/srv/old/top
