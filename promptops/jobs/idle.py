"""Whether a commit is none of our business: asked first, with next to nothing imported."""

from __future__ import annotations

from pathlib import Path

from promptops.errors import PromptopsError
from promptops.repo.process import Git, decode, inherited_environment, records

FILES = ("promptops.toml", "pyproject.toml")
PLAIN = ("--no-renames", "--no-ext-diff", "--no-relative")
MAX_BYTES = 8 * 1024
ALWAYS = (*FILES, "channels.yaml")


def nothing_staged() -> bool:
    """Whether nothing that the tool looks at is staged in the repository around us.

    In doubt something is: whatever is wrong is then said by the command itself.
    """
    try:
        git = Git(Path().absolute(), inherited_environment())
        staged = git.run("diff", "--cached", "--name-only", "-z", *PLAIN)
        changed = records(staged)
        roots = _roots(git) if changed else ()
        return not any(_is_ours(path, roots) for path in changed)
    except (PromptopsError, ValueError, TypeError, AttributeError, RecursionError):
        return False


def _is_ours(path: str, roots: tuple[str, ...]) -> bool:
    return path in ALWAYS or any(root == "." or path.startswith(f"{root}/") for root in roots)


def _roots(git: Git) -> tuple[str, ...]:
    """The folders that the staged configuration names.

    Raises ValueError for a configuration that is wrong, and where it is part of another file,
    which the command reads.
    """
    own = git.ask("cat-file", "blob", f":{FILES[0]}")
    shared = git.ask("cat-file", "blob", f":{FILES[1]}")
    if shared.status == 0 and b"promptops" in shared.stdout:
        raise ValueError("the configuration may stand in pyproject.toml")
    if own.status != 0:
        return ("prompts", "schemas")
    if len(own.stdout) > MAX_BYTES:
        raise ValueError("the configuration may be one that needs all of the memory")
    import tomllib

    table = tomllib.loads(decode(own.stdout))
    prompts, schemas = table.get("prompts", ["prompts"]), table.get("schemas", ["schemas"])
    if not isinstance(prompts, list) or not isinstance(schemas, list):
        raise ValueError("the configuration is wrong")
    return tuple(_root(root) for root in (*prompts, *schemas))


def _root(written: str) -> str:
    root = written.strip("/").removeprefix("./")
    if root != "." and {"", ".", ".."} & set(root.split("/")):
        raise ValueError("written in a way that the command understands")
    return root
