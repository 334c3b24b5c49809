"""`promptops init` and settings of editors: which files it writes, and what it adds to them."""

from __future__ import annotations

import json
import tomllib

import pytest

from promptops.commands.init.init import editor_steps, with_json_keys, with_languages
from promptops.workspace.new_files import template

VSCODE = template("vscode-settings.json")
HELIX = template("helix-languages.toml")
ZED = template("zed-settings.json")
FILES = {
    ".vscode/settings.json": VSCODE,
    ".helix/languages.toml": HELIX,
    ".zed/settings.json": ZED,
}
BY_HAND = "it can't be edited safely; add this to it"


def outcome(root):
    return [(step.action, step.path, step.note, step.snippet) for step in editor_steps(root)]


def contents(root):
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in root.rglob("*")
        if path.is_file()
    }


def test_only_editors_with_a_folder_in_the_repository_get_a_file_beside_vs_code(tmp_path):
    without = outcome(tmp_path)
    before = contents(tmp_path)
    (tmp_path / ".helix").mkdir()
    (tmp_path / ".zed").mkdir()
    within = outcome(tmp_path)

    assert without == [("wrote", ".vscode/settings.json", "", "")]
    assert before == {".vscode/settings.json": VSCODE}
    assert within == [
        ("kept", ".vscode/settings.json", "it exists already", ""),
        ("wrote", ".helix/languages.toml", "", ""),
        ("wrote", ".zed/settings.json", "", ""),
    ]
    assert contents(tmp_path) == FILES
    assert {action for action, *_ in outcome(tmp_path)} == {"kept"}


def test_settings_are_added_to_a_file_and_only_once(tmp_path):
    theirs = {
        ".vscode/settings.json": '{\n  "editor.rulers": [100]\n}\n',
        ".helix/languages.toml": '# ours\n[[language]]\nname = "python"\n',
        ".zed/settings.json": "{}",
    }
    for path, text in theirs.items():
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text, encoding="utf-8")

    first, second = outcome(tmp_path), outcome(tmp_path)

    assert first == [("added", path, "", "") for path in theirs]
    assert second == [("kept", path, "it exists already", "") for path in theirs]
    assert contents(tmp_path) == {
        ".vscode/settings.json": '{\n  "editor.rulers": [100],\n' + VSCODE.removeprefix("{\n"),
        ".helix/languages.toml": f'# ours\n[[language]]\nname = "python"\n\n{HELIX}',
        ".zed/settings.json": ZED.rstrip("\n"),
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".vscode/settings.json", "{\n  // mine\n}\n"),
        (".vscode/settings.json", '{"yaml.schemas": {}}'),
        (".vscode/settings.json", '{"a": 1, "a": 2}'),
        (".vscode/settings.json", "[]"),
        (".zed/settings.json", '{"lsp": {"pyright": {}}}'),
        (".helix/languages.toml", "a = \n"),
        (".helix/languages.toml", 'language = [{name = "python"}]\n'),
        (".helix/languages.toml", '[[language]]\nname = "yaml"\nauto-format = true\n'),
    ],
)
def test_a_file_that_cannot_be_edited_safely_is_kept_and_its_settings_are_shown(
    path, text, tmp_path
):
    (tmp_path / path).parent.mkdir()
    (tmp_path / path).write_text(text, encoding="utf-8")

    shown = next(step for step in outcome(tmp_path) if step[1] == path)

    assert shown == ("kept", path, BY_HAND, FILES[path])
    assert (tmp_path / path).read_text("utf-8") == text


def test_a_link_is_kept(tmp_path):
    (tmp_path / "elsewhere.json").write_text("{}")
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".vscode/settings.json").symlink_to(tmp_path / "elsewhere.json")

    assert outcome(tmp_path) == [("kept", ".vscode/settings.json", BY_HAND, VSCODE)]
    assert (tmp_path / "elsewhere.json").read_text() == "{}"


@pytest.mark.parametrize(
    "text", ["{}", '{"a": "}"}\n', '{\r\n  "a": {"b": []}\r\n}\r\n', ' {"a":1} ']
)
def test_keys_are_added_to_a_json_object(text):
    after = with_json_keys(text, VSCODE)

    assert json.loads(after) == {**json.loads(text), **json.loads(VSCODE)}
    assert after.count("\r\n") == (after.count("\n") if "\r\n" in text else 0)


def test_languages_are_added_beside_other_servers():
    text = "[language-server.pyright]\r\ncommand = 'pyright'\r\n"

    after = with_languages(text, HELIX)

    assert after.startswith(text)
    assert list(tomllib.loads(after)["language-server"]) == ["pyright", "promptops"]
    assert after.count("\r\n") == after.count("\n")
