"""Stores times blueprint gives exactly these hosts, and each file of the folder does what it says."""

from __future__ import annotations

import datetime
import os
import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.documents.published import problems
from storefleet.errors import InputError
from storefleet.inventory import nornir_plugin
from storefleet.inventory.addresses import is_host_address
from storefleet.inventory.fleet import Fleet, find_fleet, load_fleet
from storefleet.inventory.lanes import parse_lanes
from storefleet.inventory.lint import lint
from storefleet.inventory.output import ansible_inventory, inventory_document
from storefleet.inventory.starter import starter_folder
from storefleet.model.store import Connect, Host

CASES = Path(__file__).parent / "cases"
TODAY = datetime.date(2026, 11, 23)


def base(tmp_path: Path, **files: str) -> Path:
    """Return a copy of the base folder with files written over it; ``__`` in a name is a dot, ``___`` a slash."""
    folder = tmp_path / "fleet"
    shutil.copytree(CASES / "base", folder, dirs_exist_ok=True)
    for name, text in files.items():
        path = folder / "inventory" / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def load(tmp_path: Path, **files: str) -> Fleet:
    return load_fleet(base(tmp_path, **files), TODAY)


@pytest.fixture(scope="module")
def worked() -> Fleet:
    return load_fleet(CASES / "worked", TODAY)


def test_the_worked_example_gives_the_documented_hosts(worked: Fleet):
    names = [host.name.partition("-")[2] for host in worked.hosts_of("S0413")]
    tills = [f"pos{n}" for n in (1, 2, 3, 4, 6)]
    assert names == ["router", *tills, *(f"pinpad{n}" for n in (1, 2, 3, 4, 6)), "server"]
    till = worked.hosts["S0413-pos6"]
    assert (till.address, till.n, till.label, till.kind, till.role) == ("10.101.157.16", 6, "Kasse 6", "till", "till")
    assert till.data == {"change": "night"}
    assert worked.hosts["S0413-pinpad6"].connection == "none"
    assert worked.stores["S0412"].intended["ntp"] == ["10.101.156.1"]
    assert worked.stores["S0412"].columns["sco"] == [1, 2]
    assert worked.stores["S0413"].columns["sco"] == []


def test_a_format_takes_everything_of_the_one_it_extends_but_what_it_changes(worked: Fleet):
    assert [host.device for host in worked.hosts_of("S0099")] == ["router", "pos1", "pos2", "pinpad1", "pinpad2"]


def test_nat_stores_stand_on_the_same_net_and_are_reached_at_their_wan_address(tmp_path: Path):
    folder = tmp_path / "fleet"
    shutil.copytree(CASES / "worked", folder)
    stores = folder / "inventory" / "stores.csv"
    lines = stores.read_text().splitlines()
    flat = [
        f"S100{n},Old {n},north,Europe/Berlin,flat192,100{n},open,,,standard,2,1,dsl,x,y,town,,,203.0.113.{n}"
        for n in (1, 2)
    ]
    stores.write_text("\n".join([lines[0] + ",wan_ip", *(f"{line}," for line in lines[1:]), *flat]))
    fleet = load_fleet(folder, TODAY)
    assert fleet.stores["S1002"].intended["gateway"] == "192.168.1.1"
    till = fleet.hosts["S1002-pos2"]
    assert (till.address, till.connect) == ("192.168.1.12", Connect("203.0.113.2", 2202))
    assert fleet.hosts["S1002-router"].connect == Connect("203.0.113.2")
    text = "\n".join(map(str, lint(fleet).complaints))
    assert "overlaps 192.168.1.0/24 of S1001" in text, (
        "the sco line has no NAT port: it is dialled at an address of two stores"
    )


def test_an_override_changes_adds_and_removes_devices(worked: Fleet):
    store = worked.stores["S0777"]
    assert store.intended["dns"] == ["172.20.1.53", "10.0.0.53"]
    assert store.intended["ntp"] == ["10.103.9.1"]
    router2 = worked.hosts["S0777-router2"]
    assert (router2.address, router2.status, router2.n) == ("10.103.9.2", "spare", 2)
    assert worked.hosts["S0777-pos2"].connect == Connect("203.0.113.7", 2212)
    assert worked.hosts["S0777-pos2"].address == "10.103.9.12"
    repair = worked.hosts["S0777-sco4"]
    assert (repair.status, repair.until, repair.ticket) == ("in_repair", "2026-12-04", "INC-20551")
    assert "S0777-pinpad2" not in worked.hosts


def test_a_repair_ends_by_itself_after_its_day():
    fleet = load_fleet(CASES / "worked", datetime.date(2026, 12, 5))
    assert fleet.hosts["S0777-sco4"].status == "in_service"


def test_an_override_warns_thirty_days_before_and_refuses_after():
    def days_before(days: int) -> Fleet:
        return load_fleet(CASES / "worked", datetime.date(2027, 3, 31) - datetime.timedelta(days=days))

    assert not [w for w in days_before(31).warnings if "review_by" in w.message]
    assert [w.line for w in days_before(30).warnings if "review_by" in w.message] == [3]
    assert days_before(0).hosts
    with pytest.raises(InputError, match=r"S0777\.yaml:3: review_by: 2027-03-31 has passed"):
        days_before(-1)


def test_the_jump_of_a_store_stands_before_every_device_but_itself(worked: Fleet, tmp_path: Path):
    assert worked.hosts["S0777-router"].connect.via == "bastion-north"
    bastion = worked.hosts["bastion-north"]
    assert (bastion.store, bastion.role, bastion.connect.host) == ("", "bastion", "bastion.north.example")
    assert worked.store_of(bastion) is None
    rows = "store,name,region,timezone,format,number,jump,tills\nS1,A,north,UTC,store,1,S1-router,1\n"
    fleet = load(tmp_path, stores__csv=rows)
    assert (fleet.hosts["S1-router"].connect.via, fleet.hosts["S1-pos1"].connect.via) == (None, "S1-router")


def test_later_lines_of_a_plan_may_use_earlier_ones_nested_ones_too(tmp_path: Path):
    blueprint = (CASES / "base/inventory/blueprints.yaml").read_text()
    plan = (
        "intended:\n  wifi: {net: '10.9.{{ store.number }}.0/24', gateway: '{{ intended.wifi.net | nth_host(1) }}'}\n"
        "  resolvers: ['{{ intended.wifi.gateway }}', 9.9.9.9]\n  first: '{{ intended.resolvers[0] }}'\n"
        "  lanes: '{{ store.tills }}'\n  items: 3\n  twice: '{{ intended.items * 2 }}'\n"
    )
    intended = load(tmp_path, blueprints__yaml=blueprint.replace("intended:\n", plan, 1)).stores["S0002"].intended
    assert intended["wifi"] == {"net": "10.9.2.0/24", "gateway": "10.9.2.1"}
    assert (intended["resolvers"], intended["first"]) == (["10.9.2.1", "9.9.9.9"], "10.9.2.1")
    assert (intended["lanes"], intended["twice"]) == ([1, 3], 6)


def test_cells_stay_text_as_written_and_columns_become_fields_of_the_store(tmp_path: Path):
    rows = (
        '"store",name,region,timezone,format,number,tills,phone,cost_centre\n0412,"A, B",north,UTC,store,7,1,0049,007\n'
    )
    fleet = load(tmp_path, stores__csv="\ufeff" + rows + "\n,,,,,,,,\n")
    store = fleet.stores["0412"]
    assert (store.name, store.number, store.columns["phone"], store.columns["cost_centre"]) == (
        "A, B",
        7,
        "0049",
        "007",
    )
    assert [host.name for host in fleet.hosts_of("0412")] == ["0412-router", "0412-pos1"]
    assert [host.name for host in fleet.select("cost_centre=007")] == ["0412-router", "0412-pos1"]


def test_hosts_inherit_platform_port_and_groups_as_in_nornir(tmp_path: Path):
    groups = "edge: {groups: [all], port: 2222}\nall: {platform: linux, data: {colour: red}}\ntills: {}\n"
    blueprint = (CASES / "base/inventory/blueprints.yaml").read_text()
    text = blueprint.replace("role: router, platform: frr, groups: [store-router]", "role: router, groups: [edge]")
    fleet = load(tmp_path, groups__yaml=groups, defaults__yaml="platform: frr\nport: 22\n", blueprints__yaml=text)
    router = fleet.hosts["S0001-router"]
    assert (router.platform, router.connect.port, router.groups) == ("linux", 2222, ("edge", "all"))
    inventory = nornir_plugin.to_nornir_inventory(fleet, fleet.hosts.values())
    native = inventory.hosts["S0001-router"]
    assert (native.hostname, native.port, native.platform, native["colour"]) == ("10.100.1.1", 2222, "linux", "red")
    assert [group.name for group in native.extended_groups()] == ["edge", "all"]


def test_nornir_gets_every_host_with_our_value_and_no_secret(worked: Fleet):
    inventory = nornir_plugin.to_nornir_inventory(worked, worked.hosts.values())
    assert list(inventory.hosts) == list(worked.hosts)
    for host in inventory.hosts.values():
        assert isinstance(host.data[nornir_plugin.MODEL], Host)
        assert (host.username, host.password) == (None, None)
    nornir_plugin.register()
    nornir_plugin.register()
    plugin = nornir_plugin.InventoryPluginRegister.get_plugin(nornir_plugin.NAME)
    assert list(plugin(folder=str(CASES / "worked"), today="2026-11-23").load().hosts) == list(worked.hosts)


def test_the_register_gives_hosts_their_hardware(worked: Fleet, tmp_path: Path):
    till = worked.hosts["S0412-pos2"]
    assert (till.serial, till.mac, till.model) == ("5CG1234XYZ", "52:54:00:aa:bb:02", "HP-RP9")
    assert till.data["asset"] == "AS-11873"
    rows = "host,serial,mac,status,replaced_by\nS0001-pos1,OLD,,replaced,NEW\nS0001-pos2,A,5254.00AA.BB02,in_repair,\n"
    fleet = load(tmp_path, devices__csv=rows)
    assert fleet.hosts["S0001-pos1"].serial == "NEW"
    assert (fleet.hosts["S0001-pos2"].mac, fleet.hosts["S0001-pos2"].status) == ("52:54:00:aa:bb:02", "in_repair")


def test_the_first_line_of_use_that_fits_gives_the_credentials_in_order(worked: Fleet):
    names = {p: [n for n, _ in worked.credentials_for(worked.hosts["S0412-router"], p)] for p in ("read", "shell")}
    assert names == {"read": ["router-26b", "router-26a"], "shell": []}
    assert [name for name, _ in worked.credentials_for(worked.hosts["S0412-pos1"], "change")] == ["till-change"]
    assert worked.credentials_for(worked.hosts["S0412-pinpad1"], "read") == ()


def test_a_credential_past_its_day_and_one_that_nobody_uses_are_warned_about(tmp_path: Path):
    text = (CASES / "base/inventory/credentials.yaml").read_text()
    old = "credentials:\n  old: {user: x, key: {file: /x}, retire_by: 2026-11-22}\n"
    spare = "  spare: {user: x, key: {file: /x}, only_for: device-replace}\n"
    fleet = load(tmp_path, credentials__yaml=text.replace("credentials:\n", old + spare, 1))
    assert [warning.message.split(";")[0] for warning in fleet.warnings] == [
        "old: no line of use: names it",
        "old: retire_by: 2026-11-22 has passed",
    ]


def test_hosts_alone_are_a_fleet(tmp_path: Path):
    folder = tmp_path / "inventory"
    folder.mkdir()
    (folder / "hosts.yaml").write_text("r1: {hostname: 10.0.0.1, platform: frr, port: 2022, data: {role: router}}\n")
    fleet = load_fleet(tmp_path, TODAY)
    assert fleet.hosts["r1"].connect == Connect(None, 2022)
    assert (fleet.hosts["r1"].address, fleet.hosts["r1"].device) == ("10.0.0.1", "r1")


def test_reading_twice_gives_the_same(worked: Fleet):
    again = load_fleet(CASES / "worked", TODAY)
    assert msgspec.json.encode(inventory_document(again)) == msgspec.json.encode(inventory_document(worked))
    assert (again.warnings, again.places) == (worked.warnings, worked.places)


def test_every_host_name_splits_into_store_and_device_in_one_way(worked: Fleet):
    for host in worked.hosts.values():
        if host.store:
            assert host.name.rsplit("-", 1) == [host.store, host.device]


def test_the_documents_have_their_published_shape(worked: Fleet):
    document = inventory_document(worked)
    assert document["format"] == "storefleet.inventory/1"
    assert problems(document, "inventory-1") == []


def test_ansible_gets_contacted_hosts_under_groups_that_cannot_clash(worked: Fleet):
    data = ansible_inventory(worked)
    hostvars = data["_meta"]["hostvars"]
    assert "S0412-pinpad1" not in hostvars
    assert hostvars["S0777-pos2"]["ansible_port"] == 2212
    assert "S0412-pos1" in data["store_S0412"]["hosts"]
    assert set(data["all"]["children"]) == set(data) - {"_meta", "all"}


@pytest.mark.parametrize(
    ("cell", "lanes"),
    [("", []), ("0", []), ("4", [1, 2, 3, 4]), ("1-2,4", [1, 2, 4]), ("6, 1-2", [1, 2, 6]), ("7,", None)],
)
def test_lane_cells(cell: str, lanes: list[int] | None):
    if lanes is None:
        with pytest.raises(ValueError, match="not a lane cell"):
            parse_lanes(cell)
    else:
        assert parse_lanes(cell) == lanes


@given(st.text(max_size=20))
def test_a_lane_cell_is_lanes_in_order_or_refused(cell: str):
    try:
        lanes = parse_lanes(cell)
    except ValueError:
        return
    assert lanes == sorted(set(lanes))
    assert all(0 < lane <= 999 for lane in lanes)


@given(st.text(max_size=30))
def test_an_address_never_holds_what_a_shell_or_an_option_parser_reads(text: str):
    if is_host_address(text):
        assert not text.startswith("-")
        assert not set(text) & set(" \t\n'\"`$;&|<>()\\%@/")


@pytest.mark.parametrize("text", ["10.1.2.3", "fe80::1", "till-1.example", "a_b.example.", "pos1"])
def test_addresses_that_stand(text: str):
    assert is_host_address(text)


@pytest.mark.parametrize(
    "text", ["", "-oProxyCommand=x", "a b", "10.1.2", "1", "0x7f000001", "a..b", "é.example", "fe80::1%eth0", "h" * 64]
)
def test_addresses_that_do_not(text: str):
    assert not is_host_address(text)


def test_init_writes_a_folder_that_check_has_nothing_against(tmp_path: Path):
    written = starter_folder(tmp_path / "new" / "fleet")
    assert tmp_path / "new/fleet/.gitignore" in written
    fleet = load_fleet(tmp_path / "new/fleet", TODAY)
    assert len(fleet.stores) == 2
    found = lint(fleet, pinned=set(fleet.hosts))
    assert (fleet.warnings, found.complaints, found.warnings) == ((), (), ())


def test_init_overwrites_nothing(tmp_path: Path):
    (tmp_path / "precious").write_text("x")
    with pytest.raises(InputError, match="is not empty"):
        starter_folder(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        starter_folder(tmp_path / "precious")


def test_the_fleet_folder_is_named_by_option_then_environment_then_found_upwards(tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    starter_folder(one)
    starter_folder(two)
    deep = two / "audits"
    assert find_fleet(one, {"STOREFLEET_FLEET": str(two)}, deep) == one
    assert find_fleet(None, {"STOREFLEET_FLEET": str(one)}, deep) == one
    assert find_fleet(None, {}, deep) == two
    assert find_fleet(Path("../one"), {}, two).samefile(one)


def test_a_folder_where_everyone_may_write_is_never_found_by_itself(tmp_path: Path):
    starter_folder(tmp_path / "trap")
    (tmp_path / "trap" / "below").mkdir()
    (tmp_path / "trap").chmod(0o777)
    with pytest.raises(InputError, match=f"{tmp_path}/trap looks like a fleet folder, but everyone may write"):
        find_fleet(None, {}, tmp_path / "trap" / "below")
    assert find_fleet(tmp_path / "trap", {}, tmp_path) == tmp_path / "trap"


def test_no_fleet_folder_says_where_it_looked(tmp_path: Path):
    with pytest.raises(InputError, match="no fleet folder in"):
        find_fleet(None, {}, tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        find_fleet(tmp_path / "nowhere", {}, tmp_path)
    with pytest.raises(InputError, match="it is no fleet folder"):
        find_fleet(tmp_path, os.environ, tmp_path)


def test_a_file_that_nobody_reads_is_warned_about(tmp_path: Path):
    fleet = load(tmp_path, device__csv="host\n", probes__yaml="probes: []\n", notes__txt="x")
    assert [str(warning) for warning in fleet.warnings] == [
        "inventory/device.csv: is not read; did you mean 'devices.csv'?"
    ]
