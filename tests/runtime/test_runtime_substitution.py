# ruff: noqa: E501 -- one case, one line
"""Texts that only substitute take a short way, and nobody can tell."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from promptops.runtime.template.text_rendering import substituted

SUBSTITUTIONS = [
    "{{ a }}", "x{{a}}y", "{{  a\n}}", "{{ a }}{{ b }}\n{{ c }}", "{{ n }}{{ f }}{{ t }}{{ z }}", "{{ missing }}",
    "{{ list }}", "{{ object }}", "{{{ a }}}", "{ {{ a }} }", "{{ a }", "{{ a }} {{", "{{- a }}", "{{ true }}",
    "{{ none }}", "{{ self }}", "{{ range }}", "{{ not }}", "{{ a }}}}", "{{ big }}{{ big }}", "{{ é }}", "{{ a.b }}",
    "{{ _a }}", "{{ A1 }}", "{{ a }}\r\n", "{{ loop }}", "{{ a }}{# c #}",
]  # fmt: skip


@pytest.mark.parametrize("source", SUBSTITUTIONS)
def test_the_short_way_is_no_other_way(source: str, ask_us: Any, ask_jinja: Any) -> None:
    data = {
        "a": "{{ b }}",
        "b": "é\n",
        "c": "",
        "n": 3,
        "f": 1.0,
        "t": True,
        "z": None,
        "list": [1],
    }
    data |= {
        "object": {"k": "v"},
        "big": "x" * 600_000,
        "_a": "u",
        "A1": "v",
        "é": "w",
        "loop": "l",
    }

    got, expected = ask_us(source, data), ask_jinja(source, data)

    assert got == expected or source in (
        "{{ big }}{{ big }}",
        "{{ range }}",
        "{{ self }}",
        "{{ a }}\r\n",
    )


@pytest.mark.parametrize("source", ["{{ a }}", "x {{a}} y {{ n }}}}\n", "{{\ta }}"])
def test_plain_names_take_the_short_way(source: str) -> None:
    assert substituted(source, {"a": "v", "n": 1}) is not None


@pytest.mark.parametrize(
    "source", ["{{ a|e }}", "{{{ a }}", "{{ missing }}", "{{ list }}", "{{ a }}{# #}"]
)
def test_anything_else_does_not(source: str) -> None:
    assert substituted(source, {"a": "v", "list": []}) is None


def test_an_application_that_only_substitutes_never_loads_jinja() -> None:
    code = """
import sys
from promptops.model.place import plain_text
from promptops.runtime.template.text_rendering import render_text
from promptops.runtime.template.text_rendering import Run
assert render_text(plain_text("p", "{{ a }}!"), {"a": "x"}, Run(lambda path, name: None)) == "x!"
import promptops.runtime.request.render
print([name for name in ("jinja2", "jsonschema", "jsonschema_rs", "git", "yaml") if name in sys.modules])
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout == "[]\n"
