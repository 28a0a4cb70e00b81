"""The published schema of notify.yaml is that of the types, and the worked examples fit it."""

import json
import re

import jsonschema
import pytest
import yaml
from command_line import ROOT

from storefleet.documents.published import problems, schema
from storefleet.notify.schemas import SCHEMAS

HOWTO = (ROOT / "docs" / "howto" / "notify.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_published_schema_is_current_and_valid(name):
    assert schema(name) == json.loads(json.dumps(SCHEMAS[name]())), "run: make schemas"
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_the_file_of_the_howto_fits():
    text = re.search(r"```yaml\n(.*?)```", HOWTO, re.DOTALL)[1]
    document = yaml.load(text, yaml.BaseLoader)
    document["channels"]["ops-chat"] |= {"per_minute": 15, "max_bytes": 4096}
    assert problems(document, "notify-1") == []


def test_a_misspelt_key_and_a_url_do_not_fit():
    for channel in ({"aprise": {"env": "X"}}, {"apprise": "slack://a/b/c"}):
        assert problems({"channels": {"ops": channel}}, "notify-1") != []
