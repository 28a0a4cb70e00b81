"""Golden configurations of a folder: what is wrong is said offline at its line, and before any router is asked."""

from __future__ import annotations

import pytest
from command_line import storefleet

GOLDEN = """\
golden: shop
applies_to: "role=router"
template: golden/shop.j2
features:
  - {name: logging, lines: [log], extra: fail}
  - {name: interfaces, lines: [interface]}
  - {name: users, lines: [username], secret: [2]}
"""
TEMPLATE = """\
log syslog informational
{% if store.number == 2 %}
 {# a comment #}
{% endif %}
interface lan0
 ip address {{ intended.gateway }}/24
 description {{ motto }}
"""
PLAYBOOK = """\
- hosts: role=router
  gather_facts: false
  tasks:
    - name: hold it
      router_config: {%s}
"""


@pytest.fixture
def folder(tmp_path):
    """Give a new folder, with a golden configuration over a variable of the playbooks."""
    target = tmp_path / "fleet"
    assert storefleet("init", target).code == 0
    for path in (target / "audits" / "golden").iterdir():
        path.unlink()
    (target / "audits" / "golden" / "shop.yaml").write_text(GOLDEN)
    (target / "audits" / "golden" / "shop.j2").write_text(TEMPLATE)
    (target / "playbooks" / "group_vars").mkdir(parents=True)
    (target / "playbooks" / "group_vars" / "router.yaml").write_text("motto: the {{ store.id }} LAN\n")
    return target


def complaints(folder):
    ended = storefleet("check", "--fleet", folder)
    assert ended.code == 2, ended.out
    return [line for line in (ended.out + ended.err).splitlines() if "audits/" in line or "playbooks/" in line]


def test_a_golden_configuration_is_rendered_with_the_words_and_variables_of_each_host(folder):
    ended = storefleet("check", "--fleet", folder)
    assert (ended.code, "1 golden configuration: nothing to complain about" in ended.out) == (0, True), ended.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("intended.gateway", "intended.gatway", "shop.j2:6: there is no 'gatway' here; did you mean 'gateway'?"),
        ("{{ motto }}", "{{ mottto }}", "shop.j2:7: 'mottto' is undefined"),
        ("{{ motto }}", "{{ facts.system.hostname }}", "shop.j2:7: facts must be read first: a golden text is"),
        ("{% endif %}", "", "shop.j2:7: Unexpected end of template"),
        ("{# a comment #}", "{{ 1 // 0 }}", "shop.j2:3: ZeroDivisionError"),
        ("{# a comment #}", "exit", "shop.j2:3: `exit` only moves between sections"),
        ("{# a comment #}", "{{ 'ntp server 1.1.1.1' }}", "shop.j2:3: no feature owns `ntp server 1.1.1.1`"),
        ("log syslog", "ntp syslog", "shop.j2:1: no feature owns `ntp syslog informational`: it would"),
        ("log syslog informational", "show version", "shop.j2:1: `show` begins a command"),
        (" description", " shutdown\n no shutdown\n description", "shop.j2:7: `interface lan0 / shutdown` is undone"),
        ("interface lan0", "username bob s3cret\nlogin x", "shop.j2:6: no feature owns `login x`"),
    ],
)
def test_what_is_wrong_with_a_template_is_said_at_its_line_with_the_first_host(folder, old, new, said):
    text = TEMPLATE.replace("== 2", "== 1").replace(" {# a", "{# a")
    assert old in text
    (folder / "audits" / "golden" / "shop.j2").write_text(text.replace(old, new))
    found = complaints(folder)
    assert any(line.startswith(f"audits/golden/{said}") and "(first on S0001-router)" in line for line in found), found
    assert "s3cret" not in str(found)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("golden/shop.j2", "golden/none.j2", "shop.yaml:3: template: there is no file audits/golden/none.j2"),
        ("golden/shop.j2", "../playbooks/x.j2", "shop.yaml:3: template: a path below audits/ is due here"),
        ('"role=router"', '"role=rooter"', "shop.yaml:2: applies_to: role=rooter: matches no host"),
        ('"role=router"', '"rol=router"', "shop.yaml:2: applies_to: rol=router: there is no field 'rol'"),
        ('"role=router"', "all", "shop.yaml:2: applies_to: S0001-pos1 is linux; lines of frr alone are known here"),
        ("lines: [log]", "lines: [log, interface]", "shop.yaml:6: logging and interfaces both own the lines"),
        (
            "extra: fail",
            "extra: remove",
            "shop.yaml:5: the golden configuration: features[0]: extra: 'remove' is not one",
        ),
    ],
)
def test_what_is_wrong_with_the_file_is_said_at_its_line(folder, old, new, said):
    assert old in GOLDEN
    (folder / "audits" / "golden" / "shop.yaml").write_text(GOLDEN.replace(old, new))
    found = complaints(folder)
    assert any(line.startswith(f"audits/golden/{said}") for line in found), found


def test_a_template_behind_a_link_out_of_the_folder_is_not_read(folder, tmp_path):
    (tmp_path / "out.j2").write_text("log s3cret\n")
    (folder / "audits" / "golden" / "shop.j2").unlink()
    (folder / "audits" / "golden" / "shop.j2").symlink_to(tmp_path / "out.j2")
    assert any("template: there is no file audits/golden/shop.j2" in line for line in complaints(folder))


def test_a_file_beside_the_audits_is_read_too_and_a_name_is_there_once(folder):
    (folder / "audits" / "golden.yaml").write_text(GOLDEN.replace("golden: shop", "golden: Shop"))
    assert any(
        "audits/golden.yaml:1: golden 'Shop' stands already in audits/golden/shop.yaml" in line
        for line in complaints(folder)
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("golden: shopp", "golden: audits/golden/ has none called 'shopp'; did you mean 'shop'?"),
        ("golden: shop, features: [ntp]", "features: shop has no feature 'ntp'; there are: logging, interfaces, users"),
        ("golden: shop, lines: [x]", "golden: it says which lines there are; lines does not go with it"),
        ("features: [logging]", "golden: the name of a golden configuration is due here"),
    ],
)
def test_a_task_that_asks_for_what_is_not_there_is_refused_by_check_and_by_plan_before_any_session(
    folder, arguments, said
):
    (folder / "playbooks" / "hold.yaml").write_text(PLAYBOOK % arguments)
    assert any(line.startswith(f"playbooks/hold.yaml:4: {said}") for line in complaints(folder))
    ended = storefleet("plan", "hold.yaml", "--fleet", folder, "-o", folder / "plan.json")
    assert (ended.code, f"playbooks/hold.yaml:4: {said}" in ended.out + ended.err) == (2, True), ended.err
    assert not (folder / "plan.json").exists()


def test_a_golden_text_that_cannot_be_rendered_is_refused_by_plan_before_any_session(folder):
    (folder / "playbooks" / "hold.yaml").write_text(PLAYBOOK % "golden: shop")
    (folder / "audits" / "golden" / "shop.j2").write_text(TEMPLATE.replace("motto", "mottto"))
    ended = storefleet("plan", "hold.yaml", "--fleet", folder, "-o", folder / "plan.json")
    assert ended.code == 2
    assert "audits/golden/shop.j2:7: 'mottto' is undefined (first on S0001-router)" in ended.out + ended.err
