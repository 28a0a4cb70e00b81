# ruff: noqa: E501 - a recorded line is as long as the tool prints it
"""What the recorded hosts do not show: other tools' spellings, and answers that must not pass as "none"."""

import pytest

from storefleet.collect.facts import Fact
from storefleet.collect.linux import guards, hardware, interfaces, kernel, network, ports, reachable, security, software
from storefleet.collect.linux.system import system
from storefleet.collect.plan import Endpoint
from storefleet.collect.text import address, instant, integer, number, prefix
from storefleet.model.state import Missing


def facts(found):
    return {item.path: item.value for item in found if isinstance(item, Fact)}


def gaps(found):
    return {item.path: item.reason for item in found if isinstance(item, Missing)}


def tagged(tag, text):
    return "\n".join(f"{tag}\t{line}" for line in text.strip("\n").split("\n"))


IFCONFIG = {
    "net-tools": "eth0: flags=4163<UP,BROADCAST>  mtu 1500\n        inet 10.1.1.11  netmask 255.255.255.0  broadcast 10.1.1.255",
    "busybox": "eth0      Link encap:Ethernet  HWaddr 52:54:00:00:01:01\n          inet addr:10.1.1.11  Bcast:10.1.1.255  Mask:255.255.255.0",
}
SYS = "sys\teth0\tflags\t0x1003\nsys\teth0\tcarrier\t1\nsys\teth0\tmtu\t1500\nsys\teth0\taddress\t52:54:00:00:01:01\n"


@pytest.mark.parametrize("text", IFCONFIG.values(), ids=IFCONFIG)
def test_ifconfig_gives_addresses_where_there_is_no_ip(text):
    found = facts(interfaces.interfaces(SYS + "rc\tifconfig\t0\n" + tagged("ifconfig", text)))
    assert found["/network/interfaces/eth0/addresses"] == ["10.1.1.11/24"]
    assert found["/network/interfaces/eth0"] == {
        "addresses": [], "admin_up": True, "link_up": True, "mac": "52:54:00:00:01:01", "mtu": 1500,
    }  # fmt: skip


def test_the_device_of_another_namespace_in_sys_is_not_taken_for_ours():
    text = "rc\tlink\t0\nlink\t7: eth0@if9: <BROADCAST,UP,LOWER_UP> mtu 1400 qdisc\nsys\teth0\tifindex\t2\nsys\teth0\tspeed\t1000"
    assert facts(interfaces.interfaces(text)) == {
        "/network/interfaces/eth0": {"addresses": [], "admin_up": True, "link_up": True, "mtu": 1400}
    }


def test_an_ip_that_failed_is_a_gap_and_not_a_host_without_interfaces():
    assert gaps(interfaces.interfaces("rc\tlink\t137\n")) == {"/network/interfaces": "timeout"}


def test_routes_of_proc_are_little_endian_hexadecimal():
    lines = "Iface Destination Gateway Flags RefCnt Use Metric Mask\neth0 00000000 0101010A 0003 0 0 100 00000000\neth0 0001010A 00000000 0001 0 0 0 00FFFFFF"
    found = facts(network.routes(tagged("proc4", lines)))
    assert found["/network/default_gateways"] == ["10.1.1.1"]
    assert found["/network/routes"] == [
        {"destination": "0.0.0.0/0", "gateway": "10.1.1.1", "interface": "eth0", "metric": 100},
        {"destination": "10.1.1.0/24", "interface": "eth0", "metric": 0},
    ]
    assert found["/network/interfaces/eth0/default_route"] is True


def test_default_gateways_stand_by_metric_and_every_next_hop_counts():
    lines = "default via 10.0.0.9 dev eth1 metric 200\ndefault proto static \\ nexthop via 10.0.0.1 dev eth0 weight 1 \\ nexthop via 10.0.0.2 dev eth0 weight 1\nblackhole 10.9.0.0/16\ndefault dev ppp0 scope link metric 900"
    found = facts(network.routes("rc\tip4\t0\n" + tagged("ip4", lines)))
    assert found["/network/default_gateways"] == ["10.0.0.1", "10.0.0.2", "10.0.0.9"]
    assert {"destination": "10.9.0.0/16", "blackhole": True} in found["/network/routes"]
    assert found["/network/interfaces/ppp0/default_route"] is True


def test_no_resolver_file_is_a_fact_and_a_garbled_line_is_a_gap():
    assert facts(network.dns("source\t/etc/resolv.conf (absent)"))["/network/dns/servers"] == []
    assert gaps(network.dns(tagged("conf", "nameserver 10.1.1"))) == {
        "/network/dns/servers": "cannot parse: nameserver 10.1.1"
    }


def test_dnsmasq_asks_its_own_list_behind_the_resolvers_unless_told_otherwise():
    conf = tagged("conf", "nameserver 10.0.0.1")
    both = conf + "\n" + tagged("dnsmasq", "server=10.0.0.53#5353\nserver=/lan/10.9.9.9")
    assert facts(network.dns(both))["/network/dns/forwarders"] == ["10.0.0.1", "10.0.0.53"]
    assert facts(network.dns(both + "\ndnsmasq\tno-resolv"))["/network/dns/forwarders"] == ["10.0.0.53"]
    assert "/network/dns/forwarders" not in facts(network.dns(conf))


def test_chrony_tells_the_offset_and_a_busybox_ntpd_its_peers():
    line = "C0A80101,192.168.1.1,3,1795426214.1,0.000123,0.0001,0.0002,1.2,0.1,0.3,0.01,0.02,64.3,Normal"
    found = facts(network.ntp(f"daemon\tchronyd\nchrony\t{line}\nntp\tpool 2.debian.pool.ntp.org iburst"))
    assert found == {
        "/network/ntp/servers": ["2.debian.pool.ntp.org"], "/network/ntp/daemon": "chronyd",
        "/network/ntp/offset_ms": 0.123, "/network/ntp/synchronised": True,
    }  # fmt: skip
    assert facts(network.ntp("daemon\tntpd\narg\tntpd\narg\t-p\narg\t10.0.0.1"))["/network/ntp/servers"] == ["10.0.0.1"]


def test_sockets_of_proc_have_the_names_of_their_owners():
    text = "tcp\t0100007F:0016\t0\t11\ntcp6\t00000000000000000000000000000000:1F90\t0\t12\ntcp6\t0000000000000000FFFF00000100007F:0017\t0\t13\nowner\t11\tdropbear"
    assert facts(ports.listening(text))["/ports/listening"] == [
        {"proto": "tcp", "address": "127.0.0.1", "port": 22, "process": "dropbear"},
        {"proto": "tcp", "address": "127.0.0.1", "port": 23},
        {"proto": "tcp", "address": "::", "port": 8080},
    ]


def test_ss_that_failed_or_cannot_be_read_never_means_that_nothing_listens():
    assert gaps(ports.listening("rc\tss\t1")) == {"/ports/listening": "exit status 1"}
    assert "/ports/listening" in gaps(ports.listening("rc\tss\t0\nss\ttcp LISTEN 0 128 oops:22 *:*"))


def test_an_address_with_a_zone_is_read_however_ss_writes_it():
    assert [address(text) for text in ("[fe80::1]%lan0", "fe80::1%lan0", "10.0.0.1%lan0", "[::ffff:10.0.0.1]")] == [
        "fe80::1", "fe80::1", "10.0.0.1", "10.0.0.1",
    ]  # fmt: skip


def test_packages_that_are_half_installed_are_broken_and_a_failing_dpkg_is_a_gap():
    rows = "ii \ta\t1\niF \tb\t2\nhi \tc\t3\nrc \td\t4\niU \te\t5\niiR\tf\t6"
    found = facts(software.packages("system\tdpkg\nrc\tdpkg\t0\n" + tagged("dpkg", rows)))
    assert found["/software/broken"] == ["b", "e", "f"]
    assert found["/software/held"] == ["c"]
    assert "d" not in found["/software/packages"]
    assert set(gaps(software.packages("system\tdpkg\nrc\tdpkg\t2\n"))) == {
        "/software/packages", "/software/broken", "/software/held",
    }  # fmt: skip


def test_other_package_systems_are_read_too():
    rpm = facts(software.packages("system\trpm\nrc\trpm\t0\nrpm\tbash\t0:5.2-1"))
    apk = facts(software.packages("system\tapk\nrc\tapk\t0\napk\tbusybox-binsh-1.36.1-r29"))
    opkg = facts(software.packages("system\topkg\nrc\topkg\t0\nopkg\tdnsmasq - 2.90-1"))
    assert rpm["/software/packages"] == {"bash": "5.2-1"}
    assert apk["/software/packages"] == {"busybox-binsh": "1.36.1-r29"}
    assert opkg["/software/packages"] == {"dnsmasq": "2.90-1"}


def test_what_inittab_keeps_running_and_is_not_there_is_inactive():
    found = facts(
        software.services(
            "manager\tnone\nprocess\t7\tdropbear\ninittab\t::respawn:/usr/sbin/dropbear -F\ninittab\t::respawn:/opt/pos/posd"
        )
    )
    assert found["/services"]["dropbear"] == {"active": "active", "sub": "running", "pid": 7, "enabled": "enabled"}
    assert found["/services"]["posd"] == {"active": "inactive", "sub": "dead", "enabled": "enabled"}


UNITS = (
    "manager\tsystemd\n"
    "wanted\t getty@tty1.service posd.service\n"
    "folder\t/etc/systemd/system\t off.service\t sshd.service foreign.service\t own.service\n"
    "folder\t/usr/lib/systemd/system\t\t\t off.service posd.service ssh.service telnet.socket getty@.service own.service foreign.service\n"
    "\x1dalias\n/lib/systemd/system/ssh.service\n\x1d\n"
    "\x1dstartable\n/usr/lib/systemd/system/telnet.socket\n/usr/lib/systemd/system/getty@.service\n"
    "/usr/lib/systemd/system/own.service\n\x1d\n"
    "rc\tfolder\t0\nrc\tunits\t0\nrc\tshow\t0\n"
    "\x1dunits\n"
    "absent.service      not-found inactive dead    absent.service\n"
    "foreign.service     loaded    inactive dead    From elsewhere\n"
    "getty@tty1.service  loaded    active   running Getty on tty1\n"
    "getty@tty2.service  loaded    inactive dead    Getty on tty2\n"
    "off.service         masked    inactive dead    off.service\n"
    "posd.service        loaded    failed   failed  Point of sale, dead \n\x1d\n"
    "\x1dshow\nMainPID=7\nNRestarts=0\nId=getty@tty1.service\nUnitFileState=enabled\n\n"
    "MainPID=0\nNRestarts=4\nId=posd.service\nUnitFileState=enabled\n\n"
    "Id=foreign.service\nUnitFileState=linked\n\x1d"
)


def test_a_unit_has_its_state_from_systemd_and_what_starts_it_from_its_folders():
    dead = {"active": "inactive", "sub": "dead"}
    assert facts(software.services(UNITS)) == {
        "/services": {
            "foreign.service": {**dead, "enabled": "linked"},
            "getty@tty1.service": {
                "active": "active",
                "sub": "running",
                "enabled": "enabled",
                "restarts": 0,
                "pid": 7,
            },
            "getty@tty2.service": {**dead, "enabled": "disabled"},
            "off.service": {**dead, "enabled": "masked"},
            "own.service": {**dead, "enabled": "static"},
            "posd.service": {"active": "failed", "sub": "failed", "enabled": "enabled", "restarts": 4},
            "ssh.service": {**dead, "enabled": "enabled"},
            "telnet.socket": {**dead, "enabled": "disabled"},
        }
    }


@pytest.mark.parametrize("tag", ["units", "show", "folder"])
def test_where_systemd_or_a_tool_failed_the_services_are_unknown(tag):
    found = list(software.services(UNITS.replace(f"rc\t{tag}\t0", f"rc\t{tag}\t137")))
    assert facts(found) == {}
    assert gaps(found) == {"/services": "timeout"}


def test_a_neighbour_table_that_could_not_be_read_is_not_an_empty_one():
    assert gaps(network.neighbours("rc\tip\t1")) == {"/network/neighbours": "exit status 1"}
    assert facts(network.neighbours("rc\tip\t0")) == {"/network/neighbours": []}


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJfJQbnXKfFlzN0Zy8nZ8lW4m6mbkzfXn7X0QK0s9bq1 someone"


def test_keys_count_with_their_options_and_a_line_nobody_understands_makes_the_list_unknown():
    base = "user\troot\tx\t0\t0\t/root\t/bin/sh\nshadow\tread\nshadow\troot\tlocked\n"
    found = facts(security.users(base + f'key\troot\tcert-authority,command="echo ssh-rsa" {KEY}'))
    assert found["/security/authorized_keys"] == [security.fingerprint(KEY)]
    assert found["/security/users"][0]["password"] == "locked"
    assert "/security/authorized_keys" in gaps(security.users(base + "key\troot\tssh-rsa !!!"))


def test_a_key_file_that_may_not_be_read_makes_the_whole_list_unknown():
    found = list(security.users("user\tpos\tx\t9\t9\t/home/pos\t/bin/sh\ndenied\tpos\t/home/pos/.ssh/authorized_keys"))
    assert gaps(found)["/security/authorized_keys"] == "needs root (sudo refused): pos"
    assert "/security/authorized_keys" not in facts(found)


def test_the_firewalls_hash_does_not_change_with_its_counters():
    rules = "table inet f {{\n\tchain input {{\n\t\ttype filter hook input priority filter; policy drop;\n\t\ttcp dport 22 counter packets {0} bytes {0} accept\n\t}}\n}}"
    one, two = (
        facts(guards.firewall("backend\tnftables\nrc\tnft\t0\n" + tagged("nft", rules.format(n))))["/security/firewall"]
        for n in (1, 99)
    )
    assert one == two
    assert (one["rules"], one["default_input"]) == (1, "drop")
    assert gaps(guards.firewall("backend\tnftables\nrc\tnft\t1\n")) == {"/security/firewall": "exit status 1"}


def test_dropbears_options_have_the_names_that_sshd_gives_them():
    found = facts(guards.sshd(tagged("dropbear", "dropbear\n-F\n-s\n-g\n-p\n0.0.0.0:2222")))["/security/sshd"]
    assert (found["passwordauthentication"], found["permitrootlogin"], found["port"]) == (
        "no",
        "prohibit-password",
        ["2222"],
    )


def test_a_certificate_that_cannot_be_read_has_an_entry_whose_dates_are_missing():
    found = list(
        guards.certificates("status\t/a.crt\t121\nstatus\t/b.crt\t122\nstatus\t/c.crt\t0\ncert\t/c.crt\tnonsense")
    )
    assert facts(found)["/security/certificates"] == [{"path": "/b.crt"}, {"path": "/c.crt"}]
    assert gaps(found) == {
        "/security/certificates/0/not_after": "needs root (sudo refused)",
        "/security/certificates/1/not_after": "cannot parse: no certificate in it",
    }


def test_a_file_system_without_figures_is_a_gap():
    found = list(
        hardware.storage(
            "mount\t/\t/dev/sda1\text4\tro,relatime\nrc\tdf\t0\ndf\tFilesystem 1024-blocks Used Available Capacity Mounted on"
        )
    )
    assert facts(found)["/hardware/storage"][0]["read_only"] is True
    assert gaps(found) == {"/hardware/storage/0/use_pct": "df gives no figure"}


def test_a_watched_file_that_was_not_hashed_says_why():
    text = (
        "kind\tfile\t/a\nunread\t/a\nkind\tlink\t/b\nkind\tfile\t/b\nkind\tfile\t/c\\r\n"
        "\x1dstat\n640\troot\troot\t1795426214\t9\t/a\n644\troot\tdomain users\t1\t9\t/b\n600\t0\t0\t1\t9\t/c\\r\n\x1d\n"
        f"\x1dsha256\n{'a' * 64}  /b\n\\{'b' * 64}  /c\\\\r\n\x1d"
    )
    found = list(kernel.files(text))
    assert gaps(found) == {"/files/~1a/sha256": "needs root (sudo refused)"}
    assert facts(found)["/files/~1b"]["kind"] == "link"
    assert facts(found)["/files/~1b"]["group"] == "domain users"
    assert facts(found)["/files/~1b"]["sha256"] == "a" * 64
    assert facts(found)["/files/~1c\\r"]["sha256"] == "b" * 64


def test_openssl_sums_up_where_sha256sum_is_not():
    text = f"kind\tfile\t/a\tb\n\x1ddigest\t/a\tb\n{'c' * 64} *stdin\n\x1d"
    assert facts(kernel.files(text))["/files/~1a\tb"]["sha256"] == "c" * 64


PAY = Endpoint("pay", "pay.hq.example", 443, "1.2")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("status=0|connected=1|line=New, TLSv1.3, Cipher is X|line=Verify return code: 0 (ok)|notAfter=Feb 25 09:26:54 2029 GMT", {"result": "ok", "version": "TLSv1.3", "verified": True, "not_after": "2029-02-25T09:26:54Z"}),
        ("status=0|connected=1|line=New, TLSv1.2, Cipher is X|line=Verify return code: 10 (certificate has expired)", {"result": "failed", "version": "TLSv1.2", "verified": False, "error": "certificate has expired"}),
        ("status=1|connected=1|line=x:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:a.c:1:|line=New, (NONE), Cipher is (NONE)|line=Verify return code: 0 (ok)", {"result": "failed", "error": "tlsv1 alert protocol version"}),
        ("status=137|connected=1", {"result": "timeout", "error": "the handshake did not end within 8 s"}),
    ],
)  # fmt: skip
def test_a_handshake_is_ok_only_when_the_certificate_verifies(said, expected):
    found = facts(reachable.reachable(f"pay.hq.example:443\topen\t10\t10.0.0.80\t1.2\t{said}", (PAY,)))
    assert found["/ports/reachable/pay.hq.example:443/tls"] == expected


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("pay.hq.example:443\tnone", "/ports/reachable/pay.hq.example:443"),
        ("pay.hq.example:443\tunknown\t1\t10.0.0.1\t1.2\t", "/ports/reachable/pay.hq.example:443"),
        ("pay.hq.example:443\topen\t1\t10.0.0.1\t1.2\tnone", "/ports/reachable/pay.hq.example:443/tls"),
        ("pay.hq.example:443\topen\t1\t10.0.0.1\t1.2\tstatus=1", "/ports/reachable/pay.hq.example:443/tls"),
        ("", "/ports/reachable/pay.hq.example:443"),
    ],
)
def test_what_no_tool_could_tell_is_missing(line, place):
    assert place in gaps(reachable.reachable(line, (PAY,)))


def test_a_serial_that_nobody_filled_in_is_no_serial():
    found = list(system("product_serial\tTo be filled by O.E.M.\nproduct_name\tX100\nsys_vendor\tACME"))
    assert facts(found)["/system/model"] == "ACME X100"
    assert gaps(found)["/system/serial"] == "the firmware holds no serial"
    assert gaps(system("product_serial-denied\t1"))["/system/serial"] == "needs root (sudo refused)"


def test_numbers_are_read_narrowly():
    assert [integer(text) for text in ("7", "-7", "1e9", "٣", "9" * 19, "")] == [7, -7, None, None, None, None]
    assert [number(text) for text in ("1.5", "nan", "inf", "1e5")] == [1.5, None, None, None]
    assert prefix("10.0.0.1/33") is None
    assert instant(1e18) is None
