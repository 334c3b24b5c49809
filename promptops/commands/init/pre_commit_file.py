"""`.pre-commit-config.yaml`: detect promptops in it, or add it without reformatting the file."""

from __future__ import annotations

from typing import Any

from promptops.commands.init.hook_file import AT_COMMIT
from promptops.workspace.new_files import template

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
