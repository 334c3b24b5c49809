"""Nights are compared if the same requests were judged by the same assertions."""

from __future__ import annotations

from promptops.commands.drift.asking import digest_of
from promptops.testing.plan import plan_cases
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository

PROMPT = """\
format: promptops/1
description: Answers.
model: {provider: echo, id: m}
messages:
  - {role: user, content: Hello}
evaluation:
  assertions:
    - {type: all, value: [{type: python, value: "./checks.py:short"}]}
tests:
  - {name: a}
"""
CODE = "def short(output):\n    return len(output) < 9\n"


def digest(repo: GitRepository, prompt: str = PROMPT, code: str = CODE) -> str:
    repo.write({"prompts/ask.prompt.yaml": prompt, "prompts/checks.py": code})
    with workspace(repo.root) as opened:
        loaded = list(opened.catalog.prompts())
        plan = list(plan_cases(opened.catalog, loaded, 1))
        return digest_of(opened.catalog, plan[0].prompt, plan)


def test_what_is_requested_and_how_it_is_judged_is_in_the_digest(repo):
    first = digest(repo)

    same = digest(repo, PROMPT.replace("Answers.", "Answers well."))
    others = (
        digest(repo, PROMPT.replace("Hello", "Hi")),
        digest(repo, PROMPT.replace("id: m", "id: other")),
        digest(repo, PROMPT.replace("evaluation:", "evaluation:\n  score: quality")),
        digest(repo, PROMPT + "  - {name: b}\n"),
        digest(repo, PROMPT.replace("type: all", "type: any")),
        digest(repo, code=CODE.replace("9", "8")),
    )

    assert same == first
    assert len({first, *others}) == 7
