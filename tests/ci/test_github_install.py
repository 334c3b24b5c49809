"""The action installs the promptops that stands beside it, and is fetched where GitHub has none."""

import subprocess

import pytest
import yaml

from promptops.commands.init.ci_files import workflow_text
from promptops.model.distribution import InstallOrigin
from tests.ci.conftest import PROMPT, TRIAGE
from tests.ci.job import ROOT

URL = "https://git.example.com/acme/promptops"


def test_an_action_of_another_host_is_fetched_at_its_commit(pull_request, catalog, tmp_path):
    """Also over a folder of that name that the change brings."""
    commit = mirror(catalog, tmp_path / "promptops.git")
    workflow = yaml.safe_load(
        workflow_text("github", InstallOrigin(url=URL, commit=commit), "v{version}")
    )
    kinder = {TRIAGE: PROMPT.replace("You sort", "You kindly sort")}
    hostile = {".promptops-action/action.yml": "runs: {using: composite, steps: []}\n"}

    job = pull_request(kinder | hostile, workflow=workflow, env=served(tmp_path / "promptops.git"))

    assert (job.failed, job.outputs["verdict"]) == (False, "pass"), job.log
    fetched = job.workspace / ".promptops-action"
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=fetched, capture_output=True, check=True
    )
    assert head.stdout.decode().strip() == commit


def mirror(repo, bare):
    """The action of this checkout as a repository; its commit."""
    git = ("--git-dir", str(bare), "--work-tree", str(ROOT))
    repo.git("init", "--quiet", "--bare", "--template=", str(bare))
    repo.git("--git-dir", str(bare), "config", "uploadpack.allowAnySHA1InWant", "true")
    repo.git("--git-dir", str(bare), "config", "core.bare", "false")
    repo.git(*git, "add", "--", str(ROOT / "action.yml"), str(ROOT / "action"))
    repo.git(*git, "commit", "--quiet", "--message", "the action")
    return repo.git("--git-dir", str(bare), "rev-parse", "HEAD")


def served(bare):
    """What a runner is told so that the address leads to a folder: there is no network."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{bare}.insteadOf",
        "GIT_CONFIG_VALUE_0": URL,
    }


@pytest.mark.slow
def test_nothing_is_imported_from_the_checkout_when_promptops_is_installed(start, tmp_path):
    """`python -m venv` and `python -m pip` would take a file of that name in the current folder."""
    action = tmp_path / "action"
    action.mkdir()
    (action / "pyproject.toml").write_text(PROJECT)
    (action / "backend.py").write_text(BACKEND)
    job = start("pull_request", "refs/pull/7/merge", {})
    for name in ("venv.py", "pip.py", "backend.py", "zipfile.py"):
        (job.workspace / name).write_text("open('pwned', 'w')\n")
    job.environment |= {"GITHUB_ACTION_PATH": str(action), "PIP_NO_INDEX": "1"}
    del job.given["install"]

    job.run_steps("Install promptops")

    command = job.folder / "promptops" / "bin" / "promptops"
    assert job.failed is False, job.log
    done = subprocess.run([command], capture_output=True, text=True, check=True)
    assert done.stdout == "hello\n"
    assert list(job.workspace.glob("pwned")) == []


PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "promptops-for-a-test"
version = "1"

[project.optional-dependencies]
tokens = []
"""
BACKEND = '''\
"""A build backend that needs nothing: a program that says hello."""

import pathlib
import zipfile

NAME = "promptops_for_a_test-1"
FILES = {
    "hello.py": "def main():\\n    print('hello')\\n",
    f"{NAME}.dist-info/METADATA": (
        "Metadata-Version: 2.1\\nName: promptops-for-a-test\\nVersion: 1\\n"
    ),
    f"{NAME}.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    f"{NAME}.dist-info/entry_points.txt": "[console_scripts]\\npromptops = hello:main\\n",
}


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = f"{NAME}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        record = "".join(f"{path},,\\n" for path in FILES)
        for path, text in (FILES | {f"{NAME}.dist-info/RECORD": record}).items():
            wheel.writestr(path, text)
    return name
'''
