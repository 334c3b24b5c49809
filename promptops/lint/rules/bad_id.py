"""SCH005."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.ids import better, is_fit, shown, twins
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

_UNFIT = lazy_pattern(r"[^-/_.a-z0-9]")


@rule("SCH005", severity=Severity.WARNING)
def bad_id(catalog: Catalog) -> Iterator[Problem]:
    """An id is made of `a-z`, `0-9`, `-`, `_`, `.` and `/`, and is no folder of others.

    The id is the file's path below the prompt root, and people type it, put it in a tag's name, in
    an address and in code. One that begins with `-` is an option to every command; capital letters
    name two files on one system and the same file on another. And where each prompt has tags of
    its own, git can't keep the tag `support` beside a folder of tags `support/`.

    Bad:
        --- prompts/Support Triage.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Sort this.}

    Bad:
        --- prompts/support.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}
        --- prompts/support/triage.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Sort this.}

    Good:
        --- prompts/support/triage.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Sort this.}
        --- prompts/support/triage.de.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Sortiere das.}
    """
    told = {twin.path for twin in twins(catalog)}  # by REP001
    ids = catalog.ids_in_question
    below = _below(ids)
    for path, identity in ids.items():
        if path not in told:
            if not is_fit(identity):
                yield _unfit(path, identity)
            elif identity in below:
                yield _is_folder(path, identity, below[identity])


def _below(ids: Mapping[str, str]) -> Mapping[str, list[str]]:
    """From each id that is a folder of others to the paths of those."""
    known = frozenset(ids.values())
    below: dict[str, list[str]] = defaultdict(list)
    for path, identity in sorted(ids.items()):
        folder = identity.rpartition("/")[0]
        while folder:
            if folder in known:
                below[folder].append(path)
            folder = folder.rpartition("/")[0]
    return below


def _unfit(path: str, identity: str) -> Problem:
    near = better(identity)
    hint = f"rename the file, to make it `{near}`" if near else "rename the file"
    return Problem(f"the id `{shown(identity)}` {_why(identity)}", at=Place(path), hint=hint)


def _why(identity: str) -> str:
    unfit = _UNFIT.search(identity)
    if not identity.rpartition("/")[2]:
        return "is empty"
    if unfit is None:
        if not identity[0].isalnum():
            return f"begins with `{identity[0]}`"
        return "can't be a git tag: a dot stands beside a dot or a `/`, or `.lock` at an end"
    char = unfit[0]
    if char.isupper():
        return f"has the capital letter `{char}`"
    if char == " ":
        return "has a space"
    return f"has the character `{shown(char)}`"


def _is_folder(path: str, identity: str, below: list[str]) -> Problem:
    return Problem(
        f"the id `{identity}` is a folder of other ids",
        at=Place(path),
        hint=f"rename the file: git can't keep tags `{identity}` and `{identity}/…`",
        related=tuple(Related(Place(other), "below it") for other in below[:3]),
    )
