"""The translation of each syntax of a plain text."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.formats.languages.format_string import format_string
from promptops.formats.languages.jinja import default_jinja
from promptops.formats.languages.mustache import mustache_with
from promptops.formats.languages.placeholders import placeholders, plain
from promptops.formats.translation import Translate

OF_LANGCHAIN: Mapping[str, str] = {
    "f-string": "format",
    "jinja2": "jinja",
    "mustache": "mustache",
}
"""The syntax of a template of LangChain, by its `template_format`."""

TRANSLATIONS: Mapping[str, Translate] = {
    "jinja": default_jinja,
    "double": placeholders("double"),
    "once": placeholders("once"),
    "exact": placeholders("exact"),
    "single": placeholders("single"),
    "format": format_string,
    "dollar": placeholders("dollar"),
    "mustache": mustache_with({}),
    "none": plain,
}
"""By the name for `--syntax`; `once` and `exact` only for readers."""
