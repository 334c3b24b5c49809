"""An application's own tests with the fixture `promptops_replay`, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.replay.conftest import KEY, TRIAGE, config
from tests.servers.answers import Answer
from tests.servers.fault_server import FaultServer, fault_server
from tests.servers.plans import always

FILE = "tests/promptops.recordings.jsonl"
APPLICATION = """\
import json
import os
import urllib.error
import urllib.request

SYSTEM = "You sort support tickets.\\nThey are about the Acme {}.\\nReply with one word."


def send(product="hub", ticket="It is dead.", **more):
    body = {
        "model": "small-1",
        "temperature": 0,
        "max_completion_tokens": 40,
        "messages": [
            {"role": "system", "content": SYSTEM.format(product)},
            {"role": "user", "content": ticket},
        ],
        **more,
    }
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as response:
            return json.load(response)["choices"][0]["message"]["content"]
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code}: {json.load(error)['error']['message']}"
"""


@pytest.fixture
def provider() -> Iterator[FaultServer]:
    """The provider that is recorded; it repeats the ticket."""
    with fault_server() as server:
        yield server


@pytest.fixture
def application(repo: Any, provider: FaultServer) -> Any:
    """A repository with an application, a prompt, and the recording of its case."""
    repo.write(
        {
            "promptops.toml": config(provider.base_url),
            "prompts/desk/triage.prompt.yaml": TRIAGE,
            "tests/application.py": APPLICATION,
            "pytest.ini": "[pytest]\n",
        }
    )
    repo.commit("the application")
    with pytest.MonkeyPatch.context() as environment, workspace(repo.root) as opened:
        environment.setenv("SMALL_KEY", KEY)
        assert run_cases(opened, SelectionOptions(), RunOptions(mode="record")).verdict == "pass"
    repo.commit("recorded")
    provider.requests.clear()
    return repo


def _write_tests(repo: Any, **tests: str) -> None:
    head = "from tests.application import send\n\n"
    repo.write(
        {
            f"tests/test_{name}.py": head + "".join(f"{line}\n" for line in text.split("\n"))
            for name, text in tests.items()
        }
    )


def _lines(repo: Any, file: str = FILE) -> list[Any]:
    return [json.loads(line) for line in (repo.root / file).read_text().splitlines()]


def _recorded(repo: Any) -> list[tuple[str, list[str], str]]:
    """The ticket, the tests and the prompt of each recording, in the order of the file."""
    return [
        (
            line["request"]["messages"][1]["content"][0]["text"],
            line["tests"],
            line.get("prompt", ""),
        )
        for line in _lines(repo)
    ]


def test_a_request_of_a_case_gets_its_recorded_answer(application, provider, run_pytest):
    _write_tests(
        application,
        it="""\
import os

before = dict(os.environ)

def test_it(promptops_replay):
    assert send() == "It is dead."
    (request,) = promptops_replay.requests
    assert (request.status, request.prompt, request.case) == (200, "desk/triage", "a dead hub")
    assert (request.model, request.answered_by) == ("small-1", "small-1")
    assert request.messages[1] == ("user", "It is dead.")
    assert os.environ["OPENAI_API_KEY"] and os.environ["GEMINI_API_KEY"]
    assert os.environ["ANTHROPIC_BASE_URL"] == os.environ["GOOGLE_GEMINI_BASE_URL"]

def test_after():
    now = {**os.environ, "PYTEST_CURRENT_TEST": ""}
    assert now == {**before, "PYTEST_CURRENT_TEST": ""}
""",
    )

    ran = run_pytest("-q", "tests")

    assert (ran.code, ran.errors) == (0, ""), ran.output
    assert provider.requests == []


def test_a_request_without_a_recording_fails_the_test_even_if_it_is_ignored(
    application, run_pytest
):
    _write_tests(application, it='def test_it(promptops_replay):\n    print(send("router"))')

    ran = run_pytest("-q", "tests")

    message = (
        "promptops replay: no recording of this request to `small-1`; nearest is the case "
        '`a dead hub` of `desk/triage`: system message, line 2: "router" instead of "hub"; '
        "to record it: pytest --promptops-record"
    )
    assert ran.code == 1
    assert ran.failures.splitlines()[:2] == ["ERROR at teardown of test_it", message]
    assert f"400: {message}" in ran.failures
    assert "1 passed, 1 error" in ran.output


def test_a_request_of_a_released_case_gets_the_answer_of_the_release(
    application, provider, run_pytest
):
    application.git("tag", "--annotate", "--message", "v1.0.0", "v1.0.0")
    changed = TRIAGE.replace("Reply with one word", "Reply with two words")
    application.write({"prompts/desk/triage.prompt.yaml": changed})
    (application.root / "prompts/desk/triage.recordings.jsonl").unlink()
    _write_tests(
        application, it='def test_it(promptops_replay):\n    assert send() == "It is dead."'
    )

    released = run_pytest("-q", "tests")
    application.git("tag", "--delete", "v1.0.0")
    unknown = run_pytest("-q", "tests")

    assert (released.code, unknown.code) == (0, 1), released.output
    assert 'line 3: "one word" instead of "two words"' in unknown.output
    assert provider.requests == []


def test_a_recorded_request_is_replayed_without_the_provider(application, provider, run_pytest):
    _write_tests(
        application,
        a='def test_a(promptops_replay):\n    assert send(ticket="Why?") == "Why?"',
        b="""\
def test_b(promptops_replay):
    assert send(ticket="Why?") == "Why?"
    assert send("camera", "How?") == "How?"
    assert send() == "It is dead."
""",
    )

    recorded = run_pytest("-q", "tests", "--promptops-record", SMALL_KEY=KEY)
    asked = len(provider.requests)
    replayed = run_pytest("-q", "tests")

    assert (recorded.code, replayed.code) == (0, 0), recorded.output + replayed.output
    assert (asked, len(provider.requests)) == (2, 2)
    both = ["tests/test_a.py::test_a", "tests/test_b.py::test_b"]
    assert _recorded(application) == [
        ("Why?", both, "desk/triage"),
        ("How?", both[1:], "desk/triage"),
    ]
    assert KEY not in (application.root / FILE).read_text()
    assert application.git("status", "--short", "--", "prompts") == ""


@pytest.mark.slow
def test_several_processes_record_into_one_file(application, provider, run_pytest):
    text = """\
import pytest

@pytest.mark.parametrize("number", range(8))
def test_it(promptops_replay, number):
    assert send(ticket=f"Question {number}?") == f"Question {number}?"
    assert send(ticket="The same?") == "The same?"
"""
    _write_tests(application, a=text, b=text.replace("Question", "Problem"))
    processes = ("-p", "xdist", "-n", "2", "-q", "tests")

    recorded = run_pytest(*processes, "--promptops-record", SMALL_KEY=KEY)
    content = (application.root / FILE).read_bytes()
    provider.requests.clear()
    replayed = run_pytest(*processes)
    again = run_pytest("-q", "tests", "--promptops-record", SMALL_KEY=KEY)

    codes = (recorded.code, replayed.code, again.code)
    assert codes == (0, 0, 0), recorded.output + replayed.output + again.output
    assert provider.requests == []
    assert len(_lines(application)) == 17
    assert (application.root / FILE).read_bytes() == content


def test_prompts_are_recorded_by_one_process_only(application, run_pytest):
    _write_tests(application, it="def test_it(): pass")

    ran = run_pytest("--promptops-record", "-p", "xdist", "-n", "2", "-q", SMALL_KEY=KEY)

    assert ran.code != 0
    assert "--promptops-record calls models for cases from one process only" in ran.output
    assert "tip: use -n 0, or name the folders of your own tests" in ran.output


def test_what_a_test_no_longer_sends_is_removed_when_it_is_recorded(application, run_pytest):
    test = 'def test_it(promptops_replay):\n    assert send("camera", "{}")'
    _write_tests(application, it=test.format("Old?"), other=test.format("Other?"))
    run_pytest("-q", "tests", "--promptops-record", SMALL_KEY=KEY)
    _write_tests(application, it=test.format("New?"))
    skipped = "import pytest\n\ndef test_it(promptops_replay):\n    pytest.skip()"
    _write_tests(application, other=skipped)

    run_pytest("-q", "tests", "--promptops-record", SMALL_KEY=KEY)

    assert [(ticket, tests) for ticket, tests, _ in _recorded(application)] == [
        ("New?", ["tests/test_it.py::test_it"]),
        ("Other?", ["tests/test_other.py::test_it"]),
    ]


def test_subprocesses_and_asynchronous_tests_are_answered(application, run_pytest):
    _write_tests(
        application,
        it="""\
import asyncio
import subprocess
import sys

def test_process(promptops_replay):
    code = "from tests.application import send; print(send())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "It is dead.\\n", done.stderr

def test_loop(promptops_replay):
    async def both():
        return await asyncio.gather(*(asyncio.to_thread(send) for _ in range(5)))

    assert asyncio.run(both()) == ["It is dead."] * 5
""",
    )

    ran = run_pytest("-q", "tests")

    assert ran.code == 0, ran.output


def test_faults_are_played(application, run_pytest):
    _write_tests(
        application,
        it="""\
import http.client
import pytest

def test_fail(promptops_replay):
    promptops_replay.fail(status=429, times=2)
    assert [send()[:3] for _ in range(3)] == ["429", "429", "It "]
    assert [each.status for each in promptops_replay.requests] == [429, 429, 200]

def test_delay(promptops_replay):
    import time

    promptops_replay.delay(0.2)
    begun = time.monotonic()
    assert send() == "It is dead."
    assert time.monotonic() - begun >= 0.2

def test_cut(promptops_replay):
    promptops_replay.cut_stream(after=2)
    with pytest.raises(http.client.IncompleteRead) as error:
        send(stream=True)
    assert error.value.partial.count(b"data:") == 2

def test_nothing_is_left(promptops_replay):
    assert send() == "It is dead."
""",
    )

    ran = run_pytest("-q", "tests")

    assert ran.code == 0, ran.output


def test_a_marker_names_another_file(application, run_pytest):
    _write_tests(
        application,
        it="""\
import pytest

@pytest.mark.promptops_replay(recordings="tests/desk.promptops.recordings.jsonl")
def test_it(promptops_replay):
    assert send("camera") == "It is dead."
""",
    )

    recorded = run_pytest("-q", "--strict-markers", "tests", "--promptops-record", SMALL_KEY=KEY)
    replayed = run_pytest("-q", "--strict-markers", "tests")

    assert (recorded.code, replayed.code) == (0, 0), recorded.output + replayed.output
    assert len(_lines(application, "tests/desk.promptops.recordings.jsonl")) == 1
    assert not (application.root / FILE).exists()


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("('a', 'b')", "write the marker as promptops_replay(recordings=PATH)"),
        (
            "(recordings='tests/own.jsonl')",
            "the name of the recordings does not end with `promptops.recordings.jsonl`\n"
            "  tip: name it promptops.recordings.jsonl, or NAME.promptops.recordings.jsonl: "
            "`promptops check` finds it by its name",
        ),
    ],
    ids=["arguments", "name"],
)
def test_a_wrong_marker_is_an_error(marker, message, application, run_pytest):
    test = "def test_it(promptops_replay): pass"
    _write_tests(application, it=f"import pytest\n\n@pytest.mark.promptops_replay{marker}\n{test}")

    ran = run_pytest("-q", "tests")

    assert ran.code == 1
    assert ran.failures.rstrip() == f"ERROR at setup of test_it\n{message}"


def test_personal_data_is_not_recorded(application, run_pytest):
    text = 'def test_it(promptops_replay):\n    send(ticket="I am jane.doe@corp-mail.com")'
    _write_tests(application, it=text)

    ran = run_pytest("-q", "tests", "--promptops-record", SMALL_KEY=KEY)

    assert ran.code == 1
    assert "promptops replay: the request is not recorded: it contains " in ran.failures
    assert "; use invented people in the test" in ran.failures
    assert not (application.root / FILE).exists()


def test_an_answer_with_the_key_is_not_recorded(application, provider, run_pytest):
    _write_tests(application, it="def test_it(promptops_replay):\n    print(send('x'))")
    with fault_server(always(Answer(says=f"It is {KEY}."))) as leaking:
        application.write({"promptops.toml": config(leaking.base_url)})
        application.commit("another server")

        ran = run_pytest("-q", "tests", "--promptops-record", SMALL_KEY=KEY)

    assert ran.code == 1
    assert "the answer is discarded because it contains the API key" in ran.failures
    assert KEY not in ran.output
    assert not (application.root / FILE).exists()


def test_errors_of_the_provider_are_passed_on_and_not_recorded(application, run_pytest):
    _write_tests(
        application,
        it='def test_it(promptops_replay):\n    assert send("x").startswith("429: ")',
    )
    with fault_server(always(Answer(status=429))) as busy:
        application.write({"promptops.toml": config(busy.base_url)})
        application.commit("a busy server")

        ran = run_pytest("-q", "tests", "--promptops-record", SMALL_KEY=KEY)

    assert ran.code == 0, ran.output
    assert not (application.root / FILE).exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "tests/promptops.recordings.jsonl:2: this is not a line of JSON\n  tip: remove the"),
        ("<<<<<<< HEAD", "tests/promptops.recordings.jsonl:2: a conflict marker of an unresolved"),
        ('{"format": 9}', "tests/promptops.recordings.jsonl:2: format 9 is newer than this"),
        ('{"format": 1}', "tests/promptops.recordings.jsonl:2: `api` is missing"),
    ],
    ids=["json", "conflict", "newer", "incomplete"],
)
def test_a_broken_line_is_an_error_at_its_place(line, message, application, run_pytest):
    _write_tests(application, it="def test_it(promptops_replay):\n    send()")
    application.write({FILE: f"\n{line}\n"})

    ran = run_pytest("-q", "tests")

    assert ran.code == 1
    assert ran.failures.startswith(f"ERROR at setup of test_it\n{message}")


def test_two_answers_to_one_request_name_both_tests(application, run_pytest):
    text = 'def test_it(promptops_replay):\n    send("camera")'
    _write_tests(application, one=text)
    run_pytest("-q", "tests", "--promptops-record", SMALL_KEY=KEY)
    first = (application.root / FILE).read_text()
    other = first.replace("test_one", "test_two").replace('content":"It is dead', 'content":"No')
    application.write({FILE: first + other})

    ran = run_pytest("-q", "tests")

    assert ran.code == 1
    assert ran.failures.startswith(
        "ERROR at setup of test_it\n"
        "tests/promptops.recordings.jsonl:2: `tests/test_two.py::test_it` has another answer to "
        "the same request than `tests/test_one.py::test_it` in line 1\n"
        "  tip: remove one of the two lines"
    )


def test_nothing_is_recorded_for_an_untrusted_change(application, provider, run_pytest):
    _write_tests(application, it="def test_it(promptops_replay):\n    assert send()")

    replayed = run_pytest("-q", "tests", PROMPTOPS_UNTRUSTED="1")
    refused = run_pytest("-q", "tests", "--promptops-record", PROMPTOPS_UNTRUSTED="1")

    assert (replayed.code, refused.code) == (0, 4)
    assert "no API calls for an untrusted change: PROMPTOPS_UNTRUSTED is set" in refused.errors
    assert provider.requests == []


def test_a_run_without_the_fixture_imports_no_server(application, own_environment):
    _write_tests(application, it="def test_it(): pass")
    code = (
        "import sys, pytest; pytest.main(['-q', '-p', 'promptops', 'tests']);"
        "print(*(name for name in sys.modules if name.startswith('promptops')))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=application.root,
        env=own_environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert done.stdout.splitlines()[-1] == "promptops promptops.pytest_plugin"
