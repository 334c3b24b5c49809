"""What it costs an application to import, load and render, beside what else keeps prompts."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from corpus import git, make
from rendering import make_prompts
from timing import in_turns

HERE = Path(__file__).parent
PROJECT = HERE.parent
PEERS = ("langfuse", "mlflow-skinny", "langchain-core", "prompty", "jinja2", "PyYAML")
RENDERERS = ("promptops", "jinja2", "langfuse", "mlflow", "langchain", "prompty")
IMPORTS = (
    "import promptops",
    "import promptops; promptops.load",
    "import jinja2",
    "import jinja2, jsonschema_rs",
    "import langchain_core.prompts",
    "import prompty",
    "import langfuse",
    "import mlflow",
)
PROCESSES = 9
ROUNDS = 5
OFFLINE = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

Costs = dict[str, dict[str, float]]
"""Microseconds, by program and by what was measured."""


def main() -> None:
    """Install, generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=1_000)
    parser.add_argument("--keep", type=Path, help="keep the environment and what was made here")
    options = parser.parse_args()
    folder = (options.keep or Path(tempfile.mkdtemp())).absolute()
    os.environ |= OFFLINE
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        scene = Scene(folder, options.prompts)
        processor = platform.processor() or platform.machine()
        version = platform.python_version()
        print(f"{processor}, {os.cpu_count()} cores, Python {version}, {scene.versions()}")
        for table in (processes, loads, renders):
            print("\n".join(("", *table(scene))), flush=True)
    finally:
        if not options.keep:
            shutil.rmtree(folder)


class Scene:
    """An environment with this project and its peers, and what they work on.

    Attributes:
        many: A repository of many prompts, tagged v1.0.0, and `bundle` and `document` of it.
        few: The bundle of two prompts, with logic and without.
    """

    def __init__(self, folder: Path, prompts: int) -> None:
        self._binaries = folder / "environment" / "bin"
        self.many = folder / f"prompts-{prompts}"
        self.bundle, self.document = (folder / f"{prompts}.{end}" for end in ("jsonl", "json"))
        self.few = folder / "few.jsonl"
        if not self._binaries.exists():
            venv.create(folder / "environment", with_pip=True)
        subprocess.run([self._binaries / "pip", "install", "-q", PROJECT, *PEERS], check=True)
        if not self.many.exists():
            self.many.mkdir(parents=True)
            make(self.many, prompts)
            git(self.many, "tag", "-a", "v1.0.0", "-m", "v1.0.0")
        self._build(self.many, self.bundle)
        lines = self.bundle.read_text().splitlines()
        self.document.write_text(json.dumps([json.loads(line) for line in lines]))
        if not self.few.exists():
            make_prompts(folder / "few")
            self._build(folder / "few", self.few)

    def versions(self) -> str:
        """Of the peers."""
        done = self._run([self._binaries / "pip", "list", "--format", "json"])
        found = {each["name"].lower(): each["version"] for each in json.loads(done)}
        return ", ".join(f"{name} {found[name.lower()]}" for name in PEERS)

    def ours(self, *arguments: str) -> list[str]:
        return [str(self._binaries / "promptops"), *arguments]

    def python(self, *arguments: str) -> list[str]:
        return [str(self._binaries / "python"), *arguments]

    def peer(self, name: str, *arguments: Path) -> dict[str, Any]:
        """What one of the scripts reports."""
        return json.loads(self._run(self.python(str(HERE / "peers" / name), *map(str, arguments))))

    def _build(self, repository: Path, file: Path) -> None:
        self._run(self.ours("build", "-C", str(repository), "v1.0.0", "-o", str(file)))

    def _run(self, command: Sequence[str | Path]) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout


def processes(scene: Scene) -> Iterator[str]:
    """Whole processes: importing, the first prompt, building."""
    commands = _commands(scene)
    found = in_turns({"bare": scene.python("-c", "pass"), **commands}, scene.many, PROCESSES)
    yield "| a process | CPU ms over bare Python |"
    yield "|---|---|"
    for name in commands:
        yield f"| {name} | {(found[name].cpu_s - found['bare'].cpu_s) * 1000:.1f} |"


def _commands(scene: Scene) -> dict[str, list[str]]:
    first = (
        f"import promptops\nprompts = promptops.load('v1.0.0', source={str(scene.bundle)!r})\n"
        "prompts['team-7/ticket-7'].render(ticket='The light blinks red.', product='router')"
    )
    imports = {f"`{program}`": scene.python("-c", program) for program in IMPORTS}
    return imports | {
        "import, load a bundle, render with logic": scene.python("-c", first),
        "`promptops build v1.0.0`": scene.ours("build", "v1.0.0", "-o", str(scene.bundle)),
        "its files by `git cat-file --batch`": scene.python(
            str(HERE / "peers" / "read_blobs.py"), "v1.0.0"
        ),
    }


def loads(scene: Scene) -> Iterator[str]:
    """Many prompts, all imported before."""
    programs = {
        "bundle, one prompt rendered": ("load_promptops.py", scene.bundle),
        "one JSON document": ("load_json.py", scene.document),
        "a directory of YAML, C loader": ("load_yaml.py", scene.many / "prompts"),
    }
    rounds = [
        {name: scene.peer(*arguments)["us"] for name, arguments in programs.items()}
        for _ in range(ROUNDS)
    ]
    yield "| cold load | CPU ms | of ours |"
    yield "|---|---|---|"
    costs = _medians(rounds)
    ours = next(iter(costs.values()))["load"]
    for name, us in costs.items():
        yield f"| {name} | {us['load'] / 1000:.1f} | {us['load'] / ours:.1f} |"


def renders(scene: Scene) -> Iterator[str]:
    """Two messages and six variables; what comes out must be the same for all."""
    rounds = [_rendered(scene) for _ in range(ROUNDS)]
    costs = _medians(rounds)
    ours = costs["promptops"]
    yield "| a call | program | CPU µs | of ours |"
    yield "|---|---|---|---|"
    for what in ("plain", "logic", "warm"):
        for program, us in costs.items():
            for name in (each for each in us if each.partition(",")[0] == what):
                yield f"| {name} | {program} | {us[name]:.2f} | {us[name] / ours[what]:.2f} |"
    yield f"| a dict lookup | | {ours['dict']:.2f} | {ours['dict'] / ours['warm']:.2f} |"


def _rendered(scene: Scene) -> Costs:
    reports = {name: scene.peer(f"render_{name}.py", scene.few) for name in RENDERERS}
    for program, report in reports.items():
        for name, texts in report["said"].items():
            expected = reports["promptops"]["said"][name.partition(",")[0]]
            if [text.rstrip("\n") for text in texts] != expected:
                raise SystemExit(f"{program} renders another text: {texts}")
    return {program: report["us"] for program, report in reports.items()}


def _medians(rounds: Sequence[Costs]) -> Costs:
    return {
        program: {name: statistics.median(each[program][name] for each in rounds) for name in us}
        for program, us in rounds[0].items()
    }


if __name__ == "__main__":
    sys.exit(main())
