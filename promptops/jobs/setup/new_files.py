"""Create files without overwriting existing ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

from promptops.errors import InputError, os_reason
from promptops.model.config import Config
from promptops.patterns import lazy_pattern

SCHEMA = ".promptops/prompt.schema.json"
CONFIG_SCHEMA = ".promptops/config.schema.json"
DEFAULT_MODEL = "provider: openai\n  id: gpt-5.4-mini-2026-03-17"
_PLAIN = lazy_pattern(r"[A-Za-z][A-Za-z0-9_-]*")


def make(root: Path, path: str, text: str, *, executable: bool = False) -> bool:
    """Write a new file below `root`; returns False and changes nothing if it exists.

    Raises InputError if it can't be created: a file in place of a folder, a folder without write
    permission, a link that points outside `root`.
    """
    target = root / path
    if os.path.lexists(target):
        return False
    _make_folder(root, target.parent, path)
    mode = 0o777 if executable else 0o666
    try:
        number = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise _refused(path, error) from None
    return True


def template(name: str, **values: str) -> str:
    """A file of `templates/` with each `@NAME@` replaced."""
    text = (Path(__file__).parents[2] / "templates" / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", value)
    return text


def model_lines(config: Config) -> str:
    """The lines below `model:` of a prompt: an existing profile, or else a model by its name."""
    if not config.models:
        return DEFAULT_MODEL
    name = "fast" if "fast" in config.models else next(iter(config.models))
    return f"profile: {name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)}"


def relative(path: str, base: str) -> str:
    """A path relative to the file `base`, with `..` and forward slashes."""
    return os.path.relpath(path, os.path.dirname(base) or ".").replace(os.sep, "/")


def _make_folder(root: Path, folder: Path, path: str) -> None:
    inside = os.path.realpath(root)
    real = os.path.realpath(folder)
    if os.path.commonpath((inside, real)) != inside:
        raise InputError("a symbolic link points outside the repository", where=path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(
            f"can't be created: {_file_on_the_way(folder, root)!r} is a file, not a folder",
            where=path,
            hint="move the file away",
        ) from None
    except OSError as error:
        raise _refused(path, error) from None


def _file_on_the_way(folder: Path, root: Path) -> str:
    files = (each for each in (folder, *folder.parents) if each.exists() and not each.is_dir())
    found = next(files, folder)
    return os.path.relpath(found, root).replace(os.sep, "/")


def _refused(path: str, error: OSError) -> InputError:
    reason = os_reason(error)
    return InputError(f"can't be created: {reason}", where=path, hint="check its permissions")
