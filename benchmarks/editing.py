"""A language server in the hand of an editor: from an edit of an open prompt to its diagnostics.
Beside it, `yaml-language-server` checks the same file with our JSON schema. The times are those of
one edit; the CPU time is that of the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import corpus
from editor import Edits, edit_often
from environment import YAML_PEER
from scene import Scene
from table import Row
from timing import run

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "schemas" / "prompt.schema.json"
TRIAGE = "prompts/support/triage.prompt.yaml"
GROWTH_MB = 20


def rows(scene: Scene) -> Iterator[Row]:
    """Wall and CPU time of an edit in two catalogs, and what a long session adds to memory."""
    for prompts in scene.sizes.edited:
        repository = scene.repository(
            f"edited-{prompts}", lambda folder, prompts=prompts: corpus.make(folder, prompts)
        )
        scene.tell(f"linting {prompts:,} prompts once, as their hook has done")
        run(scene.environment.ours("lint", "--exit-zero", "--quiet").command, repository)
        yield from _edits(scene, repository, prompts)
    yield from _growth(scene, repository)
    yield from _triage(scene)


def _edits(scene: Scene, repository: Path, prompts: int) -> Iterator[Row]:
    what = f"edit to diagnostics, {prompts:,} prompts"
    scene.tell(what)
    ours = _ours(scene, repository, scene.sizes.edits)
    theirs = _theirs(scene, repository, scene.sizes.edits)
    beside = YAML_PEER if theirs is not None else ""
    for name, of, at_most in (("wall", "wall_s", None), ("CPU", "cpu_s", 0.020)):
        yield Row(
            what=f"{what}, {name}",
            ours=getattr(ours, of),
            unit="ms",
            beside=beside,
            theirs=getattr(theirs, of) if theirs is not None else None,
            at_most=at_most,
        )


def _triage(scene: Scene) -> Iterator[Row]:
    """An edit of a prompt of this repository with five cases and two variants; what is shown."""
    command, edits = scene.environment.ours("lsp").command, scene.sizes.edits
    peer = scene.environment.node_tool(YAML_PEER, "", "--stdio").command
    has_peer = scene.environment.has(YAML_PEER)
    for name, previews in (("edit", False), ("edit, code lenses and preview", True)):
        what = f"{name} of our `support/triage`, CPU"
        scene.tell(what)
        ours = edit_often(command, ROOT, TRIAGE, edits, previews=previews)
        theirs = edit_often(peer, ROOT, TRIAGE, edits, schema=SCHEMA) if has_peer else None
        yield Row(
            what=what,
            ours=ours.cpu_s,
            unit="ms",
            beside=YAML_PEER if theirs is not None else "",
            theirs=theirs.cpu_s if theirs is not None else None,
            at_most=0.020,
        )


def _growth(scene: Scene, repository: Path) -> Iterator[Row]:
    edits = scene.sizes.many_edits
    what = f"memory that {edits:,} edits add"
    scene.tell(what)
    ours = _ours(scene, repository, edits)
    yield Row(what=what, ours=ours.growth_mb, unit="MB", at_most=GROWTH_MB)


def _ours(scene: Scene, repository: Path, edits: int) -> Edits:
    program = scene.environment.ours("lsp")
    return edit_often(program.command, repository, corpus.path(7), edits)


def _theirs(scene: Scene, repository: Path, edits: int) -> Edits | None:
    if not scene.environment.has(YAML_PEER):
        return None
    program = scene.environment.node_tool(YAML_PEER, "", "--stdio")
    return edit_often(program.command, repository, corpus.path(7), edits, schema=SCHEMA)
