"""Faults of services, software, disks, accounts and power."""

from __future__ import annotations

from storefleet.lab.fault import KIOSK, ROUTER, TILL, Fault

_ROGUE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGV2aWwgZXZpbCBldmlsIGV2aWwgZXZpbCBldmlsIGV2 rogue@example"

_INSTALL = """
dpkg -i /var/cache/lab/pos-client_{version}-1_all.deb > /dev/null 2>&1
! systemctl -q is-active posd || listens 8443
"""

SYSTEM_FAULTS = (
    Fault(
        name="pos-stopped",
        kinds=TILL,
        summary="the point-of-sale service is stopped",
        cause="software/service-down",
        inject="systemctl stop posd",
        undo="systemctl start posd; listens 8443",
        evident="! systemctl -q is-active posd",
    ),
    Fault(
        name="pos-disabled",
        kinds=TILL,
        summary="the point-of-sale service runs, but would not after a restart",
        cause="software/service-disabled",
        inject="systemctl -q disable posd 2>/dev/null",
        undo="systemctl -q enable posd 2>/dev/null",
        evident="! systemctl -q is-enabled posd",
    ),
    Fault(
        name="old-version",
        kinds=TILL,
        summary="pos-client 2.2.9-1 instead of 2.4.1-1",
        cause="software/old-version",
        inject=_INSTALL.format(version="2.2.9"),
        undo=_INSTALL.format(version="2.4.1"),
        evident="dpkg-query -W -f '${Version}' pos-client | grep -qx '2.2.9-1'",
    ),
    Fault(
        name="pos-config-wrong",
        kinds=TILL,
        summary="the acquirer's port in pos.ini is 19009",
        cause="human/wrong-setting",
        inject="sed -i 's/^port = 19003$/port = 19009/' /opt/pos/etc/pos.ini",
        undo="sed -i 's/^port = 19009$/port = 19003/' /opt/pos/etc/pos.ini",
        evident="grep -q '^port = 19009' /opt/pos/etc/pos.ini",
    ),
    Fault(
        name="cert-expiring",
        kinds=TILL,
        summary="the payment client's certificate ends in five days",
        cause="software/certificate",
        inject="""
keep /opt/pos/client.crt; keep /opt/pos/client.key
printf '%s\\n' "$CERTIFICATE" > /opt/pos/client.crt
printf '%s\\n' "$KEY" > /opt/pos/client.key
""",
        undo="give_back /opt/pos/client.crt; give_back /opt/pos/client.key",
        evident="! openssl x509 -noout -checkend 864000 -in /opt/pos/client.crt > /dev/null",
    ),
    Fault(
        name="disk-full",
        kinds=TILL,
        summary="the disk of the sales data (/var/lib/pos) is full",
        cause="hardware/disk-full",
        inject="""
dd if=/dev/zero of=/var/lib/pos/trace.log bs=64k 2>/dev/null || true
sync -f /var/lib/pos
""",
        undo="rm -f /var/lib/pos/trace.log; sync -f /var/lib/pos",
        evident='[ "$(df --output=pcent /var/lib/pos | tail -1 | tr -dc 0-9)" -gt 95 ]',
    ),
    Fault(
        name="extra-listener",
        kinds=TILL,
        summary="a program listens on tcp 4444 on every address",
        cause="attack/extra-listener",
        inject="systemd-run --quiet --unit=remote-help /opt/pos/bin/posd 4444 remote-help; listens 4444",
        undo="systemctl stop remote-help 2>/dev/null || true; systemctl reset-failed remote-help 2>/dev/null || true",
        evident="ss -Hltn 'sport = :4444' | grep -q 4444",
    ),
    Fault(
        name="second-payment-app",
        kinds=TILL,
        summary="a second payment application is installed and listens on tcp 9443",
        cause="conflict/second-payment-app",
        inject="dpkg -i /var/cache/lab/other-pay_1.0-1_all.deb > /dev/null 2>&1; listens 9443",
        undo="""
dpkg --purge other-pay > /dev/null 2>&1
systemctl daemon-reload
systemctl reset-failed 2>/dev/null || true
""",
        evident="ss -Hltn 'sport = :9443' | grep -q 9443",
    ),
    Fault(
        name="package-broken",
        kinds=TILL,
        summary="a package is unpacked and not configured",
        cause="software/package-broken",
        inject="dpkg -i /var/cache/lab/receipts_3.1-1_all.deb > /dev/null 2>&1 || true",
        undo="dpkg --purge receipts > /dev/null 2>&1",
        evident="dpkg-query -W -f '${db:Status-Abbrev}' receipts 2>/dev/null | grep -q '^iF'",
    ),
    Fault(
        name="uid0-user",
        kinds=(*TILL, *KIOSK),
        summary="a second account with user id 0",
        cause="attack/extra-account",
        inject="""
echo 'service:x:0:0:service:/root:/bin/sh' >> /etc/passwd
echo 'service:!:20000:0:99999:7:::' >> /etc/shadow
""",
        undo="sed -i '/^service:x:0:0:/d' /etc/passwd; sed -i '/^service:!:20000:/d' /etc/shadow",
        evident="grep -q '^service:x:0:' /etc/passwd",
    ),
    Fault(
        name="rogue-key",
        kinds=(*TILL, *KIOSK),
        summary="an unknown key may log in as root",
        cause="attack/extra-key",
        inject=f"""
mkdir -p -m 700 /root/.ssh
echo '{_ROGUE}' >> /root/.ssh/authorized_keys
chmod 600 /root/.ssh/authorized_keys
""",
        undo="""
sed -i '/ rogue@example$/d' /root/.ssh/authorized_keys
[ -s /root/.ssh/authorized_keys ] || rm -r /root/.ssh
""",
        evident="grep -q 'rogue@example' /root/.ssh/authorized_keys 2>/dev/null",
    ),
    Fault(
        name="sshd-weak",
        kinds=TILL,
        summary="sshd takes passwords and root",
        cause="human/weak-setting",
        inject="""
sed -i -e 's/^PasswordAuthentication no/PasswordAuthentication yes/' -e 's/^PermitRootLogin no/PermitRootLogin yes/' \
    /etc/ssh/sshd_config
systemctl reload ssh
""",
        undo="""
sed -i -e 's/^PasswordAuthentication yes/PasswordAuthentication no/' -e 's/^PermitRootLogin yes/PermitRootLogin no/' \
    /etc/ssh/sshd_config
systemctl reload ssh
""",
        evident="/usr/sbin/sshd -T | grep -qx 'permitrootlogin yes'",
    ),
    Fault(
        name="host-key-changed",
        kinds=TILL,
        summary="the till shows another host key than the pinned one",
        cause="attack/host-key",
        inject="new_host_key",
        undo="old_host_key",
        evident="! pinned",
    ),
    Fault(
        name="telnet-kiosk",
        kinds=KIOSK,
        summary="a login on tcp 23, without encryption",
        cause="attack/extra-listener",
        inject="""
grep -q ' -p 23 ' /etc/inittab || echo '::respawn:/usr/bin/nc -ll -p 23 -e /bin/login' >> /etc/inittab
kill -HUP 1
listens 23
""",
        undo="""
sed -i '/ -p 23 /d' /etc/inittab
kill -HUP 1
for pid in $(ps -o pid,args | sed -n 's|^ *\\([0-9]*\\) /usr/bin/nc -ll -p 23.*|\\1|p'); do kill "$pid"; done
""",
        evident="netstat -ltn | grep -q ':23 '",
    ),
    Fault(
        name="power",
        kinds=(*ROUTER, *TILL, *KIOSK),
        summary="no power (done from outside)",
        cause="power/off",
    ),
)
