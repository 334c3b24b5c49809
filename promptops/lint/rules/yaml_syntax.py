"""SCH001."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.missing_files import needed
from promptops.lint.passages import included_at
from promptops.model.loaded import FileReference
from promptops.model.place import Place
from promptops.records import replace
from promptops.source.document import decode


@rule("SCH001", severity=Severity.ERROR)
def yaml_syntax(
    problems: Sequence[Problem], references: Sequence[FileReference], catalog: Catalog
) -> Iterator[Problem]:
    """A prompt file and the files it names are readable: YAML or JSON in UTF-8, without tabs.

    A file that one reader accepts and another refuses works only on some machines. So a byte order
    mark, a tab between words, a second document, and tags such as `!!python/object`, which run
    code, are errors. The most common mistake is an unquoted `content: {{ ticket }}`, which YAML
    reads as a mapping.

    Bad:
        messages:
          - role: user
            content: {{ ticket }}

    Bad:
        description: !!str 2026
        messages:
          - role: user
            content: Say hello.

    Good:
        messages:
          - role: user
            content: "Sort this ticket: {{ ticket }}"
    """
    yield from (problem for problem in problems if problem.code == "SCH001")
    for need in needed(catalog, references):
        if need.reference.kind in ("template", "body"):
            for problem in _no_text(catalog, need.reference.target):
                here = included_at(need.reference.place)
                fix = _without_bom(catalog, need.reference.target, problem)
                yield replace(problem, related=(here, *need.related), fix=fix)


def _without_bom(catalog: Catalog, path: str, problem: Problem) -> Fix | None:
    """No fix for a template: its byte order mark is sent, so a person must decide."""
    data = catalog.files.data(path) or b""
    if not data.startswith(BOM_UTF8) or problem.at != Place(path):
        return None
    return Fix((Edit(Place(path, 1, 1, 1, 2), ""),))


def _no_text(catalog: Catalog, path: str) -> Sequence[Problem]:
    """Why a template can't be read; nothing for a template that does not exist."""
    text = catalog.files.text(path)
    if text is not None and text.value.replace("\n", "").isprintable():
        return ()
    data = catalog.files.data(path)
    return decode(path, data)[1] if data is not None else ()
