"""REP003."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from promptops.catalog.catalog import ENDINGS, Catalog
from promptops.catalog.references import is_below
from promptops.lint import Problem, Severity, rule
from promptops.model.place import Place
from promptops.source.cases import ENDINGS as CASE_ENDINGS

_TEMPLATES = (".j2", ".jinja", ".jinja2")
_SCHEMAS = (".schema.json", ".tool.json")
_CASES = tuple(f".cases{ending}" for ending in CASE_ENDINGS)
_RECORDINGS = ".recordings.jsonl"


@rule("REP003", severity=Severity.WARNING, reads_all=True)
def unused_partial(catalog: Catalog) -> Iterator[Problem]:
    """Every partial, schema, case file and recording is needed by a prompt.

    Somebody who looks for a phrase finds a partial that nothing includes, fixes it there, and
    changes nothing. Case files are worse: the tests in them do not run, because the prompt does not
    name the file.

    Where a name is misspelt, that place is reported instead.

    The rule checks templates (`.j2`, `.jinja`) below the prompt roots, JSON files below the schema
    roots, and files named `NAME.cases.…` and `NAME.recordings.jsonl`.

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}
        --- prompts/partials/tone.md.j2
        Be brief.

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}
        --- prompts/ask.cases.jsonl
        {"name": "one", "rendered": [{"type": "contains", "value": "hello"}]}

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: user
            content: '{% include "partials/tone.md.j2" %}'
        tests:
          - file: ./ask.cases.jsonl
        --- prompts/ask.cases.jsonl
        {"name": "one", "rendered": [{"type": "contains", "value": "brief"}]}
        --- prompts/partials/tone.md.j2
        Be brief.
    """
    kinds = ((path, _kind(catalog, path)) for path in catalog.files.entries)
    if any(map(catalog.files.is_unmerged, catalog.files.entries)):
        return  # what an unmerged file needs is open
    unused = [(path, kind) for path, kind in kinds if kind and not _is_needed(catalog, path, kind)]
    lost = _not_there(catalog) if unused else []
    for path, kind in unused:
        if not get_close_matches(path, lost, 1, cutoff=0.9):
            yield Problem(f"no prompt needs this {kind}", at=Place(path), hint=_HINT[kind])


_HINT = {
    "partial": "include it, or delete it",
    "schema": "refer to it with `$ref` or `ref`, or delete it",
    "case file": "name it under `tests` of its prompt: `- file: …`, or delete it",
    "recording": "its prompt is gone: delete it",
}


def _kind(catalog: Catalog, path: str) -> str:
    """What a file is; "" for one that nothing needs to reach."""
    if any(is_below(path, root) for root in catalog.config.prompts):
        if path.endswith(_TEMPLATES):
            return "partial"
        if path.endswith(_CASES):
            return "case file"
        if path.endswith(_RECORDINGS):
            return "recording"
    roots = [root for root in catalog.config.schemas if is_below(path, root)]
    if path.endswith(_SCHEMAS) and roots:
        return "schema"
    return "schema" if path.endswith(".json") and any(root != "." for root in roots) else ""


def _is_needed(catalog: Catalog, path: str, kind: str) -> bool:
    if kind == "recording":
        stem = path.removesuffix(_RECORDINGS)
        return any(f"{stem}{ending}" in catalog.files.entries for ending in ENDINGS)
    return catalog.is_needed(path)


def _not_there(catalog: Catalog) -> list[str]:
    """Paths that a file names, and by a name that no file has: TPL003's, misspelt perhaps."""
    there = {_file_name(path) for path in catalog.files.entries}
    named = {target for path in catalog.graph.sources for target in catalog.graph.meant(path)}
    return sorted(target for target in named if _file_name(target) not in there)


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]
