"""Faults of addresses, routes, names, ports and the router."""

from __future__ import annotations

from storefleet.lab.fault import KIOSK, ROUTER, TILL, Fault

_NETWORK_FILE = "/etc/systemd/network/10-store.network"

NETWORK_FAULTS = (
    Fault(
        name="wrong-address",
        kinds=TILL,
        summary="an address outside the plan comes first; the planned one still answers",
        cause="human/wrong-address",
        inject=f'sed -i "0,/^Address=/s//Address=$NETWORK.$((200 + N))\\/24\\nAddress=/" {_NETWORK_FILE}; renumber',
        undo=f'sed -i "/^Address=$NETWORK.$((200 + N))\\/24/d" {_NETWORK_FILE}; renumber',
        evident='ip -4 -o address show dev eth0 | grep -q " $NETWORK.$((200 + N))/"',
    ),
    Fault(
        name="wrong-prefix",
        kinds=TILL,
        summary="the right address with the prefix of another plan (/16)",
        cause="human/wrong-address",
        inject=f'sed -i "s|^Address=$ADDRESS/24|Address=$ADDRESS/16|" {_NETWORK_FILE}; renumber',
        undo=f'sed -i "s|^Address=$ADDRESS/16|Address=$ADDRESS/24|" {_NETWORK_FILE}; renumber',
        evident='ip -4 -o address show dev eth0 | grep -q " $ADDRESS/16"',
    ),
    Fault(
        name="wrong-gateway",
        kinds=TILL,
        summary="the default route leads to a box that is not the router; head office has a route of its own",
        cause="human/wrong-gateway",
        inject=f"""
sed -i "s|^Gateway=.*|Gateway=$NETWORK.254|" {_NETWORK_FILE}
printf '\\n[Route]\\nDestination=10.0.0.0/16\\nGateway=%s\\n' "$GATEWAY" >> {_NETWORK_FILE}
renumber
""",
        undo=f"""
sed -i -e '/^\\[Route\\]/,$d' {_NETWORK_FILE}
sed -i -e "s|^Gateway=.*|Gateway=$GATEWAY|" -e '${{/^$/d}}' {_NETWORK_FILE}
renumber
""",
        evident='ip route show default | grep -q "via $NETWORK.254"',
    ),
    Fault(
        name="second-gateway",
        kinds=TILL,
        summary="a second default route with a worse metric",
        cause="human/wrong-gateway",
        inject="""
mkdir -p /etc/systemd/network/10-store.network.d
printf '[Route]\\nGateway=%s.253\\nMetric=500\\n' "$NETWORK" > /etc/systemd/network/10-store.network.d/second.conf
renumber
""",
        undo="rm -r /etc/systemd/network/10-store.network.d; renumber",
        evident='ip route show default | grep -q "via $NETWORK.253"',
    ),
    Fault(
        name="dns-wrong-server",
        kinds=(*TILL, *KIOSK),
        summary="the second name server is a public one",
        cause="human/wrong-dns",
        inject="sed -i 's/^nameserver 10\\.0\\.0\\.53$/nameserver 8.8.8.8/' /etc/resolv.conf",
        undo="sed -i 's/^nameserver 8\\.8\\.8\\.8$/nameserver 10.0.0.53/' /etc/resolv.conf",
        evident="grep -q '^nameserver 8.8.8.8' /etc/resolv.conf",
    ),
    Fault(
        name="dns-dead",
        kinds=ROUTER,
        summary="the store's name server is switched off; names resolve late, by the second one",
        cause="software/service-down",
        inject="systemctl disable --now --quiet dnsmasq 2>/dev/null",
        undo="systemctl enable --now --quiet dnsmasq 2>/dev/null",
        evident="! systemctl -q is-active dnsmasq",
    ),
    Fault(
        name="hosts-override",
        kinds=TILL,
        summary="the payment host is pinned to another address in /etc/hosts",
        cause="human/hosts-override",
        inject="echo '10.0.0.99 pay.hq.example' >> /etc/hosts",
        undo="sed -i '/^10\\.0\\.0\\.99 pay\\.hq\\.example$/d' /etc/hosts",
        evident="grep -q '^10.0.0.99 pay.hq.example' /etc/hosts",
    ),
    Fault(
        name="endpoint-blocked",
        kinds=ROUTER,
        summary="the router drops what goes to the standby payment host",
        cause="network/filtered",
        inject="""
cat > /etc/nftables.blocked <<'END'
table inet blocked {
	chain forward {
		type filter hook forward priority -5;
		ip daddr 10.0.0.81 tcp dport 19003 counter drop
	}
}
END
echo 'include "/etc/nftables.blocked"' >> /etc/nftables.conf
nft -f /etc/nftables.blocked
""",
        undo="""
sed -i '/nftables.blocked/d' /etc/nftables.conf
rm /etc/nftables.blocked
nft delete table inet blocked
""",
        evident="nft list table inet blocked 2>/dev/null | grep -q 'dport 19003.*drop'",
    ),
    Fault(
        name="lane-port-shut",
        kinds=ROUTER,
        summary="the port of the last till is shut, and saved so",
        cause="human/port-shut",
        inject='configure "interface $PORT" shutdown',
        undo='configure "interface $PORT" "no shutdown"',
        evident="vtysh -c 'show running-config' | sed -n \"/^interface $PORT$/,/^exit/p\" | grep -q '^ shutdown'",
    ),
    Fault(
        name="route-wrong",
        kinds=ROUTER,
        summary="a static route throws away what goes to the payment host",
        cause="human/wrong-route",
        inject='configure "ip route 10.0.0.80/32 blackhole"',
        undo='configure "no ip route 10.0.0.80/32 blackhole"',
        evident="ip route show 10.0.0.80/32 | grep -q blackhole",
    ),
    Fault(
        name="unsaved-change",
        kinds=ROUTER,
        summary="the running configuration has a change that was never saved",
        cause="human/unsaved-change",
        inject="vtysh -c 'configure terminal' -c 'interface wan0' -c 'bandwidth 2000' > /dev/null",
        undo="vtysh -c 'configure terminal' -c 'interface wan0' -c 'no bandwidth' > /dev/null",
        evident="vtysh -c 'show running-config' | grep -q 'bandwidth 2000' && ! grep -q bandwidth /etc/frr/frr.conf",
    ),
    Fault(
        name="router-swapped",
        kinds=ROUTER,
        summary="another box with the same configuration: new host key, new serial number",
        cause="hardware/replaced",
        inject="""
new_host_key
keep /etc/machine-info; keep /etc/storefleet-lab/serial
echo "LABSWAP$N" > /etc/storefleet-lab/serial
sed -i "s/^HARDWARE_SERIAL=.*/HARDWARE_SERIAL=LABSWAP$N/" /etc/machine-info
""",
        undo="old_host_key; give_back /etc/machine-info; give_back /etc/storefleet-lab/serial",
        evident="! pinned && grep -q LABSWAP /etc/storefleet-lab/serial",
    ),
    Fault(
        name="wan-down",
        kinds=ROUTER,
        summary="the store's line to head office is dead (done from outside)",
        cause="network/wan-down",
    ),
)
