"""A renamed file in the editor changes what `promptops mv` would change."""

from pathlib import Path

import pytest
from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.commands.lsp.documents import Document, FileInRepository, uri_of
from promptops.commands.lsp.edits import RenamingEditor, file_rename
from promptops.commands.mv.plan import moving_workspace, plan_move
from promptops.errors import PromptopsError
from tests.commands.lsp.opened_files import UTF_16
from tests.commands.mv.catalog import FILES, TRIAGE, fill

NEW = "prompts/helpdesk/first.prompt.yaml"
TONE = "prompts/partials/tone.md.j2"


@pytest.fixture
def live(prepared):
    opened = Live(prepared(fill).root)
    yield opened
    opened.close()


def renamed(live, old, new, *, open_texts=None, renames_files=True):
    documents = {
        uri_of(live, path): Document(uri=uri_of(live, path), text=text, version=3)
        for path, text in (open_texts or {}).items()
    }
    editor = RenamingEditor(
        encoding=UTF_16,
        find_open=documents.get,
        renames_files=renames_files,
    )
    found = FileInRepository(live, old)
    return file_rename(found, uri_of(live, new), editor)


def shown(live, changes):
    """Each change: the path, the version and the new texts; or the two paths of a renamed file."""
    root = f"{live.root.as_uri()}/"
    return [
        (each.old_uri.removeprefix(root), each.new_uri.removeprefix(root))
        if isinstance(each, types.RenameFile)
        else (
            each.text_document.uri.removeprefix(root),
            each.text_document.version,
            [edit.new_text for edit in each.edits],
        )
        for each in changes
    ]


def test_a_renamed_prompt_takes_its_files_along_and_leaves_an_alias(live):
    before = {path: path.read_bytes() for path in live.root.rglob("*") if path.is_file()}
    plan = plan_move(moving_workspace(live.workspace.repository), TRIAGE, NEW)

    found = renamed(live, TRIAGE, NEW)

    by_path: dict[str, list[str]] = {}
    for edit in plan.edits:
        by_path.setdefault(edit.place.path, []).append(edit.after)
    assert shown(live, found.changes) == [
        *((path, None, texts) for path, texts in sorted(by_path.items())),
        *((file.old, file.new) for file in plan.files if file.old != TRIAGE),
    ]
    assert found.manual == plan.manual
    assert any("aliases" in text for text in by_path[TRIAGE])
    assert before == {path: path.read_bytes() for path in live.root.rglob("*") if path in before}


def test_a_renamed_folder_moves_no_file_that_the_editor_moves(live):
    found = renamed(live, "prompts/partials", "prompts/parts")

    assert shown(live, found.changes) == [
        (TRIAGE, None, ['"parts/tone.md.j2"']),
    ]


def test_unsaved_texts_are_edited_as_they_are(live):
    text = FILES[TRIAGE].replace("description: Sort one ticket.\n", "description: 😀\n# more\n")

    found = renamed(live, TONE, "prompts/partials/voices.md.j2", open_texts={TRIAGE: text})

    (edit,) = found.changes
    assert shown(live, [edit]) == [(TRIAGE, 3, ['"partials/voices.md.j2"'])]
    lines = text.split("\n")
    at = edit.edits[0].range
    assert lines[at.start.line][at.start.character : at.end.character] == '"partials/tone.md.j2"'


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (TONE, "prompts/partials/voice.md.j2", "exists already"),
        (TRIAGE, "prompts/support/triage.de.prompt.yaml", "exists already"),
        (TONE, "tone.md.j2", "is outside of the roots"),
        (TONE, "../tone.md.j2", "is outside of the repository"),
    ],
)
def test_a_rename_that_mv_refuses_is_refused_with_the_reason(live, old, new, reason):
    with pytest.raises(PromptopsError, match=reason):
        renamed(live, old, new)


def test_an_editor_that_renames_one_file_only_is_referred_to_the_command(live):
    with pytest.raises(PromptopsError) as refused:
        renamed(live, TRIAGE, NEW, renames_files=False)

    assert f"run `promptops mv {TRIAGE} {NEW}`" in str(refused.value)
    assert Path(live.root, TRIAGE).is_file()
