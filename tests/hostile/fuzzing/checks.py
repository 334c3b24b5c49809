"""What has to hold of every hostile file, in each of four ways to look at it."""

from __future__ import annotations

import io
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.cli.main import run
from promptops.commands.diff.page import write_html
from promptops.commands.diff.report import write_markdown, write_text
from promptops.diff.compare import CompareOptions, compare
from promptops.lint.engine import Silencers, conclude, lint_one
from promptops.lint.examples import MemoryTree
from promptops.lint.registry import built_in
from promptops.lint.subject import LintRun
from promptops.model.change import DiffReport
from promptops.model.internal_error import CODE
from promptops.model.report import LintReport
from promptops.repo.tree import TreeEntry
from promptops.report.data_text import write_json
from promptops.report.findings import writer
from promptops.source.config import load
from promptops.testing.plan import plan_cases

from .files import ROOT, Hostile, changed, hostile

DAY = date(2026, 11, 24)
FINE_PATH = "prompts/fine.prompt.yaml"
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
CONFIG_FILE = (ROOT / "promptops.toml").read_bytes()
SHARED = {
    path.relative_to(ROOT).as_posix(): path.read_bytes()
    for folder in ("prompts/partials", "schemas")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file()
}
"""What the real prompts that are mutated include."""
CONFIG = load({"promptops.toml": CONFIG_FILE})
LINT_FORMATS = (
    "full",
    "concise",
    "json",
    "json-lines",
    "github",
    "gitlab",
    "sarif",
    "junit",
    "markdown",
)


class Wrong(Exception):
    """What does not hold of a file."""


def generator(seed: int, kind: str, index: int) -> Random:
    """Of one item: the same whatever was made before."""
    return Random(f"{seed}:{kind}:{index}")


def check_file(seed: int, index: int) -> None:
    """Lint and render one prompt file beside a fine one, and write what was found."""
    random = generator(seed, "files", index)
    catalog = Catalog(_Tree.of(hostile(random), FINE), CONFIG)
    rules = tuple(built_in().values())
    loaded = list(catalog.prompts(catalog.prompt_files))
    results = [lint_one(catalog, each, rules, DAY) for each in loaded]
    for path in catalog.prompt_files:
        catalog.dependencies(path)
    found = conclude(catalog, results, rules, LintRun(today=DAY), Silencers()).findings
    internal = [each.message for each in found if each.code == CODE]
    if internal:
        raise Wrong(internal[0])
    if not any((each.place.path, each.code) == (FINE_PATH, "VAR001") for each in found):
        raise Wrong("a finding of another file is hidden")
    plan = list(plan_cases(catalog, loaded))
    for each in plan:
        if each.internal or any(judged.internal for judged in each.rendered):
            raise Wrong(each.error or next(j.reason for j in each.rendered if j.internal))
    report = LintReport(findings=found, files=len(loaded))
    writer(random.choice(LINT_FORMATS))(report, rules={}, version="1")


def check_pair(seed: int, index: int) -> None:
    """Compare two versions of a prompt file, and write what changed."""
    random = generator(seed, "pairs", index)
    before = hostile(random)
    trees = _Tree.of(before, FINE_BEFORE), _Tree.of(changed(random, before), FINE)
    base, head = (Catalog(tree, CONFIG) for tree in trees)
    paths = {*base.ids, *head.ids}
    found = tuple(compare(base, head, paths, paths, CompareOptions(today=DAY)))
    report = DiffReport(base="a", head="b", prompts=found, compared=len(paths))
    if report.failed:
        messages = (c.message for each in found for c in each.changes if c.code == "CHG505")
        raise Wrong(next(messages))
    if not any(c.code == "CHG310" for each in found if each.id == "fine" for c in each.changes):
        raise Wrong("a change of another file is hidden")
    random.choice((write_text, write_markdown, write_html, write_json))(report)


class _Tree(MemoryTree):
    """Files and links that stand nowhere."""

    @classmethod
    def of(cls, found: Hostile, fine: str) -> _Tree:
        files = {f"prompts/h/{path}": data for path, data in found.files.items()}
        tree = cls({**SHARED, **files, FINE_PATH: fine.encode()}, revision="worktree")
        links = {f"prompts/h/{path}": "symlink" for path in found.links}
        entries: dict[str, Any] = {path: TreeEntry(path, "0" * 40, "symlink") for path in links}
        object.__setattr__(tree, "entries", {**tree.entries, **entries})
        return tree


def check_change(seed: int, index: int) -> None:
    """Run the gate over a commit that changes a prompt file, in this process."""
    with _changed_repository(generator(seed, "changes", index)) as folder:
        code, out, err = _ran(
            ("-C", folder), ("check", "--since", "HEAD~1", "--no-cache", "--format", "json")
        )
        _judge(code, out, err, (0, 1))
        _shown(json.loads(out)["lint"]["findings"])


MAX_RSS_KB = 300 * 1024
"""Of a command, the 60 MB that it takes without any file included."""

COMMANDS = (
    ("lint", "--no-cache", "--format", "json"),
    ("lint", "--staged"),
    ("check", "--no-cache", "--format", "json"),
    ("check", "--since", "HEAD~1", "--format", "json"),
    ("test",),
    ("test", "--coverage", "--since", "HEAD~1"),
    ("diff", "--worktree"),
    ("diff", "HEAD~1", "--format", "markdown"),
    ("diff", "HEAD~1", "--format", "html"),
    ("check", "--format", "html"),
    ("list", "--format", "json"),
    ("render", "h/bad", "--resolved"),
    ("render", "h/bad", "--annotate"),
    ("release", "--dry-run"),
    ("build", "-o", "-"),
    ("lint", "--fix", "--diff"),
    ("log", "h/bad"),
    ("blame", "h/bad"),
)


def check_command(seed: int, index: int) -> None:
    """Run the real command over such a repository."""
    random = generator(seed, "commands", index)
    with _changed_repository(random) as folder:
        command = random.choice(COMMANDS)
        started = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-c", _MAIN, *command],
            capture_output=True, check=False, cwd=folder, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = ended.ru_utime + ended.ru_stime - started.ru_utime - started.ru_stime
        out, err = (each.decode("utf-8", "surrogateescape") for each in (done.stdout, done.stderr))
        try:
            _judge(done.returncode, out, err, (0, 1, 2, 3, 4))
            if command[0] == "lint" and "json" in command:
                _shown(json.loads(out)["findings"])
        except Wrong as wrong:
            raise Wrong(f"{' '.join(command)}: {wrong}") from None
        if ended.ru_maxrss > max(started.ru_maxrss, MAX_RSS_KB):
            raise Wrong(f"{' '.join(command)}: {ended.ru_maxrss >> 10} MB")
        if cpu_s > 3:  # the start of the interpreter included
            raise Wrong(f"{' '.join(command)}: {cpu_s:.1f} s of processor time")


_MAIN = "from promptops.cli.main import main; main()"


def _ran(place: tuple[str, str], command: tuple[str, ...]) -> tuple[int, str, str]:
    out, err = (
        io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogateescape") for _ in range(2)
    )
    with redirect_stdout(out), redirect_stderr(err):
        code = run([command[0], *place, *command[1:]])
    for stream in (out, err):
        stream.flush()
    return code, *(each.buffer.getvalue().decode("utf-8", "replace") for each in (out, err))  # type: ignore[attr-defined]


def _judge(code: int, out: str, err: str, allowed: tuple[int, ...]) -> None:
    said = out + err
    if "Traceback" in err or "a bug in promptops" in err or "internal error:" in said:
        at = max(said.find("internal error:"), said.find("a bug in"), said.find("Traceback"))
        raise Wrong(said[at : at + 300].splitlines()[0])
    if code not in allowed:
        raise Wrong(f"exit code {code}: {err[:300]}")


def _shown(findings: list[Mapping[str, Any]]) -> None:
    if not any((each["place"]["path"], each["code"]) == (FINE_PATH, "VAR001") for each in findings):
        raise Wrong("a finding of another file is hidden")


@contextmanager
def _changed_repository(random: Random) -> Iterator[str]:
    """A repository with two commits: a hostile file, then that file changed."""
    before = hostile(random)
    after = changed(random, before)
    folder = tempfile.mkdtemp(prefix="fuzz-")
    try:
        _init(Path(folder, "r"))
        for found, fine in ((before, FINE_BEFORE), (after, FINE)):
            _write(Path(folder, "r"), found, fine)
            _git(f"{folder}/r", "add", "--all")
            _git(f"{folder}/r", "commit", "--quiet", "--allow-empty", "-m", "x")
        yield f"{folder}/r"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(root: Path, found: Hostile, fine: str) -> None:
    shutil.rmtree(root / "prompts", ignore_errors=True)
    own = {f"prompts/h/{path}": content for path, content in found.files.items()}
    named = {"promptops.toml": CONFIG_FILE, FINE_PATH: fine.encode()}
    for path, content in {**SHARED, **own, **named}.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    for path, name in found.links.items():
        target = root / "prompts" / "h" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(name)


GIT_CONFIG = """\
[core]
	repositoryformatversion = 0
	bare = false
[user]
	name = A
	email = a@example.com
[commit]
	gpgsign = false
"""


def _init(root: Path) -> None:
    """What `git init` writes; without a process, and with nothing to keep for the next item."""
    for name in ("objects", "refs/heads"):
        (root / ".git" / name).mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (root / ".git" / "config").write_text(GIT_CONFIG)


def _git(folder: str, *arguments: str) -> None:
    subprocess.run(
        ["git", "-C", folder, *arguments], check=True, capture_output=True, stdin=subprocess.DEVNULL
    )


CHECKS: Mapping[str, Callable[[int, int], None]] = {
    "files": check_file,
    "pairs": check_pair,
    "changes": check_change,
    "commands": check_command,
}
