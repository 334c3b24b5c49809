"""The steps from rules to a report: duplicates, suppressions, waivers, fingerprints."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from promptops.catalog.build import texts
from promptops.catalog.catalog import Catalog
from promptops.lint.engine import as_configured, failed, lint_catalog, lint_prompt, without_repeats
from promptops.lint.registry import Rule, RuleNames, built_in, is_named, rule_names
from promptops.lint.subject import LintRun, PromptFacts
from promptops.lint.suppressions import (
    Counts,
    Suppression,
    directive,
    limited,
    silence,
    template_suppressions,
)
from promptops.model.config import Waiver
from promptops.model.finding import Finding
from promptops.model.internal_error import CODE, CaughtBug
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.report import SilencingComment
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.source.document import Document


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
    found = tuple(without_repeats(lint_prompt(subject, rules)))
    portable = not subject.surroundings.were_used
    with CaughtBug() as bug:
        suppressions = tuple(suppressions_of(catalog, loaded))
    if bug.error is None:
        return PromptResult(found, suppressions, portable)
    problem = bug.error.problem(Place(loaded.path), "comments that suppress")
    return PromptResult((*found, failed(problem, loaded)), (), portable)


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
