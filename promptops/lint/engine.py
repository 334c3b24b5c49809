"""Runs rules and makes findings of problems, without repeated and suppressed ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from functools import cache, partial
from itertools import islice
from typing import Any

from promptops.analysis.secrets import without_secrets
from promptops.catalog.build import texts
from promptops.catalog.catalog import Catalog
from promptops.lint.registry import (
    ALL,
    Rule,
    RuleNames,
    best_name,
    built_in,
    is_named,
    is_named_alone,
    rule_names,
)
from promptops.lint.subject import LintRun, NotRendered, PromptFacts
from promptops.lint.suppressions import (
    Counts,
    Suppression,
    directive,
    limited,
    silence,
    template_suppressions,
)
from promptops.model.config import LintSettings, Waiver
from promptops.model.finding import Finding, Fix, Problem, Severity
from promptops.model.internal_error import CODE, NAME, CaughtBug, InternalError
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.report import SilencingComment
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.runtime.template.limits import TookTooLong
from promptops.source.config import FILES
from promptops.source.document import Document
from promptops.source.lines import CONFLICT_CODE

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


_OF_WHAT_IS_READ = frozenset(  # there are no scopes then
    (
        *("problems", "document", "references", "written", "scopes", "surroundings"),
        *("catalog", "config", "today"),
    )
)
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
    for rule in rules:
        of_templates = loaded.templates is not None and rule.code in OF_TEMPLATES
        if not rule.checks_catalog and (
            readable or of_templates or set(rule.needs) <= _OF_WHAT_IS_READ
        ):
            with CaughtBug() as bug:
                judged = subject.of_templates if of_templates else subject
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
    if problem.code != CONFLICT_CODE:
        return rule
    return next((other for other in rules if other.code == CONFLICT_CODE), rule)


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


# The steps from rules to a report: duplicates, suppressions, waivers, fingerprints.


@record(frozen=True, slots=True)
class PromptResult:
    """The findings of the rules in one prompt, before anything suppresses them.

    Attributes:
        portable: The result is valid in each catalog in which the files that the prompt needs are
            equal.
    """

    findings: tuple[Finding, ...]
    suppressions: tuple[Suppression, ...]
    portable: bool = True

    @property
    def failed(self) -> bool:
        """Whether an internal error prevented a check."""
        return any(finding.code == CODE for finding in self.findings)


@record(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The findings to report, in the order of places.

    Attributes:
        silenced: Findings that a comment, a waiver or the baseline suppressed.
        comments: Suppression comments with a code and a reason.
    """

    findings: tuple[Finding, ...]
    silenced: tuple[Finding, ...]
    comments: tuple[SilencingComment, ...]


@record(frozen=True, slots=True)
class Silencers:
    """Suppression other than by comments.

    Attributes:
        baseline: Fingerprints of earlier, accepted findings.
        counts: Whether a comment may suppress a finding that it covers.
        names: Of all rules that comments may name; by default those that run or are built in.
    """

    waivers: tuple[Waiver, ...] = ()
    baseline: frozenset[str] = frozenset()
    counts: Counts = lambda _comment, _finding: True
    names: RuleNames | None = None


def lint_one(
    catalog: Catalog, loaded: LoadedPrompt, rules: Sequence[Rule], today: date
) -> PromptResult:
    """One prompt, with the suppression comments in its files."""
    subject = PromptFacts(catalog, loaded, today)
    return _result(catalog, loaded, subject, lint_prompt(subject, rules))


def _result(
    catalog: Catalog, loaded: LoadedPrompt, subject: PromptFacts, findings: Iterable[Finding]
) -> PromptResult:
    found = tuple(without_repeats(findings))
    portable = not subject.surroundings.were_used
    with CaughtBug() as bug:
        suppressions = tuple(suppressions_of(catalog, loaded))
    if bug.error is None:
        return PromptResult(found, suppressions, portable)
    problem = bug.error.problem(Place(loaded.path), "comments that suppress")
    return PromptResult((*found, failed(problem, loaded)), (), portable)


class LintInParts:
    """Lint one prompt: first the rules that need no rendered case, later the others."""

    def __init__(
        self, catalog: Catalog, loaded: LoadedPrompt, rules: Sequence[Rule], today: date
    ) -> None:
        self._catalog, self._loaded = catalog, loaded
        self._facts = PromptFacts(catalog, loaded, today)
        self._facts.renders_cases = False
        self._findings: list[Finding] = []
        self._left: list[Rule] = []
        for rule in rules:
            try:
                self._findings += list(lint_prompt(self._facts, [rule]))
            except NotRendered:
                self._left.append(rule)

    @property
    def left(self) -> frozenset[str]:
        """The codes of the rules that need rendered cases."""
        return frozenset(rule.code for rule in self._left)

    def first(self) -> PromptResult:
        """The findings of the rules that need no rendered case."""
        return _result(self._catalog, self._loaded, self._facts, self._findings)

    def render(self) -> Iterator[None]:
        """Render the cases for `all`; pauses after each."""
        self._facts.renders_cases = True
        return self._facts.render_in_parts()

    def all(self) -> PromptResult:
        """The findings of all rules."""
        self._facts.renders_cases = True
        self._findings += list(lint_prompt(self._facts, self._left))
        self._left = []
        return self.first()

    @property
    def digests(self) -> Mapping[str, str]:
        """After `all`, see `PromptFacts.digests`; empty if the cases take too long."""
        try:
            return self._facts.digests
        except TookTooLong:
            return {}


def suppressions_of(catalog: Catalog, loaded: LoadedPrompt) -> Iterable[Suppression]:
    """The suppression comments in the files of a prompt, within the limit of their names."""
    return limited(_suppressions(catalog, loaded))


def _suppressions(catalog: Catalog, loaded: LoadedPrompt) -> Iterator[Suppression]:
    """The suppression comments in a prompt file and its templates."""
    document = catalog.document(loaded.path)
    if "promptops:" in document.text:
        yield from _document_suppressions(document)
    prompt = loaded.prompt or loaded.templates
    if prompt is not None:
        for text in (*texts(prompt), *catalog.reached(prompt)):
            yield from template_suppressions(text)


def _document_suppressions(document: Document) -> Iterator[Suppression]:
    """The lines that a comment covers: a comment on a key covers the key and its whole value."""
    for comment in document.comments:
        place = document.place(comment.pointer)
        first = document.place(comment.pointer, key=True).line
        at = Place(
            document.path,
            comment.line,
            comment.column,
            comment.line,
            comment.column + len(comment.text),
        )
        lines = (min(first, comment.line), max(place.end_line, comment.line))
        found = directive(comment.text, at, lines)
        if found is not None:
            yield found


def conclude(
    catalog: Catalog,
    results: Iterable[PromptResult],
    rules: Sequence[Rule],
    run: LintRun,
    silencers: Silencers,
) -> Outcome:
    """The findings of prompts and of the whole catalog, as reported."""
    results = list(results)
    suppressions = tuple(dict.fromkeys(s for result in results for s in result.suppressions))
    found = [finding for result in results for finding in result.findings]
    if run.complete:
        found = list(_with_users(found, catalog.config.path))
    found += lint_catalog(catalog, rules, {"catalog": catalog, "today": run.today, "run": run})
    kept = _configured(catalog, without_repeats(found))
    heedless = frozenset({CODE, *(rule.code for rule in rules if rule.unsuppressable)})
    silenced = silence(with_fingerprints(kept), suppressions, heedless, silencers.counts)
    unused = tuple(_unused(suppressions, silenced.used, rules))
    if not run.complete:
        # A comment in a partial may suppress findings of prompts that are not linted.
        unused = tuple(each for each in unused if catalog.id_of(each.place.path) is not None)
    given = {
        "catalog": catalog,
        "today": run.today,
        "run": run,
        "suppressions": suppressions,
        "unused": unused,
        "idle_waivers": (),
        "rule_names": silencers.names or rule_names((*built_in().values(), *rules)),
    }
    last = [rule for rule in rules if rule.checks_suppressions]
    late = _problems_of_silencers(catalog, last, given)
    if run.complete:
        # Unused waivers are known only after these findings are, and are reported with them.
        idle = _split([*silenced.kept, *late], silencers, run.today).idle
        late = _problems_of_silencers(catalog, last, {**given, "idle_waivers": idle})
    split = _split([*silenced.kept, *late], silencers, run.today)
    findings = sorted(split.kept, key=lambda finding: (finding.place, finding.code))
    return Outcome(
        findings=tuple(findings),
        silenced=(*silenced.silenced, *split.waived),
        comments=tuple(_comments(suppressions, silenced.used)),
    )


def _with_users(findings: Sequence[Finding], config: str | None) -> Iterator[Finding]:
    """Findings of prompts in the configuration, with the number of prompts that cause them."""
    keys = [(each.code, each.place, each.message) for each in findings]
    users = Counter(key for key in keys if key[1].path == config)
    for finding, key in zip(findings, keys, strict=True):
        message = f"{finding.message}; used by {counted(users[key], 'prompt')}"
        yield replace(finding, message=message) if users[key] else finding


def _comments(
    suppressions: Iterable[Suppression], used: Mapping[Suppression, tuple[Finding, ...]]
) -> Iterator[SilencingComment]:
    for suppression in suppressions:
        if suppression.codes and suppression.reason:
            yield SilencingComment(
                place=suppression.place,
                codes=suppression.codes,
                reason=suppression.reason,
                silenced=used.get(suppression, ()),
            )


def _problems_of_silencers(
    catalog: Catalog, rules: Sequence[Rule], given: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """Problems of the comments and waivers themselves."""
    return with_fingerprints(_configured(catalog, lint_catalog(catalog, rules, given)))


def _configured(catalog: Catalog, findings: Iterable[Finding]) -> list[Finding]:
    settings = catalog.config.lint
    judged = (as_configured(finding, settings) for finding in findings)
    return [finding for finding in judged if finding is not None]


@record(frozen=True, slots=True)
class _Split:
    """Split findings into reported and waived ones, and find unused waivers."""

    kept: list[Finding]
    waived: list[Finding]
    idle: tuple[Waiver, ...]


def _split(findings: Sequence[Finding], silencers: Silencers, today: date) -> _Split:
    valid = {w.fingerprint for w in silencers.waivers if w.expires >= today}
    taken = valid | silencers.baseline
    waived = [
        finding for finding in findings if finding.fingerprint in taken and finding.code != CODE
    ]
    ended = {w.fingerprint: w.expires for w in silencers.waivers if w.fingerprint not in valid}
    kept = [
        _with_ended_waiver(finding, ended)
        for finding in findings
        if finding.fingerprint not in taken or finding.code == CODE
    ]
    used = {finding.fingerprint for finding in waived}
    idle = tuple(w for w in silencers.waivers if w.fingerprint not in used)
    return _Split(kept, waived, idle)


def _with_ended_waiver(finding: Finding, ended: Mapping[str, date]) -> Finding:
    if finding.fingerprint not in ended:
        return finding
    message = f"{finding.message} (its waiver ended on {ended[finding.fingerprint]})"
    return replace(finding, message=message)


def _unused(
    suppressions: Iterable[Suppression], used: Container[Suppression], rules: Sequence[Rule]
) -> Iterator[Suppression]:
    """Suppressions without an effect whose rules ran: for a prefix, all rules of the prefix."""
    ran = {rule.code for rule in rules}
    known = {rule.code: rule.name for rule in (*built_in().values(), *rules)}

    @cache
    def named(codes: tuple[str, ...]) -> frozenset[str]:
        return frozenset(code for code, name in known.items() if is_named(codes, code, name))

    for each in suppressions:
        meant = named(each.codes)
        if each not in used and each.codes and each.reason and meant and meant <= ran:
            yield each


# Fingerprints, which identify findings independently of line numbers.

_LONGEST_LINE = 2_000


def with_fingerprints(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by place and fingerprint each: a hash of code, prompt, line and ordinal.

    The ordinal distinguishes equal findings on equal lines of one file.
    """
    findings = list(findings)
    seen: Counter[tuple[str, str, str]] = Counter()
    lines = {finding.source_line: "" for finding in findings}
    for written in lines:
        lines[written] = _short_line(re.sub(r"\s+", " ", written).strip())
    marked = []
    for finding in sorted(findings, key=lambda each: (each.place, each.code, each.message)):
        key = (finding.code, finding.prompt or finding.place.path, lines[finding.source_line])
        marked.append(replace(finding, fingerprint=_digest(*key, str(seen[key]))))
        seen[key] += 1
    return tuple(marked)


def _short_line(line: str) -> str:
    """A line, or its hash if it is long: a long line may have a thousand findings."""
    return line if len(line) <= _LONGEST_LINE else _digest(line)


def _digest(*facts: str) -> str:
    import hashlib

    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
