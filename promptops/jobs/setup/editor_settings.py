"""Settings of editors: new files, or keys that are added to existing files."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from promptops.jobs.setup.new_files import (
    SetupStep,
    add_to_file,
    attempt,
    create_file,
    mentions,
    template,
)
from promptops.records import record

_IS_THERE = "it exists already"


@record(frozen=True, slots=True, kw_only=True)
class EditorFile:
    """The file with the settings of an editor.

    Attributes:
        path: Relative to the repository root.
        template: The file's name in `templates/`.
        mark: A word that is in the file once it has our settings.
        merged: From the text of a file and our settings to the text with both; None if that can't
            be done safely.
    """

    path: str
    template: str
    mark: str
    merged: Callable[[str, str], str | None]


def editor_steps(root: Path) -> Iterator[SetupStep]:
    """Write the settings of VS Code, and of each other editor whose folder exists in `root`.

    Nothing outside the repository is read, so that the same files are written on every machine.
    """
    always, *others = _files()
    found = [file for file in others if (root / file.path).parent.is_dir()]
    return (attempt(file.path, partial(_step, root, file)) for file in (always, *found))


def _files() -> tuple[EditorFile, ...]:
    schema = "prompt.schema.json"
    return (
        EditorFile(
            path=".vscode/settings.json",
            template="vscode-settings.json",
            mark=schema,
            merged=with_json_keys,
        ),
        EditorFile(
            path=".helix/languages.toml",
            template="helix-languages.toml",
            mark="promptops",
            merged=with_languages,
        ),
        EditorFile(
            path=".zed/settings.json",
            template="zed-settings.json",
            mark=schema,
            merged=with_json_keys,
        ),
    )


def _step(root: Path, file: EditorFile) -> SetupStep:
    settings = template(file.template)
    if create_file(root, file.path, settings):
        return SetupStep(path=file.path, action="wrote")
    if mentions(root / file.path, file.mark):
        return SetupStep(path=file.path, action="kept", note=_IS_THERE)
    note = "it can't be edited safely; add this to it"
    return add_to_file(
        root, file.path, lambda text: file.merged(text, settings), note=note, snippet=settings
    )


def with_json_keys(text: str, settings: str) -> str | None:
    """A JSON object with the keys of another one after its own.

    None if it has comments or repeated keys, is no object, or has one of the keys already.
    """
    before, ours = _json_object(text), json.loads(settings)
    if before is None or before.keys() & ours.keys():
        return None
    head, brace, tail = text.rpartition("}")
    added = settings.strip().removeprefix("{").removesuffix("}").strip("\n")
    comma = "," if before else ""
    newline = "\r\n" if "\r\n" in text else "\n"
    after = f"{head.rstrip()}{comma}\n{added}\n".replace("\r\n", "\n").replace("\n", newline)
    whole = f"{after}{brace}{tail}"
    return whole if _json_object(whole) == {**before, **ours} else None


def with_languages(text: str, settings: str) -> str | None:
    """Helix's `languages.toml` with our server and languages at its end.

    None if it is not TOML, or defines our server or one of the languages already.
    """
    before, ours = _toml(text), tomllib.loads(settings)
    if before is None or not _is_disjoint(before, ours):
        return None
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "\n" if text.strip() else ""
    after = f"{text.rstrip()}\n{gap}{settings}".lstrip("\n")
    after = after.replace("\r\n", "\n").replace("\n", newline)
    expected = {
        **before,
        "language-server": {**before.get("language-server", {}), **ours["language-server"]},
        "language": [*before.get("language", []), *ours["language"]],
    }
    return after if _toml(after) == expected else None


def _is_disjoint(before: dict[str, Any], ours: dict[str, Any]) -> bool:
    servers, languages = before.get("language-server", {}), before.get("language", [])
    if not isinstance(servers, dict) or not isinstance(languages, list):
        return False
    names = {each.get("name") for each in languages if isinstance(each, dict)}
    return not (
        servers.keys() & ours["language-server"].keys()
        or names & {each["name"] for each in ours["language"]}
    )


def _toml(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key is repeated")
    return value
