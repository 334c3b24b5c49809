"""Variables of promptfoo, and the files that a configuration names."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.patterns import lazy_pattern

NO_TEMPLATES = {"PROMPTFOO_DISABLE_TEMPLATING": "true"}
"""The `env` of a configuration whose values promptfoo does not render, as `export` writes it."""

TEMPLATE = lazy_pattern(r"\{\{|\{%")
_PLACEHOLDER = lazy_pattern(r"\{\{-?\s*([\w.-]+?)\s*-?\}\}")
_NOT_TEXT = (".py", ".js", ".ts", ".mjs", ".cjs", ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp")


class UnreadVariable(Exception):
    """A file with the value of a variable that is not read; the message has its name."""


def combinations(variables: Mapping[str, Any], file: SourceFile) -> Iterator[Mapping[str, Any]]:
    """The variables with each combination of values of lists of strings and globs of files."""
    values = [_values(value, file) for value in variables.values()]
    for chosen in itertools.product(*values):
        yield dict(zip(variables, chosen, strict=True))


def _values(value: Any, file: SourceFile) -> list[Any]:
    if isinstance(value, list) and value and isinstance(value[0], str):
        return value
    if isinstance(value, str) and value.startswith("file://") and "*" in value:
        found = files_named(file, value.removeprefix("file://"))
        folder = file.path.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        return [f"file://{one.path.removeprefix(prefix)}" for one in found] or [value]
    return [value]


def read_value(value: Any, file: SourceFile) -> Any:
    """The value of a variable; that of `file://` is the text of the file.

    Raises UnreadVariable for a file that is missing, code, or not a text.
    """
    if not isinstance(value, str):
        return value
    if not value.startswith("file://"):
        return value.removesuffix("\n")
    name = value.removeprefix("file://")
    try:
        found = None if name.lower().endswith(_NOT_TEXT) else file.beside(name)
        if found is None:
            raise UnreadVariable(name)
        if found.suffix in (".yaml", ".yml"):
            return json.dumps(found.yaml.value, ensure_ascii=False, separators=(",", ":"))
        return found.text.value.strip()
    except (UnreadableSource, TypeError):
        raise UnreadVariable(name) from None


def with_values(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables, with the values of others in place of `{{name}}`."""
    return {name: _with_values(value, variables) for name, value in variables.items()}


def _with_values(value: Any, variables: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or "{{" not in value:
        return value
    return _PLACEHOLDER.sub(lambda match: _found(match, variables), value)


def is_template(value: Any) -> bool:
    """Whether promptfoo renders a value after `with_values`, so that it differs from the text.

    A placeholder of a variable that does not exist stays as it is there.
    """
    return isinstance(value, str) and TEMPLATE.search(_PLACEHOLDER.sub("", value)) is not None


def filled(value: Any, variables: Mapping[str, Any]) -> Any:
    """A value of an assertion with the variables of its test; UNKNOWN for other templates."""
    if isinstance(value, str):
        found = _PLACEHOLDER.sub(lambda match: _found(match, variables), value)
        return UNKNOWN if TEMPLATE.search(_without_values(value, variables)) else found
    if isinstance(value, list):
        items = [filled(one, variables) for one in value]
        return UNKNOWN if any(one is UNKNOWN for one in items) else items
    return value


UNKNOWN: Any = object()


def _without_values(value: str, variables: Mapping[str, Any]) -> str:
    """The text without the placeholders that have a value."""
    return _PLACEHOLDER.sub(
        lambda match: match[0] if _found(match, variables) == match[0] else "", value
    )


def _found(match: re.Match[str], variables: Mapping[str, Any]) -> str:
    value: Any = variables
    for step in match[1].split("."):
        if not isinstance(value, Mapping) or step not in value:
            return match[0]
        value = value[step]
    return value if isinstance(value, str) else json.dumps(value)


# Files that a configuration of promptfoo names, also by globs.

_GLOB = lazy_pattern(r"[*?\[]")


def files_named(file: SourceFile, name: str) -> list[SourceFile]:
    """The files of a path or a glob relative to the file, sorted; empty if there are none.

    Raises UnreadableSource.
    """
    if not _GLOB.search(name):
        found = file.beside(name)
        return [found] if found is not None else []
    if name.startswith("/") or ".." in name.split("/"):
        return []
    folder = (file.folder.root / file.path).parent
    try:
        paths = sorted(path.relative_to(folder).as_posix() for path in folder.glob(name))
    except (ValueError, OSError):  # `a**b`, which is not a glob, and too long names
        return []
    return [found for path in paths if (found := file.beside(path)) is not None]
