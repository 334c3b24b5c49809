"""TST001."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.model.loaded import FileReference
from promptops.model.prompt import Prompt


@rule("TST001", severity=Severity.WARNING)
def no_tests(prompt: Prompt, references: Sequence[FileReference]) -> Iterator[Problem]:
    """An active prompt has a test case.

    A release contains all active prompts. Without a case, reviewers can't see the rendered request,
    and most rules have nothing to check: a template that fails for every input would pass. Start
    with the cases that `promptops cases` drafts from the branches of the prompt, or with one
    assertion about the request; both need no model. Mark a prompt that is not ready with
    `status: draft`. A variant inherits the cases of the prompt it extends.

    Bad:
        messages:
          - role: user
            content: Say hello.
        tests: []

    Good:
        messages:
          - role: user
            content: Say hello.
        tests:
          - name: it asks for a greeting
            rendered:
              - {type: contains, value: hello}

    Good:
        status: draft
        messages:
          - role: user
            content: Say hello.
        tests: []
    """
    named = any(reference.kind == "cases" for reference in references)
    if prompt.status == "active" and not prompt.cases and not named:
        yield Problem(
            "an active prompt has no test case",
            at="/tests",
            key=True,
            hint="`promptops cases` drafts them, or set `status: draft`",
        )
