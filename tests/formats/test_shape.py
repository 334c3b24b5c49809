"""The inputs that templates imply."""

from __future__ import annotations

import pytest

from promptops.analysis.template_walk import walk
from promptops.formats.input_schema import required_of, schema_of, shapes
from promptops.model.place import plain_text

TEXT = {"type": ["string", "number"]}


def found(template):
    return shapes(walk(plain_text("a.txt", template), lambda _path, _target: None).uses)


@pytest.mark.parametrize(
    ("template", "schemas", "required"),
    [
        ("{{ a }} {{ a | upper }}", {"a": TEXT}, ["a"]),
        (
            "{% if a %}x{% endif %}",
            {"a": {"type": ["boolean", "string", "number"], "default": False}},
            [],
        ),
        ("{% if a %}{{ a }}{% endif %}", {"a": {**TEXT, "default": ""}}, []),
        ('{{ a | default("x") }}', {"a": TEXT}, []),
        ("{% if a is defined %}{{ a }}{% endif %}", {"a": TEXT}, []),
        (
            "{% for x in xs %}{{ x.a }}{% if x.b %}!{% endif %}{% endfor %}",
            {
                "xs": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["a"],
                        "properties": {
                            "a": TEXT,
                            "b": {"type": ["boolean", "string", "number"], "default": False},
                        },
                    },
                    "default": [],
                }
            },
            [],
        ),
        (
            "{% for k, v in m | items %}{{ k }}{{ v }}{% endfor %}",
            {"m": {"type": "object", "additionalProperties": TEXT, "default": {}}},
            [],
        ),
        (
            "{{ u.name }}{% set n = u.at %}{{ n[0] }}",
            {
                "u": {
                    "type": "object",
                    "required": ["name", "at"],
                    "properties": {"name": TEXT, "at": {"type": "array", "items": TEXT}},
                }
            },
            ["u"],
        ),
        (
            "{% if u %}{{ u.name }}{% endif %}",
            {
                "u": {
                    "type": ["object", "null"],
                    "required": ["name"],
                    "properties": {"name": TEXT},
                    "default": None,
                }
            },
            [],
        ),
        ("{{ xs | join(', ') }}", {"xs": {"type": "array"}}, ["xs"]),
        ("{{ n | round }}", {"n": {"type": "number"}}, ["n"]),
    ],
)
def test_templates_imply_a_schema(template, schemas, required):
    shapes_ = found(template)

    assert {name: schema_of(shape) for name, shape in shapes_.items()} == schemas
    assert required_of(shapes_) == required


def test_a_sample_decides_what_templates_leave_open():
    template = "{{ a }} {{ b | length }} {% for x in xs %}{{ x }}{% endfor %}"
    sample = {"a": 3, "b": ["x"], "xs": [1.5]}

    schemas = {name: schema_of(shape, sample[name]) for name, shape in found(template).items()}

    assert schemas == {
        "a": {"type": "number"},
        "b": {"type": "array", "items": {"type": "string"}},
        "xs": {"type": "array", "items": {"type": "number"}, "default": []},
    }
