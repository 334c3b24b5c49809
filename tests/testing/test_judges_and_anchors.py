"""A judge may fail a case only where its recorded answers agree with what people said."""

import json
from shutil import rmtree

import pytest

from promptops.evals.engine.ask import Patience, Settings
from promptops.report.test import report
from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.servers.answers import Answer
from tests.servers.fault_server import ECHO, fault_server

CONFIG = """\
[models.local]
provider = "openai"
id = "m-1"
base_url = "{address}"

[models.strong]
provider = "openai"
id = "j-1"
base_url = "{address}"
"""
ASK = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: local}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: user
    content: "Say {{ question }}"
evaluation:
  judge: judges/tone
tests:
  - name: kind
    inputs: {question: "Yes, please."}
    output:
      - {type: llm-rubric, value: It is kind., must: true}
  - name: curt
    inputs: {question: "No."}
    output:
      - {type: llm-rubric, value: It is kind., must: true}
"""
JUDGE = """\
format: promptops/1
description: Judges the tone.
owners: ["@a"]
model: {profile: strong}
inputs:
  required: [output]
  properties:
    output: {type: string, maxLength: 100}
messages:
  - role: user
    content: "Is it kind? {{ output }}"
evaluation:
  assertions:
    - {type: is-json}
tests:
"""
ANCHOR = """\
  - name: anchor {number}
    tags: [anchor]
    inputs: {{output: "{text} {number}"}}
    expected: {{verdict: {verdict}}}
"""
GATES = "the judge `judges/tone` may not decide a required assertion: "


def anchors(count=12):
    rows = (
        {
            "number": n,
            "text": "No." if n % 2 else "Yes, please.",
            "verdict": "fail" if n % 2 else "pass",
        }
        for n in range(count)
    )
    return "".join(ANCHOR.format(**row) for row in rows)


def agreeing(received):
    return judging(received, lambda text: "pass" if "please" in text else "fail")


def lenient(received):
    return judging(received, lambda _: "pass")


def judging(received, verdict):
    """The judge's model has an opinion; the other one repeats what it is asked."""
    if received.json.get("model") != "j-1":
        return ECHO(received)
    text = received.json["messages"][-1]["content"]
    return Answer(says=json.dumps({"reason": "It reads so.", "verdict": verdict(text)}))


def written(repo, address, ask=ASK, judge=JUDGE, rows=None):
    repo.write(
        {
            "promptops.toml": CONFIG.format(address=address),
            "prompts/ask.prompt.yaml": ask,
            "prompts/judges/tone.prompt.yaml": judge + (anchors() if rows is None else rows),
        }
    )


def run(repo, mode="replay", patterns=()):
    settings = Settings(patience=Patience(tries=1))
    with workspace(repo.root) as opened:
        return run_cases(
            opened, SelectionOptions(patterns=patterns), RunOptions(mode=mode, settings=settings)
        )


def said(found):
    """Of the prompt that is judged, each case with its status and its one reason."""
    return {
        case.name: (case.status, case.assertions[0].reason)
        for case in found.cases
        if case.prompt == "ask"
    }


def recorded(repo, name):
    file = repo.root / f"prompts/{name}.recordings.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


VERDICTS = {
    "kind": (
        "passed",
        "expected `It is kind.` to be true in the answer, got the judge's `It reads so.`",
    ),
    "curt": (
        "failed",
        "expected `It is kind.` to be true in the answer, got the judge's `It reads so.`"
        "; decided by the judge `judges/tone`, model `j-1`",
    ),
}


def test_a_judge_that_agrees_with_its_anchors_decides(repo):
    with fault_server(agreeing) as server:
        written(repo, server.base_url)
        found = run(repo, "record", ("ask",))

    assert said(found) == VERDICTS
    assert [each["case"] for each in recorded(repo, "judges/tone")] == sorted(
        f"anchor {number}" for number in range(12)
    )
    assert [each.get("judge", "") for each in recorded(repo, "ask")] == ["", "judges/tone"] * 2


@pytest.mark.parametrize(
    ("plan", "line"),
    [
        (agreeing, "judge: judges/tone: kappa 1.00 (at least 0.63) on 12 anchors, it may gate"),
        (
            lenient,
            "judge: judges/tone: kappa 0.00 (at least -0.43) on 12 anchors, it may only measure",
        ),
    ],
    ids=["agreeing", "lenient"],
)
def test_a_run_of_its_cases_tells_how_far_a_judge_agrees_with_people(repo, plan, line):
    with fault_server(plan) as server:
        written(repo, server.base_url)
        found = run(repo, "record", ("judges/tone",))

    assert report.write_text(found, figures=True).splitlines()[0] == line


def test_its_opinions_and_its_anchors_are_replayed_without_anybody_to_ask(repo):
    with fault_server(agreeing) as server:
        written(repo, server.base_url)
        run(repo, "record", ("ask",))
        asked = len(server.requests)
        found = run(repo)

        assert len(server.requests) == asked
    assert said(found) == VERDICTS


def test_nothing_is_asked_twice_where_the_judge_is_tested_too(repo):
    with fault_server(agreeing) as server:
        written(repo, server.base_url)
        found = run(repo, "record")
        bodies = [each.body for each in server.requests]

    assert said(found) == VERDICTS
    assert (len(bodies), len(set(bodies))) == (16, 16)


def test_a_judge_that_disagrees_with_people_decides_nothing(repo):
    with fault_server(lenient) as server:
        written(repo, server.base_url)
        found = run(repo, "record")

    reason = f"{GATES}kappa 0.00 on 12 anchors, but at least 0.6 on 10 is required"
    assert said(found) == {"kind": ("error", reason), "curt": ("error", reason)}


def test_few_anchors_are_not_enough(repo):
    with fault_server(agreeing) as server:
        written(repo, server.base_url, rows=anchors(4))
        found = run(repo, "record")

    reason = f"{GATES}kappa 1.00 on 4 anchors, but at least 0.6 on 10 is required"
    assert said(found) == {"kind": ("error", reason), "curt": ("error", reason)}


def test_a_judge_whose_few_anchors_prove_too_little_says_that_more_would(repo):
    """It agrees with twelve of fourteen, which a judge of little worth may do by chance."""

    def verdict(text):
        return "pass" if "please" in text or text.endswith((" 1", " 3")) else "fail"

    with fault_server(lambda received: judging(received, verdict)) as server:
        written(repo, server.base_url, rows=anchors(14))
        found = run(repo, "record")

    reason = (
        f"{GATES}kappa 0.71 on 14 anchors proves only 0.29, but at least 0.4 is required: "
        "tag more of its cases `anchor`"
    )
    assert said(found) == {"kind": ("error", reason), "curt": ("error", reason)}


def test_a_judge_without_anchors_says_how_it_gets_some(repo):
    with fault_server(agreeing) as server:
        written(repo, server.base_url, rows=anchors().replace("[anchor]", "[other]"))
        found = run(repo, "record")

    reason = f"{GATES}it has no anchors; tag at least 10 of its cases `anchor`"
    assert said(found) == {"kind": ("error", reason), "curt": ("error", reason)}


def test_an_anchor_that_is_not_recorded_makes_the_cases_stale(repo):
    with fault_server(agreeing) as server:
        written(repo, server.base_url)
        run(repo, "record")
    written(repo, "http://127.0.0.1:9/v1", rows=anchors().replace("No. 3", "Not now."))

    found = run(repo, patterns=("ask",))

    reason = (
        f"{GATES}its anchor `anchor 3` has no answer: its request has no recording; "
        "promptops test judges/tone --record"
    )
    assert said(found) == {"kind": ("stale", reason), "curt": ("stale", reason)}
    assert found.next == "promptops test --record"


def test_an_anchor_that_can_not_be_asked_is_told(repo):
    silent = JUDGE.replace("evaluation:\n  assertions:\n    - {type: is-json}\n", "")
    with fault_server(agreeing) as server:
        written(repo, server.base_url, judge=silent)
        found = run(repo, "record", ("ask",))

    reason = f"{GATES}its anchor `anchor 0` has no answer: it has no assertions"
    assert said(found) == {"kind": ("error", reason), "curt": ("error", reason)}


def test_a_judge_that_only_measures_needs_no_anchors_and_asks_none(repo):
    with fault_server(agreeing) as server:
        written(repo, server.base_url, ask=ASK.replace(", must: true", ""))
        found = run(repo, "record", ("ask",))
        asked = len(server.requests)

    assert asked == 4
    assert [status for status, _ in said(found).values()] == ["passed", "passed"]


def test_a_judge_of_ours_may_only_measure_and_says_the_way_out(repo):
    with fault_server() as server:
        written(repo, server.base_url, ask=ASK.replace("evaluation:\n  judge: judges/tone\n", ""))
        found = run(repo, "record", ("ask",))

    reason = (
        "the built-in rubric judge may not decide a required assertion: it has no anchors; "
        "set `evaluation.judge` to a prompt that has some"
    )
    assert said(found) == {"kind": ("error", reason), "curt": ("error", reason)}


@pytest.mark.parametrize("must", [", must: true", ""])
def test_an_opinion_that_is_not_recorded_is_stale(repo, must):
    ask = ASK.replace(", must: true", must)
    with fault_server(agreeing) as server:
        written(repo, server.base_url, ask=ask)
        run(repo, "record")
    file = repo.root / "prompts/ask.recordings.jsonl"
    lines = [line for line in file.read_text().splitlines() if '"judge"' not in line]
    file.write_text("".join(f"{line}\n" for line in lines))
    rmtree(repo.root / ".git/promptops/answers")  # as in a fresh clone

    found = run(repo)

    reason = "the judge `judges/tone` gave no answer: its request has no recording"
    assert said(found) == {"kind": ("stale", reason), "curt": ("stale", reason)}


def test_a_judge_that_can_not_be_reached_is_an_error(repo):
    def refusing(received):
        return Answer(status=400) if received.json.get("model") == "j-1" else ECHO(received)

    with fault_server(refusing) as server:
        written(repo, server.base_url, ask=ASK.replace(", must: true", ""))
        found = run(repo, "record", ("ask",))

    reason = (
        f"the judge `judges/tone` gave no answer: `strong` ({server.base_url}): "
        "the server answered with status 400: planned: 400"
    )
    assert said(found) == {"kind": ("error", reason), "curt": ("error", reason)}
