"""A judge that changed is blamed, and not the model: behind its profile, or in a new release."""

from __future__ import annotations

import pytest

from tests.commands.compare.compared import recorded
from tests.commands.drift.nightly import PROMPT, Model, learned, night, release, released

JUDGED = PROMPT.replace(
    "    - {type: contains, value: good, score: quality}",
    "    - {type: llm-rubric, value: It is kind.}",
).replace("evaluation:", "evaluation:\n  judge: judges/kind")
JUDGE = """\
format: promptops/1
model: {profile: fast}
inputs:
  required: [output]
  properties:
    output: {type: string, maxLength: 100}
messages:
  - role: user
    content: "Is it kind? {{ output }}"
"""
WHY = (
    "the judge `judges/kind` gives the recorded answers 83.3 points less than when they were"
    " recorded (6 answers, p=0.0021)"
)


def test_a_judge_that_is_harsher_behind_its_name_is_blamed(repo):
    model = Model(text="good {number}")
    with released(repo, JUDGED, model=model, **{"judges/kind": JUDGE}):
        learned(repo, night(repo, "ask"))
        model.harsh = 5
        found = night(repo, "ask")

    (prompt,) = found.prompts
    assert prompt.night.judge is not None
    assert (prompt.verdict, prompt.night.judge.id) == ("drifted", "judges/kind")
    assert prompt.night.mean == 0.1667
    assert prompt.blame is not None
    assert (prompt.blame.who, prompt.blame.why) == ("judge", (WHY,))


@pytest.mark.slow
def test_a_judge_that_a_release_changed_is_blamed(repo):
    model = Model(text="good {number}")
    with released(repo, JUDGED, model=model, **{"judges/kind": JUDGE}):
        learned(repo, night(repo, "ask"))
        model.harsh = 5
        repo.write({"prompts/judges/kind.prompt.yaml": JUDGE.replace("kind? ", "kind and short? ")})
        recorded(repo, prune=True)
        release(repo, "v1.1.0")
        found = night(repo, "ask")

    (prompt,) = found.prompts
    assert (found.release, prompt.verdict, len(prompt.history)) == ("v1.1.0", "drifted", 11)
    assert prompt.blame is not None
    assert (prompt.blame.who, prompt.blame.why) == ("judge", (WHY,))
