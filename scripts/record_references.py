#!/usr/bin/env python3
"""Record what other tools make of the sources in `tests/formats/references/`.

    python scripts/record_references.py FOLDER [NAME…]

For each reference `NAME` there are `NAME.cases.json`, a folder `NAME` with sources of our own, and
`NAME.reference.json`, which this script writes: the messages that the tool itself renders for six
assignments of inputs. `tests/formats/test_references.py` imports the sources and compares, offline.

FOLDER is where the tools are installed: a virtual environment for each Python tool, and
`node/node_modules`. What is missing there is installed first, with the versions below; nothing of
it becomes a dependency of this project. It needs Python 3.10 to 3.13, Node 20 and network access.

A case is `{"source", "id", "inputs"}`, and `"optional"`: inputs that may be left out; `"key"`: the
name of the prompt in its source; `"call"`: the expression that calls code.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
REFERENCES = ROOT / "tests/formats/references"
RENDERERS = Path(__file__).parent / "references"

PYTHON = {
    "prompty1": ("prompty==0.1.50", "typing_extensions"),
    "prompty2": ("prompty[jinja2,mustache]==2.1.0",),
    "promptflow": ("promptflow-core==1.18.5",),
    "langchain": ("langchain-core==1.8.3", "jinja2", "pyyaml"),
    "langfuse": ("langfuse==5.0.4",),
    "mlflow": ("mlflow-skinny==3.17.2", "jinja2"),
    "jinja": ("jinja2==3.1.6",),
    "mustache": ("chevron==0.14.0", "pystache==0.6.8"),
    "python": (),
    "github": ("pyyaml",),
}
NODE = {
    "dotprompt": "dotprompt@1.1.2",
    "nunjucks": "nunjucks@3",
    "handlebars": "handlebars@4",
    "typescript": None,
}
SPECIAL = ' {{ x }} {% if %}\nsecond line\n<b>&"q"\' $x ${y} \\n {0} '
WORDS = ["red", "green", "{blue}", "<i>", "42", "é", "日本", "\\", "|", "'", '"', "#", "%"]


def main(folder: Path, names: list[str]) -> None:
    """Record the named references, or all."""
    for name in names or [*PYTHON, *NODE]:
        cases = json.loads((REFERENCES / f"{name}.cases.json").read_text("utf-8"))
        tried = [(case, assignments(case)) for case in cases["cases"]]
        jobs = [_job(name, case, inputs) for case, found in tried for inputs in found.values()]
        results = iter(_rendered(name, folder.resolve(), jobs))
        recorded = {
            "reference": cases["reference"],
            "prompts": {
                case["id"]: {
                    title: {"inputs": inputs, **next(results)} for title, inputs in found.items()
                }
                for case, found in tried
            },
        }
        text = json.dumps(recorded, indent=1, ensure_ascii=False)
        (REFERENCES / f"{name}.reference.json").write_text(f"{text}\n", "utf-8")
        print(f"{name}: {len(jobs)} rendered")  # noqa: T201


def assignments(case: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Six assignments of inputs of the shape of an example."""
    example = case["inputs"]
    optional = case.get("optional", ())
    chance = random.Random(case["id"])
    kept = {name: value for name, value in example.items() if name not in optional}
    return {
        "plain": example,
        "special": _changed(example, lambda _text: SPECIAL),
        "numbers": _changed(example, lambda text: len(text) * 7 - 30),
        "empty": _emptied(kept),
        "random 1": _changed(example, lambda _text: _some(chance), chance),
        "random 2": _changed(example, lambda _text: _some(chance), chance),
    }


def _changed(value: Any, text: Callable[[str], Any], chance: random.Random | None = None) -> Any:
    """The value with other texts; with `chance`, also with other booleans, numbers and lengths."""
    if isinstance(value, dict):
        return {
            key: item if key == "role" else _changed(item, text, chance)
            for key, item in value.items()
        }
    if isinstance(value, list):
        items = [_changed(item, text, chance) for item in value]
        return items if chance is None else items * chance.randrange(1, 3)
    if isinstance(value, str):
        return text(value)
    if chance is None or value is None:
        return value
    return chance.random() < 0.5 if isinstance(value, bool) else chance.randrange(-50, 50)


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _emptied(item) for key, item in value.items()}
    return [] if isinstance(value, list) else False if isinstance(value, bool) else value


def _some(chance: random.Random) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(chance.randrange(1, 6)))


def _job(name: str, case: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    optional = {key: case[key] for key in ("key", "call") if key in case}
    return {"source": str(REFERENCES / name / case["source"]), "inputs": inputs, **optional}


def _rendered(name: str, folder: Path, jobs: list[Any]) -> list[Any]:
    if name in PYTHON:
        command = [str(_environment(name, folder)), str(RENDERERS / "render.py"), name]
    else:
        command = ["node", str(RENDERERS / "render.mjs"), name, str(_modules(name, folder))]
    done = subprocess.run(
        command, input=json.dumps(jobs), stdout=subprocess.PIPE, text=True, check=True
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def _environment(name: str, folder: Path) -> Path:
    """The Python of a reference, which is installed on first use."""
    python = folder / name / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        if PYTHON[name]:
            subprocess.run([str(python), "-m", "pip", "install", "-q", *PYTHON[name]], check=True)
    return python


def _modules(name: str, folder: Path) -> Path:
    """The folder with the packages of Node, each installed on first use."""
    node = folder / "node"
    node.mkdir(parents=True, exist_ok=True)
    package = NODE[name]
    if package is not None and not (node / "node_modules" / name).exists():
        subprocess.run(["npm", "install", "--silent", "--prefix", str(node), package], check=True)
    return node


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
