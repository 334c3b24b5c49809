"""What applications load: a bundle of many prompts, and one of two, with logic and without."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from corpus import make
from peers.templates import INPUTS, MODEL, TEMPLATES, messages
from repositories import commit, git, write
from scene import Scene
from timing import prove

TAG = "v1.0.0"

_TEXT = {"type": "string", "minLength": 1, "maxLength": 8000}
_ISSUE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "title"],
    "properties": {"id": _TEXT, "title": _TEXT},
}
_SCHEMAS = {
    "product": {"enum": ["router", "camera", "hub"]},
    "tone": {"enum": ["friendly", "formal"], "default": "friendly"},
    "language": {"type": "string", "maxLength": 20, "default": "English"},
    "customer": _TEXT,
    "ticket": _TEXT,
    "team": _TEXT,
    "known_issues": {"type": "array", "maxItems": 20, "default": [], "items": _ISSUE},
}


@dataclass(frozen=True, slots=True)
class Bundles:
    """What was built.

    Attributes:
        repository: That of many prompts.
        many, few: Bundles.
        document: What `many` holds, as one JSON document.
    """

    repository: Path
    many: Path
    few: Path
    document: Path


def make_bundles(scene: Scene) -> Bundles:
    """Two tagged repositories, and what is built of them."""
    count = scene.sizes.loaded
    repository = scene.repository(f"loaded-{count}", lambda folder: _make_many(folder, count))
    many = _built(scene, repository)
    few = _built(scene, scene.repository("rendered", _make_few))
    document = scene.folder / "document.json"
    document.write_text(json.dumps([json.loads(line) for line in many.read_text().splitlines()]))
    return Bundles(repository, many, few, document)


def _built(scene: Scene, repository: Path) -> Path:
    bundle = scene.folder / f"{repository.name}.jsonl"
    built = scene.environment.ours("build", TAG, "--bundle-format", "2", "-o", str(bundle))
    prove(built, repository)
    return bundle


def _make_many(folder: Path, count: int) -> None:
    make(folder, count)
    _tag(folder)


def _make_few(folder: Path) -> None:
    """JSON is YAML."""
    write(folder, "promptops.toml", 'prompts = ["prompts"]\n')
    for name, texts in TEMPLATES.items():
        prompt = {
            "format": "promptops/1",
            "model": {"provider": "openai", "id": MODEL},
            "inputs": {"properties": {each: _SCHEMAS[each] for each in INPUTS[name]}},
            "messages": messages(texts),
        }
        write(folder, f"prompts/{name}.prompt.yaml", json.dumps(prompt))
    _tag(folder)


def _tag(folder: Path) -> None:
    commit(folder, "prompts")
    git(folder, "tag", "-a", TAG, "-m", TAG)
