"""Results of mutation testing, as from real life."""

from __future__ import annotations

from typing import Any

from promptops.model.mutant import Kill, LiveTrial, Mutant, MutationRow, MutationRun
from promptops.model.place import Place
from promptops.records import replace
from tests.report.test.hostile_runs import ATTACK

TRIAGE = "prompts/support/triage.prompt.yaml"
STYLE = "prompts/partials/house-style.md.j2"
SOURCE = """\
description: Sorts a ticket.
messages:
  - role: system
    content: |
      You sort tickets.
      Promise nothing on behalf of Acme. You must answer in English.
      {% for issue in issues %}
      - {{ issue }}
      {% endfor %}
      Answer with JSON only.
  - {role: user, content: "{{ ticket }}"}
"""
LINES = SOURCE.splitlines()
PARTIAL = "Be brief and friendly.\nNever use exclamation marks.\n"


def place(line: int, text: str, source: str = SOURCE, path: str = TRIAGE) -> Place:
    """Of the text on a line."""
    start = source.splitlines()[line - 1].index(text) + 1
    return Place(path, line, start, line, start + len(text))


def mutant(line: int, text: str, after: str = "", **values: Any) -> Mutant:
    source, path = (PARTIAL, STYLE) if values.pop("partial", False) else (SOURCE, TRIAGE)
    change = f'delete "{text}"' if not after else f'"{text}" → "{after}"'
    return Mutant(
        **{
            "operator": "sentence" if not after else "obligation",
            "place": place(line, text, source, path),
            "before": text,
            "after": after,
            "change": change,
            "status": "survived",
            "source_line": source.splitlines()[line - 1],
            **values,
        }
    )


def killed(line: int, text: str, **values: Any) -> Mutant:
    by = Kill(
        kind="rendered",
        prompt="support/triage",
        case="double charge",
        assertion="contains",
        reason='the system message does not contain "JSON"',
        place=Place(TRIAGE, 20, 9, 20, 40),
    )
    return mutant(line, text, **{"status": "killed", "by": by, **values})


PROMISE = mutant(
    6,
    "Promise nothing on behalf of Acme.",
    suggestion='`{type: contains, role: system, value: "Promise nothing"}` or an output assertion',
)
MUST = mutant(6, "must", "may", suggestion="`{type: contains, value: You must answer}`")
LOOP = replace(
    PROMISE,
    operator="loop",
    change="empty the list `issues`",
    place=Place(TRIAGE, 7, 7, 9, 19),
    before="\n".join([LINES[6].strip(), *LINES[7:9]]),
    status="unseen",
    suggestion="",
    source_line=LINES[6],
)
QUOTED = killed(5, "You sort tickets.")
QUOTED = replace(QUOTED, by=replace(QUOTED.by, quotes=True))
BARE = mutant(11, "{{ ticket }}", operator="value", status="unseen")
JSON_ONLY = killed(10, "Answer with JSON only.")
FRIENDLY = mutant(1, "Be brief and friendly.", partial=True)


def row(*mutants: Mutant, **values: Any) -> MutationRow:
    return MutationRow(
        **{
            "name": "support/triage",
            "prompts": ("support/triage",),
            "cases": 8,
            "mutants": mutants,
            "place": Place(TRIAGE),
            **values,
        }
    )


def run(*rows: MutationRow, **values: Any) -> MutationRun:
    return MutationRun(**{"rows": rows, "sources": {TRIAGE: SOURCE, STYLE: PARTIAL}, **values})


def survivors() -> MutationRun:
    """Two prompts and a partial; a loop that no case renders, and a prompt without cases."""
    return run(
        row(QUOTED, PROMISE, MUST, LOOP, JSON_ONLY, equivalent=1, ignored=2),
        row(JSON_ONLY, JSON_ONLY, name="summaries/meeting-notes"),
        row(
            BARE, name="drafts/new", cases=0, nothing="there are no test cases: nothing was tested"
        ),
        row(FRIENDLY, name=STYLE, partial=True, prompts=("a", "b"), place=Place(STYLE)),
    )


def since() -> MutationRun:
    """A pull request that changed a line, under the required score."""
    changed = [replace(each, in_changed_lines=True) for each in (PROMISE, MUST)]
    other = mutant(5, "You sort tickets.", suggestion=PROMISE.suggestion)
    return run(
        row(other, *changed, JSON_ONLY),
        row(name="drafts/new", unreadable=True, nothing="`messages` is missing"),
        since="origin/main",
        left_out=(STYLE,),
        fail_under=60,
    )


def live() -> MutationRun:
    """Survivors that a model was called about, ended by the budget."""
    tried = replace(PROMISE, live=LiveTrial(cases=8, answers=16, changed=2))
    failed = replace(MUST, live=LiveTrial(note="no answer to the case `vip`"))
    by = Kill(
        kind="score",
        prompt="support/triage",
        case="",
        assertion="quality",
        reason="-12.5 points [-20.1, -4.9]",
        place=Place(TRIAGE, 30, 1, 30, 5),
    )
    fell = mutant(
        5,
        "You sort tickets.",
        status="killed",
        by=by,
        live=LiveTrial(cases=8, answers=16, changed=9),
    )
    return run(
        row(fell, tried, failed, JSON_ONLY),
        live=True,
        untried=3,
        unanswered=5,
        unasked=4,
        ended="the budget of $0.50 is spent",
        next="promptops mutate support/triage --live",
        cost_usd=0.5,
    )


def passing() -> MutationRun:
    """Everything is killed, and a score is required."""
    return run(row(JSON_ONLY), fail_under=85)


def nothing() -> MutationRun:
    return MutationRun(nothing="no prompt has the tag `billing`", next="promptops list")


def hostile(text: str = ATTACK) -> MutationRun:
    """The text is in every string that an author of a change or a model writes."""
    where = Place(text, 1, 1, 1, 2)
    by = Kill(kind="contract", prompt=text, case=text, assertion=text, reason=text, place=where)
    values: dict[str, Any] = {
        "place": where,
        "before": text,
        "after": text,
        "change": text,
        "suggestion": text,
        "source_line": text.replace("\n", " "),
        "live": LiveTrial(note=text),
        "in_changed_lines": True,
    }
    mutants = (
        Mutant(operator="sentence", status="survived", **values),
        Mutant(operator="item", status="unseen", **values),
        Mutant(operator="tool", status="killed", by=by, **values),
        Mutant(**{"operator": "loop", "status": "survived", **values, "place": Place(f"{text}2")}),
    )
    rows = (
        row(*mutants, name=text, place=where),
        row(name=text, nothing=text, place=where),
    )
    return run(*rows, sources={text: f"{text}\n{text}\n"}, since=text, ended=text, next=text)


def many(count: int) -> MutationRun:
    """So many survivors in as many lines."""
    source = "".join(f"Rule {number} holds.\n" for number in range(1, count + 1))
    mutants = (
        replace(
            PROMISE,
            place=Place(TRIAGE, number, 1, number, len(f"Rule {number} holds.") + 1),
            before=f"Rule {number} holds.",
            change=f'delete "Rule {number} holds."',
            source_line=f"Rule {number} holds.",
        )
        for number in range(1, count + 1)
    )
    return run(row(*mutants), sources={TRIAGE: source})


RUNS = {
    "survivors": survivors,
    "since": since,
    "live": live,
    "passing": passing,
    "nothing": nothing,
}
