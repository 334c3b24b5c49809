"""Runs rules over prompts and produces findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice
from typing import Any

from promptops.analysis.secrets import without_secrets
from promptops.catalog.catalog import Catalog
from promptops.lint.registry import ALL, Rule, best_name, is_named, is_named_alone
from promptops.lint.subject import PromptFacts
from promptops.model.config import LintSettings
from promptops.model.finding import Finding, Fix, Problem, Severity
from promptops.model.internal_error import CODE, NAME, CaughtBug, InternalError
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.source.config import FILES
from promptops.source.conflicts import CODE as CONFLICT

_SUGGESTED = lazy_pattern(r"did you mean [`\"](.+)[`\"]\?")
_QUOTED = lazy_pattern(r"`([^`]+)`")

MAX_PROBLEMS = 1_000
"""The limit of findings of one rule in one prompt; a hostile file could cause 100,000."""


@record(frozen=True, slots=True)
class Selection:
    """The rules to run: those that the configuration selects and does not ignore.

    Attributes:
        select, ignore: Codes, prefixes of codes, or names; `ALL` and an empty selection mean the
            rules that are on by default. A prefix does not select a rule in preview.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def chooses(self, rule: Rule) -> bool:
        """Whether a rule is selected and not ignored; without `select`, those on by default."""
        if is_named(self.ignore, rule.code, rule.name):
            return False
        if not self.select:
            return rule.on == "default"
        if rule.on == "preview":
            return is_named_alone(self.select, rule.code, rule.name)
        # `ALL` means the default rules; opt-in rules must be named.
        by_all = ALL in map(str.upper, self.select) and rule.on == "default"
        return by_all or is_named(self.select, rule.code, rule.name)


OF_TEMPLATES = frozenset(("TPL001", "TPL002", "TPL003", "TPL004", "TPL005", "VAR001"))
"""Rules that check templates using only the messages and inputs of a prompt."""


def lint_prompt(subject: PromptFacts, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Run the rules over one prompt; the findings have no fingerprints yet."""
    catalog, loaded = subject.catalog, subject.loaded
    for problem in loaded.problems:
        if problem.code == CODE:
            yield failed(problem, loaded)
    failures: set[InternalError] = set()
    # For a file that can't be parsed, only rules about reading run, and rules about templates
    # if the templates themselves are valid.
    readable = loaded.prompt is not None
    only_templates = replace(loaded, prompt=loaded.templates)
    templates = PromptFacts(catalog, only_templates, subject.today, subject.surroundings)
    for rule in rules:
        of_templates = loaded.templates is not None and rule.code in OF_TEMPLATES
        if not rule.checks_catalog and (readable or of_templates or _reads_only(rule)):
            with CaughtBug() as bug:
                judged = templates if of_templates else subject
                problems = rule.check(*[getattr(judged, name) for name in rule.needs])
                for problem in islice(problems, MAX_PROBLEMS):
                    yield _finding(rule, problem, catalog, judged.loaded)
            # A failing shared parameter fails all rules that use it.
            if bug.error is not None and bug.error not in failures:
                failures.add(bug.error)
                yield failed(_failure(rule, bug.error, Place(loaded.path)), loaded)


def lint_catalog(
    catalog: Catalog, rules: Sequence[Rule], given: Mapping[str, Any]
) -> Iterator[Finding]:
    """Run the rules that check the whole catalog: those whose parameters are all in `given`."""
    given = {"config": catalog.config, **given}
    for rule in rules:
        if rule.checks_catalog and set(rule.needs) <= given.keys():
            with CaughtBug() as bug:
                for problem in rule.check(*[given[name] for name in rule.needs]):
                    yield _finding(_reporting(problem, rule, rules), problem, catalog, None)
            if bug.error is not None:
                place = Place(catalog.config.path or FILES[0])
                yield failed(_failure(rule, bug.error, place), None)


def _reporting(problem: Problem, rule: Rule, rules: Sequence[Rule]) -> Rule:
    """The rule that reports a problem: conflict markers have one rule, whichever rule reads a file.

    If that rule does not run, the rule that found the problem reports it.
    """
    if problem.code != CONFLICT:
        return rule
    return next((other for other in rules if other.code == CONFLICT), rule)


def _failure(rule: Rule, error: InternalError, place: Place) -> Problem:
    """The finding for a rule that raised an exception, addressed to its authors."""
    problem = error.problem(place, f"rule {rule.code} {rule.name}")
    package = rule.check.__module__.partition(".")[0]
    if package == "promptops":
        return problem
    return replace(problem, hint=f"report it to the authors of the plug-in `{package}`")


def failed(problem: Problem, loaded: LoadedPrompt | None) -> Finding:
    """The finding for an internal error, which no configuration suppresses."""
    assert isinstance(problem.at, Place)
    return Finding(
        code=CODE,
        name=NAME,
        severity=Severity.ERROR,
        message=problem.message,
        place=problem.at,
        prompt=loaded.id if loaded is not None else "",
        hint=problem.hint,
    )


def _reads_only(rule: Rule) -> bool:
    return set(rule.needs) <= _OF_WHAT_IS_READ


_OF_WHAT_IS_READ = frozenset(  # there are no scopes then
    (
        "problems",
        "document",
        "references",
        "written",
        "scopes",
        "surroundings",
        "catalog",
        "config",
        "today",
    )
)


def _finding(
    rule: Rule, problem: Problem, catalog: Catalog, loaded: LoadedPrompt | None
) -> Finding:
    place = _placed(problem, catalog, loaded)
    hint = problem.hint or (problem.fix if isinstance(problem.fix, str) else None)
    hide = partial(without_secrets, known=catalog.masked(place.path).secrets)
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=rule.severity,
        message=hide(_with_look_alike(problem.message, hint)),
        place=place,
        prompt=_owner(place, catalog, loaded),
        hint=hide(hint) if hint is not None else None,
        related=tuple(
            replace(related, message=hide(related.message)) for related in problem.related
        ),
        fix=_shown_fix(problem.fix, hide),
        source_line=_source_line(catalog, place, rule),
        case=problem.case,
    )


def _with_look_alike(message: str, hint: str | None) -> str:
    """The message about a name with, if the suggested name looks the same, the letter in it."""
    meant = _SUGGESTED.fullmatch(hint or "")
    if meant is None or (message.isascii() and meant[1].isascii()):
        return message
    from promptops.look_alikes import first_look_alike, named

    quoted = _QUOTED.findall(message)
    letters = filter(None, (first_look_alike(word, meant[1]) for word in quoted))
    letter = next(letters, None)
    return message if letter is None else f"{message}; `{letter}` is {named(letter)}"


def _shown_fix(fix: str | Fix | None, hide: Callable[[str], str]) -> Fix | None:
    """The fix; None if it would contain a secret: reports print edits and files store them."""
    if fix is None or isinstance(fix, str):
        return None
    return fix if all(hide(edit.text) == edit.text for edit in fix.edits) else None


def _source_line(catalog: Catalog, place: Place, rule: Rule) -> str:
    line = catalog.masked_line(place.path, place.line)
    if not rule.masked:
        return line
    end = place.end_column if place.end_line == place.line else len(line) + 1
    return line[: place.column - 1] + "*" * (end - place.column) + line[end - 1 :]


def _placed(problem: Problem, catalog: Catalog, loaded: LoadedPrompt | None) -> Place:
    if isinstance(problem.at, Place):
        return problem.at
    if loaded is None:
        return Place(problem.at)
    if loaded.prompt is not None:
        return loaded.prompt.locate(problem.at, problem.key, problem.within)
    return catalog.document(loaded.path).place(problem.at, problem.key)


def _owner(place: Place, catalog: Catalog, loaded: LoadedPrompt | None) -> str:
    """The prompt that a place belongs to; a partial belongs to none."""
    if loaded is None or place.path == loaded.path:
        return loaded.id if loaded else catalog.id_of(place.path) or ""
    owned = any(r.target == place.path and r.kind == "cases" for r in loaded.references)
    return loaded.id if owned else ""


def without_repeats(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding per place: several cases or prompts may have produced it."""
    seen: set[tuple[str, Place, str]] = set()
    for finding in findings:
        key = (finding.code, finding.place, finding.message)
        if key not in seen:
            seen.add(key)
            yield finding


def as_configured(finding: Finding, settings: LintSettings) -> Finding | None:
    """The finding with its configured severity; None if the configuration ignores the rule here."""
    if finding.code == CODE:
        return finding
    for pattern, codes in settings.per_file_ignores.items():
        if matches(finding.place.path, pattern) and is_named(codes, finding.code, finding.name):
            return None
    chosen = best_name(settings.severity, finding.code, finding.name)
    severity = settings.severity[chosen] if chosen is not None else finding.severity
    return finding if severity == finding.severity else replace(finding, severity=severity)


def matches(path: str, pattern: str) -> bool:
    """Whether a path matches a glob, in which `**` matches any number of folders."""
    return fnmatchcase(path, pattern) or fnmatchcase(path, pattern.replace("**/", "*"))
