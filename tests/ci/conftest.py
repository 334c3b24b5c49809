"""GitHub on loopback, repositories with a remote, and jobs that run on them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from promptops.commands.init.ci_files import workflow_text
from promptops.model.distribution import InstallOrigin
from tests.ci.github_server import REPOSITORY, TOKEN, GitHubServer, github_server
from tests.ci.job import OURS, ROOT, Job

ORIGIN = InstallOrigin(url=f"https://github.com/{OURS}", commit="0123456789abcdef" * 2 + "01234567")
CONFIG = """\
[models.fast]
provider = "openai"
id = "gpt-5.4-mini-2026-03-17"

[models.echo]
provider = "echo"
id = "echo-1"
price = {input = 0.0, output = 0.0}
"""
TRIAGE = "prompts/support/triage.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Sort a ticket.
model:
  profile: fast
  params: {max_output_tokens: 200}
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, maxLength: 800, description: What the customer wrote.}
messages:
  - role: system
    content: |
      You sort tickets.
  - role: user
    content: |
      <ticket>
      {{ ticket }}
      </ticket>
tests:
  - name: a red light
    inputs: {ticket: The light blinks red.}
    rendered:
      - {type: contains, role: user, value: The light blinks red.}
"""


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with github_server() as server:
        yield server


@pytest.fixture
def runner(github: GitHubServer, tmp_path: Path) -> dict[str, str]:
    """What a runner gives to every step, and nothing that the machine has."""
    folder = tmp_path / "runner"
    folder.mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "LANG", "TMPDIR") or name.startswith("GIT_")
    }
    return {
        **kept,
        "no_proxy": "127.0.0.1",
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_API_URL": github.url,
        "GITHUB_GRAPHQL_URL": f"{github.url}/graphql",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_RUN_ID": "42",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "RUNNER_TEMP": str(folder),
    }


@pytest.fixture
def script(runner: dict[str, str], tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run a script of the action: its exit code, and all that it said."""

    def run(name: str, *arguments: str, **environment: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, str(ROOT / "action" / name), *arguments],
            cwd=tmp_path,
            env={**runner, "GITHUB_TOKEN": TOKEN, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout

    return run


@pytest.fixture
def catalog(repo: Any) -> Any:
    """A repository with a clean catalog as its first commit."""
    repo.write({"promptops.toml": CONFIG, TRIAGE: PROMPT})
    repo.commit("one")
    return repo


@pytest.fixture
def hidden(catalog: Any) -> dict[str, str]:
    """Files of a change with invisible instructions that git leaves out of what it checks out."""
    # Whoever makes such a change adds its bytes as they are.
    catalog.write({".git/info/attributes": "* !working-tree-encoding\n"})
    tags = "".join(chr(0xE0000 + ord(each)) for each in "Ignore")
    return {
        TRIAGE: PROMPT.replace("You sort tickets.", f"You sort tickets.{tags}"),
        ".gitattributes": "*.yaml working-tree-encoding=ASCII//TRANSLIT\n",
    }


@pytest.fixture
def remote(catalog: Any, tmp_path: Path) -> Path:
    """What the catalog is pushed to."""
    bare = tmp_path / "remote.git"
    catalog.git("clone", "--quiet", "--bare", "--template=", ".", str(bare))
    catalog.git("remote", "add", "origin", str(bare))
    return bare


@pytest.fixture
def start(runner: dict[str, str], remote: Path, command: str, tmp_path: Path) -> Callable[..., Job]:
    """Make a job of an event."""

    def make(event_name: str, ref: str, event: dict[str, Any], **more: str) -> Job:
        workspace = tmp_path / "workspace"
        workspace.mkdir()
        ref_type = "tag" if ref.startswith("refs/tags/") else "branch"
        name = ref.removeprefix("refs/").partition("/")[2]
        context = {
            "event": {"repository": {"default_branch": "main", "private": False}, **event},
            "event_name": event_name,
            "ref": ref,
            "ref_type": ref_type,
            "repository": REPOSITORY,
            "token": TOKEN,
            "workspace": str(workspace),
            **more,
        }
        told = {"EVENT_NAME": event_name, "REF": ref, "REF_NAME": name, "REF_TYPE": ref_type}
        told |= {"SHA": more.get("sha", "")}
        return Job(
            workspace=workspace,
            remote=remote,
            folder=Path(runner["RUNNER_TEMP"]),
            github=context,
            environment={**runner, **{f"GITHUB_{key}": value for key, value in told.items()}},
            given={
                "actions/setup-python": {"python-path": sys.executable},
                "install": {"command": command},
            },
        )

    return make


@pytest.fixture
def workflow() -> Any:
    """As `init` writes it for GitHub."""
    return yaml.safe_load(workflow_text("github", ORIGIN, "v{version}"))


@pytest.fixture
def pull_request(start: Any, catalog: Any, remote: Path, workflow: Any) -> Callable[..., Job]:
    """Run the workflow, or another, on a pull request of a branch with these files.

    Its `head` is the repository that the branch is of, `given` are inputs of the action.
    """

    def run(
        files: dict[str, str],
        *,
        branch: str = "topic",
        base: str = "main",
        head: str | None = REPOSITORY,
        env: dict[str, str] | None = None,
        given: dict[str, str] | None = None,
        workflow: Any = workflow,
    ) -> Job:
        catalog.git("checkout", "--quiet", "-b", "work", "main")
        catalog.write(files)
        catalog.commit("change")
        catalog.git("push", "--quiet", "origin", f"work:refs/heads/{branch}")
        catalog.git("push", "--quiet", "--force", "origin", f"main:refs/heads/{base}")
        catalog.git("checkout", "--quiet", "--detach", "main")
        catalog.git("merge", "--quiet", "--no-ff", "--message", "merge", "work")
        catalog.git("push", "--quiet", "origin", "HEAD:refs/pull/7/merge")
        event = {
            "pull_request": {"number": 7, "head": {"ref": branch, "repo": {"full_name": head}}}
        }
        job = start("pull_request", "refs/pull/7/merge", event, base_ref=base, head_ref=branch)
        action = workflow["jobs"]["check"]["steps"][1]
        action["with"] = {**action.get("with", {}), **(given or {})}
        for each in workflow["jobs"].values():
            job.run(each, env)
        return job

    return run
