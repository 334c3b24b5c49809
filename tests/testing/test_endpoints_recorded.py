"""Embeddings and moderations: asked once, kept beside the answers, replayed, and never a pass."""

import json
from collections import Counter

import pytest

from promptops.evals.engine.ask import Patience, Settings
from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.real_model import missing, real_model
from tests.servers.answers import Answer
from tests.servers.fault_server import ECHO, fault_server

MODELS = """\
[models.local]
provider = "openai"
id = "m-1"
base_url = "{address}"
price = {{input = 1.0, output = 1.0}}
params = {{temperature = 0, max_output_tokens = 12}}

[models.embedder]
provider = "openai"
id = "e-1"
base_url = "{address}"
price = {{input = 1.0}}
provider_options = {{openai = {{dimensions = 64}}}}
"""
NAMED = '[test]\nembeddings = "embedder"\nmoderations = "embedder"\n'
PROMPT = """\
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
tests:
  - name: why
    inputs: {question: why}
    output:
      - ASSERTION
"""
SIMILAR = "{type: similar, value: Say why}"
MODERATION = "{type: moderation, value: [violence]}"
HARMLESS = json.dumps(
    {
        "model": "e-1",
        "results": [{"flagged": True, "categories": {"spam": True, "violence": False}}],
    }
).encode()


def written(repo, address, assertion, settings=NAMED):
    prompt = PROMPT.replace("ASSERTION", assertion)
    repo.write({"promptops.toml": MODELS.format(address=address) + settings})
    repo.write({"prompts/ask.prompt.yaml": prompt})


def run(repo, mode="replay", patterns=(), **options):
    options = {"settings": Settings(patience=Patience(tries=1)), **options}
    with workspace(repo.root) as opened:
        return run_cases(
            opened, SelectionOptions(patterns=patterns), RunOptions(mode=mode, **options)
        )


def said(found):
    """Status of the one case, and what its assertions say."""
    (case,) = found.cases
    return case.status, [(each.status, each.reason) for each in case.assertions]


def recordings(repo):
    text = (repo.root / "prompts/ask.recordings.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def moderating(received):
    return Answer(body=HARMLESS) if received.path == "/v1/moderations" else ECHO(received)


def test_an_embedding_is_asked_for_once_and_kept_beside_the_answer(repo):
    with fault_server() as server:
        written(repo, server.base_url, SIMILAR)
        recorded = run(repo, "record")
        asked = [(each.path, each.json) for each in server.requests]

    assert said(recorded)[0] == "passed"
    assert asked[1:] == [("/v1/embeddings", {"model": "e-1", "input": "Say why", "dimensions": 64})]
    answer, embedding = recordings(repo)
    assert ("judge" in answer, embedding["judge"]) == (False, "built-in embedding")
    assert len(json.loads(embedding["output"])["vector"]) == 8
    assert recorded.cost_usd == pytest.approx(6e-6)


def test_what_was_recorded_is_replayed_without_anybody_to_ask(repo):
    with fault_server() as server:
        written(repo, server.base_url, SIMILAR)
        recorded = run(repo, "record")
        asked = len(server.requests)
        replayed = run(repo)

        assert len(server.requests) == asked
    assert said(replayed) == said(recorded)
    assert said(replayed) == (
        "passed",
        [
            (
                "passed",
                "expected similarity of at least 0.8 to `Say why` in the answer, "
                "got 1.00: `Say why`",
            )
        ],
    )


def test_two_texts_that_mean_something_else_fail(repo):
    with fault_server() as server:
        written(repo, server.base_url, SIMILAR.replace("Say why", "Say how"))
        found = run(repo, "record")

    status, ((verdict, reason),) = said(found)
    assert (status, verdict) == ("failed", "failed")
    assert reason.startswith(
        "expected similarity of at least 0.8 to `Say how` in the answer, got 0."
    )


def test_an_embedding_that_is_not_recorded_is_stale(repo):
    with fault_server() as server:
        written(repo, server.base_url, SIMILAR)
        run(repo, "record")
    written(repo, server.base_url, SIMILAR.replace("Say why", "Say it"))

    found = run(repo)

    assert found.next == "promptops test --record"
    assert said(found) == (
        "stale",
        [("error", "the embedding endpoint gave no answer: its request has no recording")],
    )


def test_each_prompt_keeps_what_it_asked_so_that_it_is_replayed_alone(repo):
    with fault_server() as server:
        written(repo, server.base_url, SIMILAR)
        text = (repo.root / "prompts/ask.prompt.yaml").read_text()
        repo.write({"prompts/tell.prompt.yaml": text})
        run(repo, "record", repeats=2)
        paths = Counter(each.path for each in server.requests)

    found = [run(repo, patterns=(name,), repeats=1) for name in ("ask", "tell")]

    assert [said(each)[0] for each in found] == ["passed", "passed"]
    assert paths == {"/v1/chat/completions": 2, "/v1/embeddings": 2}


def test_a_moderation_counts_the_categories_that_the_case_names(repo):
    with fault_server(moderating) as server:
        written(repo, server.base_url, MODERATION)
        passed = run(repo, "record")
        written(repo, server.base_url, MODERATION.replace("violence", "spam"))
        failed = run(repo)

    assert said(passed) == (
        "passed",
        [("passed", "expected no flag for `violence` in the answer, got none")],
    )
    assert said(failed) == (
        "failed",
        [("failed", "expected no flag for `spam` in the answer, got `spam`")],
    )


@pytest.mark.parametrize(
    ("assertion", "reason"),
    [
        (
            SIMILAR,
            "the embedding endpoint gave no answer: it can't be called: "
            'write `embeddings = "MODEL"` below `[test]`',
        ),
        (
            MODERATION,
            "the moderation endpoint gave no answer: it can't be called: "
            'write `moderations = "MODEL"` below `[test]`',
        ),
    ],
)
def test_without_a_model_to_ask_it_says_what_to_write(repo, assertion, reason):
    with fault_server() as server:
        written(repo, server.base_url, assertion, settings="")
        found = run(repo, "record")

    assert said(found) == ("error", [("error", reason)])


def test_an_endpoint_that_fails_is_no_verdict_and_is_not_recorded(repo):
    def plan(received):
        return Answer(status=400) if received.path == "/v1/embeddings" else ECHO(received)

    with fault_server(plan) as server:
        written(repo, server.base_url, SIMILAR)
        found = run(repo, "record")

    status, ((verdict, reason),) = said(found)
    assert (status, verdict) == ("error", "error")
    assert reason == (
        f"the embedding endpoint gave no answer: `embedder` ({server.base_url}): "
        "the server answered with status 400: planned: 400"
    )
    assert ["judge" in each for each in recordings(repo)] == [False]


def test_a_recording_that_is_no_embedding_is_an_error(repo):
    with fault_server() as server:
        written(repo, server.base_url, SIMILAR)
        run(repo, "record")
    file = repo.root / "prompts/ask.recordings.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[1]["output"] = '{"vector": [1, "2"]}'
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    found = run(repo)

    assert said(found) == (
        "error",
        [
            (
                "error",
                "the embedding endpoint gave no answer: expected JSON with a `vector` of numbers, "
                'got `{"vector": [1, "2"]}`',
            )
        ],
    )


def test_what_is_spent_on_endpoints_is_bounded_too(repo):
    with fault_server() as server:
        written(repo, server.base_url, SIMILAR)
        found = run(repo, "record", settings=Settings(max_cost_usd=1.0))

    assert said(found)[0] == "passed"


def test_an_answer_without_any_text_asks_nobody_and_is_like_nothing(repo):
    def silent(received):
        return Answer(says="")

    with fault_server(silent) as server:
        written(repo, server.base_url, SIMILAR)
        similar = run(repo, "record")
        written(repo, server.base_url, "{type: moderation, allow: [empty]}")
        moderated = run(repo, "record")
        paths = {each.path for each in server.requests}

    assert paths == {"/v1/chat/completions"}
    assert [said(each)[0] for each in (similar, moderated)] == ["failed", "passed"]


def test_the_embeddings_of_a_real_model_are_kept_and_compared(repo):
    if reason := missing():
        pytest.skip(reason)
    with real_model() as model:
        written(
            repo,
            model.base_url,
            "{type: not-similar, value: Tax law, threshold: 0.99, allow: [incomplete]}",
        )
        recorded = run(repo, "record")

    sizes = [
        len(json.loads(each["output"])["vector"]) for each in recordings(repo) if "judge" in each
    ]
    assert (sizes, said(recorded)[0]) == ([576, 576], "passed")
    assert said(run(repo)) == said(recorded)
