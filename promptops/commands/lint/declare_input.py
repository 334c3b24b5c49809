"""The edits that declare a name of a template as an input of its prompt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.json_pointer import escaped
from promptops.model.finding import Edit, Finding
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.document import Document, read
from promptops.workspace.text_edits import apply_edits

UNDEFINED = "VAR001"
"""The rule that reports a name that is not an input."""

_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEMA = "{type: string}"


def declaration(catalog: Catalog, finding: Finding) -> tuple[Edit, ...]:
    """The edits that add the undefined name to the inputs of the prompt, as a required string.

    Empty if the finding is another one, or is not in a prompt file, or if the inputs of the file
    are written in a way to which nothing can be added.
    """
    path = finding.place.path
    if finding.code != UNDEFINED or path not in catalog.ids:
        return ()
    document, name = catalog.document(path), _named(catalog, finding.place)
    value = document.value
    if not name or not isinstance(value, dict) or "extends" in value:
        return ()
    edits = tuple(_edits(document, value, name))
    new = read(path, apply_edits(catalog.files.data(path) or b"", edits))
    return edits if _is_declared(new, name) else ()


def _named(catalog: Catalog, place: Place) -> str:
    written = catalog.line(place.path, place.line)[place.column - 1 : place.end_column - 1]
    return written if _NAME.fullmatch(written) else ""


def _is_declared(document: Document, name: str) -> bool:
    if document.problems:
        return False
    inputs = document.value.get("inputs") or {}
    return name in inputs.get("properties", ()) and name in inputs.get("required", ())


def _edits(document: Document, value: dict[str, Any], name: str) -> Iterator[Edit]:
    inputs = value.get("inputs")
    if inputs is None and "messages" in value:
        yield _new_inputs(document, name)
    elif isinstance(inputs, dict) and inputs and "$ref" not in inputs:
        required = _added(document, inputs, "required", name)
        properties = _added(document, inputs, "properties", f"{name}: {_SCHEMA}")
        if required.place == properties.place:
            yield Edit(required.place, required.text + properties.text)
        else:
            yield from (required, properties)


def _new_inputs(document: Document, name: str) -> Edit:
    """A schema above the messages."""
    lines = ("inputs:", f"  required: [{name}]", "  properties:", f"    {name}: {_SCHEMA}", "")
    return _insertion(document.place("/messages", key=True), "\n".join(lines))


def _added(document: Document, inputs: dict[str, Any], key: str, entry: str) -> Edit:
    """The entry before the first one of a list or mapping of the inputs, or in a new one."""
    pointer, container = f"/inputs/{key}", inputs.get(key)
    is_list = key == "required"
    if container:
        first = "0" if is_list else escaped(next(iter(container)))
        return _before(document, document.place(f"{pointer}/{first}", key=not is_list), entry)
    new = f"[{entry}]" if is_list else f"{{{entry}}}"
    if container is not None:
        return Edit(document.place(pointer), new)
    above = document.place(f"/inputs/{escaped(next(iter(inputs)))}", key=True)
    return _before(document, above, f"{key}: {new}")


def _before(document: Document, place: Place, entry: str) -> Edit:
    """The entry on a line of its own or, within brackets, followed by a comma."""
    prefix = document.text.split("\n")[place.line - 1][: place.column - 1]
    is_block = prefix.strip() in ("", "-")
    return _insertion(place, f"{entry}\n{prefix}" if is_block else f"{entry}, ")


def _insertion(place: Place, text: str) -> Edit:
    at = Place(place.path, place.line, place.column, place.line, place.column)
    return Edit(at, text)
