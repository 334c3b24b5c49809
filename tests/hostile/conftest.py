"""Runs every command over a repository that means harm, and judges what became of it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from promptops.cli.main import run

GOLDEN = Path(__file__).parent / "golden"
FINE_PATH = "prompts/fine.prompt.yaml"
FINE_FINDING = f"{FINE_PATH}:10:21 VAR001"
FINE = """\
format: promptops/1
description: Answers one question.
owners: ["@acme/ai"]
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, maxLength: 100}
messages:
  - role: user
    content: Say {{ tikcet }} for {{ ticket }}.
tests:
  - name: one
    inputs: {ticket: t}
    rendered:
      - {type: contains, value: Say}
"""
FINE_BEFORE = FINE.replace("tikcet", "ticket")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "lint": ("lint", "--no-cache", "--format", "json"),
    "lint --staged": ("lint", "--staged", "--format", "json"),
    "check": ("check", "--no-cache", "--format", "json"),
    "list": ("list", "--format", "json"),
    "render": ("render", "bad"),
    "render --resolved": ("render", "bad", "--resolved"),
}
OF_CHANGES: Mapping[str, tuple[str, ...]] = {
    "test": ("test", "--format", "json"),
    "diff": ("diff", "--worktree", "--format", "json"),
    "check": ("check", "--since", "HEAD", "--at", "worktree", "--no-cache", "--format", "json"),
}
"""What else has to end well, and to show what became of the fine file since the last commit."""
GATES = ("lint --staged", "check")
"""The commands of the fast tier: they stand before a commit and a merge."""
MAX_CPU_S = 20
"""A safety net: what hangs exceeds it, a busy machine does not."""
_RAW = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True)
class Ended:
    """How one command ended."""

    code: int
    out: str
    err: str
    cpu_s: float

    @property
    def said(self) -> str:
        return self.out + self.err

    def errors(self) -> list[str]:
        """`path:line:column CODE` of each finding that is an error."""
        report = json.loads(self.out)
        findings = report.get("lint", report)["findings"]
        return [
            f"{f['place']['path']}:{f['place']['line']}:{f['place']['column']} {f['code']}"
            for f in findings
            if f["severity"] == "error"
        ]


@pytest.fixture
def command(
    repo: Any, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., Ended]:
    """Runs a command line in the repository, and sees that it ends as a command must."""

    def ended(*arguments: str, directory: Path | None = None) -> Ended:
        monkeypatch.chdir(directory or repo.root)
        capfdbinary.readouterr()
        started = sum(os.times()[:4])
        code = run(list(arguments))
        cpu_s = sum(os.times()[:4]) - started
        out, err = (each.decode("utf-8", "surrogateescape") for each in capfdbinary.readouterr())
        found = Ended(code, out, err, cpu_s)
        decent(found, arguments)
        return found

    return ended


def decent(found: Ended, arguments: tuple[str, ...]) -> None:
    """What holds for every command and every input."""
    told = f"{arguments}: {found.said[-2000:]}"
    assert found.code in (0, 1, 2, 3, 4), told
    assert "Traceback" not in found.said, told
    assert "a bug in promptops" not in found.said, told
    assert found.cpu_s < MAX_CPU_S, told
    assert _RAW.findall(found.said) == [], told
    ours = r"::(error|warning|notice) file=" if "github" in arguments else r"\A\Z."
    assert not re.search(rf"(?m)^\s*(?!{ours})(::|##\[)", found.said), told
    assert "--why" in arguments or len(found.err.splitlines()) <= 20, told


@pytest.fixture(params=["gates", pytest.param("all", marks=pytest.mark.slow)])
def every_command(request: pytest.FixtureRequest) -> bool:
    """A test that uses it runs the two gates in the fast tier, and every command in the slow."""
    return bool(request.param == "all")


@pytest.fixture
def outcome(
    repo: Any, command: Callable[..., Ended], every_command: bool
) -> Callable[[Mapping[str, Any]], str]:
    """Writes and stages files beside a fine one, runs the commands, and reports them in short.

    Where a command could work at all, the finding of the fine file must be in its report.
    """

    def told(files: Mapping[str, Any]) -> str:
        if not every_command:
            repo.write({FINE_PATH: FINE, **files})
            repo.git("add", "--all")
            return tell(command, GATES)
        repo.write({FINE_PATH: FINE_BEFORE})
        repo.commit("before")
        repo.write({FINE_PATH: FINE, **files})
        repo.git("add", "--all")
        for name, arguments in OF_CHANGES.items():
            ended = command(*arguments)
            assert ended.code in (3, 4) or SHOWS_FINE[name](json.loads(ended.out)), name
        return tell(command, COMMANDS)

    return told


def _in_cases(report: Any) -> bool:
    return any((each["prompt"], each["status"]) == ("fine", "error") for each in report["cases"])


def _in_changes(report: Any) -> bool:
    fine = (each["changes"] for each in report["prompts"] if each["id"] == "fine")
    return any(change["code"] == "CHG310" for changes in fine for change in changes)


def _in_findings(report: Any) -> bool:
    found = report["lint"]["findings"]
    return any((each["place"]["path"], each["code"]) == (FINE_PATH, "VAR001") for each in found)


SHOWS_FINE: Mapping[str, Callable[[Any], bool]] = {
    "test": _in_cases,
    "diff": _in_changes,
    "check": _in_findings,
}


def tell(command: Callable[..., Ended], names: Iterable[str]) -> str:
    """A line for each command, below it the errors but the fine file's one."""
    lines = []
    for name in names:
        ended = command(*COMMANDS[name])
        lines.append(f"{name}: {ended.code}")
        if name in ("lint", "lint --staged", "check") and ended.code == 1:
            errors = ended.errors()
            assert FINE_FINDING in errors, name
            below = [each for each in errors if each != FINE_FINDING]
        else:
            assert name not in ("lint", "lint --staged", "check") or ended.code in (3, 4), name
            below = ended.err.splitlines()[:1]
        lines += [f"  {each}" for each in below[:5]]
        lines += [f"  and {len(below) - 5} more"] if len(below) > 5 else []
    return "\n".join(lines) + "\n"


@pytest.fixture
def same_as_golden(request: pytest.FixtureRequest, every_command: bool) -> Callable[[str], None]:
    """Compares with the file of the test's id; `UPDATE_GOLDEN=1` with `-m slow` writes it."""

    def compare(text: str) -> None:
        table = request.path.stem.removeprefix("test_hostile_")
        case = request.node.callspec.id.removeprefix("all-" if every_command else "gates-")
        file = GOLDEN / table / f"{case}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            if every_command:
                file.parent.mkdir(exist_ok=True, parents=True)
                file.write_text(text, encoding="utf-8")
            return
        golden = file.read_text(encoding="utf-8")
        assert text == (golden if every_command else _of_gates(golden))

    return compare


def _of_gates(golden: str) -> str:
    sections = re.split(r"(?m)^(?=\S)", golden)
    return "".join(each for each in sections if each.partition(": ")[0] in GATES)


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    """What is imported once is not the first case's fault."""
    import jinja2  # noqa: F401
    import jsonschema_rs  # noqa: F401
    import yaml  # noqa: F401

    from promptops.lint.registry import built_in

    built_in()
