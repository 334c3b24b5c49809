"""The gate over the prompts that the command names."""

ASK = "prompts/ask.prompt.yaml"

PROMPT = """\
format: promptops/1
description: Answers.
messages:
  - {role: user, content: Say please.}
tests:
  - name: one
    rendered:
      - {type: contains, value: please}
"""


def test_only_the_prompts_that_are_named_are_checked_and_versioned(repo, base, checked):
    strict = '[check]\nfail-on = ["breaking"]\n'
    base({"promptops.toml": strict, ASK: PROMPT, "prompts/b/two.prompt.yaml": PROMPT})
    repo.git("tag", "-a", "v1.4.2", "-m", "v1.4.2")
    repo.git("rm", "--quiet", "prompts/b/two.prompt.yaml")
    repo.write({ASK: PROMPT.replace("Say please.", "Kindly say please.")})

    code, lines = checked("ask", "--since", "main", "--at", "worktree")

    assert (code, lines[-1]) == (
        0,
        "pass · 1 risk: 1 prompt, no findings, 1 case, 1 assertion"
        " · required version bump: minor, 1.4.2 -> 1.5.0",
    )
