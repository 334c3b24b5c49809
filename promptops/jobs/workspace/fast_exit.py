"""Fast exit for the hook: is a file that promptops reads staged? Imports next to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from promptops.errors import PromptopsError
from promptops.patterns import lazy_patterns
from promptops.repo.process import Git, decode, inherited_environment
from promptops.repo.staged import Staged, staged_in

FILES = ("promptops.toml", "pyproject.toml")
MAX_BYTES = 8 * 1024
ALWAYS = (*FILES, "channels.yaml")


_FOUND: list[Staged] = []


def nothing_staged() -> bool:
    """Whether no file that promptops reads is staged in the current repository.

    False if in doubt: the command itself then reports any error. `take_staged` returns the listing.
    """
    while _FOUND:
        _FOUND.pop().blobs.close()
    try:
        staged = staged_in(Git(Path().absolute(), inherited_environment()), FILES)
    except (PromptopsError, ValueError):
        return False
    if staged is None or _is_idle(staged):
        return True
    _FOUND.append(staged)
    return False


def take_staged(directory: Path) -> Staged | None:
    """The listing of `nothing_staged` for this directory, once; the caller closes its `blobs`."""
    found = _FOUND.pop() if _FOUND else None
    if found is not None and found.directory != directory.absolute():
        found.blobs.close()
        return None
    return found


def _is_idle(staged: Staged) -> bool:
    try:
        roots = _roots(staged.contents)
        idle = not any(_is_ours(path, roots) for path in staged.paths)
    except (PromptopsError, ValueError, TypeError, AttributeError, RecursionError):
        return False
    if idle:
        staged.blobs.close()
    return idle


def _is_ours(path: str, roots: tuple[str, ...]) -> bool:
    return path in ALWAYS or any(root == "." or path.startswith(f"{root}/") for root in roots)


def _roots(contents: Mapping[str, bytes | None]) -> tuple[str, ...]:
    """The folders that the staged configuration names.

    Raises ValueError for a configuration that is wrong, and where it is part of another file,
    which the command reads.
    """
    own, shared = (contents[path] for path in FILES)
    if shared is not None and b"promptops" in shared:
        raise ValueError("the configuration may stand in pyproject.toml")
    if own is None:
        return ("prompts", "schemas")
    if len(own) > MAX_BYTES:
        raise ValueError("the configuration may be one that needs all of the memory")
    with lazy_patterns():
        import tomllib

    table = tomllib.loads(decode(own))
    prompts, schemas = table.get("prompts", ["prompts"]), table.get("schemas", ["schemas"])
    if not isinstance(prompts, list) or not isinstance(schemas, list):
        raise ValueError("the configuration is wrong")
    return tuple(_root(root) for root in (*prompts, *schemas))


def _root(written: str) -> str:
    root = written.strip("/").removeprefix("./")
    if root != "." and {"", ".", ".."} & set(root.split("/")):
        raise ValueError("written in a way that the command understands")
    return root
