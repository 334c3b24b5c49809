"""A skill for coding agents: where it is written, and the paragraph on it in `AGENTS.md`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

from promptops.commands.init.init import SetupResult
from promptops.errors import InputError
from promptops.repo.repository import Repository
from promptops.workspace.new_files import (
    SetupStep,
    add_to_file,
    attempt,
    template,
    text_of,
    write_copy,
)

SKILL = "skills/promptops/SKILL.md"
"""The path of the skill in the folder of an agent. The folder has the name of the skill."""

SIGNS = {
    ".claude": (".claude", "CLAUDE.md"),
    ".github": (".github/skills", ".github/copilot-instructions.md"),
    ".agents": (".agents",),
}
"""By the folder of an agent: paths that show that somebody uses the agent here."""

AGENTS_FILE = "AGENTS.md"

Confirm = Callable[[str, str], bool]
"""Asks whether a text may be added to the file with a path."""


def set_up_agents(directory: Path, confirm: Confirm) -> SetupResult:
    """Write the skill, and add a paragraph on it to `AGENTS.md` if that file exists.

    Raises GitError if there is no work tree.
    """
    with Repository.open(directory) as repository:
        repository.need_work_tree()
        root = repository.root
        path = _skill_path(root)
        skill = attempt(path, partial(_skill_step, repository, path))
        steps = [skill]
        if skill.action != "failed" and os.path.lexists(root / AGENTS_FILE):
            steps.append(attempt(AGENTS_FILE, partial(_paragraph_step, root, path, confirm)))
    changed = [step.path for step in steps if step.action in ("wrote", "added") and not step.note]
    then = f"git add {shlex.join(changed)}" if changed else "promptops check"
    return SetupResult(tuple(steps), then)


def _skill_path(root: Path) -> str:
    """An existing skill, or else that of the first agent found; relative to `root`.

    A folder that is a link to another one in `root` is resolved: git adds nothing beyond a link.
    """
    existing = [folder for folder in SIGNS if os.path.lexists(root / folder / SKILL)]
    used = [
        folder for folder, signs in SIGNS.items() if any(os.path.lexists(root / x) for x in signs)
    ]
    path = f"{(*existing, *used, '.agents')[0]}/{SKILL}"
    real_root, real = os.path.realpath(root), os.path.realpath((root / path).parent)
    inside = os.path.commonpath((real_root, real)) == real_root
    return f"{os.path.relpath(real, real_root)}/{Path(SKILL).name}" if inside else path


def _skill_step(repository: Repository, path: str) -> SetupStep:
    step = write_copy(repository.root, path, template("skill.md"))
    if step.action == "wrote" and repository.is_ignored(path):
        note = "git ignores it: `git check-ignore -v` shows the line; or use `git add --force`"
        return SetupStep(path=path, action="wrote", note=note)
    return step


def _paragraph_step(root: Path, skill: str, confirm: Confirm) -> SetupStep:
    paragraph = template("agents.md", skill=skill)
    kept = partial(SetupStep, path=AGENTS_FILE, action="kept")
    try:
        text = text_of(root, AGENTS_FILE)
    except InputError as error:
        return kept(note=f"{error.message}; add this to it", snippet=paragraph)
    if skill in text:
        return kept(note="it names the skill already")
    if "promptops" in text.casefold():
        return kept(
            note="it mentions promptops already; this would name the skill", snippet=paragraph
        )
    if (root / AGENTS_FILE).is_symlink():
        note = "a symbolic link, whose target promptops does not change; add this to it"
        return kept(note=note, snippet=paragraph)
    if not confirm(AGENTS_FILE, paragraph):
        return SetupStep(path=AGENTS_FILE, action="skipped", note="not confirmed")
    return add_to_file(root, AGENTS_FILE, partial(_with_paragraph, paragraph), note="", snippet="")


def _with_paragraph(paragraph: str, text: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    above = text.rstrip("\r\n")
    between = newline * 2 if above else ""
    return above + between + paragraph.replace("\n", newline)
