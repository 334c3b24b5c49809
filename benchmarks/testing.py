"""How long test cases take, and how much memory, beside what else asks the same server."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

from cases import make_repository, point_to
from corpus import git
from mock_server import mock_server
from timing import Timing, in_turns

HERE = Path(__file__).parent
PROJECT = HERE.parent
RUNS = 5
LIVE = ("test", "--live", "-j", "32")
PROMPTFOO = ("eval", "-j", "32", "--no-table", "--no-progress-bar", "--no-share", "--no-write")
QUIET = ("TELEMETRY", "UPDATE", "REMOTE_GENERATION", "SHARING")
"""What promptfoo would do beside the work, by the variables that turn it off."""

Commands = dict[str, Sequence[str]]


def main() -> None:
    """Install, generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="keep the environments and repositories here")
    options = parser.parse_args()
    folder = (options.keep or Path(tempfile.mkdtemp())).absolute()
    try:
        programs = Programs(folder)
        print(head())
        with mock_server() as address:
            settle(folder, address)
            for line in lines(programs, folder, address):
                print(line, flush=True)
    finally:
        if not options.keep:
            shutil.rmtree(folder)


class Programs:
    """This project and its peers, installed into a folder; promptfoo where there is npm."""

    def __init__(self, folder: Path) -> None:
        environment = folder / "environment"
        if not environment.exists():
            venv.create(environment, with_pip=True)
        self._binaries = environment / "bin"
        packages = (f"{PROJECT}[live]", "pytest")
        subprocess.run([self._binaries / "pip", "install", "-q", *packages], check=True)
        self._node = folder / "node"
        if shutil.which("npm") and not self._node.exists():
            arguments = ("install", "--silent", "--prefix", str(self._node), "promptfoo")
            subprocess.run(["npm", *arguments], check=True)

    def ours(self, *arguments: str) -> list[str]:
        return [str(self._binaries / "promptops"), *arguments]

    def python(self, *arguments: str) -> list[str]:
        return [str(self._binaries / "python"), *arguments]

    def pytest(self, peer: str) -> list[str]:
        """Without what this project's own tests are configured with."""
        alone = ("-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".")
        return self.python("-m", "pytest", *alone, str(HERE / "peers" / peer))

    def promptfoo(self, *arguments: str) -> Commands:
        """The command by its name; none where it is not installed."""
        program = self._node / "node_modules" / ".bin" / "promptfoo"
        return {"promptfoo": [str(program), *PROMPTFOO, *arguments]} if program.exists() else {}


def settle(folder: Path, address: str) -> None:
    """Make this process's environment the one that is measured in."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ |= {f"PROMPTFOO_DISABLE_{name}": "true" for name in QUIET}
    os.environ |= {
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": address,
        "PROMPTFOO_CONFIG_DIR": str(folder / "promptfoo"),
        "PROMPTFOO_CACHE_PATH": str(folder / "promptfoo" / "cache"),
    }


def head() -> str:
    """What was measured where."""
    processor = platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}"


def lines(programs: Programs, folder: Path, address: str) -> Iterator[str]:
    """The tables as Markdown."""
    yield f"the mock server answers {_said(programs, 'ceiling.py', address)} requests a second"
    yield from _processes(programs, folder, address)
    yield from _engine(programs, address)
    yield from _growth(programs, folder, address)


def _processes(programs: Programs, folder: Path, address: str) -> Iterator[str]:
    yield ""
    yield "| what | program | wall s | CPU s | MB | wall, of ours |"
    yield "|---|---|---|---|---|---|"
    small, large = (_repository(programs, folder, count, address) for count in (200, 1_000))
    bare = programs.python(str(HERE / "peers" / "bare.py"), "tickets.json")
    peers: Commands = {
        "bare `AsyncOpenAI`": bare,
        "pytest, asked in a fixture": programs.pytest("together_test.py"),
        "pytest, one by one": programs.pytest("each_test.py"),
    }
    asked = {"ours": programs.ours(*LIVE), **programs.promptfoo("--no-cache")}
    kept = {"ours": programs.ours("test"), **programs.promptfoo()}
    yield from _rows("200 cases, 32 at once, live", asked | peers, small)
    yield from _rows("200 cases replayed", kept, small)
    yield from _rows("1,000 cases, 32 at once, live", asked | {"bare `AsyncOpenAI`": bare}, large)
    yield from _rows("1,000 cases replayed", kept, large)


def _engine(programs: Programs, address: str) -> Iterator[str]:
    found = json.loads(_said(programs, "engine.py", address))
    yield ""
    yield "| 1,000 requests, 64 at once | wall s | CPU s |"
    yield "|---|---|---|"
    for name in ("engine", "bare"):
        yield f"| {name} | {found[f'{name} wall_s']:.2f} | {found[f'{name} cpu_s']:.2f} |"
    ratios = (found[f"engine {unit}"] / found[f"bare {unit}"] for unit in ("wall_s", "cpu_s"))
    yield "| ratio | {:.2f} | {:.2f} |".format(*ratios)


def _growth(programs: Programs, folder: Path, address: str) -> Iterator[str]:
    yield ""
    yield "| cases replayed | wall s | CPU s | MB | CPU ms a case |"
    yield "|---|---|---|---|---|"
    for count in (1_250, 2_500, 5_000, 10_000):
        repository = _repository(programs, folder, count, address)
        ours = _measured({"ours": programs.ours("test")}, repository)["ours"]
        yield (
            f"| {count:,} | {ours.wall_s:.2f} | {ours.cpu_s:.2f} | {ours.memory_mb:.0f} "
            f"| {ours.cpu_s / count * 1000:.2f} |"
        )


def _rows(what: str, commands: Commands, repository: Path) -> Iterator[str]:
    found = _measured(commands, repository)
    for name, each in found.items():
        ratio = each.wall_s / found["ours"].wall_s
        yield (
            f"| {what} | {name} | {each.wall_s:.2f} | {each.cpu_s:.2f} | {each.memory_mb:.0f} "
            f"| {ratio:.2f} |"
        )


def _measured(commands: Commands, repository: Path) -> dict[str, Timing]:
    """In turns; what fails is no faster, it is wrong."""
    for command in commands.values():
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return in_turns(commands, repository, RUNS)


def _repository(programs: Programs, folder: Path, count: int, address: str) -> Path:
    """So many cases with their answers, recorded and committed."""
    repository = folder / f"cases-{count}"
    if repository.exists():
        point_to(repository, address)
        return repository
    make_repository(repository, count)
    point_to(repository, address)
    subprocess.run(
        programs.ours("test", "--record", "-j", "64"),
        cwd=repository,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "recordings")
    return repository


def _said(programs: Programs, script: str, address: str) -> str:
    command = programs.python(str(HERE / script), address)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
