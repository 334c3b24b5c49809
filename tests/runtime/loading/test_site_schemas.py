"""The schemas of a site describe what is read."""

from __future__ import annotations

import json

import jsonschema
import pytest

import promptops
from promptops.source.shape import schema_text
from tests.runtime.loading.site import Site

FILES = {"index.json": "site-index", "channels/production.json": "site-channel"}


def schema(name: str) -> jsonschema.Draft202012Validator:
    text = json.loads(schema_text(f"{name}.schema.json"))
    jsonschema.Draft202012Validator.check_schema(text)
    return jsonschema.Draft202012Validator(text)


@pytest.mark.parametrize(("path", "name"), FILES.items())
def test_a_site_that_loads_is_what_the_schemas_say(site: Site, path: str, name: str) -> None:
    written = json.loads((site.folder / path).read_text())

    assert list(schema(name).iter_errors(written)) == []


@pytest.mark.parametrize(
    "pointer",
    [
        {"release": "v1.1.0", "bundle": f"sha256:{'0' * 64}"},
        {"release": "v1.1.0", "bundle": f"sha256:{'0' * 64}", "serial": 0},
        {"release": "v1.1.0", "bundle": f"sha256:{'0' * 64}", "serial": True},
        {"release": "v1.1.0", "bundle": f"sha256:{'0' * 64}", "serial": 2**63},
        {"release": "v1.1.0", "bundle": f"sha256:{'0' * 64}", "serial": "3"},
        {"release": "v1.1.0", "bundle": "0" * 64, "serial": 3},
        {"release": "v1.1.0", "bundle": f"sha256:{'A' * 64}", "serial": 3},
        {"release": "v1.1.0", "bundle": None, "serial": 3},
        {"release": "v1.1.0", "serial": 3},
        {"release": 1, "bundle": f"sha256:{'0' * 64}", "serial": 3},
        [],
    ],
)
def test_what_the_schema_refuses_is_not_read(site: Site, pointer: object) -> None:
    site.put("channels/production.json", json.dumps(pointer).encode())

    assert list(schema("site-channel").iter_errors(pointer)) != []
    with pytest.raises(promptops.IntegrityError, match="is not a valid file of a promptops site"):
        promptops.load("production", source=site.folder)
