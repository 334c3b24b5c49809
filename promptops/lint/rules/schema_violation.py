"""SCH002."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.formats import is_of_another_time
from promptops.lint.missing_files import missing
from promptops.lint.undefined import undeclared
from promptops.model.loaded import FileReference
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.patterns import lazy_pattern
from promptops.records import replace
from promptops.source.document import Document
from promptops.source.explain import nearest

_OF_YAML = frozenset(("SCH001", "SCH010"))
_UNQUOTED = lazy_pattern(r"expected text.*, got (?:the number .*|true|false)$")
_MISSPELT = lazy_pattern(r"did you mean `([A-Za-z_][\w-]*)`\?")


@rule("SCH002", severity=Severity.ERROR)
def schema_violation(
    problems: Sequence[Problem],
    document: Document,
    references: Sequence[FileReference],
    catalog: Catalog,
) -> Iterator[Problem]:
    """A prompt file has the keys and the kinds of values that its format defines.

    A key that nobody knows is a setting that silently does nothing: `temprature: 0` leaves the
    model at its default, and no test tells. So every unknown key is an error, with the nearest
    known one beside it, in the file and in its test cases; what is yours alone begins with `x-`.
    An input that is required and not declared is an error, too: whoever passes it is refused, and
    so is whoever doesn't.

    Bad:
        descripton: Answers one question.

    Bad:
        messages:
          - role: robot
            content: Say hello.

    Bad:
        inputs:
          required: [tikcet]
          properties:
            ticket: {type: string, maxLength: 4000}
        messages:
          - role: user
            content: "Sort this ticket: {{ ticket }}"

    Good:
        description: Answers one question.
        x-reviewed: 2026-11-24
    """
    misread = {_path(problem) for problem in problems if problem.code in _OF_YAML}
    elsewhere = {r.place for r in references if r.kind == "schema" and missing(catalog, r)}
    for problem in problems:
        if problem.code != "SCH002" or problem.at in elsewhere:  # that is REP005's
            continue
        if _path(problem) in misread:  # what could not be read as it was meant is not judged
            continue
        if problem.at == document.place("/format") and is_of_another_time(document):
            continue  # that is SCH008's
        hint = problem.hint or ("quote it" if _UNQUOTED.match(problem.message) else None)
        yield replace(problem, hint=hint, fix=problem.fix or _spelling(problem))
    prompt = catalog.loaded(document.path).prompt
    if prompt is not None:
        yield from _undeclared(prompt)


def _path(problem: Problem) -> str:
    """The file a problem is in; what points into the prompt file has no place yet."""
    return problem.at.path if isinstance(problem.at, Place) else ""


def _undeclared(prompt: Prompt) -> Iterator[Problem]:
    """Inputs that are required and may not be passed: no caller could call the prompt."""
    declared = prompt.inputs.get("properties") or {}
    for name, pointer in undeclared(prompt).items():
        hint = nearest(name, declared) or "declare it under `properties`"
        yield Problem(f"`{name}` is required and not declared", at=pointer, hint=hint)


def _spelling(problem: Problem) -> Fix | None:
    """The known key in place of one that looks like it."""
    near = _MISSPELT.fullmatch(problem.hint or "")
    unknown = problem.message.endswith("is not a key here")
    if near is None or not unknown or not isinstance(problem.at, Place):
        return None
    return Fix((Edit(problem.at, near[1]),))
