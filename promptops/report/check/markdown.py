"""For the comment on a pull request: the verdict, what changed, the test cases, the findings."""

from __future__ import annotations

from promptops.model.check import CheckReport
from promptops.report.check.parts.verdict import counts, verdict
from promptops.report.diff.markdown import body as diff_body
from promptops.report.markdown import write as write_lint
from promptops.report.parts.markdown_text import sentence
from promptops.report.parts.summary import counted
from promptops.report.parts.visible import visible
from promptops.report.test.markdown import LIMIT, body, within

MARKER = "<!-- promptops check -->"
"""By which a comment is found again, to be updated and not repeated."""

_RESERVED = 1_000  # for what is said about what is left out
_ROOM_FOR_RISKS = 4_000
_ROOM_FOR_LINT = 8_000
_ROOM_FOR_CHANGES = 40_000
_LONGEST_SENTENCE = 500


def write(report: CheckReport, **_: object) -> str:
    """One comment below the 65,536 characters that GitHub takes; says what is left out."""
    head = f"{MARKER}\n**{verdict(report)}**: {_sentence(counts(report))}\n{_risks(report)}"
    lint = write_lint(report.lint)
    room = LIMIT - _RESERVED - len(head)
    changes = diff_body(report.diff, _ROOM_FOR_CHANGES) if report.diff is not None else ""
    room -= len(changes)
    test = body(report.test, room - min(len(lint), _ROOM_FOR_LINT))
    return f"{head}{changes}{test}\n{_begin(lint, room - len(test))}"


def _risks(report: CheckReport) -> str:
    items = [f"- risk: {_sentence(risk)}\n" for risk in report.risks]
    shown = list(within(_ROOM_FOR_RISKS, items))
    left_out = len(items) - len(shown)
    more = f"- {counted(left_out, 'more risk')}\n" if left_out else ""
    return "".join(["\n" if items else "", *shown, more])


def _begin(lint: str, room: int) -> str:
    """As many of its lines as there is room for: the worst findings come first."""
    lines = lint.splitlines(keepends=True)
    shown = list(within(room, lines))
    more = "" if len(shown) == len(lines) else "\nMore is left out: `promptops lint` shows all.\n"
    return "".join([*shown, more])


def _sentence(text: str) -> str:
    return sentence(visible(text, _LONGEST_SENTENCE))
