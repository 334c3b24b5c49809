"""What mutation testing found, in words: for a terminal, a comment, and annotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from promptops.model.mutant import Kill, Mutant, MutationCount, MutationRow, MutationRun
from promptops.model.report import Style, plain
from promptops.plurals import and_more, counted, some
from promptops.report.document import (
    LIMIT,
    Cell,
    Column,
    Controls,
    Document,
    Fact,
    Level,
    Remark,
    Row,
    Table,
    ended_early,
    last_lines,
    more,
    opening,
    table_lines,
    table_text,
)
from promptops.report.finding_text import excerpt_lines
from promptops.report.findings.github import annotation
from promptops.report.markdown_text import code, escape, fitting, sentence
from promptops.report.test.facts import cost, rounded_down, short
from promptops.report.visible import visible, visible_path

ALL = "promptops mutate --format json"
COVERAGE = "promptops test --coverage"
NONE = "-"

_PLACES_SHOWN = 5
_COLUMNS = ("behaviour", "with quotes", "killed", "quoted", "survived", "unseen")
_LEGEND = (
    "A mutant is a prompt with one thing broken on purpose. It is killed if a test case notices: an"
    " assertion fails, or the prompt can't be rendered. It is noticed only by quotes if nothing"
    " fails but assertions that repeat the words of the prompt. It survived if all cases still"
    " pass. It is unseen if no case renders the text."
)


def document(run: MutationRun) -> Document:
    """What all formats say about the whole run."""
    count = run.count
    verdict: tuple[str, Level] = ("fail", "error") if run.under else ("pass", "info")
    title = f"Test cases notice {percent(count)} of mutants by behaviour"
    untested = "No mutant was tested" if run.rows else "Nothing to mutate"
    return Document(
        command="mutate",
        label="Mutation",
        summary=summary(run),
        verdict=verdict if count.all and run.fail_under is not None else None,
        title=title if count.all else untested,
        lead="" if count.all else visible(run.nothing),
        facts=tuple(_figures(run)) if run.rows else (),
        remarks=(
            Remark(operators(run), label="by operator", on_page=False),
            *map(Remark, remarks(run)),
            ended_early(run.ended, run.unasked),
        ),
        next=visible(run.next),
        parts="prompts" if run.rows else "",
        controls=Controls(
            id="hide-others",
            hide="Changed lines only" if run.since else "Survivors only",
            key="h",
            folded="killed mutants",
            counted="places",
            unit="mutant",
            meaning="only these mutants, or all",
        ),
        legend=(_LEGEND,),
    )


def _figures(run: MutationRun) -> Iterator[Fact]:
    count = run.count
    yield Fact("By behaviour", f"{count.by_behaviour:,}", f"of {count.all:,}")
    if count.quoted:
        yield Fact("Only by quotes", f"{count.quoted:,}", with_quotes(count))
    yield Fact("Survived", f"{count.survived:,}")
    if run.since:
        yield Fact("In changed lines", f"{len(run.survivors_in_changed_lines):,}")
    if count.unseen:
        yield Fact("Unseen", f"{count.unseen:,}")
    if run.fail_under is not None:
        yield Fact("Required", f"{run.fail_under:g}%")
    if cost(run.cost_usd):
        yield Fact("Cost of this run", cost(run.cost_usd))


def scores(rows: Sequence[MutationRow]) -> Table:
    """A row for each prompt or partial."""
    return Table(
        unit="prompt", columns=tuple(map(Column, _COLUMNS)), rows=tuple(map(_scores, rows))
    )


def _scores(row: MutationRow) -> Row:
    if untested(row):
        return Row(name=visible_path(name(row)), instead=title(row))
    count = row.count
    numbers = (count.killed, count.quoted, count.survived, count.unseen)
    shares = (percent(count), percent_with_quotes(count))
    cells = (*shares, *(f"{number:,}" for number in numbers))
    return Row(name=visible_path(name(row)), cells=tuple(map(Cell, cells)), after=remark(row))


def summary(run: MutationRun) -> str:
    """The last line: `41.9% of mutants noticed by behaviour, 122 of 291 · 71.4% with quotes`."""
    count = run.count
    limit = f", under {run.fail_under:g}%" if run.under else ""
    noticed = f"{percent(count)} of mutants noticed by behaviour, {_of(count)}{limit}"
    parts = [
        noticed if count.all else "no mutant was tested",
        with_quotes(count),
        survived(run),
        _unseen(count),
        cost(run.cost_usd),
    ]
    text = visible(run.nothing) or " · ".join(filter(None, parts))
    if run.fail_under is None or not run.rows:
        return text
    return f"{'fail' if run.under else 'pass'}: {text}"


def _of(count: MutationCount) -> str:
    return f"{count.by_behaviour:,} of {count.all:,}"


def with_quotes(count: MutationCount) -> str:
    """Such as `71.4% with quotes`; "" if no quote noticed anything."""
    return f"{percent_with_quotes(count)} with quotes" if count.quoted else ""


def survived(run: MutationRun) -> str:
    """Such as `83 survived, 3 in changed lines`; "" if none survived."""
    number = run.count.survived
    if not number:
        return ""
    changed = len(run.survivors_in_changed_lines)
    where = f", {changed:,} in changed lines" if run.since else ""
    return f"{number:,} survived{where}"


def _unseen(count: MutationCount) -> str:
    return f"{count.unseen:,} unseen" if count.unseen else ""


def noticed(run: MutationRun) -> str:
    """For the report of a gate: `tests notice 41% of 35 mutants by behaviour, 71% with quotes`.

    With a base, also the number of survivors in changed lines.
    """
    count = run.count
    if not count.all:
        return "no mutant was tested" if run.rows else ""
    changed = counted(len(run.survivors_in_changed_lines), "survivor")
    where = f"; {changed} in changed lines" if run.since else ""
    found = f"tests notice {percent(count)} of {counted(count.all, 'mutant')} by behaviour"
    return f"{', '.join(filter(None, [found, with_quotes(count)]))}{where}"


def percent(count: MutationCount) -> str:
    """The share noticed by behaviour, rounded down, such as `41.9%`; `-` without a mutant."""
    return rounded_down(count.by_behaviour, count.all) if count.all else NONE


def percent_with_quotes(count: MutationCount) -> str:
    """The share noticed by behaviour or a quote, rounded down; `-` without a mutant."""
    return rounded_down(count.killed, count.all) if count.all else NONE


def title(row: MutationRow) -> str:
    """Such as `26 of 38 mutants noticed by behaviour, 8 only by quotes, 2 unseen`.

    Or the reason why a prompt was not tested.
    """
    if untested(row):
        where = f"{visible_path(str(row.place))}: " if row.unreadable else ""
        return f"not tested: {where}{visible(row.nothing)}"
    count = row.count
    found = f"{percent(count)}, {_of(count)} mutants noticed by behaviour" if count.all else ""
    quoted = f"{count.quoted:,} only by quotes" if count.quoted else ""
    ignored = f"{row.ignored:,} ignored" if row.ignored else ""
    parts = [found or "no mutants", quoted, _unseen(count), ignored, remark(row)]
    return ", ".join(filter(None, parts))


def remark(row: MutationRow) -> str:
    """Why some or all mutants of a row were not tried, or ""."""
    incomplete = "incomplete: " if row.internal else ""
    return f"{incomplete}{visible(row.nothing)}" if row.nothing else ""


def untested(row: MutationRow) -> bool:
    """Whether there is only a reason instead of mutants."""
    return bool(row.nothing) and not row.mutants


def with_status(row: MutationRow, status: str) -> tuple[Mutant, ...]:
    """The mutants of a row that have the status."""
    return tuple(mutant for mutant in row.mutants if mutant.status == status)


def what(mutant: Mutant) -> str:
    """The change in words: `delete "Be brief."`."""
    return visible(mutant.change)


def state(mutant: Mutant) -> str:
    """Such as `survived in a changed line`."""
    if mutant.status == "unseen":
        return "unseen"
    return "survived in a changed line" if mutant.in_changed_lines else "survived"


def hint(mutant: Mutant) -> str:
    """What to do about a mutant that was not killed."""
    if mutant.status == "unseen":
        return f"no case renders this: `{COVERAGE}` shows what else no case covers"
    suggestion = visible(mutant.suggestion)
    return f"no case notices: e.g. {suggestion}" if suggestion else "no case notices"


def live(mutant: Mutant) -> str:
    """What a model answered to it: `1 of 20 answers changed, none violates a contract`; or ""."""
    trial = mutant.live
    if trial is None:
        return ""
    if trial.note:
        return visible(trial.note)
    broken = "" if mutant.status == "killed" and not mutant.quoted else ", no check failed"
    return f"{trial.changed:,} of {counted(trial.answers, 'answer')} changed{broken}"


def killed_by(kill: Kill) -> str:
    """What noticed a mutant: ``case `refund`: `contains` ...``."""
    reason = visible(kill.reason)
    if kill.quotes:
        reason = f"{reason} (it quotes the prompt)"
    if kill.kind == "score":
        return f"the score `{short(kill.assertion)}`: {reason}"
    case = f"case `{short(kill.case)}` of {short(kill.prompt)}"
    if kill.kind == "render":
        return f"{case} can't be rendered: {reason}"
    return f"{case}: `{short(kill.assertion)}`: {reason}"


def operators(run: MutationRun) -> str:
    """What behaviour notices, by operator: `sentence 6.6% (4 of 60), item 64.2% (9 of 14)`."""
    return ", ".join(
        f"{operator} {percent(count)} ({_of(count)})" for operator, count in run.by_operator.items()
    )


def places(mutants: Sequence[Mutant]) -> str:
    """Some places: `12:3, 14:9 and 2 more`; with the path where it is not the first one's."""
    first = mutants[0].place.path

    def name(mutant: Mutant) -> str:
        place = mutant.place
        path = "" if place.path == first else f"{short(place.path)}:"
        return f"{path}{place.line}:{place.column}"

    return some(mutants, _PLACES_SHOWN, name=name)


def remarks(run: MutationRun) -> Iterator[str]:
    """Remarks on the whole run: survivors without a live answer, missing answers, partials."""
    for row in run.rows:
        if row.failing:
            verb = "fails" if row.failing == 1 else "fail"
            fails = f"{counted(row.failing, 'assertion')} already {verb}"
            yield f"{name(row)}: {fails} and can't kill a mutant: `promptops test`"
    tried = [mutant.live for mutant in run.mutants if mutant.live is not None]
    if run.live and tried:
        answers = sum(trial.answers for trial in tried)
        changed = sum(trial.changed for trial in tried)
        if answers:
            yield f"live: {changed:,} of {counted(answers, 'answer')} changed"
    if run.untried:
        notes = [trial.note for trial in tried if trial.note and not trial.answers]
        all_noted = len(notes) == run.untried
        why = f": {visible('; '.join(dict.fromkeys(notes)))}" if all_noted else ""
        untried = counted(run.untried, "mutant")
        yield f"live: no model was called about {untried} that no behaviour notices{why}"
    if run.unanswered:
        yield f"no answer to {counted(run.unanswered, 'request')}"
    if run.count.quoted:
        quoted = counted(run.count.quoted, "mutant")
        verb = "is" if run.count.quoted == 1 else "are"
        more = "" if run.live else "; assert on the answer and run `--live`"
        yield f"{quoted} {verb} noticed only because a test quotes the text{more}"
    if run.left_out:
        partials = some(run.left_out, _PLACES_SHOWN, name=short)
        yield f"left out, because prompts that are not selected use them, too: {partials}"


def name(row: MutationRow) -> str:
    """The id of the prompt, or the path of the partial."""
    return short(row.name)


def worst_first(rows: Iterable[MutationRow]) -> list[MutationRow]:
    """Rows with survivors in changed lines first, then those with most survivors."""
    return sorted(
        rows,
        key=lambda row: (
            -sum(mutant.in_changed_lines for mutant in with_status(row, "survived")),
            -row.count.survived,
            row.count.by_behaviour - row.count.all,
        ),
    )


# For a person at a terminal: survivors in the source, a table of scores, then a summary line.


def write_text(run: MutationRun, *, style: Style = plain, **_: object) -> str:
    """The whole text."""
    return "".join(f"{line}\n" for line in _lines(run, style))


def _lines(run: MutationRun, style: Style) -> Iterator[str]:
    for row in run.rows:
        for mutant in with_status(row, "survived"):
            yield from _survivor(mutant, style)
        unseen = with_status(row, "unseen")
        if unseen and row.cases:
            path = style("path", visible_path(unseen[0].place.path))
            note = f"no case renders {places(unseen)} (`{COVERAGE}`)"
            yield f"{path}: {style('note', 'unseen')}: {note}"
    if run.rows:
        yield from table_lines(scores(run.rows), style, right=True)
    yield from last_lines(document(run), style)


def _survivor(mutant: Mutant, style: Style) -> Iterator[str]:
    where = visible_path(str(mutant.place))
    word = style("warning", state(mutant))
    operator = style("code", mutant.operator)
    yield f"{style('path', where)}: {word}: {what(mutant)}  [{operator}]"
    if mutant.source_line.strip():
        yield from excerpt_lines(mutant.source_line, mutant.place, hint(mutant), style)
    else:
        yield f"  {style('hint', hint(mutant))}"
    if live(mutant):
        yield f"  {style('note', 'live')}: {live(mutant)}"


# For a comment on a pull request or an issue: the score, a table, then the survivors.

_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_TABLE = 20_000
_MOST_OF_A_PROMPT = 20


def write_markdown(run: MutationRun, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    rows = worst_first(run.rows)
    head = opening(document(run))
    table = f"\n{table_text(scores(rows), _ROOM_FOR_TABLE, ALL)}" if rows else ""
    room = LIMIT - _RESERVED - len(head) - len(table)
    first = list(fitting(room, _changed(run.survivors_in_changed_lines)))
    others = fitting(room - sum(map(len, first)), map(_others, rows))
    return "".join([head, *first, table, *others])


def _changed(survivors: Sequence[Mutant]) -> Iterator[str]:
    if survivors:
        yield "\nSurvivors in changed lines:\n\n"
        yield from map(_item, survivors[:_MOST_OF_A_PROMPT])
        yield more(len(survivors) - _MOST_OF_A_PROMPT, "survivor", ALL)


def _others(row: MutationRow) -> str:
    """The survivors that are not in changed lines, and what no case renders."""
    found = [each for each in with_status(row, "survived") if not each.in_changed_lines]
    unseen = with_status(row, "unseen")
    if not found and not (unseen and row.cases):
        return ""
    rest = and_more(len(found) - _MOST_OF_A_PROMPT)
    heading = f"{code(visible_path(name(row)))}: {escape(title(row))}"
    items = [
        *map(_item, found[:_MOST_OF_A_PROMPT]),
        f"- {rest}\n" if rest else "",
        f"- No case renders {code(places(unseen))}\n" if unseen and row.cases else "",
    ]
    return f"\n<details><summary>{heading}</summary>\n\n{''.join(items)}\n</details>\n"


def _item(mutant: Mutant) -> str:
    where = code(visible_path(str(mutant.place)))
    note = f" ({escape(live(mutant))})" if mutant.live is not None else ""
    return f"- {where} {escape(what(mutant))}: {sentence(hint(mutant))}{note}\n"


# For GitHub Actions: annotations of the pull request, then a summary in the log of the job.
#
# With `--since`, only survivors in changed lines become annotations: GitHub shows ten warnings and
# ten notices of a step.


def write_github(run: MutationRun, **_: object) -> str:
    """One command per line, then a line for each prompt, then the summary."""
    rows = [f"{visible_path(name(row))}: {title(row)}\n" for row in run.rows]
    return "".join([*_annotations(run), *rows, f"{summary(run)}\n"])


def _annotations(run: MutationRun) -> Iterator[str]:
    if run.under:
        yield annotation("error", None, "mutation score", summary(run))
    if run.ended or run.unanswered:
        whole = document(run)
        lines = [*(each.text for each in whole.remarks if each.on_page), whole.next]
        yield annotation("error", None, "not finished", "\n".join(filter(None, lines)))
    for row in run.rows:
        if row.unreadable or row.internal:
            yield annotation("error", row.place, name(row), title(row))
        for mutant in with_status(row, "survived"):
            if mutant.in_changed_lines or not run.since:
                kind = "warning" if run.since else "notice"
                lines = [what(mutant), hint(mutant), live(mutant)]
                where = f"{name(row)}: {state(mutant)}"
                yield annotation(kind, mutant.place, where, "\n".join(filter(None, lines)))
