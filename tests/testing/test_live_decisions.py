"""Decisions that ask: both arms, in turns, until the answers settle it. A server on loopback."""

import json

import pytest

from promptops.evals.engine.ask import Settings
from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server

PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: served}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: user
    content: "Be brief. {{ question }}"
"""
MEASURED = (
    PROMPT
    + """\
evaluation:
  score: goodness
  assertions:
    - {type: contains, value: good, score: goodness}
tests:
"""
)


def cases(count):
    return "".join(f"  - {{name: c{n}, inputs: {{question: q{n}}}}}\n" for n in range(count))


def asked(received):
    return json.loads(received.body)["messages"][-1]["content"]


def says(text, fingerprint="fp_1"):
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m-1",
        "system_fingerprint": fingerprint,
        "choices": [choice],
        "usage": usage,
    }
    return Answer(body=json.dumps(body).encode())


def run(repo, mode, **options):
    settings = Settings(concurrency=1)
    with workspace(repo.root) as opened:
        return run_cases(
            opened, SelectionOptions(), RunOptions(mode=mode, settings=settings, **options)
        )


def configured(repo, server, prompt):
    config = (
        f'[models.served]\nprovider = "openai"\nid = "m"\nbase_url = "{server.base_url}"\n'
        "price = {input = 1.0, output = 1.0}\n"
    )
    repo.write({"promptops.toml": config, "prompts/ask.prompt.yaml": prompt})


def recorded_release(repo, server, prompt):
    configured(repo, server, prompt)
    run(repo, "record")
    repo.commit("one")
    repo.git("tag", "-a", "-m", "one", "v1.0.0")
    server.requests.clear()


def reworded(repo, prompt):
    repo.write({"prompts/ask.prompt.yaml": prompt.replace("Be brief", "Be short")})


def test_a_few_broken_cases_are_asked_again_on_both_sides_and_fail_by_name(repo):
    prompt = MEASURED + cases(60)
    broken = {"Be short. q7", "Be short. q21"}
    with fault_server(lambda one: says("bad" if asked(one) in broken else "good")) as server:
        recorded_release(repo, server, prompt)
        reworded(repo, prompt)

        found = run(repo, "live")

    (decided,) = found.decided
    wanted = [asked(each) for each in server.requests]
    assert (found.verdict, decided.verdict, set(decided.culprits)) == (
        "fail",
        "fail",
        {"c7", "c21"},
    )
    assert {each.name: (each.before, each.after) for each in decided.worst} == {
        "c7": (1.0, 0.0),
        "c21": (1.0, 0.0),
    }
    assert [each.after_answer.text for each in decided.worst] == ["bad", "bad"]
    # Six repeats and eight fresh answers of the candidate; the baseline's first one is recorded.
    assert {text: wanted.count(text) for text in ("Be short. q7", "Be short. q8")} == {
        "Be short. q7": 14,
        "Be short. q8": 6,
    }
    assert {text: wanted.count(text) for text in ("Be brief. q7", "Be brief. q8")} == {
        "Be brief. q7": 13,
        "Be brief. q8": 5,
    }


def test_where_the_model_is_another_one_today_both_arms_are_asked_in_turns(repo):
    prompt = MEASURED + cases(3)
    today = ["fp_1"]
    with fault_server(lambda _: says("good", today[0])) as server:
        recorded_release(repo, server, prompt)
        today[0] = "fp_2"
        reworded(repo, prompt)

        found = run(repo, "live")

    (decided,) = found.decided
    assert [asked(each) for each in server.requests][:6] == [
        "Be short. q0",  # tells that it is another model
        "Be brief. q0",
        "Be short. q1",
        "Be brief. q1",
        "Be short. q2",
        "Be brief. q2",
    ]
    assert "(requested again)" in decided.line


@pytest.mark.slow
def test_where_the_model_is_the_same_the_recorded_answers_do(repo):
    prompt = MEASURED + cases(200)
    with fault_server(lambda _: says("good")) as server:
        recorded_release(repo, server, prompt)
        reworded(repo, prompt)

        found = run(repo, "live")

    (decided,) = found.decided
    assert (decided.verdict, "(recorded, same model)" in decided.line) == ("pass", True)
    assert {asked(each).split(".")[0] for each in server.requests} == {"Be short"}


def test_a_model_that_changed_is_not_blamed_on_the_author(repo):
    prompt = MEASURED + cases(20)
    today = ["good", "fp_1"]
    with fault_server(lambda _: says(*today)) as server:
        recorded_release(repo, server, prompt)
        today[:] = ["bad", "fp_2"]
        reworded(repo, prompt)
        run(repo, "record")

        replayed = run(repo, "replay")
        asked_again = run(repo, "live")

    (decided,) = replayed.decided
    assert (replayed.verdict, decided.verdict) == ("inconclusive", "inconclusive")
    assert decided.line.endswith(
        "the model has changed: `promptops test --live` runs both sides again"
    )
    assert asked_again.verdict != "fail"


@pytest.mark.slow
def test_a_case_that_the_baseline_takes_no_inputs_for_takes_no_part(repo):
    prompt = MEASURED + cases(2)
    with fault_server(lambda _: says("good")) as server:
        recorded_release(repo, server, prompt)
        wider = prompt.replace("maxLength: 100}", "maxLength: 100}\n    tone: {type: string}")
        more = "  - {name: new, inputs: {question: q, tone: kind}}\n"
        repo.write({"prompts/ask.prompt.yaml": wider + more})

        found = run(repo, "live")

    (decided,) = found.decided
    assert {case.status for case in found.cases} == {"passed"}
    assert "n=2" in decided.line
    assert "1 not compared" in decided.line


CONTRACT = (
    PROMPT
    + """\
tests:
  - name: why
    inputs: {question: why}
    output:
      - {type: contains, value: good}
"""
)


def test_a_violated_contract_is_confirmed_by_fresh_answers(repo):
    with fault_server(lambda _: says("bad")) as server:
        configured(repo, server, CONTRACT)
        repo.commit("one")

        found = run(repo, "live")

    (case,) = found.cases
    assert (found.verdict, case.status, len(server.requests)) == ("fail", "failed", 11)


def test_a_contract_that_fresh_answers_keep_passes_and_says_so(repo):
    answers = iter(["bad", "good", "good"])
    with fault_server(lambda _: says(next(answers))) as server:
        configured(repo, server, CONTRACT)
        repo.commit("one")

        found = run(repo, "live")

    (case,) = found.cases
    assert (found.verdict, case.status, case.reason, case.answer.text) == (
        "pass",
        "passed",
        "one of 3 answers violates a contract that the others meet",
        "good",
    )


def test_a_recorded_answer_that_violates_a_contract_fails_at_once(repo):
    with fault_server(lambda _: says("bad")) as server:
        configured(repo, server, CONTRACT)
        repo.commit("one")

        found = run(repo, "record")

    assert (found.verdict, len(server.requests)) == ("fail", 1)


PAIRWISE = (
    PROMPT
    + """\
tests:
  - name: why
    inputs: {question: why}
    output:
      - {type: pairwise, value: the friendlier answer}
"""
)


@pytest.mark.slow
def test_pairwise_compares_with_what_the_baseline_answered(repo):
    def plan(received):
        text = asked(received)
        if "friendlier" not in text:
            return says("kind words" if "Be short" in text else "words")
        first = text.index("kind words") < text.rindex("words") - 5
        better = "first" if first else "second"
        return says(json.dumps({"verdict": better, "reason": "it is kind"}))

    with fault_server(plan) as server:
        recorded_release(repo, server, PAIRWISE)
        reworded(repo, PAIRWISE)
        run(repo, "record")
        asked_of = [asked(each) for each in server.requests]
        server.requests.clear()

        replayed = run(repo, "replay")

    (case,) = replayed.cases
    (said,) = case.assertions
    (decided,) = replayed.decided
    assert (case.status, said.status, len(asked_of), server.requests) == ("passed", "passed", 3, [])
    assert "a better answer" in said.reason
    assert decided.line.startswith("+50.0 points [")
