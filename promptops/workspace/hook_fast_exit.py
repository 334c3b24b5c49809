"""Fast exit for the hook: is a file that promptops reads staged? Imports next to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from promptops.errors import PromptopsError
from promptops.patterns import lazy_patterns
from promptops.records import record
from promptops.repo.process import Git, decode, inherited_environment
from promptops.repo.tree import Staged, staged_in

FILES = ("promptops.toml", "pyproject.toml")
MAX_BYTES = 8 * 1024
"""A larger configuration is left to the command, which limits the memory for parsing."""
ALWAYS = (*FILES, "channels.yaml")


@record(frozen=True, slots=True)
class StagedFiles:
    """The staged files of the current repository.

    Attributes:
        relevant: promptops reads one of them, or this is unknown: then the command must run.
        listing: What git reported, for the command to reuse; None if it must call git itself.
    """

    relevant: bool
    listing: Staged | None = None

    def close(self) -> None:
        """End git's process, if the listing is not used."""
        if self.listing is not None:
            self.listing.blobs.close()


def staged_files() -> StagedFiles:
    """Whether promptops reads a staged file; errors are left to the command, which reports them."""
    try:
        staged = staged_in(Git(Path().absolute(), inherited_environment()), FILES)
    except (PromptopsError, ValueError):
        return StagedFiles(relevant=True)
    if staged is None:
        return StagedFiles(relevant=False)
    if _is_relevant(staged):
        return StagedFiles(True, staged)
    staged.blobs.close()
    return StagedFiles(relevant=False)


def _is_relevant(staged: Staged) -> bool:
    try:
        roots = _roots(staged.contents)
        return any(_is_read(path, roots) for path in staged.paths)
    except (PromptopsError, ValueError, TypeError, AttributeError, RecursionError):
        return True


def _is_read(path: str, roots: tuple[str, ...]) -> bool:
    return path in ALWAYS or any(root == "." or path.startswith(f"{root}/") for root in roots)


def _roots(contents: Mapping[str, bytes | None]) -> tuple[str, ...]:
    """The folders that the staged configuration names.

    Raises ValueError for a configuration that only the command can read: one that is invalid, very
    large, or in pyproject.toml.
    """
    own, shared = (contents[path] for path in FILES)
    if shared is not None and b"promptops" in shared:
        raise ValueError("the configuration may be in pyproject.toml")
    if own is None:
        return ("prompts", "schemas")
    if len(own) > MAX_BYTES:
        raise ValueError("the configuration is too large")
    with lazy_patterns():
        import tomllib

    table = tomllib.loads(decode(own))
    prompts, schemas = table.get("prompts", ["prompts"]), table.get("schemas", ["schemas"])
    if not isinstance(prompts, list) or not isinstance(schemas, list):
        raise ValueError("the configuration is invalid")
    return tuple(_root(root) for root in (*prompts, *schemas))


def _root(written: str) -> str:
    root = written.strip("/").removeprefix("./")
    if root != "." and {"", ".", ".."} & set(root.split("/")):
        raise ValueError("a path that only the command normalises")
    return root
