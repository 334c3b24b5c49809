"""TPL003."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from promptops.analysis.uses import Reference as Named
from promptops.catalog.catalog import Catalog
from promptops.lint import Edit, Fix, Problem, Related, Severity, rule
from promptops.lint.missing import missing, needed
from promptops.lint.stacks import included_from
from promptops.lint.subject import Subject
from promptops.model.loaded import Reference
from promptops.model.place import Place

_KINDS = {
    "body": "file",
    "cases": "case file",
    "extends": "prompt file",
    "media": "file",
    "tool": "tool",
}


@rule("TPL003", severity=Severity.ERROR)
def include_not_found(subject: Subject, catalog: Catalog) -> Iterator[Problem]:
    """Every file that a prompt names is in the tree that is checked.

    That tree is what is staged, or a commit, and not what happens to lie on the disk. A path
    begins at the root of prompts, or beside the file that names it when it begins with `./`.
    A file that exists but is not in the commit is REP005's business.

    Bad:
        messages:
          - role: system
            content: |
              You sort tickets.
              {% include "partials/house-style.md.j2" %}

    Bad:
        messages:
          - role: system
            content: {file: ./ask.system.md.j2}

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: system
            content: |
              You sort tickets.
              {% include "partials/house-style.md.j2" %}
        --- prompts/partials/house-style.md.j2
        Short sentences, plain words.
    """
    yield from _templates(subject, catalog)
    for each in needed(catalog, subject.references):
        reference = each.reference
        if reference.kind in _KINDS and not reference.found and missing(catalog, reference) == "":
            message = f"there is no {_KINDS[reference.kind]} `{reference.written}`"
            yield _problem(catalog, message, reference.written, reference.place, each.related)


def _templates(subject: Subject, catalog: Catalog) -> Iterator[Problem]:
    """Those that the walk over the templates could not reach, at the name within its quotes."""
    for scope in subject.scopes:
        missing_ones = [p for p in scope.scope.problems if p.code == "TPL003"]
        lines = _by_line(scope.scope.references) if missing_ones else {}
        for problem in missing_ones:
            if isinstance(problem.at, Place):
                at = problem.at
                near = (lines.get((at.path, n), ()) for n in range(at.line, at.end_line + 1))
                named = [n for line in near for place, n in line if _is_within(place, at)]
                if all(_is_nowhere(catalog, each) for each in named):
                    written = (named[0].target or "") if len(named) == 1 else ""
                    related = included_from(named[0].stack) if named else problem.related
                    yield _problem(catalog, problem.message, written, at, related)


def _by_line(references: Iterable[Named]) -> dict[tuple[str, int], list[tuple[Place, Named]]]:
    """From path and line to what is named there: to look through all for each takes its square."""
    found: dict[tuple[str, int], list[tuple[Place, Named]]] = {}
    for each in references:
        place = each.site.place
        found.setdefault((place.path, place.line), []).append((place, each))
    return found


def _is_within(inner: Place, outer: Place) -> bool:
    return (
        inner.path == outer.path
        and (outer.line, outer.column) <= (inner.line, inner.column)
        and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    )


def _is_nowhere(catalog: Catalog, named: Named) -> bool:
    """Neither outside the repository, which is SEC010, nor left out of the commit: REP005."""
    if named.target is None:
        return False
    place, base = named.site.place, named.site.text.path
    found = catalog.resolver.follow("template", named.target, place, base)
    return isinstance(found, Reference) and missing(catalog, found) == ""


def _problem(
    catalog: Catalog, message: str, written: str, at: Place, related: tuple[Related, ...]
) -> Problem:
    near = _nearest(catalog, written) if written else None
    is_name = near is not None and at.end_column - at.column == len(written)
    return Problem(
        message,
        at=at,
        hint=f"did you mean `{near}`?" if near else "a path begins at the root of prompts, or `./`",
        fix=Fix((Edit(at, near or ""),)) if is_name else None,
        related=related,
    )


def _nearest(catalog: Catalog, written: str) -> str | None:
    """A file of the same folder, or of the same name elsewhere, that is nearly what is written."""
    folder, _, name = written.removeprefix("./").rpartition("/")
    known = []
    for path in catalog.files.entries:
        root = next((root for root in catalog.config.prompts if path.startswith(f"{root}/")), None)
        if root is not None and (f"/{folder}/" in path or path.endswith(f"/{name}")):
            known.append(path[len(root) + 1 :])
    near = get_close_matches(written, known, 1, cutoff=0.8)
    return near[0] if near and not written.startswith("./") else None
