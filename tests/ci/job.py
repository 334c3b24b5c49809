"""Runs a job of a workflow as GitHub does: real scripts in real shells, in a real checkout."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci import expressions

ROOT = Path(__file__).parents[2]
OURS = "your_org/promptops"  # `_` cannot be in a name on GitHub


@dataclass
class Job:
    """One job of one run.

    Attributes:
        workspace: Where the repository is checked out.
        remote: What it is checked out of.
        github: The context of that name, with the event.
        environment: What the runner gives to every step.
        given: Outputs of steps that are not run, by what they use or are called.
        log: All that was printed.
        used: What each step that uses another's action gave it, by that action's name.
        ran: The environment of each script, by the name of its step.
        outputs: Of the action.
        secrets: Of the repository.
    """

    workspace: Path
    remote: Path
    folder: Path
    github: dict[str, Any]
    environment: dict[str, str]
    given: dict[str, dict[str, str]]
    log: str = ""
    failed: bool = False
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    ran: dict[str, dict[str, str]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def run(self, job: Mapping[str, Any], workflow_env: Mapping[str, str] | None = None) -> None:
        """All steps of a job, unless its `if` says no."""
        env = {**(workflow_env or {}), **job.get("env", {})}
        if expressions.holds(job.get("if", "always()"), {"github": self.github}):
            _Steps(self, inputs={}, env=env).run(job["steps"])

    def run_steps(self, *names: str) -> None:
        """Only some steps of the action, and what sets up Python for them."""
        steps = _action()["runs"]["steps"]
        chosen = [each for each in steps if each["name"] in ("Python", *names)]
        _Steps(self, inputs={}, env={}).run(chosen)

    def summary(self) -> str:
        file = self.folder / "summary.md"
        return file.read_text("utf-8") if file.exists() else ""

    def annotations(self, kind: str) -> list[str]:
        """Those of the action itself; the gate's have a place."""
        begin = f"::{kind} title=promptops::"
        lines = self.log.splitlines()
        return [line.removeprefix(begin) for line in lines if line.startswith(begin)]


class _Steps:
    """The steps of a job, or of an action that a step of it uses."""

    def __init__(self, job: Job, *, inputs: Mapping[str, str], env: Mapping[str, str]) -> None:
        self._job = job
        self._inputs = inputs
        self._env = {name: expressions.text(value, self._contexts()) for name, value in env.items()}
        self.outputs: dict[str, dict[str, str]] = {}
        self.success = True

    def run(self, steps: list[dict[str, Any]]) -> None:
        for step in steps:
            if not expressions.holds(step.get("if", "always() || success()"), self._contexts()):
                continue
            if not self._done(step) and not step.get("continue-on-error"):
                self.success = False
                self._job.failed = True

    def _done(self, step: dict[str, Any]) -> bool:
        given = {name: self._text(value) for name, value in step.get("with", {}).items()}
        own = {name: self._text(value) for name, value in step.get("env", {}).items()}
        if "run" in step:
            return self._script(step)
        action = step["uses"].partition("@")[0]
        self._job.used[action] = given
        fetched = self._job.workspace / action if action.startswith("./") else None
        if action == "actions/checkout":
            _check_out(self._job, given)
        elif action.startswith(OURS) or fetched is not None:
            return self._action(given, fetched or ROOT / action.removeprefix(OURS).lstrip("/"), own)
        self.outputs[step.get("id", "")] = self._job.given.get(action, {})
        return True

    def _action(self, given: Mapping[str, str], folder: Path, own: Mapping[str, str]) -> bool:
        action = _action(folder)
        defaults = {
            name: self._text(value.get("default", "")) for name, value in action["inputs"].items()
        }
        env = {**self._env, **own, "GITHUB_ACTION_PATH": str(folder)}
        inside = _Steps(self._job, inputs={**defaults, **given}, env=env)
        inside.run(action["runs"]["steps"])
        self._job.outputs = {
            name: inside._text(each["value"]) for name, each in action["outputs"].items()
        }
        return inside.success

    def _script(self, step: dict[str, Any]) -> bool:
        """With the options of `shell: bash`, which an action has to say."""
        identity = step.get("id", step["name"])
        if identity in self._job.given:
            self.outputs[identity] = self._job.given[identity]
            return True
        output, script = self._job.folder / "output", self._job.folder / "script.sh"
        output.write_text("")
        script.write_text(step["run"])
        own = {name: self._text(value) for name, value in step.get("env", {}).items()}
        self._job.ran[step["name"]] = own
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self._job.workspace / self._text(step.get("working-directory", ".")),
            env={**self._job.environment, **self._env, **own, "GITHUB_OUTPUT": str(output)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        self._job.log += done.stdout
        lines = output.read_text("utf-8").splitlines()
        self.outputs[identity] = dict(line.split("=", 1) for line in lines)
        return done.returncode == 0

    def _text(self, value: Any) -> str:
        return expressions.text(value, self._contexts())

    def _contexts(self) -> dict[str, Any]:
        """What an expression can ask for."""
        steps = getattr(self, "outputs", {})
        return {
            "github": self._job.github,
            "secrets": self._job.secrets,
            "inputs": self._inputs,
            "env": getattr(self, "_env", {}),
            "steps": {name: {"outputs": outputs} for name, outputs in steps.items()},
            "success": getattr(self, "success", True),
        }


def _action(folder: Path = ROOT) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load((folder / "action.yml").read_text("utf-8"))
    return value


def _check_out(job: Job, given: Mapping[str, str]) -> None:
    """As actions/checkout: every branch and tag where the depth is 0, and the ref as no branch."""
    assert given["fetch-depth"] == "0"
    assert given["persist-credentials"] == "false"
    ref = f"refs/heads/{given['ref']}" if "ref" in given else job.github["ref"]
    ref = ref.replace("refs/heads/", "refs/remotes/origin/")
    _git(job.workspace, "init", "--quiet", "--template=", "--initial-branch=main")
    _git(job.workspace, "remote", "add", "origin", str(job.remote))
    wanted = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
    pulls = ["+refs/pull/*:refs/pull/*"] if ref.startswith("refs/pull/") else []
    _git(job.workspace, "fetch", "--quiet", "--no-tags", "origin", *wanted, *pulls)
    _git(job.workspace, "checkout", "--quiet", "--detach", ref)


def _git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, env=os.environ, check=True)
