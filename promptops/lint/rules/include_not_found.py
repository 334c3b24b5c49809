"""TPL003."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from promptops.analysis.uses import TemplateReference as Named
from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Surroundings
from promptops.lint import Edit, Fix, Problem, Related, Severity, rule
from promptops.lint.missing_files import missing, needed
from promptops.lint.passages import included_from
from promptops.lint.subject import TemplateScope
from promptops.model.loaded import FileReference, ReferenceKind
from promptops.model.place import Place
from promptops.suggestions import LimitedLookups

_KINDS = {
    "body": "file",
    "cases": "case file",
    "extends": "prompt file",
    "media": "file",
    "tool": "tool",
}


@rule("TPL003", severity=Severity.ERROR)
def include_not_found(
    scopes: Sequence[TemplateScope],
    references: Sequence[FileReference],
    catalog: Catalog,
    surroundings: Surroundings,
) -> Iterator[Problem]:
    """Every file that a prompt names is in the tree that is checked.

    That tree is the staged files or a commit, not whatever is on the disk. A path is relative to
    the prompt root or, if it begins with `./`, to the file that names it. REP005 reports files that
    exist but are not in the commit.

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
    nearest = _Nearest(catalog)
    yield from _templates(scopes, catalog, surroundings, nearest)
    for need in needed(catalog, references):
        reference = need.reference
        if (
            reference.kind in _KINDS
            and not reference.found
            and missing(surroundings, reference) == ""
        ):
            message = f"there is no {_KINDS[reference.kind]} `{reference.written}`"
            yield nearest.problem(
                message, reference.written, reference.place, need.related, reference.kind
            )


def _templates(
    scopes: Sequence[TemplateScope], catalog: Catalog, surroundings: Surroundings, nearest: _Nearest
) -> Iterator[Problem]:
    """Missing templates, each at its name within the quotes."""
    for scope in scopes:
        missing_ones = [p for p in scope.scope.problems if p.code == "TPL003"]
        names = _Names(scope.scope.references if missing_ones else ())
        for problem in missing_ones:
            if isinstance(problem.at, Place):
                at = problem.at
                named = names.within(at)
                if all(_is_nowhere(catalog, surroundings, name) for name in named):
                    written = (named[0].target or "") if len(named) == 1 else ""
                    related = included_from(named[0].stack) if named else problem.related
                    yield nearest.problem(problem.message, written, at, related)


class _Names:
    """The names of templates by their places, so that each lookup takes constant work."""

    def __init__(self, references: Iterable[Named]) -> None:
        self._by_path: dict[str, list[Named]] = {}
        for each in references:
            self._by_path.setdefault(each.site.place.path, []).append(each)
        for found in self._by_path.values():
            found.sort(key=_start)
        self._starts = {path: [*map(_start, found)] for path, found in self._by_path.items()}

    def within(self, at: Place) -> list[Named]:
        """The names within a place, in their order."""
        starts = self._starts.get(at.path, [])
        first = bisect_left(starts, (at.line, at.column))
        last = bisect_right(starts, (at.end_line, at.end_column))
        found = self._by_path.get(at.path, [])[first:last]
        return [named for named in found if _is_within(named.site.place, at)]


def _start(named: Named) -> tuple[int, int]:
    return named.site.place.line, named.site.place.column


def _is_within(inner: Place, outer: Place) -> bool:
    return (
        inner.path == outer.path
        and (outer.line, outer.column) <= (inner.line, inner.column)
        and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    )


def _is_nowhere(catalog: Catalog, surroundings: Surroundings, named: Named) -> bool:
    """Neither outside the repository (SEC010) nor left out of the commit (REP005)."""
    if named.target is None:
        return False
    place, base = named.site.place, named.site.text.path
    found = catalog.resolver.follow("template", named.target, place, base)
    return isinstance(found, FileReference) and missing(surroundings, found) == ""


class _Nearest:
    """Problems of one prompt with the nearest existing file, for a limited number of names."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lookups = LimitedLookups()

    def problem(
        self,
        message: str,
        written: str,
        at: Place,
        related: tuple[Related, ...],
        kind: ReferenceKind = "template",
    ) -> Problem:
        """A missing file, named `written` at a place, with a fix if a file has a similar name."""
        near = self._near(kind, written, at.path) if written else None
        is_name = near is not None and at.end_column - at.column == len(written)
        otherwise = "name each file" if "*" in written else _roots(self._catalog, kind)
        return Problem(
            message,
            at=at,
            hint=f"did you mean `{near}`?" if near else otherwise,
            fix=Fix((Edit(at, near or ""),)) if is_name else None,
            related=related,
        )

    def _near(self, kind: ReferenceKind, written: str, base: str) -> str | None:
        key = "\n".join((kind, written, base))
        nearest = self._catalog.resolver.nearest
        return self._lookups.find(key, lambda: nearest(kind, written, base))


def _roots(catalog: Catalog, kind: ReferenceKind) -> str:
    """The folders that a path is relative to; tools are below the schema roots."""
    if kind != "tool":
        return "a path is relative to the prompt root, or begins with `./`"
    roots = " or ".join(f"`{root}`" for root in catalog.config.schemas)
    return f"a path is relative to {roots}, or begins with `./` to be relative to the file"
