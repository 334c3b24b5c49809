"""A plugin for Jinja2's own tests: writes each template that they render, with its data.

One JSON line for each call of `render`: the test, the source, the data and the other templates of a
`DictLoader`. Left out is what is no input of ours: data that is not JSON, and an environment with
extensions, other delimiters, autoescape, or filters and tests of its own.
"""

from __future__ import annotations

import json
import os
from typing import Any

import jinja2
from jinja2 import DictLoader, Environment, Template

_DEFAULTS = Environment()
_SAME = (
    "block_start_string block_end_string variable_start_string variable_end_string "
    "comment_start_string comment_end_string line_statement_prefix line_comment_prefix "
    "newline_sequence autoescape is_async finalize extensions"
)
_NAMES = ("filters", "tests", "globals")
_SOURCES: dict[int, tuple[Template, str]] = {}
_from_string, _render = Environment.from_string, Template.render


def _is_plain(environment: Environment) -> bool:
    same = all(getattr(environment, name) == getattr(_DEFAULTS, name) for name in _SAME.split())
    return same and all(
        {*getattr(environment, name)} == {*getattr(_DEFAULTS, name)} for name in _NAMES
    )


def _remembering(self: Environment, source: Any, *arguments: Any, **named: Any) -> Template:
    template = _from_string(self, source, *arguments, **named)
    if isinstance(source, str) and not (arguments or named.get("globals")):
        _SOURCES[id(template)] = template, source
    return template


def _recording(self: Template, *arguments: Any, **named: Any) -> str:
    environment = self.environment
    loader = environment.loader
    others = dict(loader.mapping) if isinstance(loader, DictLoader) else {}
    kept = _SOURCES.get(id(self))
    source = kept[1] if kept else others.get(self.name or "")
    if source is not None and _is_plain(environment):
        _write(source, dict(*arguments, **named), others)
    return _render(self, *arguments, **named)


def _write(source: str, data: dict[str, Any], others: dict[str, str]) -> None:
    test = os.environ["PYTEST_CURRENT_TEST"].split(" ")[0].partition("[")[0]
    line = {"test": test, "source": source, "data": data, "templates": others}
    try:
        text = json.dumps(line, allow_nan=False)
    except (TypeError, ValueError):
        return  # no JSON data: an object, a function, a set
    with open(os.environ["JINJA_RECORDED"], "a", encoding="utf-8") as file:
        file.write(text + "\n")


Environment.from_string = _remembering  # type: ignore[method-assign]
jinja2.Template.render = _recording  # type: ignore[method-assign]
