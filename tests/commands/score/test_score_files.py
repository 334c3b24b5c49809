"""`promptops score --to-cases` and `--events`: from a failing sample to a failing test case."""

from __future__ import annotations

import json

import pytest

from promptops.cli.main import run
from tests.conftest import GitRepository

NEW = "prompts/support/new.cases.yaml"
PROMPT = """\
format: promptops/1
inputs:
  required: [ticket]
  properties: {ticket: {type: string, maxLength: 400}}
model: {profile: echo}
messages: [{role: user, content: "{{ ticket }}"}]
evaluation:
  assertions:
    - {type: icontains, value: please}
    - {type: max-chars, value: 9, must: false, score: brief}
"""
CONFIG = """\
[models.echo]
provider = "echo"
id = "echo-1"
price = {input = 0.0, output = 0.0}
"""
PERSONAL = "anna.meyer@acme.com"


def sample(number: int, output: str) -> str:
    value = {
        "id": f"s{number}",
        "prompt": "support/triage",
        "inputs": {"ticket": f"Order {'x' * number}\nAnna, {PERSONAL}"},
        "output": output,
        "trace_id": f"{number:032x}",
    }
    return f"{json.dumps(value)}\n"


def with_prompt(repo: GitRepository) -> None:
    repo.write({"prompts/support/triage.prompt.yaml": PROMPT, "promptops.toml": CONFIG})
    repo.commit("a prompt")


@pytest.fixture
def repository(repo: GitRepository) -> GitRepository:
    with_prompt(repo)
    samples = [sample(1, "Please wait."), sample(2, "No."), sample(3, f"Ask {PERSONAL}.")]
    repo.write({"samples.jsonl": "".join(samples)})
    return repo


def scored(repository: GitRepository, *options: str) -> int:
    root = str(repository.root)
    return run(["score", f"{root}/samples.jsonl", "-C", root, *options])


def test_a_failing_sample_becomes_a_failing_case(
    repository: GitRepository, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    root = repository.root

    assert scored(repository, "--to-cases", NEW, "--pick", "1", "--format", "json") == 0
    shown = json.loads(capsysbinary.readouterr().out)
    assert shown["cases"] == {"file": NEW, "written": 1, "skipped": 0}
    written = (root / NEW).read_text()
    assert (PERSONAL in written, "jo.doe-1@example.com" in written) == (False, True)

    prompt = PROMPT + "tests: [{file: ./new.cases.yaml}]\n"
    repository.write({"prompts/support/triage.prompt.yaml": prompt})
    repository.commit("the case of production")

    code = run(["test", "-C", str(root), "--format", "json"])

    assert (code, json.loads(capsysbinary.readouterr().out)["verdict"]) == (1, "fail")


def test_events_have_text_of_samples_only_with_content(
    repository: GitRepository, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for name, options in (("a", ()), ("b", ("--content",))):
        assert scored(repository, "--events", f"{name}.jsonl", *options) == 0
    without, with_content = ((repository.root / f"{name}.jsonl").read_text() for name in "ab")

    shown = capsysbinary.readouterr().out.decode()
    traces = [
        json.loads(line)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["traceId"]
        for line in with_content.splitlines()
    ]
    assert traces == [f"{number:032x}" for number in (1, 2, 3)]
    assert [PERSONAL in text for text in (shown, without, with_content)] == [False, False, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--content",), "error: `--content` is about events\n  tip: add --events FILE\n"),
        (
            ("--cluster", "tcp://h:1"),
            "error: `--cluster` needs an engine that uses it\n  tip: add --engine dask\n",
        ),
        (
            ("--events", "./samples.jsonl"),
            "./samples.jsonl: error: the events would replace the samples\n"
            "  tip: choose another name for --events\n",
        ),
        (
            ("--to-cases", "samples.yaml"),
            "samples.yaml: error: it exists already, and cases are not added to it\n"
            "  tip: choose another name, or remove it\n",
        ),
    ],
)
def test_what_can_not_be_done_is_refused_before_samples_are_read(
    repository: GitRepository,
    capsysbinary: pytest.CaptureFixture[bytes],
    options: tuple[str, ...],
    message: str,
) -> None:
    repository.write({"samples.yaml": ""})

    code = scored(repository, *options)

    assert (code, capsysbinary.readouterr().err.decode()) == (2, message)
