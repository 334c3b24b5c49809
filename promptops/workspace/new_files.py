"""Create files without overwriting existing ones, and report each as a step of the setup."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

from promptops.errors import InputError, PromptopsError, os_reason
from promptops.model.config import Config
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.storage.atomic import create_whole

SCHEMA = ".promptops/prompt.schema.json"
CONFIG_SCHEMA = ".promptops/config.schema.json"
SCHEMAS = (SCHEMA, "schemas/prompt.schema.json")
"""Paths of the schema copy for editors; the first one is created if none exists."""

DEFAULT_PROFILE = ("openai", "gpt-5.4-mini-2026-03-17")
"""Provider and id of the model of a new prompt, where the configuration has no profile."""

_PLAIN = lazy_pattern(r"[A-Za-z][A-Za-z0-9_-]*")


@record(frozen=True, slots=True, kw_only=True)
class SetupStep:
    """The result for one file.

    Attributes:
        path: Relative to the repository root, forward slashes; absolute for a hook outside of it.
        action: `wrote` it, `added` to it, `kept` it unchanged, `skipped` it, or `failed`.
        note: Why the file was kept, skipped or failed, what else it needs, or "".
        snippet: Text to add by hand, or "".
    """

    path: str
    action: Literal["wrote", "added", "kept", "skipped", "failed"]
    note: str = ""
    snippet: str = ""


def create_file(root: Path, path: str, text: str, *, executable: bool = False) -> bool:
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
        create_whole(target, text.encode(), mode)
    except FileExistsError:
        return False
    except OSError as error:
        raise _refused(path, error) from None
    return True


def existing_content(path: Path) -> bytes | None:
    """The content of a file, b"" if it can't be read; None if nothing, not even a link, exists."""
    if not os.path.lexists(path):
        return None
    try:
        return path.read_bytes()
    except OSError:
        return b""


def schema_path(root: Path) -> str:
    """The copy of the schema for editors, which `write_schema_copy` creates if none exists."""
    return next((path for path in SCHEMAS if (root / path).is_file()), SCHEMA)


def write_schema_copy(root: Path) -> str | None:
    """Create the copy of the schema for editors; returns its path, None if one exists.

    Raises InputError as `create_file`.
    """
    from promptops.source.shape import schema_text

    path = schema_path(root)
    exists = (root / path).is_file()
    written = not exists and create_file(root, path, schema_text("prompt.schema.json"))
    return path if written else None


def attempt(path: str, step: Callable[[], SetupStep]) -> SetupStep:
    """Run a step; an expected error is a failed step, so that the other steps still run."""
    try:
        return step()
    except PromptopsError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return SetupStep(path=error.where or path, action="failed", note=f"{error.message}{hint}")


def write_step(root: Path, path: str, text: str) -> SetupStep:
    """Create a file, and report it as a step."""
    if create_file(root, path, text):
        return SetupStep(path=path, action="wrote")
    return SetupStep(path=path, action="kept", note="it exists already")


def write_copy(root: Path, path: str, text: str) -> SetupStep:
    """Create a file that promptops brings; a step that keeps another content reports it."""
    step = write_step(root, path, text)
    if step.action == "kept" and existing_content(root / path) != text.encode():
        note = "it differs from the one of this version of promptops; remove it to get that one"
        return SetupStep(path=path, action="kept", note=note)
    return step


def add_to_file(
    root: Path, path: str, added: Callable[[str], str | None], *, note: str, snippet: str
) -> SetupStep:
    """Change an existing file, and report it as a step.

    `added` returns the new text, or None if the file can't be edited safely. It is then kept, with
    `note` and `snippet`, as is a link: it may point anywhere, and its target must not be changed.
    Raises InputError if the file can't be read or written.
    """
    text = text_of(root, path)
    changed = None if (root / path).is_symlink() else added(text)
    if changed is None:
        return SetupStep(path=path, action="kept", note=note, snippet=snippet)
    try:
        (root / path).write_bytes(changed.encode("utf-8"))
    except OSError as error:
        raise InputError(f"can't be written: {os_reason(error)}", where=path) from None
    return SetupStep(path=path, action="added")


def text_of(root: Path, path: str) -> str:
    """A file's text, newlines as written. Raises InputError if it can't be read or isn't UTF-8."""
    try:
        return (root / path).read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"can't be read: {os_reason(error)}", where=path) from None
    except ValueError:
        raise InputError("not UTF-8", where=path) from None


def mentions(file: Path, word: str) -> bool:
    """Whether a file contains a word; False if it can't be read."""
    try:
        return word in file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def template(name: str, **values: str) -> str:
    """A file of `templates/` with each `@NAME@` replaced."""
    text = (Path(__file__).parents[1] / "templates" / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", value)
    return text


def model_lines(config: Config) -> str:
    """The lines below `model:` of a prompt: an existing profile, or else a model by its name."""
    if not config.models:
        return "provider: {}\n  id: {}".format(*DEFAULT_PROFILE)
    name = usual_profile(config.models)
    return f"profile: {name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)}"


def usual_profile(models: Collection[str]) -> str:
    """The profile of new prompts: `fast`, or else the first one; there must be one."""
    return "fast" if "fast" in models else next(iter(models))


def relative_path(path: str, base: str) -> str:
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
    files = (path for path in (folder, *folder.parents) if path.exists() and not path.is_dir())
    found = next(files, folder)
    return os.path.relpath(found, root).replace(os.sep, "/")


def _refused(path: str, error: OSError) -> InputError:
    hint = "check the permissions and the free disk space"
    return InputError(f"can't be created: {os_reason(error)}", where=path, hint=hint)
