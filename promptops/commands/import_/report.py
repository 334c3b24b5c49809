"""What an import wrote, or would read, in words: for a terminal and a comment."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Iterator, Sequence

from promptops.model.finding import Finding, Severity
from promptops.model.imported import (
    EXCLUDED,
    NOT_SELECTED,
    Candidate,
    CandidateList,
    Import,
    ImportedPrompt,
    LeftOut,
    State,
)
from promptops.model.report import Style, plain
from promptops.plurals import and_more, counted, some
from promptops.report.document import LIMIT
from promptops.report.finding_text import heading
from promptops.report.findings.full import finding_lines
from promptops.report.findings.markdown import loss_lines
from promptops.report.markdown_text import code_span, escape, fenced, readable_sentence, within
from promptops.report.visible import visible, visible_path

_STATES: dict[State, str] = {
    "written": "written",
    "would-write": "would be written",
    "same": "unchanged",
    "kept": "kept",
    "refused": "refused",
}


def row(prompt: ImportedPrompt) -> tuple[str, ...]:
    """The cells of a prompt: id, format, messages, inputs, cases, losses, state."""
    return (
        visible(prompt.id),
        visible(prompt.format),
        counted(prompt.messages, "message"),
        counted(prompt.inputs, "input"),
        counted(prompt.cases, "case") if prompt.cases else "-",
        _losses(prompt),
        _STATES[prompt.state],
    )


def _losses(prompt: ImportedPrompt) -> str:
    if prompt.losses:
        return counted(prompt.losses, "loss")
    return counted(prompt.notes, "note") if prompt.notes else "-"


def summary(result: Import) -> str:
    """`12 prompts of 14 files: 9 without loss, 3 with, 2 refused · 5 strings left out: --list`."""
    strings = counted(result.strings_left_out, "string")
    there = result.already_there
    states = (
        f" {result.without_loss - there} without loss, {result.with_loss} with,"
        f" {result.refused} refused" + (f", {there} exist already" if there else "")
    )
    return (
        f"{counted(result.total, 'prompt')} of {counted(result.files, 'file')}:"
        + (" all exist already" if 0 < there == result.total else states)
        + (f" · {strings} left out, see --list" if result.strings_left_out else "")
    )


def once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once: that of a shared test is a finding of each prompt that has the test."""
    return tuple({(one.code, one.place, one.message): one for one in findings}.values())


def advice(result: Import) -> Iterator[str]:
    """What the user can choose besides."""
    yield from kept(result)
    yield from drafts(result)
    yield from missing_models(result)
    if result.removable and not _has_bodies(result):
        yield _HISTORY


def kept(result: Import) -> Iterator[str]:
    """The prompts that were imported before, and whose files differ."""
    found = [prompt.id for prompt in result.prompts if prompt.state == "kept"]
    if found:
        shown = some(found, 3, "prompt", visible)
        yield f"kept, because their files or the sources changed: {shown}; to compare: --to NAME"


def drafts(result: Import) -> Iterator[str]:
    """The prompts that no release contains until somebody looks at what is lost."""
    found = [prompt.id for prompt in _imported(result) if prompt.is_draft]
    if found:
        shown = some(found, 3, "prompt", visible)
        yield f"drafts, because their requests differ: {shown}; remove `status: draft` after a look"


def missing_models(result: Import) -> Iterator[str]:
    """The prompts without a model."""
    without = [prompt.id for prompt in _imported(result) if not prompt.has_model]
    if without:
        shown = some(without, 3, "prompt", visible)
        yield f"without a model: {shown}; --profiles gives each a model profile"


def _imported(result: Import) -> list[ImportedPrompt]:
    """The prompts that this import writes, or would write."""
    return [prompt for prompt in result.prompts if prompt.state in ("written", "would-write")]


def profile_lines(result: Import) -> Iterator[str]:
    """The tables to add to the configuration; names are ids, so that they need no quotes."""
    above = "tool.promptops." if result.configuration.endswith("pyproject.toml") else ""
    for name, profile in result.profiles.items():
        yield f"[{above}models.{name}]"
        yield from (f"{key} = {_toml(value)}" for key, value in profile.items())


def _toml(value: str) -> str:
    escaped = visible(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def next_step(result: Import) -> Iterator[str]:
    """The next commands."""
    states = {prompt.state for prompt in result.prompts}
    if "would-write" in states:
        yield _after_dry_run(result)
    elif "written" in states:
        if result.profiles:
            tables = "the table" if len(result.profiles) == 1 else "the tables"
            yield visible(f"add {tables} above to {result.configuration}, then:")
        yield visible(f"{result.next}, which drafts test cases, then:")
        yield visible(_last_command(result))


def next_command(result: Import) -> str:
    """The command that drafts test cases for the written prompts; "" if no prompt was written."""
    if all(prompt.state != "written" for prompt in result.prompts):
        return ""
    return f"promptops cases {shlex.quote(_written_path(result))}"


def _last_command(result: Import) -> str:
    """The command that stages the written prompts and accepts what lint finds in them."""
    sources = shlex.join(result.removable)
    remove = f"git rm -qr {sources} && " if sources else ""
    added = f"git add {_added(result)}"
    return f"{remove}{added} && promptops lint --extend-select TST008 --write-baseline"


def _after_dry_run(result: Import) -> str:
    if not result.refused:
        return visible(result.next)
    others = counted(result.total - result.refused, "other prompt")
    return f"fix the errors above; to write the {others}: {visible(result.next)}"


_HISTORY = (
    "git keeps the history of long texts (`git log --follow`) with --bodies, if the sources are"
    " removed in the same commit"
)


def _has_bodies(result: Import) -> bool:
    return any(
        path.startswith(prompt.path.removesuffix("prompt.yaml")) and path.endswith(".md.j2")
        for prompt in result.prompts
        for path in prompt.files
    )


def _written_path(result: Import) -> str:
    """The only written file, or the folder of all."""
    paths = [path for one in result.prompts if one.state == "written" for path in one.files]
    return posixpath.commonpath(paths) or "."


def _added(result: Import) -> str:
    """What was written, with the case file of a single prompt, as arguments of `git add`."""
    written = _written_path(result)
    if written.endswith(_PROMPT):
        written = f"{written.removesuffix(_PROMPT)}.*"
    schema = (f"{shlex.quote(result.schema_copy)} ") if result.schema_copy else ""
    settings = f"{shlex.quote(result.configuration)} " if result.profiles else ""
    return f"{settings}{schema}{shlex.quote(written)}"


_PROMPT = ".prompt.yaml"


# Files of a source from which nothing was imported, and why.

_SHOWN = 3
_SHOWN_STRINGS = 100


def left_out_lines(left_out: Sequence[LeftOut]) -> list[str]:
    """A line for each reason with the first files, and where all of them are listed.

    What the user did not select is left out here, too.
    """
    reasons = _by_reason(one for one in left_out if one.reason not in (NOT_SELECTED, EXCLUDED))
    lines = [f"  {_line(reason, paths)}" for reason, paths in reasons.items()]
    if any(len(paths) > _SHOWN for paths in reasons.values()):
        lines.append("  all of them: --format json")
    return ["not imported:", *lines] if lines else []


def left_out_phrase(left_out: Iterable[LeftOut]) -> str:
    """The same as one line; "" if nothing is left out."""
    return "; ".join(_line(*item) for item in _by_reason(left_out).items())


def _by_reason(left_out: Iterable[LeftOut]) -> dict[str, list[str]]:
    """The paths of files by reason; strings in them are counted, and listed by `--list`."""
    found: dict[str, list[str]] = {}
    for one in (each for each in left_out if each.place is None):
        found.setdefault(one.reason, []).append(one.path)
    return found


def string_lines(left_out: Iterable[LeftOut]) -> Iterator[str]:
    """A line for each of the first strings that are left out, with the name for `--include`."""
    strings = [one for one in left_out if one.place is not None]
    if not strings:
        return
    yield f"{counted(len(strings), 'string')} left out; --include 'FILE::NAME' imports one anyway:"
    for one in strings[:_SHOWN_STRINGS]:
        yield f"  {visible(one.path)}  {_string(one)}"
    more = and_more(len(strings) - _SHOWN_STRINGS)
    if more:
        yield f"  {more}: --format json"


def _string(one: LeftOut) -> str:
    line = one.place.line if one.place is not None else 0
    return f"line {line}, {visible(one.reason)}: {visible(one.begins)}"


def _line(reason: str, paths: Sequence[str]) -> str:
    return f"{visible(reason)}: {some(paths, _SHOWN, name=visible_path)}"


# The notes on inferred inputs, of which most prompts have several, as one line for people.

_CODE = "IMP305"
_KEPT = "IMP316"
_INFERRED_INPUTS_SHOWN = 8


def without_inferred(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings but for those on inferred inputs."""
    return tuple(one for one in findings if one.code != _CODE)


def _shown_one_by_one(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings but for those that are one line together: inferred inputs, kept prompts."""
    return tuple(one for one in without_inferred(findings) if one.code != _KEPT)


def inferred_line(findings: Sequence[Finding]) -> str:
    """The number of prompts with inferred inputs, and the names of these; "" without any.

    Such as `undeclared inputs of 2 prompts are inferred from their uses: ticket, tone  [IMP305 …]`.
    """
    found = [one for one in findings if one.code == _CODE]
    if not found:
        return ""
    prompts = counted(len({one.prompt for one in found}), "prompt")
    names = some(list(dict.fromkeys(map(_name, found))), _INFERRED_INPUTS_SHOWN, name=visible)
    listed = f"undeclared inputs of {prompts} are inferred from their uses: {names}"
    return f"{listed}  [{heading(found[0])}]"


def _name(finding: Finding) -> str:
    """The input that a note is about, which its message begins with: `the input `x` …`."""
    return "".join(finding.message.split("`")[1:2]) or finding.message


# For people: a line for each prompt, then the findings, then what to do next.

_COLUMNS = 7
_SHOWN_NOTES = 12


def write_text(result: Import | CandidateList, *, style: Style = plain) -> str:
    """Aligned columns, findings, notes, and what to do next."""
    if isinstance(result, CandidateList):
        lines = _candidate_lines(result, style)
    else:
        lines = _import_lines(result, style)
    return "".join(f"{line}\n" for line in lines)


def _import_lines(result: Import, style: Style) -> Iterator[str]:
    """The table, the findings of severity warning and error, the first notes, and a summary."""
    yield from _table(result, style)
    yield from _findings(result, style)
    yield from _notes(result)
    yield from left_out_lines(result.left_out)
    yield style("summary", summary(result))
    yield from advice(result)
    if result.profiles:
        yield f"add to {visible_path(result.configuration)}:"
        yield from (f"  {line}" for line in profile_lines(result))
    yield from (f"next: {step}" for step in next_step(result))


def _table(result: Import, style: Style) -> Iterator[str]:
    rows = [row(prompt) for prompt in result.prompts]
    widths = [max((len(cells[column]) for cells in rows), default=0) for column in range(_COLUMNS)]
    for cells in rows:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        yield f"{style('path', padded[0])}  {'  '.join(padded[1:])}".rstrip()


def _findings(result: Import, style: Style) -> Iterator[str]:
    for finding in once(result.findings):
        if finding.severity > Severity.INFO:
            yield from finding_lines(finding, style)


def _notes(result: Import) -> Iterator[str]:
    """What was assumed, or kept in other words, in the prompts that are not refused."""
    refused = {prompt.id for prompt in result.prompts if prompt.state == "refused"}
    found = [
        one
        for one in once(result.findings)
        if one.severity is Severity.INFO and one.prompt not in refused
    ]
    lines = note_lines(_shown_one_by_one(found), _SHOWN_NOTES)
    shown = [f"  {line}" for line in (*lines, inferred_line(found)) if line]
    yield from ("notes:", *shown) if shown else ()


def note_lines(findings: Sequence[Finding], shown: int) -> Iterator[str]:
    """So many findings below the path of their file, each with line and column, and its code.

    What the application has to pass (IMP224) comes first, and what was assumed (IMP3xx) last. The
    last line has the number of the others.
    """
    path = None
    codes = [finding.code for finding in findings]
    ordered = sorted(range(len(codes)), key=lambda at: (codes[at] != "IMP224", codes[at] >= "IMP3"))
    chosen = ordered[:shown]
    for finding in (findings[index] for index in sorted(chosen)):
        place = finding.place
        if place.path != path:
            path = place.path
            yield visible_path(path)
        yield f"  {place.line}:{place.column}: {visible(finding.message)}  [{heading(finding)}]"
    more = and_more(len(findings) - shown)
    if more:
        yield f"{more}: --format json"


# For a pull request that brings the prompts: the table, then all findings and notes.

_HEAD = (
    "| prompt | format | messages | inputs | cases | losses | result |\n"
    "|---|---|---|---|---|---|---|\n"
)
_RESERVED = 2_000  # for the summary and the notes on omitted parts


def write_markdown(result: Import | CandidateList, **_: object) -> str:
    """A comment below GitHub's limit; it has the number of lines that are left out."""
    if isinstance(result, CandidateList):
        return _candidate_table(result)
    head = f"**Import**: {escape(summary(result))}\n\n"
    end = "".join(f"\n{readable_sentence(line)}\n" for line in _end(result))
    if result.profiles:
        tables = fenced("toml", list(profile_lines(result)))
        end += f"\nAdd to {code_span(visible_path(result.configuration))}:\n\n{tables}"
    room = LIMIT - _RESERVED - len(head) - len(end)
    rows = [_row(prompt) for prompt in result.prompts]
    shown = list(within(room // 2, rows))
    table = f"{_HEAD}{''.join(shown)}\n" if shown else ""
    more = len(rows) - len(shown)
    rest = f"{counted(more, 'more prompt')}: `--format json` lists all\n\n" if more else ""
    findings = without_inferred(once(result.findings))
    return f"{head}{table}{rest}{loss_lines(findings, room // 2)}{end}"


def _row(prompt: ImportedPrompt) -> str:
    return f"| {' | '.join(escape(cell) for cell in row(prompt))} |\n"


def _end(result: Import) -> Iterator[str]:
    if inferred_line(result.findings):
        yield inferred_line(result.findings)
    if left_out_phrase(result.left_out):
        yield f"Not imported: {left_out_phrase(result.left_out)}"
    yield from kept(result)
    yield from drafts(result)
    yield from missing_models(result)
    yield from (f"Next: {step}" for step in next_step(result))


# What an import would read.

_RESERVED_FOR_FILES = 4_000  # those that are left out


def _candidate_lines(result: CandidateList, style: Style) -> Iterator[str]:
    """All candidates, in columns, also for `--include`; then what can't be read or is left out."""
    rows = [_candidate_row(candidate) for candidate in result.candidates]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for place, name, length, variables in rows:
        shown = style("path", place.ljust(widths[0]))
        yield f"{shown}  {name.ljust(widths[1])}  {length.rjust(widths[2])}  {variables}"
    for finding in result.findings:
        yield from finding_lines(finding, style)
    yield from string_lines(result.left_out)
    yield from left_out_lines(result.left_out)


def _candidate_row(candidate: Candidate) -> tuple[str, str, str, str]:
    return (
        f"{visible_path(candidate.place.path)}:{candidate.place.line}",
        visible(candidate.id),
        counted(candidate.length, "character"),
        ", ".join(map(visible, candidate.variables)) or "-",
    )


def _candidate_table(result: CandidateList) -> str:
    """As many rows and findings as a comment on GitHub can have."""
    head = "| place | id | characters | variables |\n|---|---|--:|---|\n"
    room = (LIMIT - _RESERVED_FOR_FILES - len(head)) // 2
    rows = "".join(within(room, map(_candidate_cells, result.candidates)))
    losses = loss_lines(result.findings, room)
    lines = (*string_lines(result.left_out), *left_out_lines(result.left_out))
    rest = "".join(f"\n{escape(line.strip())}\n" for line in lines)
    return f"{head}{rows}\n{losses}{rest}"


def _candidate_cells(candidate: Candidate) -> str:
    place = code_span(f"{visible_path(candidate.place.path)}:{candidate.place.line}")
    variables = ", ".join(map(visible, candidate.variables))
    identity = escape(visible(candidate.id))
    return f"| {place} | {identity} | {candidate.length} | {escape(variables)} |\n"
