"""SCH005."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.ids import better, is_fit, shown, twins
from promptops.lint.subject import LintRun
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

_UNFIT = lazy_pattern(r"[^-/_.a-z0-9]")


@rule("SCH005", severity=Severity.WARNING)
def bad_id(catalog: Catalog, run: LintRun) -> Iterator[Problem]:
    """An id has only `a-z`, `0-9`, `-`, `_`, `.` and `/`, and is not a folder of other ids.

    The id is the file's path below the prompt root. People type it and use it in tag names, URLs
    and code. An id that begins with `-` looks like an option to every command. Ids with capital
    letters are two files on one file system and the same file on another. Where each prompt has its
    own tags, git can't store both the tag `support` and tags such as `support/triage`.

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
    twin_paths = {twin.path for twin in twins(catalog, run.concerned)}  # reported by REP001
    ids = catalog.ids_near(run.concerned)
    below = _below(ids)
    for path, identity in ids.items():
        if path not in twin_paths:
            if not is_fit(identity):
                yield _unfit(path, identity)
            elif identity in below:
                yield _is_folder(path, identity, below[identity])


def _below(ids: Mapping[str, str]) -> Mapping[str, list[str]]:
    """From each id that is a folder of other ids to the paths of those ids."""
    known = frozenset(ids.values())
    below: dict[str, list[str]] = defaultdict(list)
    for path, identity in ids.items():
        folder = identity.rpartition("/")[0]
        while folder:
            if folder in known:
                below[folder].append(path)
            folder = folder.rpartition("/")[0]
    return {folder: sorted(paths) for folder, paths in below.items()}


def _unfit(path: str, identity: str) -> Problem:
    near = better(identity)
    if near:
        hint = f"rename the file so that the id is `{near}`"
    else:
        hint = "rename the file to a name of letters and digits, such as `triage.prompt.yaml`"
    return Problem(f"the id `{shown(identity)}` {_why(identity)}", at=Place(path), hint=hint)


def _why(identity: str) -> str:
    unfit = _UNFIT.search(identity)
    if not identity.rpartition("/")[2]:
        return "is empty"
    if unfit is None:
        if not identity[0].isalnum():
            return f"begins with `{identity[0]}`"
        return "can't be a git tag: it has `..`, a dot beside a `/`, or ends in `.lock`"
    char = unfit[0]
    if char.isupper():
        return f"contains the capital letter `{char}`"
    if char == " ":
        return "contains a space"
    return f"contains the character `{shown(char)}`"


def _is_folder(path: str, identity: str, below: list[str]) -> Problem:
    return Problem(
        f"the id `{identity}` is a folder of other ids",
        at=Place(path),
        hint=f"rename the file: git can't keep tags `{identity}` and `{identity}/…`",
        related=tuple(Related(Place(other), "below it") for other in below[:3]),
    )
