"""REP005."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Surroundings
from promptops.lint import Problem, Severity, rule
from promptops.lint.missing_files import missing, needed
from promptops.model.loaded import FileReference
from promptops.model.place import Place
from promptops.records import replace


@rule("REP005", severity=Severity.ERROR)
def dependency_not_in_commit(
    references: Sequence[FileReference], catalog: Catalog, surroundings: Surroundings
) -> Iterator[Problem]:
    """The files that a prompt needs are committed with it.

    If a partial, body, schema, tool, case or media file was never added to git, only its author has
    it. All checks pass on the author's disk, and the prompt fails on every other machine. The same
    applies to a file that `.gitignore` excludes.

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: user
            content: '{% include "partials/tone.md.j2" %}'
        --- prompts/partials/tone.md.j2 (untracked)
        Be brief.

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: user
            content: '{% include "partials/tone.md.j2" %}'
        --- prompts/partials/tone.md.j2
        Be brief.
    """
    for need in needed(catalog, references):
        state = missing(surroundings, need.reference)
        if state in _IS:
            target = need.reference.target
            yield Problem(
                f"`{need.reference.written}` is not in the commit: `{target}` {_IS[state]}",
                at=_named(need.reference),
                hint=_HINT[state].format(target),
                related=need.related,
            )


def _named(reference: FileReference) -> Place:
    """The name itself; the place of an include also covers its quotes."""
    place = reference.place
    quoted = place.end_column - place.column == len(reference.written) + 2
    if reference.kind != "template" or place.line != place.end_line or not quoted:
        return place
    return replace(place, column=place.column + 1, end_column=place.end_column - 1)


_IS = {
    "untracked": "is untracked",
    "ignored": "is ignored by git",
    "unstaged": "is on disk, but not staged",
    "tracked": "is on disk only",
}
_HINT = {
    "untracked": "git add '{}'",
    "ignored": "git add --force '{}', or name a file that is not ignored",
    "unstaged": "git add '{}'",
    "tracked": "commit '{}' with it",
}
