"""`promptops replay` in a process of its own: for programs in any language."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest

from tests.command_line import MAIN
from tests.conformance.test_js_package import SOURCES, with_packages
from tests.replay.conftest import KEY, TRIAGE, config
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import always

TURN = [{"role": "user", "content": "Name a colour."}]
FILE = "tests/promptops.recordings.jsonl"


@contextmanager
def _replay(root: Any, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The process, and the variables that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "replay", *arguments],
        cwd=root,
        env={**os.environ, "SMALL_KEY": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        yield process, dict(re.findall(r"export (\w+)=(.*)", "".join(lines)))
    finally:
        process.kill()
        process.communicate()


def _ended(process: subprocess.Popen[str], how: signal.Signals) -> tuple[int, str]:
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.mark.slow
def test_a_client_in_node_gets_a_recorded_answer(repo: Any) -> None:
    with fault_server(always(Answer(says="Blue."))) as provider:
        repo.write({"promptops.toml": config(provider.base_url)})
        repo.commit("a profile")
        with _replay(repo.root, "--record") as (process, variables):
            client = openai.OpenAI(base_url=variables["OPENAI_BASE_URL"], api_key="no")
            client.chat.completions.create(model="small-1", messages=TURN)
            recording = _ended(process, signal.SIGINT)
    with _replay(repo.root) as (process, variables):
        again = openai.OpenAI(base_url=variables["OPENAI_BASE_URL"], api_key="no")
        whole = again.chat.completions.create(model="small-1", messages=TURN)
        with pytest.raises(openai.BadRequestError):
            again.chat.completions.create(model="small-2", messages=TURN)
        replaying = _ended(process, signal.SIGTERM)

    assert recording == (
        0,
        "Ctrl-C ends the server\n"
        f"calling `small` at {provider.base_url} with the API key in SMALL_KEY\n"
        "answered 1 of 1 request\n",
    )
    assert whole.choices[0].message.content == "Blue."
    assert replaying == (
        1,
        "Ctrl-C ends the server\n"
        "promptops replay: no recording of this request to `small-2`; nearest is the recording at "
        f'{FILE}:1: `model` is "small-2" instead of "small-1"; to record it: promptops replay '
        "--record\n"
        "answered 1 of 2 requests\n",
    )


NODE = """\
import OpenAI from "openai";

const client = new OpenAI();
const messages = [{ role: "user", content: "Name a colour." }];
const whole = await client.chat.completions.create({ model: "small-1", messages });
const parts = [];
const stream = await client.chat.completions.create({ model: "small-1", messages, stream: true });
for await (const each of stream) parts.push(each.choices[0]?.delta?.content ?? "");
console.log(JSON.stringify([whole.choices[0].message.content, parts.join("")]));
"""


@with_packages
def test_the_official_client_of_node_is_answered(repo: Any) -> None:
    with fault_server(always(Answer(says="Blue, I think."))) as provider:
        repo.write({"promptops.toml": config(provider.base_url)})
        repo.commit("a profile")
        with _replay(repo.root, "--record") as (_, variables):
            client = openai.OpenAI(base_url=variables["OPENAI_BASE_URL"], api_key="no")
            client.chat.completions.create(model="small-1", messages=TURN)
    with _replay(repo.root) as (_, variables):
        program = ["node", "--input-type=module", "--eval", NODE]
        done = subprocess.run(
            program,
            cwd=SOURCES,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == ["Blue, I think."] * 2


@pytest.fixture
def promptops(fork_server: Any, repo: Any) -> Any:
    repo.write({"promptops.toml": config("http://127.0.0.1:9/v1"), "prompts/a.prompt.yaml": TRIAGE})

    def run(*arguments: str, **environment: str) -> tuple[int, str]:
        done = fork_server.run(arguments, cwd=repo.root, environment={**os.environ, **environment})
        return done.returncode, done.stderr.decode()

    return run


def test_nothing_is_recorded_for_an_untrusted_change(promptops: Any) -> None:
    assert promptops("replay", "--record", PROMPTOPS_UNTRUSTED="1") == (
        2,
        "error: no API calls for an untrusted change: PROMPTOPS_UNTRUSTED is set\n"
        "  tip: replay: leave out the option to record\n",
    )


def test_a_file_that_can_not_be_read_is_an_error_at_its_line(promptops: Any, repo: Any) -> None:
    repo.write({FILE: '{"format": 1}\n'})

    assert promptops("replay") == (
        3,
        f"{FILE}:1: error: `api` is missing\n"
        "  tip: remove the line, then run `pytest --promptops-record`\n",
    )


def test_a_file_that_check_would_not_find_is_an_error(promptops: Any) -> None:
    code, errors = promptops("replay", "--recordings", "own.jsonl")

    assert code == 2
    assert errors.startswith(
        "error: the name of the recordings does not end with `promptops.recordings.jsonl`\n  tip: "
    )


def _line(prompt: str, digest: str, test: str) -> str:
    return json.dumps(
        {
            "format": 1,
            "api": "chat",
            "request": {"model": "m", "messages": [{"role": "user", "content": test}]},
            "response": {},
            "model": "m",
            "tests": [test],
            "prompt": prompt,
            "prompt_digest": digest,
        }
    )


def test_check_lists_recordings_whose_prompt_has_changed(repo: Any, fork_server: Any) -> None:
    from promptops.replay.known import prompt_digest
    from promptops.workspace.workspace import workspace

    repo.write(
        {
            "promptops.toml": config("http://127.0.0.1:9/v1"),
            "prompts/a.prompt.yaml": TRIAGE.partition("tests:")[0],
            "prompts/b.prompt.yaml": TRIAGE.partition("tests:")[0],
        }
    )
    with workspace(repo.root) as opened:
        digest = prompt_digest(opened.catalog, "a") or ""
    lines = [
        _line("a", digest, "test_fresh"),
        _line("a", "0" * 64, "test_stale"),
        _line("b", "0" * 64, "test_b"),
        _line("gone", digest, "test_gone"),
        "{",
    ]
    other = {"other/promptops.toml": "", f"other/{FILE}": lines[1]}
    repo.write({FILE: "\n".join(lines), "service/x.promptops.recordings.jsonl": lines[1], **other})
    repo.commit("recorded")

    def notes(*arguments: str) -> list[str]:
        command = ("check", *arguments, "--format", "json")
        done = fork_server.run(command, cwd=repo.root, environment=os.environ)
        return list(json.loads(done.stdout)["notes"])

    stale = f"{FILE}:2: the recording of `test_stale` is from `a`, which has changed since"
    assert notes("a") == notes("a", "--at", "HEAD") == notes("a", "--at", "index")
    assert notes("a") == [
        "service/x.promptops.recordings.jsonl:1: the recording of `test_stale` is from `a`, which "
        "has changed since",
        f"{FILE}:5: this is not a line of JSON; remove the line, then run `pytest "
        "--promptops-record`",
        stale,
        f"{FILE}:4: the recording of `test_gone` is from `gone`, which no longer exists",
        "to record them again: pytest --promptops-record",
    ]
    assert len(notes()) == 6


def test_the_name_of_the_file_means_another_one_beside_a_prompt(
    repo: Any, fork_server: Any
) -> None:
    prompt = TRIAGE.partition("tests:")[0]
    repo.write(
        {
            "promptops.toml": 'prompts = ["."]\n' + config("http://127.0.0.1:9/v1"),
            "a/promptops.prompt.yaml": prompt,
            "a/promptops.recordings.jsonl": "{\n",
            FILE: _line("a/promptops", "0" * 64, "test_a") + "\n",
        }
    )
    repo.commit("both")

    done = fork_server.run(("check", "--format", "json"), cwd=repo.root, environment=os.environ)

    found = json.loads(done.stdout)
    assert [each["code"] for each in found["lint"]["findings"]] == ["TST001"]
    assert found["notes"] == [
        f"{FILE}:1: the recording of `test_a` is from `a/promptops`, which has changed since",
        "to record them again: pytest --promptops-record",
    ]
