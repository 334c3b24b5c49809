"""How long it takes to compare two revisions, beside git's own list of what changed."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from corpus import git, make
from lint import install
from timing import Timing, in_turns

PARTIAL = "prompts/partials/style-3.md.j2"
CHANGED = 10


def main() -> None:
    """Install, generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--keep", type=Path, help="keep the environment and the repositories here")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp())
    try:
        binaries = install(folder / "environment")
        print(head())
        for prompts in options.prompts:
            repository = folder / f"diff-{prompts}"
            if not repository.exists():
                with_history(repository, prompts)
            print("\n".join(rows(binaries, repository, prompts)), flush=True)
    finally:
        if not options.keep:
            shutil.rmtree(folder)


def with_history(repository: Path, prompts: int) -> None:
    """Some prompts, a commit that changes a partial, and one that changes ten prompts."""
    repository.mkdir(parents=True)
    make(repository, prompts)
    _append(repository, [PARTIAL], "Never guess.\n")
    git(repository, "commit", "-q", "-am", "a partial")
    files = sorted((repository / "prompts").glob("team-*/*.prompt.yaml"))[:: prompts // CHANGED]
    names = [file.relative_to(repository).as_posix() for file in files[:CHANGED]]
    for name in names:
        text = (repository / name).read_text()
        (repository / name).write_text(text.replace("You triage", "You sort", 1))
    git(repository, "commit", "-q", "-am", "ten prompts")


def _append(repository: Path, names: list[str], text: str) -> None:
    for name in names:
        with (repository / name).open("a") as file:
            file.write(text)


def head() -> str:
    """What was measured where, and the head of the table."""
    return (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}\n\n"
        "| what | wall ms | CPU ms | MB | beside it | wall ms | ratio |\n"
        "|---|---|---|---|---|---|---|"
    )


def rows(binaries: Path, repository: Path, prompts: int) -> list[str]:
    """A line for each comparison."""
    ours = str(binaries / "promptops")
    found = []
    for what, span in (("one partial", "HEAD~2..HEAD~1"), ("ten prompts", "HEAD~1..HEAD")):
        commands = {
            "ours": [ours, "diff", span],
            "git": ["git", "diff", "--name-status", span],
            "python": [str(binaries / "python"), "-c", "pass"],
        }
        timings = in_turns(commands, repository, 7)
        name = f"`diff` of {prompts:,} prompts, {what} changed"
        found.append(_row(name, timings["ours"], "`git diff --name-status`", timings["git"]))
        found.append(_row(name, timings["ours"], "bare Python", timings["python"]))
    return found


def _row(what: str, ours: Timing, beside: str, theirs: Timing) -> str:
    return (
        f"| {what} | {ours.wall_s * 1000:.0f} | {ours.cpu_s * 1000:.0f} | {ours.memory_mb:.0f} "
        f"| {beside} | {theirs.wall_s * 1000:.0f} | {ours.wall_s / theirs.wall_s:.1f} |"
    )


if __name__ == "__main__":
    sys.exit(main())
