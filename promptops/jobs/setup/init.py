"""Set up promptops in a repository."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from promptops.errors import PromptopsError
from promptops.jobs.setup import pre_commit_file
from promptops.jobs.setup.ci_files import NO_CI_OPTIONS, CiOptions, workflow_steps
from promptops.jobs.setup.editor_settings import editor_steps
from promptops.jobs.setup.hook_file import (
    AT_COMMIT,
    AT_PUSH,
    HookFile,
    find_hooks,
    hook_line,
    install_hook,
)
from promptops.jobs.setup.new_files import (
    CONFIG_SCHEMA,
    SCHEMA,
    SetupStep,
    add_to_file,
    attempt,
    create_file,
    mentions,
    model_lines,
    relative_path,
    template,
    text_of,
    write_step,
)
from promptops.jobs.workspace.workspace import workspace_at
from promptops.model.config import Config
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.repo.process import decode
from promptops.repo.repository import WORKTREE, Repository
from promptops.source.config import FILES, OWN, load
from promptops.source.schemas import schema_text

EXAMPLE = "example/summary"
_PLAIN = lazy_pattern(r"[\w./-]{1,100}", re.ASCII)
PARTIAL = "partials/house-style.md.j2"


@record(frozen=True, slots=True)
class SetupResult:
    """What `init` did, in order.

    Attributes:
        next_command: The next command to run.
    """

    steps: tuple[SetupStep, ...]
    next_command: str


def set_up(
    directory: Path,
    *,
    hooks: bool,
    pre_push: bool = False,
    ci: CiOptions = NO_CI_OPTIONS,
) -> SetupResult:
    """Write missing files; existing ones are not changed.

    Args:
        hooks: Install plain git hooks, instead of an entry for pre-commit.
        pre_push: With `hooks`, also the one that runs the gate before a push.
        ci: What CI should do.

    Raises GitError if there is no work tree. A file that can't be written is a failed step; the
    other steps still run.
    """
    with Repository.open(directory) as repository:
        disk = repository.tree(WORKTREE, under=FILES)  # refuses a bare repository
        steps = [attempt(OWN, lambda: _configuration(repository, disk.read(FILES)))]
        steps += [attempt(path, _writing(repository, path)) for path in (SCHEMA, CONFIG_SCHEMA)]
        steps += _example(repository)
        steps += editor_steps(repository.root)
        names = (*AT_COMMIT, *((AT_PUSH,) if pre_push else ()))
        found = find_hooks(repository, names)
        if hooks:
            steps += [
                attempt(str(hook.path), partial(_hook, repository.root, hook)) for hook in found
            ]
        else:
            entry = partial(_pre_commit, repository.root, found[0])
            steps.append(attempt(pre_commit_file.PATH, entry))
        steps += workflow_steps(repository, ci)
        failed = any(step.action == "failed" for step in steps)
        return SetupResult(
            tuple(steps), "promptops init" if failed else _next_command(repository, hooks, found)
        )


def _next_command(repository: Repository, hooks: bool, found: tuple[HookFile, ...]) -> str:
    """The command to install missing hooks; pre-commit refuses core.hooksPath."""
    if hooks or found[0].owner != "none":
        return "promptops lint"
    if found[0].configured is not None:
        return "promptops init --hooks"
    return pre_commit_file.install_command(text_of(repository.root, pre_commit_file.PATH))


def _configuration(repository: Repository, files: dict[str, bytes]) -> SetupStep:
    config = load(files)
    if config.path is not None and config.path != OWN:
        return SetupStep(
            path=config.path, action="kept", note="it contains the configuration already"
        )
    return write_step(repository.root, OWN, template("promptops.toml", branch=_branch(repository)))


def _branch(repository: Repository) -> str:
    """The branch of releases: the remote's default branch, else the current one."""
    for name in ("refs/remotes/origin/HEAD", "HEAD"):
        answer = decode(repository.git.ask("symbolic-ref", "--quiet", name).stdout).strip()
        branch = answer.removeprefix("refs/heads/").removeprefix("refs/remotes/origin/")
        if _PLAIN.fullmatch(branch):
            return branch
    return "main"


def _writing(repository: Repository, path: str) -> Callable[[], SetupStep]:
    """Write a copy of a schema to the repository, so that any editor finds it, even offline."""
    text = schema_text(path.rpartition("/")[2])

    def write() -> SetupStep:
        step = write_step(repository.root, path, text)
        if step.action == "kept" and not _holds(repository.root / path, text):
            note = "it is from another version of promptops; remove it to get the current one"
            return SetupStep(path=path, action="kept", note=note)
        return step

    return write


def _holds(file: Path, text: str) -> bool:
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        return False


def _example(repository: Repository) -> Iterator[SetupStep]:
    """Write the example completely or not at all: a part of it would have lint errors."""
    try:
        workspace = workspace_at(repository, WORKTREE)
    except PromptopsError as error:
        return iter([SetupStep(path=error.where or OWN, action="failed", note=error.message)])
    root, config = workspace.config.prompts[0], workspace.config
    if workspace.catalog.prompt_files:
        note = "it contains prompts already, so no example was written"
        return iter([SetupStep(path=root, action="kept", note=note)])
    files = _example_files(config)
    standing = next((path for path in files if (repository.root / path).exists()), None)
    if standing is not None:
        note = "it exists already, so no example was written"
        return iter([SetupStep(path=standing, action="kept", note=note)])
    return (
        attempt(path, partial(write_step, repository.root, path, text))
        for path, text in files.items()
    )


def _example_files(config: Config) -> dict[str, str]:
    root = config.prompts[0]
    folder = "" if root == "." else f"{root}/"
    path = f"{folder}{EXAMPLE}.prompt.yaml"
    values = {"schema": relative_path(SCHEMA, path), "partial": PARTIAL, "id": EXAMPLE}
    text = template("example.prompt.yaml", model=model_lines(config), **values)
    return {f"{folder}{PARTIAL}": template("house-style.md.j2"), path: text}


def _hook(root: Path, hook: HookFile) -> SetupStep:
    shown = _shown_path(hook.path, root)
    if hook.owner == "none":
        install_hook(hook)
        note = f"core.hooksPath is {hook.configured}" if hook.configured is not None else ""
        return SetupStep(path=shown, action="wrote", note=note)
    if hook.owner == "ours":
        return SetupStep(path=shown, action="kept", note="it runs promptops already")
    note = "there is another hook; add this line to it"
    return SetupStep(path=shown, action="kept", note=note, snippet=f"{hook_line(hook)}\n")


def _shown_path(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _pre_commit(root: Path, hook: HookFile) -> SetupStep:
    path = pre_commit_file.PATH
    if hook.owner == "ours" and not mentions(root / path, "promptops"):
        return SetupStep(path=path, action="skipped", note="git hooks of promptops are installed")
    if create_file(root, path, pre_commit_file.new_file_text()):
        return SetupStep(path=path, action="wrote")
    text = text_of(root, path)
    if pre_commit_file.mentions_promptops(text):
        return SetupStep(path=path, action="kept", note="it runs promptops already")
    note = "it can't be edited safely; add this below `repos`"
    snippet = template("pre-commit-entry.yaml")
    return add_to_file(root, path, pre_commit_file.with_entry, note=note, snippet=snippet)
