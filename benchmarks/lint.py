"""How long the hook and the linter take, beside a bare Python and two peers."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from corpus import git, make
from timing import Timing, in_turns

PROJECT = Path(__file__).parent.parent
PEERS = ("yamllint", "check-jsonschema")


def main() -> None:
    """Install, generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="keep the environment and the repository here")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp())
    try:
        binaries = install(folder / "environment")
        repository = folder / "repository"
        if not repository.exists():
            repository.mkdir(parents=True)
            make(repository, options.prompts)
        print(table(binaries, repository, options.prompts))
    finally:
        if not options.keep:
            shutil.rmtree(folder)


def install(environment: Path) -> Path:
    """An environment with this project and its peers; the folder of its programs."""
    binaries = environment / "bin"
    if not binaries.exists():
        venv.create(environment, with_pip=True)
    subprocess.run([binaries / "pip", "install", "-q", PROJECT, *PEERS], check=True)
    return binaries


def table(binaries: Path, repository: Path, prompts: int) -> str:
    """The figures as Markdown."""
    lines = [
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {prompts:,} prompts",
        "",
        "| what | wall ms | CPU ms | MB | beside it | wall ms | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for what, ours, beside, theirs in rows(binaries, repository):
        lines.append(
            f"| {what} | {ours.wall_s * 1000:.0f} | {ours.cpu_s * 1000:.0f} | {ours.memory_mb:.0f} "
            f"| {beside} | {theirs.wall_s * 1000:.0f} | {ours.wall_s / theirs.wall_s:.2f} |"
        )
    return "\n".join(lines)


def rows(binaries: Path, repository: Path) -> list[tuple[str, Timing, str, Timing]]:
    """Each: what was measured, its figures, the peer or the floor, and its figures."""
    ours = [str(binaries / "promptops")]
    one = "prompts/team-7/ticket-7.prompt.yaml"
    python = [str(binaries / "python"), "-c", "pass"]
    schema = ["--schemafile", str(PROJECT / "schemas" / "prompt.schema.json"), one]
    floor = [str(binaries / "python"), str(Path(__file__).parent / "floor.py")]

    found = []

    def pair(what: str, command: list[str], beside: str, peer: list[str], runs: int = 7) -> None:
        figures = in_turns({"ours": command, "peer": peer}, repository, runs)
        found.append((what, figures["ours"], beside, figures["peer"]))

    pair("`--help`", [*ours, "--help"], "bare Python", python)
    (repository / "notes.txt").write_text("none of our business\n")
    git(repository, "add", "notes.txt")
    hook = [*ours, "lint", "--staged"]
    pair("hook, nothing relevant staged", hook, "bare Python", python)
    with (repository / one).open("a") as file:
        file.write("# a comment\n")
    git(repository, "add", one)
    pair(
        "`lint --staged`, one prompt changed",
        hook,
        "yamllint, that file",
        [str(binaries / "yamllint"), one],
    )
    pair(
        "`lint --staged`, one prompt changed",
        hook,
        "check-jsonschema, that file",
        [str(binaries / "check-jsonschema"), *schema],
    )
    git(repository, "reset", "-q", "--hard")
    cold = [*ours, "lint", "--no-cache"]
    pair("`lint`, every case rendered, cold", cold, "reading and libyaml alone", floor, 1)
    pair("the same, cached", [*ours, "lint"], "reading and libyaml alone", floor, 3)
    return found


if __name__ == "__main__":
    sys.exit(main())
