"""The edits that an editor offers for a finding: correct a word, declare an input, suppress it."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.json_pointer import escaped
from promptops.lint.registry import built_in
from promptops.model.finding import Edit, Finding
from promptops.model.internal_error import CODE
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.runtime.template.template import TemplateError, parse
from promptops.source.document import Document, read
from promptops.source.paths import may_be_template
from promptops.workspace.edits import apply_edits

# The edit that replaces a misspelt word by the name that a hint suggests.

_SUGGESTED = lazy_pattern(r"""did you mean ([`"])([A-Za-z_][\w./-]*)\1\?""")


def correction(catalog: Catalog, place: Place, message: str, hint: str | None) -> Edit | None:
    """The edit for a hint such as "did you mean `ticket`?", which keeps the quotes of a string.

    None without such a hint, and where the place is not the misspelt word that the message names.
    """
    suggested = _SUGGESTED.fullmatch(hint or "")
    if suggested is None or place.line != place.end_line:
        return None
    written = catalog.line(place.path, place.line)[place.column - 1 : place.end_column - 1]
    word = _unquoted(written)
    if not word or (f"`{word}`" not in message and dumps(word) not in message):
        return None
    return Edit(place, written.replace(word, suggested[2]))


def _unquoted(written: str) -> str:
    is_quoted = len(written) > 1 and written[0] == written[-1] and written[0] in "'\""
    return written[1:-1] if is_quoted else written


# The edits that declare a name of a template as an input of its prompt.

UNDEFINED_NAME = "VAR001"
"""The rule that reports a name that is not an input."""

_INPUT_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_STRING_SCHEMA = "{type: string}"


def declaration(catalog: Catalog, finding: Finding) -> tuple[Edit, ...]:
    """The edits that add the undefined name to the inputs of the prompt, as a required string.

    Empty if the finding is another one, or is not in a prompt file, or if the inputs of the file
    are written in a way to which nothing can be added.
    """
    path = finding.place.path
    if finding.code != UNDEFINED_NAME or path not in catalog.ids:
        return ()
    document, name = catalog.document(path), _undefined_name(catalog, finding.place)
    value = document.value
    if not name or not isinstance(value, dict) or "extends" in value:
        return ()
    edits = tuple(_declaring_edits(document, value, name))
    new = read(path, apply_edits(catalog.files.data(path) or b"", edits))
    return edits if _is_declared(new, name) else ()


def _undefined_name(catalog: Catalog, place: Place) -> str:
    written = catalog.line(place.path, place.line)[place.column - 1 : place.end_column - 1]
    return written if _INPUT_NAME.fullmatch(written) else ""


def _declaring_edits(document: Document, value: dict[str, Any], name: str) -> Iterator[Edit]:
    inputs = value.get("inputs")
    if inputs is None and "messages" in value:
        yield _new_inputs(document, name)
    elif isinstance(inputs, dict) and inputs and "$ref" not in inputs:
        required = _added_entry(document, inputs, "required", name)
        properties = _added_entry(document, inputs, "properties", f"{name}: {_STRING_SCHEMA}")
        if required.place == properties.place:
            yield Edit(required.place, required.text + properties.text)
        else:
            yield from (required, properties)


def _new_inputs(document: Document, name: str) -> Edit:
    """A schema above the messages."""
    lines = (
        "inputs:",
        f"  required: [{name}]",
        "  properties:",
        f"    {name}: {_STRING_SCHEMA}",
        "",
    )
    return _insertion(document.place("/messages", key=True), "\n".join(lines))


def _added_entry(document: Document, inputs: dict[str, Any], key: str, entry: str) -> Edit:
    """The entry before the first one of a list or mapping of the inputs, or in a new one."""
    pointer, container = f"/inputs/{key}", inputs.get(key)
    is_list = key == "required"
    if container:
        first = "0" if is_list else escaped(next(iter(container)))
        return _entry_before(document, document.place(f"{pointer}/{first}", key=not is_list), entry)
    new = f"[{entry}]" if is_list else f"{{{entry}}}"
    if container is not None:
        return Edit(document.place(pointer), new)
    above = document.place(f"/inputs/{escaped(next(iter(inputs)))}", key=True)
    return _entry_before(document, above, f"{key}: {new}")


def _entry_before(document: Document, place: Place, entry: str) -> Edit:
    """The entry on a line of its own or, within brackets, followed by a comma."""
    prefix = document.text.split("\n")[place.line - 1][: place.column - 1]
    is_block = prefix.strip() in ("", "-")
    return _insertion(place, f"{entry}\n{prefix}" if is_block else f"{entry}, ")


def _insertion(place: Place, text: str) -> Edit:
    at = Place(place.path, place.line, place.column, place.line, place.column)
    return Edit(at, text)


def _is_declared(document: Document, name: str) -> bool:
    if document.problems:
        return False
    inputs = document.value.get("inputs") or {}
    return name in inputs.get("properties", ()) and name in inputs.get("required", ())


# The comment that suppresses a finding.


def suppression(catalog: Catalog, finding: Finding) -> Edit | None:
    """A comment above the place of a finding that names its rule, for the author to add a reason.

    None where a comment would have no effect: in other files than prompts and templates, in a file
    that can't be parsed, and for rules that only a waiver suppresses.
    """
    rule = built_in().get(finding.code)
    if finding.code == CODE or (rule is not None and rule.unsuppressable):
        return None
    path = finding.place.path
    if path.endswith(PROMPT_ENDINGS):
        return _yaml_comment(catalog, finding)
    return _jinja_comment(catalog, finding) if may_be_template(path) else None


def _yaml_comment(catalog: Catalog, finding: Finding) -> Edit | None:
    line = catalog.document(finding.place.path).entry_line(finding.place.line)
    text = catalog.line(finding.place.path, line)
    indent = text[: len(text) - len(text.lstrip(" "))]
    return _line_above(finding, line, f"{indent}# {_directive(finding)} ") if line else None


def _jinja_comment(catalog: Catalog, finding: Finding) -> Edit | None:
    """A comment on its own line, unless that line is within a tag."""
    path, line = finding.place.path, finding.place.line
    text = catalog.files.text(path)
    if text is None:
        return None
    lines = text.value.split("\n")
    comment = f"{{# {_directive(finding)} #}}"
    try:
        parse("\n".join((*lines[: line - 1], comment, *lines[line - 1 :])))
    except TemplateError:
        return None
    return _line_above(finding, line, comment)


def _directive(finding: Finding) -> str:
    return f"promptops: ignore[{finding.code}]"


def _line_above(finding: Finding, line: int, text: str) -> Edit:
    return Edit(Place(finding.place.path, line, 1, line, 1), f"{text}\n")
