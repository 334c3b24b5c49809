"""`promptops run`: the answer of a model, as it arrives, and what is wrong with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.commands.asked import PATIENCE_S, ask, ended, running
from tests.fork_server import shared
from tests.output_schemas import validate
from tests.servers.answers import OK, Answer, Ending
from tests.servers.fault_server import fault_server
from tests.servers.plans import Plan, Received, always
from tests.servers.streams import DONE, chunk, sse
from tests.tiers import fast_first

KEY = "acme7f3a9b2c5d1e4a6b8c0d"

PROMPT = """\
format: promptops/1
description: Repeat what is said.
owners: ["@acme/support"]
model: {profile: fast}
inputs:
  required: [word]
  properties:
    word: {type: string, maxLength: 100}
    count: {type: integer, default: 2, minimum: 1, maximum: 9}
messages:
  - {role: user, content: "Say {{ word }} {{ count }} times."}
tests:
  - name: repeats
    inputs: {word: seven}
    output:
      - {type: contains, value: seven}
      - {type: contains, value: never}
  - name: repeats it
    inputs: {word: "7"}
    output:
      - {type: contains, value: "7"}
"""


def profile(name: str, model: str, base_url: str, more: str = "") -> str:
    return (
        f'[models.{name}]\nprovider = "openai"\nid = "{model}"\nbase_url = "{base_url}"\n'
        f"price = {{input = 1000.0, output = 2000.0}}\nmax_output_tokens = 50\n{more}\n"
    )


def catalog(base_url: str, prompt: str = PROMPT, more: str = "") -> dict[str, str]:
    return {
        "promptops.toml": profile("fast", "fast-1", base_url)
        + profile("strong", "strong-1", base_url)
        + more,
        "prompts/ask.prompt.yaml": prompt,
    }


@pytest.fixture
def served(repo: Any) -> Callable[..., Any]:
    """Write a catalog whose models are a server; returns the heads of stderr's lines to expect."""

    def write(server: Any, **said: str) -> str:
        repo.write(catalog(server.base_url, **said))
        repo.commit("one")
        return f"calling `fast` at {server.base_url} with no API key\n"

    return write


def test_the_answer_is_on_stdout_and_its_usage_on_stderr(repo, served):
    with fault_server() as server:
        calling = served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=hello")

    lines = said.err.splitlines()
    assert (said.code, said.out) == (0, "Say hello 2 times.\n")
    assert lines[:2] == [calling.rstrip(), "sending 1 request: up to $0.118"]
    assert lines[2].startswith("fast (fast-1): 4 tokens in, 4 out, $0.012, ")
    assert lines[2].endswith(" s")
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("arguments", "prompt"),
    [
        (("-i", "word=7", "-i", "count=3"), "Say 7 3 times."),
        (("-i", "word=@word.txt"), "Say from a file 2 times."),
        (("--inputs", "inputs.json", "-i", "count=4"), "Say json 4 times."),
        (("--case", "repeats it"), "Say 7 2 times."),
    ],
)
def test_inputs_are_given_as_for_render(repo, served, arguments, prompt):
    with fault_server() as server:
        served(server)
        repo.write({"word.txt": "from a file", "inputs.json": '{"word": "json", "count": 9}'})

        said = ask(repo.root, "run", "ask", *arguments)

    assert (said.code, said.out) == (0, f"{prompt}\n")


def _piped(root: Path, text: bytes, *arguments: str) -> tuple[int, str, str]:
    done = shared().run(("run", *arguments), cwd=root, environment=os.environ, text=text)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("arguments", fast_first([["ask"], ["ask", "--inputs", "-"]], 1))
def test_inputs_are_read_from_standard_input(repo, served, arguments):
    with fault_server() as server:
        served(server)

        code, out, _ = _piped(repo.root, b'{"word": "piped"}', *arguments)

    assert (code, out) == (0, "Say piped 2 times.\n")


HOW = "pass -i word=…, or a JSON object: --inputs FILE, or a test case: --case repeats"


@pytest.mark.parametrize(
    ("text", "code", "err"),
    [
        (
            b"hello",
            3,
            "standard input:1:1: error: not JSON\n"
            '  tip: write {"NAME": VALUE}, or pass single inputs: -i NAME=VALUE\n',
        ),
        (
            b"[1]",
            3,
            "standard input: error: not a JSON object\n"
            '  tip: write {"NAME": VALUE}, or pass single inputs: -i NAME=VALUE\n',
        ),
        (b"\xff", 3, "standard input: error: not UTF-8\n"),
        (b"", 3, f"error: ask: `word` is missing\n  tip: {HOW}\n"),
        (b'{"count": 1}', 3, f"error: ask: `word` is missing\n  tip: {HOW}\n"),
        (
            b'{"wrod": "x"}',
            3,
            "error: ask: `wrod` is not an input; `word` is missing\n  tip: did you mean `word`?\n",
        ),
        (b'{"word": 1}', 3, "error: ask: `word` must be a string, not a number\n"),
    ],
)
def test_standard_input_without_the_inputs_is_an_error(repo, served, text, code, err):
    with fault_server() as server:
        served(server)

        assert _piped(repo.root, text, "ask") == (code, "", err)
        assert server.requests == []


def test_json_has_the_answer_its_usage_and_its_results(repo, served):
    with fault_server() as server:
        served(server)

        said = ask(repo.root, "run", "ask", "--case", "repeats", "--format", "json")

    value = json.loads(said.out)
    validate("run", value)
    (answer,) = value.pop("answers")
    assert said.code == 1
    assert answer.pop("duration_s") > answer.pop("first_text_s") > 0
    assert value == {
        "schema": 1,
        "prompt": "ask",
        "path": "prompts/ask.prompt.yaml",
        "revision": "worktree",
        "case": "repeats",
        "inputs": {"word": "seven"},
        "interrupted": False,
        "infrastructure": False,
        "cost_usd": 0.012,
        "saved_in": None,
    }
    results, latency_s = answer.pop("assertions"), answer["answer"].pop("latency_s")
    assert latency_s is None or latency_s > 0  # null if the machine was too busy to measure it
    assert answer == {
        "profile": "fast",
        "provider": "openai",
        "model": "fast-1",
        "text": "Say seven 2 times.",
        "answer": {
            "text": "Say seven 2 times.",
            "tool_calls": [],
            "finish_reason": "stop",
            "model": "fast-1",
            "fingerprint": "fp_echo",
            "usage": {"input": 4, "output": 4, "cached": 0},
        },
        "problem": None,
        "cost_usd": 0.012,
        "limit": None,
        "status": "failed",
        "reason": None,
        "internal": False,
        "was_cut": False,
    }
    found = [(each["type"], each["status"], each["place"]["line"], each["at"]) for each in results]
    assert found == [("contains", "passed", 16, [[4, 9]]), ("contains", "failed", 17, [])]


def test_a_case_is_judged_and_a_violated_contract_is_exit_1(repo, served):
    with fault_server() as server:
        served(server)

        said = ask(repo.root, "run", "ask", "--case", "repeats")
        passed = ask(repo.root, "run", "ask", "--case", "repeats it")

    assert (said.code, said.out) == (1, "Say seven 2 times.\n")
    assert said.err.splitlines()[3:] == [
        "prompts/ask.prompt.yaml:17:9: failed: contains: expected `never` in the answer, got "
        "`Say seven 2 times.`",
        "case 'repeats': failed: 1 of 2 contracts hold",
    ]
    assert (passed.code, passed.err.splitlines()[3:]) == (
        0,
        ["case 'repeats it': passed: 1 of 1 contract holds"],
    )


JUDGED = """\
evaluation:
  judge: {profile: judge}
  assertions:
    - {type: llm-rubric, value: The word is repeated.}
"""


@pytest.mark.slow
def test_judges_of_the_case_are_called_too_and_their_measures_fail_nothing(repo, served):
    opinion = Answer(says='{"reason": "It is not repeated.", "score": 0.0}')

    def plan(received: Received) -> Answer:
        return opinion if received.json["model"] == "judge-1" else OK

    with fault_server(plan) as server:
        served(server, prompt=PROMPT + JUDGED, more=profile("judge", "judge-1", server.base_url))

        said = ask(repo.root, "run", "ask", "--case", "repeats it")
        without = ask(repo.root, "run", "ask", "-i", "word=7")

        models = [received.json["model"] for received in server.requests]
        assert "stream" not in server.requests[1].json
    assert models == ["fast-1", "judge-1", "fast-1"]
    assert (said.code, said.out, without.code) == (0, "Say 7 2 times.\n", 0)
    lines = said.err.splitlines()
    assert lines[-1] == "case 'repeats it': passed: 1 of 1 contract holds, 1 measure missed"
    assert lines[-2].startswith(
        "prompts/ask.prompt.yaml:25:7: missed: llm-rubric (score `quality`)"
    )


@pytest.mark.slow
def test_a_judge_that_fails_is_exit_5_and_the_answer_stays(repo, served):
    def plan(received: Received) -> Answer:
        return Answer(status=401) if received.json["model"] == "judge-1" else OK

    with fault_server(plan) as server:
        served(server, prompt=PROMPT + JUDGED, more=profile("judge", "judge-1", server.base_url))

        said = ask(repo.root, "run", "ask", "--case", "repeats it")

    assert (said.code, said.out) == (5, "Say 7 2 times.\n")
    assert "status 401" in said.err


@pytest.mark.slow
def test_an_answer_is_compared_with_the_recorded_answer_to_another_case(repo, served):
    other = (
        "  - name: the same\n    inputs: {word: eight}\n    output:\n"
        "      - {type: counterfactual, value: repeats it}\n"
    )
    with fault_server(always(Answer(says="It is 7."))) as server:
        served(server, prompt=PROMPT + other)

        before = ask(repo.root, "run", "ask", "--case", "the same")
        ask(repo.root, "test", "--record", "--case", "repeats it")
        after = ask(repo.root, "run", "ask", "--case", "the same")

    assert (before.code, after.code) == (1, 0)
    assert "error: counterfactual: " in before.err
    assert after.err.splitlines()[-1] == "case 'the same': passed: 1 of 1 contract holds"


def test_nothing_is_recorded_and_nothing_in_the_repository_changes(repo, served):
    with fault_server() as server:
        served(server)
        before = sorted(repo.root.rglob("*"))

        ask(repo.root, "run", "ask", "--case", "repeats")
        replayed = ask(repo.root, "test", "--record", "--max-requests", "1", "-j", "1")

        assert repo.git("status", "--porcelain") == "?? prompts/ask.recordings.jsonl"
        # Not even the cache of answers has it: both cases are requested again.
        assert "sending 2 requests" in replayed.err
    new = set(repo.root.rglob("*")) - set(before)
    assert {path.name for path in new if ".git" not in path.parts} == {"ask.recordings.jsonl"}


def test_several_models_are_called_at_the_same_time_and_shown_in_order(repo, served):
    models: list[str] = []
    both = Event()

    def plan(received: Received) -> Answer:
        models.append(received.json["model"])
        if len(models) == 2:
            both.set()
        # The first model answers only after the second one was called, too.
        return Answer(until=both) if received.json["model"] == "fast-1" else OK

    with fault_server(plan) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x", "--model", "fast", "--model", "strong")

    assert sorted(models) == ["fast-1", "strong-1"]
    assert (said.code, said.out) == (
        0,
        "--- fast\nSay x 2 times.\n--- strong\nSay x 2 times.\n",
    )
    assert [line.split(":")[0] for line in said.err.splitlines()[2:]] == [
        "fast (fast-1)",
        "strong (strong-1)",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("own", ["profile: fast", "provider: acme, id: a-1"])
def test_a_profile_replaces_that_of_the_prompt_but_not_the_parameters_of_the_file(repo, own):
    prompt = PROMPT.replace("{profile: fast}", f"{{{own}, params: {{temperature: 0.5, seed: 1}}}}")
    toml = profile("fast", "fast-1", "URL", "params = {top_p = 0.1, seed = 3}") + profile(
        "strong", "strong-1", "URL", "params = {temperature = 1.0, stop = ['x']}"
    )
    with fault_server() as server:
        repo.write(
            {
                "promptops.toml": toml.replace("URL", server.base_url),
                "prompts/ask.prompt.yaml": prompt,
            }
        )
        repo.commit("one")

        ask(repo.root, "run", "ask", "-i", "word=x", "--model", "strong")
        (received,) = server.requests

    sent = {name: received.json[name] for name in ("model", "temperature", "seed", "stop")}
    assert sent == {"model": "strong-1", "temperature": 0.5, "seed": 1, "stop": ["x"]}
    assert "top_p" not in received.json


def test_a_revision_is_run_as_it_was(repo, served):
    with fault_server() as server:
        served(server)
        repo.write({"prompts/ask.prompt.yaml": PROMPT.replace("Say", "Shout")})

        now = ask(repo.root, "run", "ask", "-i", "word=x")
        before = ask(repo.root, "run", "ask", "-i", "word=x", "--at", "HEAD")

    assert (now.out, before.out) == ("Shout x 2 times.\n", "Say x 2 times.\n")


def test_tool_calls_are_shown_after_the_text(repo, served):
    call = {"name": "look", "arguments": '{"at": "\\u202e", "n": 1}'}
    stream = [
        chunk({"content": "Looking."}),
        chunk({"tool_calls": [{"index": 0, "id": "a", "function": call}]}, "tool_calls"),
        DONE,
    ]
    with fault_server(always(Answer(stream=stream))) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

    assert (said.code, said.out) == (
        0,
        'Looking.\n[call look {"at": "\\u202e", "n": 1}]\n',
    )


def test_a_cut_answer_is_reported_with_its_limit(repo, served):
    stream = [chunk({"content": "one two"}, "length"), DONE]
    prompt = PROMPT.replace("{profile: fast}", "{profile: fast, params: {max_output_tokens: 7}}")
    with fault_server(always(Answer(stream=stream))) as server:
        served(server, prompt=prompt)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

    assert (said.code, said.out) == (0, "one two\n")
    assert said.err.splitlines()[2] == (
        "warning: the answer is cut at the limit of 7 tokens; raise `max_output_tokens`"
    )


@pytest.mark.slow
def test_an_answer_that_the_server_cuts_is_reported_with_its_length(repo, served):
    usage = {"prompt_tokens": 9, "completion_tokens": 2}
    stream = [chunk({"content": "one two"}, "length"), chunk(usage=usage), DONE]
    with fault_server(always(Answer(stream=stream))) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

    assert said.err.splitlines()[2] == (
        "warning: the answer is cut after 2 tokens, the limit of the model or of the server"
    )


@pytest.mark.parametrize(
    ("stream", "out", "warning"),
    [
        ([chunk({"refusal": "I can't."}, "stop"), DONE], "I can't.\n", None),
        (
            [chunk({"content": "So"}, "content_filter"), DONE],
            "So\n",
            "warning: the provider's content filter stopped the answer",
        ),
        ([chunk({}, "stop"), DONE], "", "warning: the answer is empty"),
    ],
)
def test_refusals_and_empty_answers_are_shown(repo, served, stream, out, warning):
    with fault_server(always(Answer(stream=stream))) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

    assert (said.code, said.out) == (0, out)
    warnings = [line for line in said.err.splitlines() if line.startswith("warning")]
    assert warnings == ([] if warning is None else [warning])


def test_an_answer_that_violates_the_output_schema_is_exit_1_also_without_a_case(repo, served):
    prompt = PROMPT.replace(
        "messages:", "output: {format: json, schema: {type: object, required: [a]}}\nmessages:"
    )
    stream = [chunk({"content": '{"b": 1}'}, "stop"), DONE]
    with fault_server(always(Answer(stream=stream))) as server:
        served(server, prompt=prompt)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

    assert (said.code, said.out) == (1, '{"b": 1}\n')
    assert said.err.splitlines()[3].startswith("prompts/ask.prompt.yaml:10:")
    assert "failed: output: " in said.err


def test_what_a_model_writes_can_not_control_a_terminal(repo, served):
    pieces = ["a\x1b", "[2Jb\u202e", "\n:", ":error::x\n#", "#[group]y\ttab"]
    stream = [*(chunk({"content": piece}) for piece in pieces), chunk({}, "stop"), DONE]
    with fault_server(always(Answer(stream=stream))) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

    assert said.out == "a\\x1b[2Jb\\u202e\n\\x3a:error::x\n#\\x23[group]y\ttab\n"


def test_the_first_text_is_on_the_terminal_while_the_model_still_writes(repo, served, command):
    seen = Event()
    stream = [chunk({"content": "begin"}), seen, chunk({"content": " end"}, "stop"), DONE]
    with fault_server(always(Answer(stream=stream))) as server:
        served(server)
        ours, theirs = os.openpty()
        with subprocess.Popen(
            [command, "run", "ask", "-i", "word=x", "--no-color"],
            cwd=repo.root,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            shown = b""
            while b"begin" not in shown:
                shown += _read(ours)
            # The server sends the end of the answer only now.
            seen.set()
            rest = b"".join(iter(lambda: _read(ours), b""))
            process.wait(PATIENCE_S)
        os.close(ours)

    text = (shown + rest).decode()
    assert process.returncode == 0
    assert "waiting for the first text …\r\x1b[Kbegin end\r\nfast (m-1): " in text


@pytest.mark.slow
def test_an_error_on_a_terminal_has_its_own_line(repo, served, command):
    with fault_server() as server:
        served(server)
        repo.write(
            {
                "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "m-1"\n'
                'base_url = "http://127.0.0.1:1/v1"\n'
                "price = {input = 1.0, output = 1.0}\nmax_output_tokens = 50\n"
            }
        )
        repo.commit("no server")
        ours, theirs = os.openpty()
        with subprocess.Popen(
            [command, "run", "ask", "-i", "word=x"],
            cwd=repo.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            text = b"".join(iter(lambda: _read(ours), b"")).decode()
            process.wait(PATIENCE_S)
        os.close(ours)

    assert process.returncode == 5
    assert "waiting for the first text …\r\x1b[Kerror: `fast` " in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so at the end
        return b""


def test_ctrl_c_in_a_stream_keeps_its_text_and_is_exit_130(repo, served):
    stream = [chunk({"content": "half of"}), Event()]
    with fault_server(always(Answer(stream=stream))) as server:
        served(server)
        with running(repo.root, "run", "ask", "-i", "word=x") as process:
            assert process.stdout is not None
            assert process.stdout.read(7) == "half of"
            process.send_signal(signal.SIGINT)
            said = ended(process)

    assert (said.code, said.out) == (130, "\n")
    lines = said.err.splitlines()
    assert lines[2] == "error: interrupted"
    assert lines[3].startswith("fast (fast-1): incomplete, cost unknown, ")
    assert len(lines) == 4


@pytest.mark.slow
def test_ctrl_c_before_the_first_text_is_the_same(repo, served):
    reached, never = Event(), Event()

    def plan(_: Received) -> Answer:
        reached.set()
        return Answer(stream=[never])

    with fault_server(plan) as server:
        served(server)
        with running(repo.root, "run", "ask", "-i", "word=x") as process:
            assert reached.wait(PATIENCE_S)
            process.send_signal(signal.SIGINT)
            said = ended(process)

    assert (said.code, said.out) == (130, "")
    assert said.err.splitlines()[2] == "error: interrupted"


def test_a_stream_that_breaks_off_is_not_sent_again_and_its_text_stays(repo, served):
    planned = Answer(stream=[chunk({"content": "half of"})], ending=Ending.TRUNCATED)
    with fault_server(always(planned)) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

        assert len(server.requests) == 1
    lines = said.err.splitlines()
    assert (said.code, said.out) == (5, "half of\n")
    assert lines[2].startswith(
        f"error: `fast` ({server.base_url}): the answer broke off: the server closed"
    )
    assert lines[3].startswith("fast (fast-1): incomplete, cost unknown, ")


@pytest.mark.slow
def test_a_web_page_in_place_of_an_answer_is_named(repo, served):
    page = Answer(body=b"<html></html>", headers={"content-type": "text/html; charset=utf-8"})
    with fault_server(always(page)) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

    assert (said.code, len(server.requests)) == (5, 1)
    assert "the answer is a web page (text/html): is the address right?" in said.err


@pytest.mark.slow
def test_a_failure_before_any_text_is_tried_again(repo, served):
    answers = iter([Answer(status=503), Answer(stream=[]), OK])
    with fault_server(lambda _: next(answers)) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

    assert (said.code, said.out) == (0, "Say x 2 times.\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "message",
    [
        "Your organization must be verified to stream this model.",
        "Unrecognized request argument supplied: stream_options",
    ],
)
def test_a_server_that_refuses_to_stream_is_asked_for_the_whole_answer(repo, served, message):
    def plan(received: Received) -> Answer:
        if "stream" not in received.json:
            return OK
        error = {"error": {"message": message, "type": "invalid_request_error"}}
        return Answer(status=400, body=json.dumps(error).encode())

    with fault_server(plan) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

        assert len(server.requests) == 2
    assert (said.code, said.out) == (0, "Say x 2 times.\n")


def _refusing(message: str, param: str | None) -> Plan:
    error = {"error": {"message": message, "type": "invalid_request_error", "param": param}}
    return always(Answer(status=400, body=json.dumps(error).encode()))


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("Unsupported value: 'temperature'.", "temperature"),
        ("Not supported with this model.", "top_p"),
    ],
)
def test_a_parameter_that_a_model_refuses_is_named(repo, served, message, param):
    with fault_server(_refusing(message, param)) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x")

    line = said.err.splitlines()[2]
    assert (said.code, said.out) == (5, "")
    assert line.startswith(f"error: `fast` ({server.base_url}): no answer: the server answered")
    assert "status 400" in line
    assert message in line
    assert param in line


def test_one_model_that_fails_does_not_hide_the_answer_of_another(repo, served):
    def plan(received: Received) -> Answer:
        return Answer(status=401) if received.json["model"] == "fast-1" else OK

    with fault_server(plan) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x", "--model", "fast", "--model", "strong")

    assert (said.code, said.out) == (5, "--- fast\n--- strong\nSay x 2 times.\n")


NO_PROFILE = "promptops.toml: error: there is no profile `fsat`\n  tip: did you mean `fast`?\n"


@pytest.mark.parametrize(
    ("arguments", "code", "err"),
    [
        (("--model", "fsat"), 2, NO_PROFILE),
        (
            ("--model", "other"),
            2,
            "models.other: error: there is no provider `acme`\n"
            "  tip: set `base_url` in its profile to a server with an OpenAI-compatible API\n",
        ),
        (
            ("--model", "locked"),
            2,
            "NO_SUCH_KEY: error: the API key of `locked` is not set\n  tip: export NO_SUCH_KEY=…\n",
        ),
        (
            ("--model", "unpriced", "--max-cost", "1"),
            2,
            "models.unpriced: error: the price of `x-1` is not known, so its cost can't be "
            "bounded: it is called for `ask`\n  tip: give the profile its price in USD per "
            "million tokens: price = {input = 0.25, output = 2.0}\n",
        ),
        (
            ("--case", "none"),
            2,
            "prompts/ask.prompt.yaml: error: there is no case 'none'\n"
            "  tip: one of: 'repeats', 'repeats it'\n",
        ),
        (
            ("--case", "repeats", "-i", "word=x"),
            2,
            "error: --case and inputs exclude each other\n  tip: leave out --case, or the inputs\n",
        ),
        (
            ("-i", "word=x", "--at", "HEAD", "--save-case", "new"),
            2,
            "error: a case can only be saved in the files on disk\n"
            "  tip: leave out --at, or --save-case\n",
        ),
        (
            ("-i", "word=x", "--save-case", "repeats"),
            2,
            "prompts/ask.prompt.yaml:13:5: error: there is a case 'repeats' already\n"
            "  tip: choose another name\n",
        ),
    ],
)
def test_a_wrong_command_line_is_one_clear_error_and_calls_nothing(
    repo, served, arguments, code, err
):
    with fault_server() as server:
        served(
            server,
            more='[models.other]\nprovider = "acme"\nid = "x"\n'
            f'[models.locked]\nprovider = "openai"\nid = "x"\nbase_url = "{server.base_url}"\n'
            'api_key_env = "NO_SUCH_KEY"\n'
            f'[models.unpriced]\nprovider = "openai"\nid = "x-1"\nbase_url = "{server.base_url}"\n',
        )
        given = () if "--case" in arguments or "-i" in arguments else ("-i", "word=x")

        said = ask(repo.root, "run", "ask", *given, *arguments)

        assert server.requests == []
    announced = [line for line in said.err.splitlines(True) if line.startswith(("calling", "send"))]
    assert (said.code, said.out) == (code, "")
    assert said.err.removeprefix("".join(announced)) == err


def test_a_prompt_without_a_model_needs_a_profile(repo, served):
    with fault_server() as server:
        served(server, prompt=PROMPT.replace("model: {profile: fast}\n", ""))

        without = ask(repo.root, "run", "ask", "-i", "word=x")
        named = ask(repo.root, "run", "ask", "-i", "word=x", "--model", "strong")

    assert (without.code, without.err) == (
        2,
        "prompts/ask.prompt.yaml: error: ask names no model\n  tip: name a profile: --model fast\n",
    )
    assert (named.code, named.out) == (0, "Say x 2 times.\n")


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("GIT_INDEX_FILE", "no API calls in a git hook: GIT_INDEX_FILE is set"),
        ("GIT_QUARANTINE_PATH", "no API calls in a git hook: GIT_QUARANTINE_PATH is set"),
        ("PRE_COMMIT", "no API calls in a git hook: PRE_COMMIT is set"),
        (
            "PROMPTOPS_UNTRUSTED",
            "no API calls for an untrusted change: PROMPTOPS_UNTRUSTED is set",
        ),
    ],
)
def test_no_model_is_called_in_a_hook_and_for_an_untrusted_change(repo, served, variable, message):
    with fault_server() as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x", **{variable: "1"})

        assert server.requests == []
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[0] == f"error: {message}"


def test_a_hook_of_git_calls_no_model(repo, served, command):
    with fault_server() as server:
        served(server)
        hook = repo.root / ".git" / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\nexec {command} run ask -i word=x\n")
        hook.chmod(0o755)

        done = subprocess.run(
            ["git", "commit", "--allow-empty", "-m", "x"],
            cwd=repo.root,
            capture_output=True,
            text=True,
            check=False,
        )

        assert server.requests == []
    assert done.returncode == 1
    assert "no API calls in a git hook" in done.stderr


def test_an_endpoint_that_is_not_approved_is_not_called(repo, served):
    with fault_server() as ours, fault_server() as theirs:
        served(ours)
        repo.write({"promptops.toml": catalog(theirs.base_url)["promptops.toml"]})

        refused = ask(repo.root, "run", "ask", "-i", "word=x")
        trusted = ask(repo.root, "run", "ask", "-i", "word=x", "--trust-config")
        again = ask(repo.root, "run", "ask", "-i", "word=x")

        assert len(theirs.requests) == 2
    assert (refused.code, refused.out) == (2, "")
    assert "run the command again with --trust-config" in refused.err
    assert (trusted.code, again.code) == (0, 0)


def test_the_key_is_in_no_output(repo, served):
    def plan(received: Received) -> Answer:
        key = received.headers["authorization"].removeprefix("Bearer ")
        return Answer(stream=[chunk({"content": f"it is {key[:9]}"}), chunk({"content": key[9:]})])

    with fault_server(plan) as server:
        repo.write(catalog(server.base_url, more=""))
        toml = catalog(server.base_url)["promptops.toml"]
        repo.write({"promptops.toml": toml.replace("price", 'api_key_env = "ACME_KEY"\nprice')})
        repo.commit("one")

        said = ask(repo.root, "run", "ask", "-i", "word=x", ACME_KEY=KEY)

    assert (said.code, said.out) == (5, "it is \n")
    assert said.err.splitlines()[2] == (
        f"error: `fast` ({server.base_url}): the answer broke off: the answer is discarded because "
        "it contains the API key that was sent"
    )
    assert KEY[:9] not in said.out + said.err


def test_a_budget_that_is_spent_sends_nothing_and_is_exit_5(repo, served):
    with fault_server() as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x", "--max-cost", "0.01")

        assert server.requests == []
    assert (said.code, said.out) == (5, "")
    assert said.err.splitlines()[1:] == [
        "sending 1 request: up to $0.118; at most $0.01 is spent",
        "error: the budget of $0.01 is spent: $0 so far, and the next may cost $0.118",
        "fast (fast-1): not sent",
    ]


def test_the_inputs_become_a_case_that_lints_clean(repo, served):
    with fault_server() as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=new one", "--save-case", "a new one")
        linted = ask(repo.root, "lint", "--fail-on", "warning")
        again = ask(repo.root, "run", "ask", "--case", "a new one")

    assert said.code == 0
    assert said.err.splitlines()[0] == (
        "saved as a case in prompts/ask.prompt.yaml: edit its assertions"
    )
    assert (linted.code, linted.out) == (0, "")
    assert (again.code, again.out) == (0, "Say new one 2 times.\n")
    assert repo.git("diff", "--numstat") == "6\t0\tprompts/ask.prompt.yaml"


@pytest.mark.slow
def test_a_case_is_saved_even_if_the_model_gives_no_answer(repo, served):
    with fault_server(always(Answer(status=401))) as server:
        served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x", "--save-case", "new")

    assert said.code == 5
    assert "saved as a case in prompts/ask.prompt.yaml" in said.err
    assert "name: new" in (repo.root / "prompts/ask.prompt.yaml").read_text()


@pytest.mark.slow
def test_a_reader_that_leaves_ends_the_stream(repo, served):
    stream = [chunk({"content": "first\n"}), *[chunk({"content": "more\n"})] * 2000, Event()]
    with fault_server(always(Answer(stream=stream))) as server:
        served(server)
        with running(repo.root, "run", "ask", "-i", "word=x") as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr is not None
            err = process.stderr.read()
            code = process.wait(PATIENCE_S)

    assert code == 0
    assert "Traceback" not in err
    assert "bug" not in err


def test_quiet_prints_only_where_the_request_goes(repo, served):
    with fault_server() as server:
        calling = served(server)

        said = ask(repo.root, "run", "ask", "-i", "word=x", "--quiet")

    assert (said.code, said.out, said.err) == (0, "", calling)


@pytest.mark.slow
def test_a_report_goes_to_a_file_while_the_answer_is_printed(repo, served):
    with fault_server() as server:
        served(server)

        said = ask(
            repo.root, "run", "ask", "-i", "word=x", "--format", "text", "--format", "json=r.json"
        )

    value: Mapping[str, Any] = json.loads((repo.root / "r.json").read_text())
    assert said.out == "Say x 2 times.\n"
    assert value["answers"][0]["text"] == "Say x 2 times."


def test_a_responses_prompt_streams_too(repo, served):
    options = "{profile: fast, provider_options: {openai: {api: responses}}}"
    seen = sse({"type": "response.output_text.delta", "delta": "piece"})
    body = {
        "model": "fast-1",
        "status": "completed",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "piece"}]}],
        "usage": {"input_tokens": 5, "output_tokens": 1},
    }
    stream = [seen, sse({"type": "response.completed", "response": body})]
    with fault_server(always(Answer(stream=stream))) as server:
        served(server, prompt=PROMPT.replace("{profile: fast}", options))

        said = ask(repo.root, "run", "ask", "-i", "word=x")

        assert server.requests[0].path == "/v1/responses"
    assert (said.code, said.out) == (0, "piece\n")
    assert said.err.splitlines()[2].startswith("fast (fast-1): 5 tokens in, 1 out, $0.007, ")
