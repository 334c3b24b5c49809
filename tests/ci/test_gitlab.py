"""The jobs that `init` writes for GitLab, run as a runner does: all lines in one shell."""

import json
import os
import re
import subprocess

import pytest
import yaml

from promptops.commands.init.ci_files import workflow_text
from tests.ci.conftest import ORIGIN, PROMPT, TRIAGE

BROKEN = PROMPT.replace("{{ ticket }}", "{{ tikcet }}")
KINDER = PROMPT.replace("You sort tickets.", "You kindly sort tickets.")


@pytest.fixture
def jobs():
    return yaml.safe_load(workflow_text("gitlab", ORIGIN, "v{version}"))


@pytest.fixture
def shell(command, tmp_path, remote):
    """Run a job in a clone: its exit code, and what it said."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "promptops").symlink_to(command)
    pip = programs / "pip"
    pip.write_text('#!/bin/sh\necho "pip $*"\n')
    pip.chmod(0o755)

    def run(job, ref, **environment):
        clone = tmp_path / "clone"
        subprocess.run(["git", "clone", "--quiet", str(remote), str(clone)], check=True)
        subprocess.run(["git", "checkout", "--quiet", "--detach", ref], cwd=clone, check=True)
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])],
            cwd=clone,
            env={
                **os.environ,
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout

    run.clone = tmp_path / "clone"
    return run


@pytest.fixture
def merge_request(shell, jobs, catalog):
    """Check a change: the exit code, and what was said."""

    def run(files, **environment):
        base = catalog.git("rev-parse", "HEAD")
        catalog.write(files)
        catalog.commit("two")
        catalog.git("push", "--quiet", "origin", "HEAD:refs/heads/topic")
        variables = {
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
            "CI_DEFAULT_BRANCH": "main",
            **environment,
        }
        return shell(jobs["promptops"], "origin/topic", **variables)

    return run


def test_a_clean_change_passes(merge_request):
    code, said = merge_request({TRIAGE: KINDER})

    assert (code, said.splitlines()[0]) == (
        0,
        f"pip install --quiet git-promptops @ git+{ORIGIN}",
    )
    assert "required version bump: minor" in said


def test_instructions_that_a_checkout_leaves_out_are_found(merge_request, hidden):
    code, said = merge_request(hidden)

    assert code == 1
    assert "invisible-unicode" in said


def test_a_wrong_change_is_shown_at_its_line_and_refused(merge_request, shell):
    code, said = merge_request({TRIAGE: BROKEN})

    assert code == 1
    assert f"{TRIAGE}:17:10: error: `tikcet` is not an input" in said
    quality = json.loads((shell.clone / "code-quality.json").read_text("utf-8"))
    found = [(each["check_name"], each["location"]["path"]) for each in quality]
    assert ("VAR001", TRIAGE) in found
    assert "tikcet" in (shell.clone / "comment.md").read_text("utf-8")
    assert "<testsuite" in (shell.clone / "promptops.xml").read_text("utf-8")


def test_the_merged_result_is_compared_with_the_branch_it_was_merged_into(merge_request, catalog):
    code, said = merge_request(
        {TRIAGE: KINDER}, CI_MERGE_REQUEST_TARGET_BRANCH_SHA=catalog.git("rev-parse", "HEAD")
    )

    assert (code, "required version bump: minor" in said) == (0, True)


def test_a_job_that_can_not_tell_git_the_default_branch_checks_nothing(merge_request):
    code, said = merge_request({TRIAGE: KINDER}, CI_DEFAULT_BRANCH="gone")

    assert (code, "required version bump" in said) == (1, False)
    assert "refs/remotes/origin/gone" in said


def test_what_is_kept_is_what_was_written(merge_request, shell, jobs):
    merge_request({TRIAGE: KINDER})

    kept = jobs["promptops"]["artifacts"]
    for name in (*kept["paths"], *kept["reports"].values()):
        assert (shell.clone / name).is_file(), name
    assert kept["when"] == "always"


def test_the_change_of_a_fork_is_not_trusted_and_no_job_names_a_secret(jobs):
    forks, own = jobs["promptops"]["rules"]
    event = '$CI_PIPELINE_SOURCE == "merge_request_event"'

    assert forks == {
        "if": f"{event} && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID != $CI_MERGE_REQUEST_PROJECT_ID",
        "variables": {"PROMPTOPS_UNTRUSTED": "1"},
    }
    assert own == {"if": event}
    assert re.findall(r"(?i)token|secret|password", yaml.safe_dump(jobs)) == []


@pytest.fixture
def released(catalog, remote, command):
    catalog.git("fetch", "--quiet", "origin")
    catalog.git("branch", "--set-upstream-to=origin/main")
    subprocess.run([command, "release", "--yes", "--push"], cwd=catalog.root, check=True)
    return catalog


@pytest.fixture
def release(shell, jobs):
    def run(tag):
        names = {"CI_COMMIT_TAG": tag, "CI_DEFAULT_BRANCH": "main"}
        return shell(jobs["promptops release"], f"refs/tags/{tag}", **names)

    return run


def test_a_tag_keeps_its_bundle(released, release, shell, jobs):
    code, said = release("v0.1.0")

    assert code == 0, said
    assert jobs["promptops release"]["rules"] == [{"if": "$CI_COMMIT_TAG =~ /^v[0-9]/"}]
    assert jobs["promptops release"]["artifacts"]["paths"] == ["prompts.jsonl", "notes.md"]
    assert (shell.clone / "prompts.jsonl").read_bytes().startswith(b'{"')
    assert (shell.clone / "notes.md").read_text("utf-8").startswith("## v0.1.0 (2026-01-01)")


def test_a_tag_that_is_no_release_keeps_none(released, release, shell):
    released.git("push", "--quiet", "origin", "HEAD:refs/tags/v0.2.0")

    code, said = release("v0.2.0")

    assert (code, "is not annotated" in said) == (1, True)
    assert not (shell.clone / "prompts.jsonl").exists()


def test_a_tag_can_be_called_anything(released, release, shell):
    name = "v1$(touch${IFS}pwned);--help"
    released.git("push", "--quiet", "origin", f"HEAD:refs/tags/{name}")

    assert release(name)[0] == 2
    assert not (shell.clone / "pwned").exists()
