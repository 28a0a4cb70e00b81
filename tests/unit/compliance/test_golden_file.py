"""Files of golden configurations: every mistake at its line, all at once; the schema is that of the types."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
import yaml
from command_line import ROOT

from storefleet.compliance.golden_check import text_faults
from storefleet.compliance.golden_file import SCHEMAS, load_goldens
from storefleet.documents.published import problems, schema
from storefleet.errors import InputError

STARTER = ROOT / "src" / "storefleet" / "inventory" / "starter"
SHIPPED = [ROOT / "audits" / "golden" / "store-router.yaml", STARTER / "audits" / "golden" / "store-router.yaml"]
GOOD = """\
golden: shop
applies_to: "role=router"
template: golden/shop.j2
features:
  - {name: ntp, lines: ["ntp "], extra: fail}
  - name: lists
    lines: [access-list, ip prefix-list]
    ordered: true
    extra: fail
    risk: path
  - {name: users, lines: [username], extra: ignore, secret: [3]}
  - {name: interfaces, lines: [interface], ignore_children: ["description "]}
  - {name: rest, extra: ignore}
volatile: ["^ntp clock-period "]
"""


def said(tmp_path, *texts):
    paths = []
    for number, text in enumerate(texts):
        paths.append(tmp_path / f"{number}.yaml")
        paths[-1].write_text(text)
    with pytest.raises(InputError) as caught:
        load_goldens(paths, lambda path: path.name)
    return [str(complaint) for complaint in caught.value.complaints]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("golden: shop", 'golden: "a shop"', "0.yaml:1: golden: 'a shop' is no name"),
        ("template: golden/shop.j2", "template: ../shop.j2", "0.yaml:3: template: a path below audits/ is due here"),
        ("template: golden/shop.j2", "template: /etc/passwd", "0.yaml:3: template: a path below audits/ is due here"),
        ("template: golden/shop.j2\n", "", "0.yaml:1: the golden configuration: the key 'template' is missing"),
        (
            "volatile:",
            "volatil:",
            "0.yaml:14: the golden configuration: unknown key 'volatil'; did you mean 'volatile'?",
        ),
        ("ordered:", "order:", "0.yaml:8: the golden configuration: features[1]: unknown key 'order'"),
        (
            "ordered: true",
            "ordered: yes",
            "0.yaml:8: the golden configuration: features[1]: ordered: true or false is due",
        ),
        (
            "extra: ignore, secret",
            "extra: drop, secret",
            "0.yaml:11: the golden configuration: features[2]: extra: 'drop' is not",
        ),
        (
            "risk: path",
            "risk: reboot",
            "0.yaml:10: the golden configuration: features[1]: risk: 'reboot' is not one of",
        ),
        ("name: lists", "name: NTP", "0.yaml:6: there is a feature 'NTP' already"),
        (
            "[username]",
            "[username, ip]",
            "0.yaml:11: lists and users both own the lines that begin with 'ip prefix-list'",
        ),
        (
            "[username]",
            "[username, username bob]",
            "0.yaml:11: users owns twice the lines that begin with 'username bob'",
        ),
        ("[username]", "[no username]", "0.yaml:11: users: lines: 'no username': leave the `no` out"),
        ("[username]", "[exit]", "0.yaml:11: users: lines: 'exit' only frames the text"),
        ("[username]", '["!"]', "0.yaml:11: users: lines: '!' only frames the text"),
        ("[username]", '[" "]', "0.yaml:11: users: lines: the beginning of a line is due here"),
        ("[username]", '["user  name"]', "0.yaml:11: users: lines: 'user  name' is written otherwise"),
        ("[username]", '[" username"]', "0.yaml:11: users: lines: ' username': a line is written here without"),
        ('["description "]', '["no description"]', "0.yaml:12: interfaces: ignore_children: 'no description': leave"),
        ("lines: [username], ", "", "0.yaml:13: rest has no lines, and users owns already what no other feature does"),
        ("[3]", "[-1]", "0.yaml:11: users: secret: words are counted from 0, not -1"),
        ('["^ntp clock-period "]', '["(a+)+b"]', "0.yaml:14: volatile: '(a+)+b': a repeated part"),
        (
            GOOD[GOOD.index("  - {name: ntp") : GOOD.index("volatile")],
            "  []\n",
            "0.yaml:5: features: at least one is due",
        ),
        (GOOD, "", "0.yaml: the golden configuration is empty"),
    ],
)
def test_a_mistake_is_complained_about_at_its_line(tmp_path, old, new, complaint):
    assert old in GOOD
    found = said(tmp_path, GOOD.replace(old, new))
    assert any(one.startswith(complaint) for one in found), found


def test_all_mistakes_of_all_files_come_at_once_and_a_name_is_there_once(tmp_path):
    found = said(
        tmp_path,
        GOOD,
        GOOD.replace("shop\n", "SHOP\n", 1),
        GOOD.replace("[3]", "[-3]").replace("golden: shop", "golden: x y"),
    )
    assert found == [
        "1.yaml:1: golden 'SHOP' stands already in 0.yaml",
        "2.yaml:1: golden: 'x y' is no name; letters, digits, _ and -, at most 63 in all",
        "2.yaml:11: users: secret: words are counted from 0, not -3",
    ]


def test_what_is_written_is_what_is_read(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    (golden,) = load_goldens([tmp_path / "a.yaml"])
    assert (golden.name, golden.place("template").line, golden.volatile) == ("shop", 3, ("^ntp clock-period ",))
    assert [(one.name, one.extra, one.ordered, one.risk) for one in golden.features] == [
        ("ntp", "fail", False, None),
        ("lists", "fail", True, "path"),
        ("users", "ignore", False, None),
        ("interfaces", "warn", False, None),
        ("rest", "ignore", False, None),
    ]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_published_schema_is_current_and_valid(name):
    assert schema(name) == json.loads(json.dumps(SCHEMAS[name]())), "run: make schemas"
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parents[2].name)
def test_what_comes_along_is_read_and_fits_its_schema(path):
    assert load_goldens([path])[0].name == "store-router"
    assert problems(yaml.safe_load(path.read_text()), "golden-1") == []


def test_the_file_of_the_howto_is_read_and_its_text_is_without_a_fault(tmp_path):
    howto = (ROOT / "docs" / "howto" / "golden.md").read_text(encoding="utf-8")
    (tmp_path / "a.yaml").write_text(re.search(r"```yaml\n(.*?)```", howto, re.DOTALL)[1])
    (golden,) = load_goldens([tmp_path / "a.yaml"])
    text = re.search(r"```\n(log .*?)```", howto, re.DOTALL)[1]
    assert text_faults(golden, re.sub(r"\{\{.*?\}\}", "x", text), " / ".join) == []


def test_a_misspelt_key_and_an_unknown_judgement_do_not_fit():
    good = yaml.safe_load(GOOD)
    assert problems(good, "golden-1") == []
    assert problems({**good, "volatil": []}, "golden-1") != []
    assert problems({**good, "features": [{"name": "a", "extra": "drop"}]}, "golden-1") != []
