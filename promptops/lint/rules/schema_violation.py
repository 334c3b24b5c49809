"""SCH002."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Surroundings
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.missing_files import missing
from promptops.lint.subject import has_other_format
from promptops.lint.undefined import undeclared
from promptops.model.loaded import FileReference
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.patterns import lazy_pattern
from promptops.records import replace
from promptops.source.document import Document
from promptops.suggestions import LimitedLookups

_OF_YAML = frozenset(("SCH001", "SCH010"))
_UNQUOTED = lazy_pattern(r"expected a string.*, got (?:the number .*|true|false)$")
_MISSPELT = lazy_pattern(r"did you mean `([A-Za-z_][\w-]*)`\?")


@rule("SCH002", severity=Severity.ERROR)
def schema_violation(
    problems: Sequence[Problem],
    document: Document,
    references: Sequence[FileReference],
    catalog: Catalog,
    surroundings: Surroundings,
) -> Iterator[Problem]:
    """A prompt file has only the keys and value types that its format defines.

    An unknown key has no effect: with `temprature: 0` the model keeps its default, and no test
    shows it. So every unknown key is an error, in the file and in its test cases, and the message
    names the nearest known key. Your own keys begin with `x-`. An input that is required but not
    declared is an error too: callers who pass it are refused, and so are callers who don't.

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
    elsewhere = {r.place for r in references if r.kind == "schema" and missing(surroundings, r)}
    for problem in problems:
        if problem.code != "SCH002" or problem.at in elsewhere:  # REP005 reports that
            continue
        if _path(problem) in misread:  # values that could not be parsed are not checked
            continue
        if problem.at == document.place("/format") and has_other_format(document):
            continue  # SCH008 reports that
        hint = problem.hint or ("quote it" if _UNQUOTED.match(problem.message) else None)
        yield replace(problem, hint=hint, fix=problem.fix or _spelling(problem))
    prompt = catalog.loaded(document.path).prompt
    if prompt is not None:
        yield from _undeclared(prompt)


def _path(problem: Problem) -> str:
    """The file of a problem; a problem of the prompt file itself has no place yet."""
    return problem.at.path if isinstance(problem.at, Place) else ""


def _undeclared(prompt: Prompt) -> Iterator[Problem]:
    """Inputs that are required but not declared: no caller could call the prompt."""
    declared, lookups = prompt.inputs.get("properties") or {}, LimitedLookups()
    for name, pointer in undeclared(prompt).items():
        hint = lookups.did_you_mean(name, declared) or "declare it under `properties`"
        yield Problem(f"`{name}` is required but not declared", at=pointer, hint=hint)


def _spelling(problem: Problem) -> Fix | None:
    """The known key that is similar to an unknown one."""
    near = _MISSPELT.fullmatch(problem.hint or "")
    unknown = problem.message.startswith("unknown key ")
    if near is None or not unknown or not isinstance(problem.at, Place):
        return None
    return Fix((Edit(problem.at, near[1]),))
