"""Samples are judged as the answers of test cases are."""

from __future__ import annotations

from pathlib import Path

from promptops.catalog.recordings import recordings_at
from promptops.commands.score.packing import pack_of
from promptops.commands.score.part import PartSettings, answer_of, joining_of
from promptops.evals.judge_answer import judge_answer, record_of_answer
from promptops.model.score import Sample
from promptops.records import replace
from promptops.testing.plan import plan_cases
from promptops.workspace.workspace import workspace

ROOT = Path(__file__).parents[3]
UNSCORED = ("counterfactual", "python", "supported", "answer-relevant")


def test_recorded_answers_get_the_verdicts_that_they_get_as_cases():
    compared = 0
    with workspace(ROOT) as opened:
        catalog = opened.catalog
        joining = joining_of(pack_of(opened, "worktree", (), PartSettings(by=("prompt",))).pack)
        for planned in plan_cases(catalog, list(catalog.prompts())):
            known = recordings_at(catalog.files, catalog.recordings_of(planned.prompt.path))
            found = [
                recording.answer
                for recording in known.recordings
                if recording.request == planned.key[1] and not recording.judge
            ]
            for answer in found[:1]:
                case = replace(planned.case, output=(), expected=None)
                record = record_of_answer(answer, planned.request, case, planned.prompt)
                verdicts = judge_answer(record, case, planned.prompt)
                expected = {
                    (each.type, str(each.place)): each.status
                    for each in verdicts
                    if each.type not in UNSCORED
                }
                compared += assert_same(joining, planned, answer, expected)

    assert compared > 100


def test_an_empty_or_incomplete_answer_breaks_every_contract_and_says_why(repo):
    repo.write(
        {
            "prompts/ask.prompt.yaml": """\
format: promptops/1
messages: [{role: user, content: Hello}]
evaluation:
  assertions:
    - {type: not-contains, value: refund}
    - {type: max-chars, value: 80, score: brevity}
"""
        }
    )
    with workspace(repo.root) as opened:
        joining = joining_of(pack_of(opened, "worktree", (), PartSettings(by=("prompt",))).pack)
    flaws = [("", "stop"), (" ", ""), ("We", "length"), ("We", "MAX_TOKENS"), ("We", "end_turn")]
    samples = [
        Sample(id="1", prompt="ask", inputs={}, output=text, finish_reason=reason)
        for text, reason in flaws
    ]
    prompt = joining.join(samples[0]).prompt

    found = [prompt.check(each, answer_of(each)) for each in samples]
    reasons = [
        prompt.reasons(each, answer_of(each), outcomes)[0].partition(":")[0]
        for each, outcomes in zip(samples, found, strict=True)
    ]

    broken = [(False, 1.0), (True, 1.0)]
    assert found == [broken] * 4 + [[(True, 1.0), (True, 1.0)]]
    assert reasons == ["the answer is empty"] * 2 + ["the answer is incomplete"] * 2 + [""]


def assert_same(joining, planned, answer, expected):
    """Compare the outcomes; the number of compared ones."""
    sample = Sample(
        id="1",
        prompt=planned.prompt.id,
        inputs=planned.case.inputs,
        output=answer.text,
        tool_calls=answer.tool_calls,
        finish_reason=answer.finish_reason,
        model=answer.model,
        usage=answer.usage,
    )
    prompt = joining.join(sample).prompt
    outcomes = prompt.check(sample, answer_of(sample))
    statuses = {True: "passed", False: "failed", None: "error"}
    found = {
        (each.type, str(each.place)): statuses[passed]
        for each, (passed, _) in zip(prompt.assertions, outcomes, strict=True)
        if passed is not None or each.type != "output"
    }
    assert {key: expected[key] for key in found} == found
    return len(found)
