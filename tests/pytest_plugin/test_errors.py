"""What stops a run, or a file of it: told with its place and the way out, without a traceback."""

import subprocess
import sys

import pytest

from tests.pytest_plugin.conftest import ASK
from tests.servers.fault_server import fault_server
from tests.tiers import fast_first


def test_loading_the_plugin_loads_nothing_else_of_ours():
    code = (
        "import sys, promptops.pytest_plugin; print(*(m for m in sys.modules if 'promptops' in m))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )

    assert done.stdout.split() == ["promptops", "promptops.pytest_plugin"]


@pytest.mark.parametrize(
    ("path", "content", "said"),
    fast_first(
        [
            ("", "messages: [", "1:12: error: "),
            ("", "format: promptops/1\n", "1:1: error: `messages` is missing"),
            ("/readme.md", "", "1:1: error: a folder with the name of a prompt file"),
        ],
        1,
    ),
    ids=["no-yaml", "no-prompt", "folder"],
)
def test_a_prompt_file_that_can_not_be_read_is_an_error_with_its_place(
    path, content, said, recorded, run_pytest
):
    recorded.write({f"prompts/bad.prompt.yaml{path}": content})

    ran = run_pytest("--promptops")
    others = run_pytest("--promptops", "--continue-on-collection-errors", "-v")

    assert (ran.code, others.code) == (2, 1)
    title, first, *rest = ran.failures.splitlines()
    assert (title, rest) == ("ERROR collecting prompts/bad.prompt.yaml", [])
    assert first.startswith(f"prompts/bad.prompt.yaml:{said}")
    assert list(others.outcomes.values()).count("passed") == 2


def test_a_configuration_that_is_wrong_is_told_once_and_nothing_runs(recorded, run_pytest):
    recorded.write({"promptops.toml": "prompts = 3\n", "prompts/b.prompt.yaml": ""})

    ran = run_pytest("--promptops")

    assert (ran.code, ran.errors) == (
        4,
        "ERROR: promptops.toml:1:1: expected a list, got the number 3\n\n",
    )


def test_outside_of_a_repository_nothing_runs(tmp_path, run_pytest):
    ran = run_pytest("--promptops", "--rootdir", str(tmp_path))

    assert ran.code == 4
    assert ran.errors.startswith("ERROR: ")
    assert "not a git repository" in ran.errors


def test_a_repository_without_prompts_has_no_tests(repo, run_pytest):
    repo.write({"README.md": "nothing\n", "other/x.prompt.yaml": "no prompt: below no root\n"})

    ran = run_pytest("--promptops", "-q")

    assert (ran.code, ran.errors) == (5, "")
    assert "no tests ran" in ran.output


def test_paths_that_lead_to_no_prompt_are_told(recorded, run_pytest):
    recorded.write(
        {
            "pytest.ini": "[pytest]\ntestpaths = tests\npromptops = true\n",
            "tests/test_it.py": "def test_it(): pass\n",
        }
    )

    ran = run_pytest("-q")
    by_hand = run_pytest("-q", "tests")

    said = "promptops: no prompt file was collected; add to testpaths: prompts\n"
    assert (ran.code, by_hand.code) == (0, 0)
    assert (said in ran.output, said in by_hand.output) == (True, False)


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (
            ("--promptops-record", "--promptops-live"),
            {},
            "--promptops-record and --promptops-live exclude each other",
        ),
        (
            ("--promptops-live",),
            {"PROMPTOPS_UNTRUSTED": "1"},
            "--promptops-live: no API calls for an untrusted change: PROMPTOPS_UNTRUSTED is set",
        ),
        (
            ("--promptops-live", "-p", "xdist", "-n", "2"),
            {},
            "--promptops-live calls models for cases from one process only\n  tip: use -n 0",
        ),
    ],
    ids=["both", "for-strangers", "processes"],
)
def test_nobody_is_asked_where_that_makes_no_sense(
    options, environment, said, recorded, run_pytest
):
    ran = run_pytest(*options, **environment)

    assert (ran.code, ran.errors) == (4, f"ERROR: {said}\n\n")


def test_recordings_that_can_not_be_read_fail_one_test_of_their_prompt(recorded, run_pytest):
    file = recorded.root / "prompts/ask.recordings.jsonl"
    file.write_text(f"{file.read_text()}{{broken\n")

    ran = run_pytest("--promptops", "-v")

    assert sorted(ran.outcomes.values()) == ["failed", "passed"]
    assert ran.failures.startswith("ask: why\nprompts/ask.recordings.jsonl:3:2: error: ")


def test_a_further_file_that_can_not_be_read_fails_one_test_of_its_prompt(recorded, run_pytest):
    recorded.write({"prompts/ask.recordings.part02.jsonl": "{broken\n"})

    ran = run_pytest("--promptops", "-v")

    assert sorted(ran.outcomes.values()) == ["failed", "passed"]
    assert ran.failures.startswith("ask: why\nprompts/ask.recordings.part02.jsonl:1:2: error: ")


def test_what_stops_all_asking_fails_each_test_that_needs_it_and_no_other(recorded, run_pytest):
    config = '[models.echo]\nprovider = "openai"\nid = "m"\napi_key_env = "NO_SUCH_KEY"\n'
    recorded.write({"promptops.toml": config, "test_it.py": "def test_it(): pass\n"})

    ran = run_pytest("--promptops-live", "-v")

    assert list(ran.outcomes.values()) == ["failed", "failed", "passed"]
    assert "NO_SUCH_KEY" in ran.failures
    assert "Traceback" not in ran.output + ran.errors


def served(server):
    return (
        f'[models.echo]\nprovider = "openai"\nid = "m-1"\nbase_url = "{server.base_url}"\n'
        "price = {input = 0.0, output = 0.0}\n"
    )


def test_the_endpoint_that_is_called_is_printed_past_the_capturing(repo, run_pytest):
    with fault_server() as server:
        repo.write(
            {
                "promptops.toml": served(server),
                "pytest.ini": "[pytest]\n",
                "prompts/ask.prompt.yaml": ASK,
            }
        )
        repo.commit("one")

        ran = run_pytest("--promptops-record")

    assert f"promptops: calling `echo` at {server.base_url} with no API key\n" in ran.errors


def test_an_endpoint_that_is_not_approved_fails_the_tests_and_gets_no_request(repo, run_pytest):
    with fault_server() as ours, fault_server() as theirs:
        repo.write(
            {
                "promptops.toml": served(ours),
                "pytest.ini": "[pytest]\n",
                "prompts/ask.prompt.yaml": ASK,
            }
        )
        repo.commit("one")
        repo.write({"promptops.toml": served(theirs)})

        ran = run_pytest("--promptops-record")

    assert (ran.code, theirs.requests) == (1, [])
    assert "the default branch, `main`, has no such endpoint" in ran.output


HEAD = ASK[: ASK.index("tests:")]


def test_a_prompt_whose_case_file_is_missing_is_an_error_of_the_collection(recorded, run_pytest):
    recorded.write({"prompts/other.prompt.yaml": f"{HEAD}tests:\n  - file: none.jsonl\n"})

    ran = run_pytest("--promptops")

    assert (ran.code, ran.failures.splitlines()) == (
        2,
        [
            "ERROR collecting prompts/other.prompt.yaml",
            "prompts/other.prompt.yaml:13:11: error: there is no case file `none.jsonl`  [other]",
        ],
    )
