"""Navigation and renames as an editor asks for them over standard input and output."""

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.commands.lsp.editor import editor, session
from tests.commands.lsp.naming.catalog import FILES, OWN, SHARED, TRIAGE, fill
from tests.commands.lsp.test_navigation import position

REFUSED = "other prompts use this file, too: `other`"


def test_an_editor_finds_renames_and_moves(repo):
    fill(repo)
    session(_navigated(repo.root))


async def _navigated(root):
    async with editor(root) as user:
        user.open(TRIAGE, FILES[TRIAGE])
        user.open(OWN, FILES[OWN])

        def about(kind, path, before, **more):
            document = types.TextDocumentIdentifier(uri=user.uri(path))
            return kind(text_document=document, position=position(FILES[path], before), **more)

        ask = user.client
        (at,) = await ask.text_document_definition_async(
            about(types.DefinitionParams, TRIAGE, "partials/shared")
        )
        edit = await ask.text_document_rename_async(
            about(types.RenameParams, OWN, "{{ prod", new_name="article")
        )
        with pytest.raises(JsonRpcException, match=REFUSED):
            await ask.text_document_rename_async(
                about(types.RenameParams, TRIAGE, "{% set words = tick", new_name="message")
            )
        moved, refused, other = [
            await ask.workspace_will_rename_files_async(_renamed(user, old, new))
            for old, new in (
                (SHARED, "tone.md.j2"),
                (SHARED, "macros.j2"),
                ("promptops.toml", "macros.j2"),
            )
        ]

    assert (at.uri, at.range.start.line) == (user.uri(SHARED), 0)
    assert [(each.text_document.uri, each.text_document.version) for each in edit.document_changes][
        ::5
    ] == [(user.uri(OWN), 1), (user.uri(TRIAGE), 1)]
    assert [each.edits[0].new_text for each in moved.document_changes] == [
        '"partials/tone.md.j2"',
        '"partials/tone.md.j2"',
    ]
    assert (refused, other) == (None, None)
    assert [line.split("\n")[0] for line in user.messages] == [
        f"{SHARED}: references to it are not updated: `prompts/partials/macros.j2` exists already",
    ]


def _renamed(user, old, name):
    new = user.uri(f"prompts/partials/{name}")
    return types.RenameFilesParams(files=[types.FileRename(old_uri=user.uri(old), new_uri=new)])
