"""Definition, references, rename, overview and folding, as an editor gets them."""

from contextlib import suppress

import pytest
from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.commands.lsp.documents import Document, uri_of
from promptops.commands.lsp.places import (
    definition,
    document_highlights,
    prepare_rename,
    references,
    rename,
)
from promptops.commands.lsp.structure import document_symbols, folding_ranges
from promptops.errors import PromptopsError
from promptops.records import replace
from tests.commands.lsp.naming.catalog import FILES, MACROS, OTHER, OWN, SHARED, TRIAGE, fill
from tests.commands.lsp.opened_files import UTF_16, about
from tests.commands.lsp.opened_files import opened as open_file

CASES = "prompts/support/triage.cases"


@pytest.fixture
def live(prepared):
    opened = Live(prepared(fill).root)
    yield opened
    opened.close()


def opened(live, path, text=None):
    """A file in the editor, with another text than on disk if one is given."""
    return open_file(live, path, text, UTF_16)


def position(text, before):
    """Where a string ends, as an editor counts: 0-based, in units of UTF-16."""
    assert text.count(before) == 1, before
    *above, line = text[: text.index(before) + len(before)].split("\n")
    return types.Position(line=len(above), character=len(line.encode("utf-16-le")) // 2)


def at(kind, file, before, **more):
    return kind(text_document=about(file), position=position(file.text, before), **more)


def written(live, locations):
    """Each location: its file, its 0-based line and characters."""
    return [
        (
            each.uri.removeprefix(f"{live.root.as_uri()}/"),
            each.range.start.line,
            each.range.start.character,
            each.range.end.character,
        )
        for each in locations
    ]


def test_the_definition_of_a_name_after_emoji_is_found_in_any_file(live):
    file = opened(live, TRIAGE)

    names = definition(file, at(types.DefinitionParams, file, "😀😀 {{ quot"))
    inputs = definition(file, at(types.DefinitionParams, file, "quoted(text=tick"))
    profiles = definition(file, at(types.DefinitionParams, file, "model: {profile: fa"))

    assert written(live, names) == [(MACROS, 0, 9, 15)]
    assert written(live, inputs) == [(TRIAGE, 9, 4, 10)]
    assert written(live, profiles) == [("promptops.toml", 0, 1, 12)]
    assert definition(file, at(types.DefinitionParams, file, "model: {prof")) == []


def test_references_are_in_all_files_with_or_without_the_declaration(live):
    file = opened(live, TRIAGE)
    of = {
        with_it: references(
            file,
            at(
                types.ReferenceParams,
                file,
                "photo.title != prod",
                context=types.ReferenceContext(include_declaration=with_it),
            ),
        )
        for with_it in (True, False)
    }

    found = written(live, of[False])

    assert (TRIAGE, 25, 45, 52) in found  # after an emoji, which is two units
    assert (f"{CASES}.jsonl", 0, 27, 34) in found
    assert [each for each in written(live, of[True]) if each not in found] == [
        ("prompts/support/triage.de.prompt.yaml", 4, 22, 29),
        (TRIAGE, 10, 4, 11),
    ]


def test_a_name_is_highlighted_where_its_own_file_has_a_reference(live):
    def highlighted(path, before):
        file = opened(live, path)
        found = document_highlights(file, at(types.DocumentHighlightParams, file, before))
        return [types.Location(uri=file.uri, range=each.range) for each in found]

    def referred(path, before):
        file = opened(live, path)
        declared = types.ReferenceContext(include_declaration=True)
        found = references(file, at(types.ReferenceParams, file, before, context=declared))
        return [each for each in found if each.uri == file.uri]

    for path, before, count in (
        (TRIAGE, "photo.title != prod", 8),
        (TRIAGE, "partials/sha", 1),
        (TRIAGE, '% import "partials/mac', 2),
        (TRIAGE, "as: pho", 3),
        (f"{CASES}.jsonl", '{"prod', 1),
        (MACROS, "{{ quo", 2),
        (TRIAGE, "Sort one ti", 0),
    ):
        assert highlighted(path, before) == referred(path, before)
        assert len(highlighted(path, before)) == count, before


def test_a_rename_is_one_edit_with_the_versions_of_open_documents(live):
    file = opened(live, OWN)

    ranged = prepare_rename(file, at(types.PrepareRenameParams, file, "{{ prod"))
    edit = rename(file, at(types.RenameParams, file, "{{ prod", new_name="article"))

    assert (ranged.start.character, ranged.end.character) == (7, 14)
    assert [
        (
            each.text_document.uri.removeprefix(f"{live.root.as_uri()}/"),
            each.text_document.version,
            len(each.edits),
        )
        for each in edit.document_changes
    ] == [
        (OWN, 1, 1),
        (f"{CASES}.csv", None, 1),
        (f"{CASES}.jsonl", None, 1),
        (f"{CASES}.yaml", None, 1),
        ("prompts/support/triage.de.prompt.yaml", None, 2),
        (TRIAGE, None, 8),
        ("prompts/support/triage.system.md.j2", None, 2),
    ]
    assert {each.new_text for change in edit.document_changes for each in change.edits} == {
        "article"
    }


def test_a_rename_is_refused_if_the_text_of_another_open_file_is_unknown(live):
    unknown = Document(uri=uri_of(live, TRIAGE), text="", version=2, in_step=False)
    file = replace(opened(live, OWN), find_open=lambda uri: unknown if uri == unknown.uri else None)

    with pytest.raises(PromptopsError, match="the text of this file is unknown"):
        rename(file, at(types.RenameParams, file, "{{ prod", new_name="article"))


def test_a_rename_uses_unsaved_texts(live):
    text = FILES[OTHER].replace("{ticket: Hi}", '{"ticket": Hello, tone: [}')
    file = opened(live, OTHER, text)

    with pytest.raises(PromptopsError, match="the prompt can't be read"):
        rename(file, at(types.RenameParams, file, "required: [tick", new_name="message"))
    live.put(SHARED, "Nothing to read.\n")
    file = opened(live, OTHER, FILES[OTHER].replace("Another use", "😀"))
    edit = rename(file, at(types.RenameParams, file, "required: [tick", new_name="message"))

    assert [(change.text_document.version, len(change.edits)) for change in edit.document_changes]
    assert [len(change.edits) for change in edit.document_changes] == [3]


def test_what_is_no_name_can_t_be_renamed(live):
    file = opened(live, TRIAGE)

    assert prepare_rename(file, at(types.PrepareRenameParams, file, "Sort one ti")) is None
    with pytest.raises(PromptopsError, match="is a file"):
        prepare_rename(file, at(types.PrepareRenameParams, file, "partials/shared"))
    with pytest.raises(PromptopsError, match="nothing to rename here"):
        rename(file, at(types.RenameParams, file, "Sort one ti", new_name="x"))


def test_names_are_found_while_yaml_is_half_typed(live):
    live.catalog.loaded(TRIAGE)
    text = FILES[TRIAGE].replace(
        'content: "😀 {{ photo.title }} of {{ product }}"',
        'content: "😀 {{ photo.title }}\n        Of {{ product, history[ {{ ',
    )
    file = opened(live, TRIAGE, text)

    below = definition(file, at(types.DefinitionParams, file, "{% set words = tick"))
    typed = definition(file, at(types.DefinitionParams, file, "Of {{ prod"))
    symbols = document_symbols(file, types.DocumentSymbolParams(text_document=file.uri))

    assert live.catalog.loaded(TRIAGE).prompt is None
    assert written(live, below) == [(TRIAGE, 9, 4, 10)]
    assert written(live, typed) == [
        ("prompts/support/triage.de.prompt.yaml", 4, 22, 29),
        (TRIAGE, 10, 4, 11),
    ]
    assert [each.name for each in symbols] == ["model", "inputs", "messages", "evaluation", "tests"]


def test_an_input_is_found_while_a_template_is_half_typed(live):
    file = opened(live, OWN, "For {{ product | upper }} and {{ prod\n{% if product %}")

    found = definition(file, at(types.DefinitionParams, file, "{% if pro"))

    assert [each[0] for each in written(live, found)] == [
        "prompts/support/triage.de.prompt.yaml",
        TRIAGE,
    ]


def test_the_overview_shows_messages_inputs_cases_and_exported_names(live):
    def shown(path):
        file = opened(live, path)
        params = types.DocumentSymbolParams(text_document=about(file))
        return [tree(each) for each in document_symbols(file, params)]

    def tree(symbol):
        inner = [tree(each) for each in symbol.children or ()]
        return (symbol.name, symbol.detail or "", symbol.range.start.line, *([inner] * bool(inner)))

    assert shown(TRIAGE) == [
        ("model", "", 3),
        (
            "inputs",
            "",
            4,
            [
                ("ticket", "string", 9),
                ("product", "string", 10),
                ("photos", "array", 11),
                ("history", "array", 16),
            ],
        ),
        (
            "messages",
            "",
            17,
            [
                ("system", "./triage.system.md.j2", 18),
                (
                    "for_each",
                    "photos",
                    20,
                    [("user", "😀 {{ photo.title }} of {{ product }}", 23)],
                ),
                ("user", "😀😀 {{ quoted(text=ticket) }}{{ kit.shout(ticket) }}{{ …", 26),
            ],
        ),
        ("evaluation", "", 34),
        (
            "tests",
            "",
            37,
            [
                ("one", "", 38),
                ("./triage.cases.jsonl", "", 42),
                ("./triage.cases.csv", "", 43),
                ("./triage.cases.yaml", "", 44),
            ],
        ),
    ]
    assert shown(MACROS) == [("quoted", "", 0), ("shout", "", 1)]
    assert shown(f"{CASES}.csv") == [("three", "", 1), ("four", "", 2)]


def test_blocks_of_yaml_and_of_templates_fold_also_when_half_typed(live):
    text = (
        "messages:\n"
        "  - role: user\n"
        "    content: |\n"
        "      {% if a %}\n"
        "      one\n"
        "      {% elif b %}\n"
        "      two\n"
        "      {% endif %}\n"
        "      {# a comment\n"
        "      of two lines #}\n"
        "      {% for x in xs %}\n"
        "      {{ x\n"
        "tests: [\n"
    )
    file = opened(live, TRIAGE, text)

    found = folding_ranges(file, types.FoldingRangeParams(text_document=file.uri))

    assert [(each.start_line, each.end_line, each.kind) for each in found] == [
        (0, 11, None),
        (1, 11, None),
        (2, 11, None),
        (3, 4, None),
        (5, 6, None),
        (8, 9, types.FoldingRangeKind.Comment),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("path", [TRIAGE, MACROS, f"{CASES}.jsonl", "schemas/photo.schema.json"])
def test_text_that_ends_at_the_cursor_is_never_an_internal_error(live, path):
    live.catalog.loaded(TRIAGE)
    for cut in range(0, len(FILES[path]), 7):
        file = opened(live, path, FILES[path][:cut])
        document = about(file)
        *above, line = file.text.split("\n")
        here = types.Position(line=len(above), character=len(line.encode("utf-16-le")) // 2)
        asked = {"text_document": document, "position": here}
        declared = types.ReferenceContext(include_declaration=True)

        definition(file, types.DefinitionParams(**asked))
        references(file, types.ReferenceParams(**asked, context=declared))
        document_highlights(file, types.DocumentHighlightParams(**asked))
        document_symbols(file, types.DocumentSymbolParams(text_document=document))
        folding_ranges(file, types.FoldingRangeParams(text_document=document))
        with suppress(PromptopsError):
            prepare_rename(file, types.PrepareRenameParams(**asked))
        with suppress(PromptopsError):
            rename(file, types.RenameParams(**asked, new_name="fresh"))
