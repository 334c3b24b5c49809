"""`--judge N`: judges are called about N samples of each group, within the budget."""

from __future__ import annotations

import json

import pytest

from promptops.commands.score.picked_samples import MOST_JUDGED_SAMPLES, Judgeable
from promptops.errors import UsageError
from promptops.evals.engine.ask import Patience, Settings
from promptops.model.score import Sample
from promptops.records import replace
from promptops.testing.options import RunOptions
from tests.commands.score.released_prompts import released as release
from tests.commands.score.released_prompts import sample, scored, written
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.testing.served import by_turn, profile

RUN = RunOptions(trusted=True, settings=Settings(concurrency=1, patience=Patience(tries=1)))
PROFILE = '[models.served]\nprovider = "openai"\nid = "m-1"\n'
PROMPT = """\
format: promptops/1
model: {profile: served}
inputs:
  required: [question]
  properties: {question: {type: string}}
messages:
  - {role: system, content: Answer the question.}
  - {role: user, content: "{{ question }}"}
evaluation:
  assertions:
    - {type: max-chars, value: 400}
    - {type: llm-rubric, value: It is friendly.}
"""


def _opinion(text, _turn):
    """A judge that likes answers with a smile."""
    verdict = "pass" if ":-)" in text else "fail"
    return json.dumps({"reason": "The tone decides.", "verdict": verdict})


def _samples(count):
    for number in range(count):
        output = "Gladly :-)" if number % 2 else "No."
        channel = "beta" if number < 3 else "production"
        yield sample(number, output=output, channel=channel, prompt="ask")


def test_judges_are_called_about_so_many_samples_of_each_group(repo, tmp_path):
    file = written(tmp_path / "s.jsonl", _samples(20))
    with fault_server(by_turn(_opinion)) as server:
        repo.write({"promptops.toml": profile("served", server), "prompts/ask.prompt.yaml": PROMPT})
        release(repo, "v1.0.0")

        found = scored(repo, [file], by=("channel",), judge=5, run=RUN)

        calls = len(server.requests)

    rubrics = [each for group in found.groups for each in group.assertions if not each.must]
    qualities = [score for group in found.groups for score in group.scores]
    assert [(each.type, each.n) for each in rubrics] == [("llm-rubric", 3), ("llm-rubric", 5)]
    assert [each.n for each in qualities] == [3, 5]
    assert rubrics[0].held == 1
    assert qualities[0].mean == pytest.approx(1 / 3, abs=1e-6)
    assert (found.judged, found.unanswered) == (8, 0)
    assert calls <= 8  # equal questions are asked once
    assert found.left_out == ()


def test_why_a_judge_gave_no_verdict_is_known_without_text_of_a_sample(repo, tmp_path):
    file = written(tmp_path / "s.jsonl", _samples(2))
    quoting = Answer(status=400, body=b'{"error": {"message": "refused: Gladly :-)"}}')
    answers = iter([quoting, Answer(says="Gladly :-) is no verdict")])
    with fault_server(lambda _: next(answers)) as server:
        repo.write({"promptops.toml": profile("served", server), "prompts/ask.prompt.yaml": PROMPT})
        release(repo, "v1.0.0")

        found = scored(repo, [file], by=("prompt",), judge=5, run=RUN)

    assert (found.judged, found.unanswered) == (0, 1)
    no_answer, at = "the built-in rubric judge gave no answer: ", f"`served` ({server.base_url}): "
    assert found.no_verdict == {
        f"{no_answer}{at}the server answered with status 400": 1,
        f"{no_answer}the reply can't be used": 1,
    }


def test_a_verdict_that_the_budget_ended_is_not_listed_as_an_unusable_reply(repo, tmp_path):
    file = written(tmp_path / "s.jsonl", _samples(2))
    settings = replace(RUN.settings, max_requests=1)
    with fault_server(by_turn(_opinion)) as server:
        repo.write({"promptops.toml": profile("served", server), "prompts/ask.prompt.yaml": PROMPT})
        release(repo, "v1.0.0")

        found = scored(repo, [file], by=("prompt",), judge=5, run=replace(RUN, settings=settings))

    assert (found.judged, found.ended) == (1, "the budget of 1 request is spent")
    assert found.no_verdict == {}


def test_embeddings_and_moderations_need_judge_and_are_listed_without_it(repo, tmp_path):
    file = written(tmp_path / "s.jsonl", _samples(2))
    services = PROMPT.partition("    - {type: llm-rubric")[0] + (
        "    - {type: similar, value: Gladly}\n"
        "    - {type: any, value: [{type: moderation}, {type: contains, value: a}]}\n"
    )
    repo.write({"promptops.toml": PROFILE, "prompts/ask.prompt.yaml": services})
    release(repo, "v1.0.0")

    found = scored(repo, [file], by=("prompt",))
    judged = scored(repo, [file], by=("prompt",), judge=5, run=RUN)

    assert [(each.type, each.why) for each in found.left_out] == [
        ("similar", "calls a model: use --judge N"),
        ("any", "calls a model: use --judge N"),
    ]
    assert [each.type for each in found.groups[0].assertions] == ["max-chars"]
    assert (judged.left_out, judged.judged) == ((), 1)  # "Gladly" contains "a" anyway
    endpoint = "endpoint gave no answer: it can't be called: write"
    assert judged.no_verdict == {
        f'the embedding {endpoint} `embeddings = "MODEL"` below `[test]`': 2,
        f'the moderation {endpoint} `moderations = "MODEL"` below `[test]`': 1,
    }


def test_an_untrusted_change_calls_no_judge(repo, tmp_path, monkeypatch):
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")
    repo.write({"promptops.toml": PROFILE, "prompts/ask.prompt.yaml": PROMPT})
    release(repo, "v1.0.0")

    with pytest.raises(UsageError) as caught:
        scored(repo, [written(tmp_path / "s.jsonl", _samples(2))], judge=5, run=RUN)

    assert caught.value.hint == "score without judges: --judge 0"


def test_without_a_request_no_judge_is_called(repo, tmp_path):
    file = written(tmp_path / "s.jsonl", [sample(1, inputs=None)])
    with fault_server(by_turn(_opinion)) as server:
        repo.write({"promptops.toml": profile("served", server), "prompts/ask.prompt.yaml": PROMPT})
        release(repo, "v1.0.0")

        found = scored(repo, [file], judge=5, run=RUN)

        assert server.requests == []
    assert found.judged == 0


def test_the_same_samples_are_chosen_in_any_order_and_split():
    samples = [Sample(id=f"{number}", prompt="ask") for number in range(100)]
    whole, together = Judgeable(3), Judgeable(3)
    for each in samples:
        together.add(("a",), each)

    for start in (60, 0, 30):
        part = Judgeable(3)
        for each in reversed(samples[start : start + (30 if start < 60 else 40)]):
            part.add(("a",), each)
        whole.add_all(part)

    assert list(whole.chosen()) == list(together.chosen())
    assert len(list(whole.chosen())) == 3


@pytest.mark.parametrize("parts", [1, 2])
def test_too_many_calls_to_judges_are_refused(parts):
    with pytest.raises(UsageError) as caught:
        added(parts, MOST_JUDGED_SAMPLES + 1)

    assert caught.value.message == "judges would be called about more than 5,000 samples"


def added(parts, groups):
    """A sample of each group, distributed over the parts, which are added up."""
    found = [Judgeable(1) for _ in range(parts)]
    for number in range(groups):
        found[number % parts].add((f"{number}",), Sample(id="1", prompt="ask"))
    for other in found[1:]:
        found[0].add_all(other)
