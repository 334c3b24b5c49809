"""TST006."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import PromptFacts
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.source.lines import has_conflict
from promptops.source.recordings import ReadRecordings


@rule("TST006", severity=Severity.WARNING)
def stale_snapshot(prompt: Prompt, subject: PromptFacts, catalog: Catalog) -> Iterator[Problem]:
    """Recordings match the requests that the test cases render now.

    A recording is a model's answer to one request. After a prompt, a partial or a case changes, the
    answer belongs to a request that no longer exists: `promptops test` reports the case as stale,
    and a reviewer would read an old answer next to the new wording. Record the new answers in the
    same commit; they replace the old ones. `promptops recordings prune`
    removes recordings of deleted cases.

    While a file of the prompt can't be read, the rule is silent: its requests and its cases are
    not known.

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        description: Greets.
        owners: ["@acme/ai"]
        messages:
          - {role: user, content: Say hello.}
        tests:
          - {name: one, output: [{type: contains, value: hello}]}
        --- prompts/ask.recordings.jsonl
        {"case":"one","finish_reason":"stop","fingerprint":null,"format":1,"model":"m","output":"hello","repeat":0,"request":"0000000000000000000000000000000000000000000000000000000000000000","usage":{"cached":0,"input":1,"output":1}}

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        description: Greets.
        owners: ["@acme/ai"]
        messages:
          - {role: user, content: Say hello.}
        tests:
          - {name: one, rendered: [{type: contains, value: hello}]}
    """
    if not any(map(catalog.files.is_file, catalog.recording_files(prompt.path))):
        return
    if _is_incomplete(subject):
        return
    from promptops.catalog.recordings import recordings_in

    found = recordings_in(catalog, prompt.path)
    requests = subject.digests
    answered = {recording.request for recording in found.recordings}
    asking = [
        case
        for case in prompt.cases
        if case.unrecorded
        or (case.name in requests and bool(case.on_answers or prompt.evaluation.get("assertions")))
    ]
    asked = set(requests.values())
    missing, ended = [], set()
    for case in asking:
        steps = [requests.get(case.name)]
        if case.turns:
            steps = list(_turns(case, subject, catalog, found))
        asked.update(filter(None, steps))
        if _ENDED in steps:
            ended.add(case.name)
        elif not answered.issuperset(steps):
            missing.append(case)
    if missing:
        yield _missing(missing, len(asking))
    # The old recording of such a case is replaced when the case is fixed and recorded.
    pending = {case.name for case in prompt.cases}.difference(requests) | ended
    pending.update(case.name for case in missing)
    orphans: dict[str, list[Place]] = {}
    for place, each in zip(found.places, found.recordings, strict=True):
        if not (each.judge or each.request in asked or each.case in pending):
            orphans.setdefault(place.path, []).append(place)
    yield from map(_orphaned, orphans.values())


def _turns(
    case: Case, subject: PromptFacts, catalog: Catalog, found: ReadRecordings
) -> Iterator[str | None]:
    """The digests of the requests of all turns, in all recorded repeats; None if one is unknown."""
    from promptops.evals.conversations import Conversation, SimulatedUsers, recorded_conversation

    traced = next((each.traced for each in subject.renders if each.case is case), None)
    if traced is None:
        yield None
        return
    for repeat in sorted({0, *(r.repeat for r in found.recordings if r.case == case.name)}):
        answers = {(r.request, r.judge): r.answer for r in found.recordings if r.repeat == repeat}
        simulate = SimulatedUsers(catalog).request
        conversation = Conversation(traced.request, case.turns, simulate)
        missing = recorded_conversation(conversation, answers.get)
        yield from (turn.digest for turn in conversation.turns)
        if missing is not None and not repeat:
            yield missing.digest
        if conversation.ended:
            yield _ENDED


_ENDED = "ended"
"""In place of a digest: the conversation ended early, which `test` reports.

The recordings of its later turns stay: the case may be wrong, not the answers."""

_INCOMPLETE = frozenset(("SCH001", "SCH002", "SCH011", "SEC010", "CFG014", "CFG016"))


def _is_incomplete(subject: PromptFacts) -> bool:
    """Whether a mistake that is reported elsewhere changes the requests or hides cases."""
    return (
        not all(reference.found for reference in subject.references)
        or any(problem.code in _INCOMPLETE for problem in subject.problems)
        or any(has_conflict(each.source.path, each.source.value) for each in subject.written)
    )


def _missing(cases: Sequence[Case], of: int) -> Problem:
    first = cases[0]
    message = f"the case `{first.name}` has no recording of its current request"
    if len(cases) > 1:
        message = f"{len(cases)} of {of} cases have no recording of their current request"
    place = first.locate(f"{first.at}/name", False)
    return Problem(message, at=place, hint="promptops test --record")


def _orphaned(places: Sequence[Place]) -> Problem:
    """Unused recordings of one file, reported at the start of the first line: lines are long."""
    message = "no test case uses this recording any more"
    if len(places) > 1:
        message = f"no test case uses {len(places)} recordings of this file any more"
    return Problem(message, at=places[0], hint="promptops recordings prune")
