"""pytest, run as in any project whose environment has promptops, on real repositories."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0
"""No run of a test takes longer, but on a machine that does something else."""

CONFIG = '[models.echo]\nprovider = "echo"\nid = "echo-1"\nprice = {input = 0.0, output = 0.0}\n'
ASK = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: echo}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: user
    content: "Be kind. {{ question }}"
tests:
  - name: why
    inputs: {question: why}
    output:
      - {type: contains, value: why}
  - name: how
    inputs: {question: how}
    output:
      - {type: contains, value: how}
"""
OUTCOME = re.compile(r"(?m)^(\S.*?) (PASSED|FAILED|SKIPPED|XFAIL|ERROR)\b")


@dataclass(frozen=True)
class Ran:
    """A run of pytest."""

    code: int
    output: str
    errors: str

    @property
    def outcomes(self) -> dict[str, str]:
        """What `-v` says of each item, by its node id."""
        return {name: outcome.lower() for name, outcome in OUTCOME.findall(self.output)}

    @property
    def failures(self) -> str:
        """What is printed of what failed, between the rules around it."""
        found = re.search(r"(?ms)^=+ (?:FAILURES|ERRORS) =+\n(.*?)^=+ ", self.output)
        return re.sub(r"(?m)^_+ (.*) _+$", r"\1", found[1]) if found else ""


def ended(process: subprocess.Popen[str]) -> Ran:
    """What a run did; it does not outlive the test."""
    try:
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    return Ran(process.returncode, out, err)


@pytest.fixture
def site(tmp_path):
    """A folder of packages, where pytest finds the plugin as it does once we are installed."""
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    lines = [f"{name} = {module}\n" for name, module in points["pytest11"].items()]
    folder = tmp_path / "site" / "promptops_entry-0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: promptops-entry\nVersion: 0\n")
    (folder / "entry_points.txt").write_text("".join(["[pytest11]\n", *lines]))
    return folder.parent


@pytest.fixture
def own_environment(site) -> dict[str, str]:
    """In which pytest has its own plugins and ours alone."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV"))}
    own["PYTHONPATH"] = os.pathsep.join([str(site), str(ROOT)])
    own["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return own


@pytest.fixture
def start_pytest(repo, own_environment) -> Callable[..., subprocess.Popen[str]]:
    """Start pytest in the repository, in a process of its own."""

    def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "promptops", *arguments],
            cwd=repo.root,
            env={**own_environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    return start


@pytest.fixture
def run_pytest(repo, site, own_environment, fork_server) -> Callable[..., Ran]:
    """Run pytest in the repository to its end."""
    # In a fork our modules are imported before pytest starts.
    quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning")

    def run(*arguments: str, **environment: str) -> Ran:
        done = fork_server.run(
            (*quiet, "-p", "promptops", *arguments),
            cwd=repo.root,
            environment={**own_environment, **environment},
            program="pytest",
            path=(repo.root, site),
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def record(repo):
    """Write prompts, record what they are answered, and commit it."""

    def write(files):
        repo.write({"promptops.toml": CONFIG, "pytest.ini": "[pytest]\n", **files})
        with workspace(repo.root) as opened:
            run_cases(opened, SelectionOptions(), RunOptions(mode="record"))
        repo.commit("recorded")
        return repo

    return write


@pytest.fixture
def recorded(record):
    """A repository whose one prompt has a recording of each of its two cases."""
    return record({"prompts/ask.prompt.yaml": ASK})


@pytest.fixture
def broken(record):
    """The same, but one case expects what nobody answered."""
    text = ASK.replace("contains, value: why", "contains, value: because")
    return record({"prompts/ask.prompt.yaml": text})
