"""The hooks of a repository, by pre-commit or in git's own folder."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any, Literal

from promptops.errors import InputError
from promptops.records import record
from promptops.repo.process import decode
from promptops.repo.repository import Repository
from promptops.workspace.new_files import create_file, template

PATH = ".pre-commit-config.yaml"


def new_file_text() -> str:
    """The file for a repository that has none yet."""
    types = f"default_install_hook_types: [{', '.join(AT_COMMIT)}]"
    return f"{types}\nrepos:\n{_indented(template('pre-commit-entry.yaml'), '  ')}"


def install_command(text: str) -> str:
    """The command to install the hooks, including the merge hook, which is not a default."""
    value = _parsed(text)
    types = value.get("default_install_hook_types") if isinstance(value, dict) else None
    if isinstance(types, list) and set(AT_COMMIT) <= {*map(str, types)}:
        return "pre-commit install"
    return " ".join(("pre-commit install", *(f"--hook-type {name}" for name in AT_COMMIT)))


def mentions_promptops(text: str) -> bool:
    """Whether a hook of the file runs promptops, by its id or its command."""
    value = _parsed(text)
    repos = value.get("repos") if isinstance(value, dict) else None
    hooks = [
        hook
        for repo in (repos if isinstance(repos, list) else ())
        if isinstance(repo, dict) and isinstance(repo.get("hooks"), list)
        for hook in repo["hooks"]
        if isinstance(hook, dict)
    ]
    words = (str(hook.get(key, "")).split() for hook in hooks for key in ("id", "entry"))
    return any("promptops" in word for word in words)


def with_entry(text: str) -> str | None:
    """The file with our entry after its last repository; None if that can't be done safely.

    The text is inserted, and accepted only if parsing then gives one more repository.
    """
    before = _parsed(text)
    place = _end_of_repos(text)
    if place is None or not isinstance(before, dict):
        return None
    line, indentation = place
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if "\r\n" in text else "\n"
    entry = _indented(template("pre-commit-entry.yaml"), indentation).replace("\n", newline)
    head = "".join(lines[:line])
    missing = "" if head.endswith("\n") else newline
    after = f"{head}{missing}{entry}{''.join(lines[line:])}"
    expected = {**before, "repos": [*before["repos"], *_parsed(template("pre-commit-entry.yaml"))]}
    return after if _parsed(after) == expected else None


def _end_of_repos(text: str) -> tuple[int, str] | None:
    """Number of lines through the last repository, and the white space before each of them."""
    import yaml

    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return None
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    repos = next((value for key, value in pairs if key.value == "repos"), None)
    if not isinstance(repos, yaml.SequenceNode) or repos.flow_style or not repos.value:
        return None
    lines = text.splitlines()
    indentation, dash, _ = lines[repos.value[0].start_mark.line].partition("-")
    if not dash or indentation.strip():
        return None
    return _last_line(repos) + 1, indentation


def _last_line(node: Any) -> int:
    """The line of the last scalar or flow collection inside, 0-based; a block itself ends later."""
    import yaml

    while not isinstance(node, yaml.ScalarNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.line)


def _parsed(text: str) -> Any:
    """The parsed value, or None if it is not YAML."""
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _indented(text: str, indentation: str) -> str:
    return "".join(f"{indentation}{line}" for line in text.splitlines(keepends=True))


# Plain git hooks of a repository: find them, find their owner, install those of promptops.

Owner = Literal["none", "ours", "pre-commit", "other"]
MARK = "# promptops:"
AT_COMMIT = ("pre-commit", "pre-merge-commit")
"""The hooks before a commit; a merge without conflicts runs only the second one."""

AT_PUSH = "pre-push"


@record(frozen=True, slots=True, kw_only=True)
class HookFile:
    """A hook file of git.

    Attributes:
        configured: The value of `core.hooksPath`, or None.
        owner: Who installed it; a hook that calls promptops is ours.
        runs: Whether git runs it: it is executable.
    """

    path: Path
    configured: str | None
    owner: Owner
    runs: bool

    @property
    def name(self) -> str:
        """The name of the hook in git, such as `pre-commit`."""
        return self.path.name


def find_hooks(repository: Repository, names: tuple[str, ...] = AT_COMMIT) -> tuple[HookFile, ...]:
    """The hooks of a repository; respects `core.hooksPath`."""
    git = repository.git
    folder = decode(git.run("rev-parse", "--path-format=absolute", "--git-path", "hooks"))
    answer = git.ask("config", "--get", "core.hooksPath")
    configured = decode(answer.stdout).removesuffix("\n") if not answer.status else None
    paths = [Path(folder.removesuffix("\n")) / name for name in names]
    return tuple(
        HookFile(
            path=path, configured=configured, owner=_owner(path), runs=os.access(path, os.X_OK)
        )
        for path in paths
    )


def install_hook(hook: HookFile) -> None:
    """Install our hook if no hook exists; raises InputError if it can't be written."""
    text = hook_text(hook.name).replace("installed=''", f"installed={_own_executable()}", 1)
    try:
        create_file(hook.path.parent, hook.path.name, text, executable=True)
    except InputError as error:
        raise InputError(error.message, where=str(hook.path), hint=error.hint) from None


def hook_line(hook: HookFile) -> str:
    """The line to add to an existing hook."""
    command = "check --at HEAD" if hook.name == AT_PUSH else "lint --staged"
    return f"promptops {command} || exit 1"


def hook_text(name: str) -> str:
    """A file of `hooks/`: in the package when it is installed, and beside it in a checkout."""
    package = Path(__file__).parents[2]
    for folder in (package / "hooks", package.parent / "hooks"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise FileNotFoundError(f"promptops was installed without its hook {name!r}")


def _owner(path: Path) -> Owner:
    if not os.path.lexists(path):
        return "none"
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:  # a folder, a dead link, or not for us
        return "other"
    if MARK in text or "promptops lint" in text or "promptops check" in text:
        return "ours"
    return "pre-commit" if "generated by pre-commit" in text else "other"


def _own_executable() -> str:
    """The `promptops` beside the Python that runs this, quoted for a shell."""
    executable = Path(sys.executable).parent / "promptops"
    return shlex.quote(str(executable)) if executable.is_file() else "''"
