"""TST006."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import Subject
from promptops.model.place import Place
from promptops.model.prompt import Prompt


@rule("TST006", severity=Severity.WARNING)
def stale_snapshot(prompt: Prompt, subject: Subject, catalog: Catalog) -> Iterator[Problem]:
    """Recordings are of the requests that the cases make.

    A recording is a model's answer to one request. When a prompt, a partial or a case changes, the
    answer is to a question that nobody asks any more: `promptops test` calls the case stale, and a
    reviewer reads an old answer beside the new wording. Record in the same commit.

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
    path = catalog.recordings_of(prompt.path)
    data = catalog.files.data(path)
    if data is None:
        return
    from promptops.runtime.canonical import request_digest
    from promptops.source.recordings import read_recordings

    asked = {each.case.name: each for each in subject.renders if each.traced is not None}
    digests = {
        name: request_digest(each.traced.request)
        for name, each in asked.items()
        if each.traced is not None
    }
    answered = set()
    for line, recording in enumerate(read_recordings(path, data).recordings, 1):
        answered.add(recording.request)
        if not recording.judge and recording.request not in digests.values():
            message = f"no case asks for this recording of `{recording.case}` any more"
            hint = "promptops test --record --prune"
            yield Problem(message, at=Place(path, line), hint=hint)
    for name, digest in digests.items():
        case = asked[name].case
        if digest not in answered and (case.output or prompt.evaluation.get("assertions")):
            message = f"the case `{name}` has no recording of the request that it makes now"
            place = case.locate(case.at, False)
            yield Problem(message, at=place, hint="promptops test --record")
