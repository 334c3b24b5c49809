"""TST012."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import RenderedCase
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Case


@rule("TST012", severity=Severity.ERROR)
def failing_assertion(
    loaded: LoadedPrompt, cases: Sequence[Case], renders: Sequence[RenderedCase]
) -> Iterator[Problem]:
    """Every `rendered` assertion of a test case passes.

    These assertions check the request, so they need no model and no recording and run when you
    commit. `promptops test` reports the same failures. Only `promptops test` runs assertions of
    plug-ins, because hooks load no plug-ins, and warns of draft cases that fail.

    Bad:
        messages:
          - role: user
            content: Say hello.
        tests:
          - name: it greets
            rendered:
              - {type: contains, value: Good morning}

    Good:
        messages:
          - role: user
            content: Say hello.
        tests:
          - name: it greets
            rendered:
              - {type: contains, value: hello}
    """
    # A request without one of its tools is not the one that is sent.
    if loaded.lacks_tools or not any(case.rendered for case in cases):
        return
    from promptops.evals.parse import is_of_plugin, problems
    from promptops.evals.result import judge_request

    for render in renders:
        # TST009 reports assertions that are invalid themselves.
        if render.traced is None or not render.case.rendered or any(problems(render.case)):
            continue
        if render.case.is_draft:
            continue
        verdicts = judge_request(render.traced.request, render.case)
        for written, verdict in zip(render.case.rendered, verdicts, strict=True):
            fails = verdict.status == "error" or (verdict.status == "failed" and verdict.must)
            if fails and not is_of_plugin(written):
                what = "does not hold" if verdict.status == "failed" else "can't be judged"
                message = f"`{verdict.type}` {what} in the case `{render.case.name}`"
                yield Problem(message, at=verdict.place, hint=verdict.reason)
