"""The workflow that `init` writes, on pull requests: the gate and what tells of it."""

import subprocess

import pytest

from tests.ci.conftest import PROMPT, TRIAGE
from tests.ci.github_server import REPOSITORY, TOKEN, status
from tests.tiers import fast_first

MARKER = "<!-- promptops check -->"
BROKEN = PROMPT.replace("{{ ticket }}", "{{ tikcet }}")
KINDER = PROMPT.replace("You sort tickets.", "You kindly sort tickets.")
ERROR = f"::error file={TRIAGE},line=17,endLine=17,col=10,endColumn=16,title="


def test_a_clean_change_passes_and_is_told_in_one_comment(pull_request, github, tmp_path):
    job = pull_request({TRIAGE: KINDER})

    assert job.failed is False, job.log
    (comment,) = github.comments
    assert comment["body"].startswith(f"{MARKER}\n### promptops: pass")
    assert "+You kindly sort tickets." in comment["body"]
    assert job.summary() == comment["body"]
    reports = tmp_path / "runner" / "promptops-reports"
    assert {each.name for each in reports.iterdir()} == {
        "comment.md",
        "promptops.html",
        "promptops.json",
        "promptops.sarif",
        "promptops.xml",
    }
    assert job.used == {
        "actions/checkout": {"fetch-depth": "0", "persist-credentials": "false"},
        "your_org/promptops": {"sarif": "true"},
        "actions/setup-python": {"python-version": "3.12", "update-environment": "false"},
        "github/codeql-action/upload-sarif": {
            "sarif_file": f"{reports}/promptops.sarif",
            "checkout_path": f"{tmp_path}/workspace/.",
            "category": "promptops",
        },
        "actions/upload-artifact": {
            "name": "promptops",
            "path": str(reports),
            "overwrite": "true",
        },
    }


def test_a_broken_change_fails_at_the_end_when_all_is_told(pull_request, github):
    job = pull_request({TRIAGE: BROKEN})

    assert job.failed is True
    assert ERROR in job.log
    (comment,) = github.comments
    assert comment["body"].startswith(f"{MARKER}\n### promptops: fail")
    assert "tikcet" in job.summary()
    assert list(job.ran) == ["Check", "Comment", "Verdict"]
    assert job.ran["Verdict"] == {"CODE": "1"}
    assert "actions/upload-artifact" in job.used


@pytest.mark.slow
def test_instructions_that_a_checkout_leaves_out_are_found(pull_request, github, hidden):
    job = pull_request(hidden)

    assert job.failed is True
    assert "invisible-unicode" in job.log
    (comment,) = github.comments
    risk = next(line for line in comment["body"].splitlines() if line.startswith("- risk: "))
    assert "working-tree-encoding" in risk


@pytest.mark.slow
def test_what_touches_no_prompt_gets_no_comment(pull_request, github):
    job = pull_request({"README.md": "Prompts.\n"})

    assert (job.failed, github.comments) == (False, [])
    assert "no comment: the change touches no prompt\n" in job.log


def test_what_can_not_be_judged_is_told_and_fails(pull_request, github):
    job = pull_request({"promptops.toml": "prompts = 1\n"})

    assert job.failed is True
    assert job.ran["Verdict"] == {"CODE": "3"}
    (comment,) = github.comments
    assert (
        comment["body"]
        == job.summary()
        == (
            f"{MARKER}\n### promptops: no verdict\n\nIt exited with code 3; "
            "see [the log of the job](https://github.example/acme/prompts/actions/runs/42).\n"
        )
    )
    assert "github/codeql-action/upload-sarif" not in job.used


@pytest.mark.slow
def test_the_change_of_a_fork_is_judged_without_a_comment_and_without_code_scanning(
    pull_request, github
):
    github.may = set()

    job = pull_request({TRIAGE: KINDER}, head="stranger/prompts")

    assert job.failed is False
    assert job.ran["Check"]["PROMPTOPS_UNTRUSTED"] == "1"
    (notice,) = job.annotations("notice")
    assert notice.startswith("no comment: the token may not write one, as for a pull request of a")
    assert github.comments == []
    assert "+You kindly sort tickets." in job.summary()
    assert "github/codeql-action/upload-sarif" not in job.used


@pytest.mark.slow
@pytest.mark.parametrize("head", [REPOSITORY, None])
def test_only_the_change_of_a_repository_that_is_known_is_trusted(pull_request, head):
    """The repository of a fork that was deleted is null."""
    job = pull_request({"README.md": "Prompts.\n"}, head=head)

    assert job.ran["Check"]["PROMPTOPS_UNTRUSTED"] == ("" if head else "1")


@pytest.mark.slow
def test_who_is_not_trusted_by_the_workflow_stays_so(pull_request):
    job = pull_request({"README.md": "Prompts.\n"}, env={"PROMPTOPS_UNTRUSTED": "1"})

    assert job.ran["Check"]["PROMPTOPS_UNTRUSTED"] == "1"


LEAKING = """\
format: promptops/1
description: Answers.
model: {profile: echo}
messages:
  - {role: user, content: Say please.}
tests:
  - name: one
    output:
      - {type: python, value: "./leak.py:leak"}
"""
LEAK = """\
import os, pathlib

def leak(output, facts):
    pathlib.Path("pwned").write_text(repr(dict(os.environ)))
    return True
"""


@pytest.mark.parametrize(("head", "runs"), [(REPOSITORY, True), ("stranger/prompts", False)])
def test_a_fork_runs_no_code_and_no_code_gets_the_token(
    pull_request, catalog, command, tmp_path, head, runs
):
    catalog.write({"prompts/ask.prompt.yaml": LEAKING, "prompts/leak.py": LEAK})
    subprocess.run(
        [command, "test", "ask", "--record", "--trust-config"], cwd=catalog.root, check=True
    )
    (catalog.root / "pwned").unlink()

    job = pull_request({"json.py": "1/0\n"}, head=head)

    pwned = tmp_path / "workspace" / "pwned"
    assert (pwned.exists(), job.failed) == (runs, not runs), job.log
    assert TOKEN not in (pwned.read_text("utf-8") if runs else "")
    assert [name for name, env in job.ran.items() if "GITHUB_TOKEN" in env] == ["Comment"]
    assert "ZeroDivisionError" not in job.log


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    fast_first(
        ["$(touch${IFS}pwned)", "--help", "a;touch${IFS}pwned", "`touch${IFS}pwned`", "'\"$x"], 2
    ),
)
def test_a_branch_can_be_called_anything(pull_request, name, tmp_path):
    job = pull_request({TRIAGE: BROKEN}, branch=name, base=name + "-base")

    assert job.ran["Verdict"] == {"CODE": "1"}
    assert f"compared with refs/remotes/origin/{name}-base\n" in job.log
    assert list(tmp_path.rglob("pwned*")) == []


def test_the_base_that_the_workflow_names_counts(pull_request):
    job = pull_request({TRIAGE: KINDER}, given={"base": "v9"})

    assert job.ran["Verdict"] == {"CODE": "4"}
    assert "error: there is no revision 'v9'\n" in job.log


def test_a_base_is_no_option(pull_request):
    job = pull_request({TRIAGE: KINDER}, given={"base": "--help"})

    assert (job.failed, list(job.ran)) == (True, ["Check"])
    assert job.annotations("error") == ["`base` must be a revision, which can't begin with `-`"]


@pytest.mark.slow
def test_switched_off_there_is_neither_comment_nor_artifact(pull_request, github):
    given = {"comment": "false", "artifact": "", "sarif": "false"}

    job = pull_request({TRIAGE: KINDER}, given=given)

    assert (job.failed, github.requests) == (False, [])
    assert list(job.used) == ["actions/checkout", "your_org/promptops", "actions/setup-python"]


def test_github_being_down_fails_no_gate(pull_request, github):
    github.faults["GET", "/comments"] = status(502, "Server Error")

    job = pull_request({TRIAGE: KINDER})

    assert job.failed is False
    assert job.annotations("warning") == [
        "no comment: HTTP 502: Server Error; the job summary has the same text"
    ]
