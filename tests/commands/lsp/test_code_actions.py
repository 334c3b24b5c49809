"""Code actions, applied as an editor applies them."""

from __future__ import annotations

import pytest
from lsprotocol import types

from promptops.commands.lsp.documents import OpenFile, split_lines
from promptops.commands.lsp.edits import code_actions
from promptops.model.finding import Edit
from promptops.model.place import Place
from promptops.workspace.edits import apply_edits
from tests.commands.lsp.opened_files import about, opened
from tests.conftest import GitRepository

PATH = "prompts/ask.prompt.yaml"
PARTIAL = "prompts/partials/tone.md.j2"
HEAD = 'format: promptops/1\ndescription: d.\nowners: ["@a/b"]\n'
USER = "messages:\n  - role: user\n    content: |\n      Hello.\n      Say {{ name }}.\n"
CASE = "tests:\n  - {name: one, inputs: {name: a}, rendered: [{type: contains, value: Say}]}\n"


def actions(file: OpenFile, *only: str) -> list[types.CodeAction]:
    end = types.Position(line=999, character=0)
    params = types.CodeActionParams(
        text_document=about(file),
        range=types.Range(start=types.Position(line=0, character=0), end=end),
        context=types.CodeActionContext(diagnostics=[], only=only or None),
    )
    return code_actions(file, params)


def applied(file: OpenFile, action: types.CodeAction) -> str:
    """The text of the file after the edits of an action, which touch no other file."""
    assert action.edit is not None
    (change,) = action.edit.document_changes or ()
    assert isinstance(change, types.TextDocumentEdit)
    assert (change.text_document.uri, change.text_document.version) == (file.uri, file.version)
    lines = split_lines(file.text)
    ours = []
    for edit in change.edits:
        assert isinstance(edit, types.TextEdit)
        start = file.encoding.cursor(lines, edit.range.start)
        end = file.encoding.cursor(lines, edit.range.end)
        ours.append(Edit(Place(file.path, *start, *end), edit.new_text))
    return apply_edits(file.text.encode(), ours).decode()


def only(found: list[types.CodeAction], title: str) -> types.CodeAction:
    titles = [action.title for action in found]
    assert titles.count(title) == 1, titles
    return found[titles.index(title)]


@pytest.mark.parametrize(
    ("inputs", "after"),
    [
        ("", "inputs:\n  required: [name]\n  properties:\n    name: {type: string}\n"),
        (
            "inputs:\n  required: [a]\n  properties:\n    a: {type: string}\n",
            "inputs:\n  required: [name, a]\n  properties:\n    name: {type: string}\n"
            "    a: {type: string}\n",
        ),
        (
            "inputs: {required: [a], properties: {a: {type: string}}}\n",
            "inputs: {required: [name, a], properties: {name: {type: string}, a: "
            "{type: string}}}\n",
        ),
        (
            "inputs:\n  required:\n    - a\n  properties: {}\n",
            "inputs:\n  required:\n    - name\n    - a\n  properties: {name: {type: string}}\n",
        ),
        (
            "inputs:\n  type: object\n",
            "inputs:\n  required: [name]\n  properties: {name: {type: string}}\n  type: object\n",
        ),
    ],
)
def test_an_undefined_name_becomes_a_required_input(
    repo: GitRepository, inputs: str, after: str
) -> None:
    repo.write({PATH: f"{HEAD}{inputs}{USER}"})
    file = opened(repo.root, PATH)

    text = applied(file, only(actions(file), "Add the input `name`"))

    assert text == f"{HEAD}{after}{USER}"
    assert "VAR001" not in {each.code for each in opened(file.live, PATH, text).live.findings(PATH)}


@pytest.mark.parametrize(
    "inputs", ["inputs:\n  $ref: a.json\n", "extends: base.prompt.yaml\n", "inputs: 3\n"]
)
def test_inputs_of_other_files_are_not_edited(repo: GitRepository, inputs: str) -> None:
    repo.write({PATH: f"{HEAD}{inputs}{USER}"})
    file = opened(repo.root, PATH)

    assert "Add the input `name`" not in [action.title for action in actions(file)]


@pytest.mark.parametrize("path", [PATH, PARTIAL])
def test_a_comment_with_a_reason_suppresses_the_finding(repo: GitRepository, path: str) -> None:
    repo.write(
        {
            PATH: f'{HEAD}{USER}      {{% include "partials/tone.md.j2" %}}\n',
            PARTIAL: "Be kind.\n{{ tone }}\n",
        }
    )
    file = opened(repo.root, path)

    text = applied(file, only(actions(file), "Ignore VAR001 here: add the reason to the comment"))
    reasoned = text.replace("VAR001]", "VAR001] the caller adds it")

    assert {"REP010", "VAR001"} <= _codes(opened(file.live, path, text))
    assert not {"REP010", "VAR001"} & _codes(opened(file.live, path, reasoned))


def _codes(file: OpenFile) -> set[str]:
    return {finding.code for finding in file.live.findings(file.path)}


def test_all_is_fixed_that_changes_no_request(repo: GitRepository) -> None:
    inputs = "inputs: {required: [name], properties: {name: {type: string}}}\n"
    old = f"{HEAD}{inputs}tags: [no]\n{USER.replace('Hello', 'Hi the the')}{CASE}"
    old = old.replace("inputs: {name: a}", "inputs: {name: 12:30}")
    repo.write({PATH: old})
    file = opened(repo.root, PATH)

    text = applied(
        file, only(actions(file, "source.fixAll"), "Fix everything that changes no request")
    )

    assert text == old.replace("[no]", '["no"]').replace("12:30", '"12:30"')
    assert [action.title for action in actions(file, "quickfix") if action.is_preferred] == [
        'Replace `no` by `"no"`',
        'Replace `12:30` by `"12:30"`',
    ]
    assert actions(file, "source.organizeImports") == []


@pytest.mark.parametrize(
    ("old", "misspelt", "title"),
    [
        ("Say {{ name }}.", "Say {{ naem }}.", "Replace `naem` by `name`"),
        ("| upper", "| uper", "Replace `uper` by `upper`"),
        ("{% else %}", "{% els %}", "Replace `els` by `else`"),
        ('tone == "formal"', 'tone == "fromal"', 'Replace `"fromal"` by `"formal"`'),
        ("profile: fast", "profile: fats", "Replace `fats` by `fast`"),
        ("role: user", "role: usr", "Replace `usr` by `user`"),
        ("description:", "descripton:", "Replace `descripton` by `description`"),
        ("inputs: {name: a}", "inputs: {naem: a}", "Replace `naem` by `name`"),
        ("'contains'", "'contain'", "Replace `'contain'` by `'contains'`"),
    ],
)
def test_the_first_fix_of_a_misspelt_word_is_the_suggested_one(
    repo: GitRepository, old: str, misspelt: str, title: str
) -> None:
    inputs = (
        "model: {profile: fast}\ninputs:\n  required: [name]\n  properties:\n"
        "    name: {type: string}\n    tone: {enum: [formal, kind], default: kind}\n"
    )
    tone = '      {% if tone == "formal" %}Sir.{% else %}{{ name | upper }}{% endif %}\n'
    config = '[models.fast]\nprovider = "openai"\nid = "gpt-5.4-mini"\n'
    case = CASE.replace("contains", "'contains'")
    right = f"{HEAD}{inputs}{USER}{tone}{case}"
    repo.write({"promptops.toml": config, PATH: right.replace(old, misspelt)})
    file = opened(repo.root, PATH)

    (action,) = [each for each in actions(file, "quickfix") if each.is_preferred]

    assert (action.title, applied(file, action)) == (title, right)


def test_misspelt_keys_of_the_configuration_are_corrected(repo: GitRepository) -> None:
    config = 'prompts = ["prompts"]\n[lnt]\nignore = ["VAR012"]\n'
    repo.write({"promptops.toml": config, PATH: f"{HEAD}{USER}"})
    file = opened(repo.root, "promptops.toml")

    (action,) = actions(file)

    assert (action.title, action.is_preferred) == ("Replace `lnt` by `lint`", True)
    assert applied(file, action) == config.replace("[lnt]", "[lint]")
