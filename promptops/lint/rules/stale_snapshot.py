"""TST006."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import PromptFacts
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt


@rule("TST006", severity=Severity.WARNING)
def stale_snapshot(prompt: Prompt, subject: PromptFacts, catalog: Catalog) -> Iterator[Problem]:
    """Recordings are of the requests that the cases make.

    A recording is a model's answer to one request. When a prompt, a partial or a case changes, the
    answer is to a question that nobody asks any more: `promptops test` calls the case stale, and a
    reviewer reads an old answer beside the new wording. Record in the same commit; the new answer
    takes the place of the old one. What cases left behind that are gone, `--prune` takes out.

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
    from promptops.catalog.recordings import recordings_in

    found = recordings_in(catalog, prompt.path)
    requests = _requests(subject)
    answered = {recording.request for recording in found.recordings}
    asking = [each for each in prompt.cases if each.name in requests and _asks(each, prompt)]
    missing = [each for each in asking if requests[each.name] not in answered]
    if missing:
        yield _missing(missing, len(asking))
    # What such a case was answered before is replaced once it is mended and recorded.
    pending = {each.name for each in prompt.cases}.difference(requests)
    pending.update(each.name for each in missing)
    asked = set(requests.values())
    orphans: dict[str, list[Place]] = {}
    for place, each in zip(found.places, found.recordings, strict=True):
        if not (each.judge or each.request in asked or each.case in pending):
            orphans.setdefault(place.path, []).append(place)
    yield from map(_orphaned, orphans.values())


def _requests(subject: PromptFacts) -> dict[str, str]:
    """The digest of what each case asks, by its name; without those that can't be rendered."""
    from promptops.runtime.request.canonical import request_digest

    renders = subject.renders
    return {e.case.name: request_digest(e.traced.request) for e in renders if e.traced is not None}


def _asks(case: Case, prompt: Prompt) -> bool:
    return bool(case.output or prompt.evaluation.get("assertions"))


def _missing(cases: Sequence[Case], of: int) -> Problem:
    first = cases[0]
    message = f"the case `{first.name}` has no recording of the request that it makes now"
    if len(cases) > 1:
        message = f"{len(cases)} of {of} cases have no recording of the request that they make now"
    place = first.locate(f"{first.at}/name", False)
    return Problem(message, at=place, hint="promptops test --record")


def _orphaned(places: Sequence[Place]) -> Problem:
    """Of one file, at the first character of the first line: lines are long."""
    message = "no case asks for this recording any more"
    if len(places) > 1:
        message = f"no case asks for {len(places)} recordings of this file any more"
    return Problem(message, at=places[0], hint="promptops test --record --prune")
