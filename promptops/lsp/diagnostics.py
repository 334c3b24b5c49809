"""Findings as the diagnostics of an editor."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from lsprotocol import types

from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.errors import PromptopsError
from promptops.jobs.live.live import Live
from promptops.lsp.open_file import OpenFile
from promptops.model.distribution import home
from promptops.model.finding import Finding, Related, Severity
from promptops.model.place import Place
from promptops.plurals import counted
from promptops.report.parts.visible import visible

SOURCE = "promptops"
MOST_SHOWN = 500
"""Diagnostics of one file; more make editors slow."""

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
_TAGS = {
    "VAR002": types.DiagnosticTag.Unnecessary,
    "REP003": types.DiagnosticTag.Unnecessary,
    "CFG002": types.DiagnosticTag.Deprecated,
    "SCH008": types.DiagnosticTag.Deprecated,
}


def diagnostics(file: OpenFile) -> list[types.Diagnostic]:
    """The findings in a file, in the order of their places.

    For a file that promptops does not read, a diagnostic that explains this, or nothing.
    Raises PromptopsError if git fails or the file can't be read.
    """
    found = error_diagnostics(file)
    if not file.live.manages(file.path):
        return [*found, *_unmanaged(file)]
    findings = file.live.findings(file.path)
    shown = [diagnostic(file, finding) for finding in _most_severe(findings)]
    return [*found, *shown, *_rest(len(findings) - len(shown))]


def _most_severe(findings: Sequence[Finding]) -> Sequence[Finding]:
    """At most MOST_SHOWN findings, in their order."""
    if len(findings) <= MOST_SHOWN:
        return findings
    ranks = sorted(range(len(findings)), key=lambda index: -findings[index].severity)
    return [findings[index] for index in sorted(ranks[:MOST_SHOWN])]


def diagnostic(file: OpenFile, finding: Finding) -> types.Diagnostic:
    """One finding in this file."""
    page = _rule_page(finding.code)
    return types.Diagnostic(
        range=file.range_of(finding.place),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(href=page) if page else None,
        source=SOURCE,
        message=_message(finding.message, finding.hint, finding.case),
        tags=[_TAGS[finding.code]] if finding.code in _TAGS else None,
        related_information=[_related(file, each) for each in finding.related] or None,
    )


def _message(message: str, hint: str | None, case: str | None = None) -> str:
    lines = [message, hint, f"found in the request of the case `{case}`" if case else None]
    return "\n".join(visible(line) for line in lines if line)


def _related(file: OpenFile, related: Related) -> types.DiagnosticRelatedInformation:
    return types.DiagnosticRelatedInformation(
        location=file.location_of(related.place), message=visible(related.message)
    )


@cache
def _home() -> str:
    return home()


def _rule_page(code: str) -> str:
    """The address of a rule's page; "" as long as the project has no address."""
    is_rule = code.isupper()
    return f"{_home()}/blob/HEAD/docs/reference/rules/{code}.md" if _home() and is_rule else ""


def _rest(number: int) -> list[types.Diagnostic]:
    if number <= 0:
        return []
    message = f"{counted(number, 'more finding')}: run `promptops lint`"
    return [note(message)]


def _unmanaged(file: OpenFile) -> list[types.Diagnostic]:
    """Why a prompt file is not checked."""
    if not is_prompt_file(file.path):
        return []
    roots = ", ".join(f"`{root}`" for root in file.live.workspace.config.prompts)
    return [not_checked(f"it is outside of the prompt roots ({roots})")]


def is_prompt_file(path: str) -> bool:
    """Whether a file has the name of a prompt file."""
    return path.endswith(PROMPT_ENDINGS)


def not_checked(reason: str) -> types.Diagnostic:
    """A note at the start of a prompt file that has no findings because it is not read."""
    return note(f"this file is not checked: {reason}")


def note(
    message: str, severity: types.DiagnosticSeverity = types.DiagnosticSeverity.Information
) -> types.Diagnostic:
    """A diagnostic about a whole file, at its start."""
    start = types.Position(line=0, character=0)
    place = types.Range(start=start, end=start)
    lines = "\n".join(map(visible, message.split("\n")))
    return types.Diagnostic(range=place, severity=severity, source=SOURCE, message=lines)


def error_paths(live: Live) -> frozenset[str]:
    """The files with errors of the configuration or the baseline."""
    return frozenset(filter(None, map(_path, _errors(live))))


def error_diagnostics(file: OpenFile) -> list[types.Diagnostic]:
    """The errors of the configuration and the baseline that are in a file."""
    return [error_diagnostic(file, error) for error in errors_in(file)]


def errors_in(file: OpenFile) -> list[PromptopsError]:
    """The errors of the configuration and the baseline that are in a file."""
    return [error for error in _errors(file.live) if _path(error) == file.path]


def _errors(live: Live) -> list[PromptopsError]:
    """All errors, each with those that were found together with it."""
    return [each for error in live.errors for each in (error, *error.others)]


def _path(error: PromptopsError) -> str:
    return (error.where or "").partition(":")[0]


def error_diagnostic(file: OpenFile, error: PromptopsError) -> types.Diagnostic:
    """One error in this file."""
    return types.Diagnostic(
        range=file.range_of(error_place(error)),
        severity=types.DiagnosticSeverity.Error,
        source=SOURCE,
        message=_message(error.message, error.hint),
    )


def error_place(error: PromptopsError) -> Place:
    """The place of an error: a span of its line, or as `where` gives it."""
    path, *numbers = (error.where or "").split(":")
    line, column = (int(each) if each.isdecimal() else 1 for each in (*numbers, "1", "1")[:2])
    end = error.source.end_column if error.source is not None else column
    return Place(path, line, column, line, max(end, column))
