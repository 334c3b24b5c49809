"""SCH001."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.missing import needed
from promptops.model.loaded import Reference
from promptops.source.document import decode


@rule("SCH001", severity=Severity.ERROR)
def yaml_syntax(
    problems: Sequence[Problem], references: Sequence[Reference], catalog: Catalog
) -> Iterator[Problem]:
    """A prompt file, and what it includes, can be read: YAML in UTF-8, without tags or tabs.

    A file that one reader takes and the next refuses is a prompt that works on one machine. So
    there is no byte order mark, no tab between the words, no `!!python/object` that asks a reader
    to run something, and no second document. An unquoted `content: {{ ticket }}` is a mapping to
    YAML, and the most common of all.

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
                here = Related(need.reference.place, "included from here")
                yield replace(problem, related=(here, *need.related))


def _no_text(catalog: Catalog, path: str) -> Sequence[Problem]:
    """What keeps a template from being read; nothing for one that isn't there."""
    text = catalog.files.text(path)
    if text is not None and text.value.replace("\n", "").isprintable():
        return ()
    data = catalog.files.data(path)
    return decode(path, data)[1] if data is not None else ()
