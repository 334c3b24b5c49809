"""What a name refers to, where else it is, and what a rename changes: on a real repository."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from promptops.commands.lint.live import Live
from promptops.commands.lsp.places import rename_edits, rename_input
from promptops.commands.lsp.symbols import declared, definitions_of, places_of, symbol_at
from promptops.errors import PromptopsError
from promptops.lint.engine import lint_one
from promptops.lint.registry import built_in
from promptops.workspace.edits import edited_contents, request_digests, with_changes
from promptops.workspace.workspace import workspace
from tests.commands.lsp.naming.catalog import (
    BODY,
    FILES,
    GERMAN,
    MACROS,
    OTHER,
    OWN,
    SHARED,
    TRIAGE,
    fill,
    position,
)

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def live(prepared):
    opened = Live(prepared(fill).root)
    yield opened
    opened.close()


def symbol(live, path, before, after=""):
    return symbol_at(live.catalog, path, *position(path, before, after))


def found(live, path, before, after=""):
    """The kind of a symbol, its definitions, and the number of its places in each file."""
    one = symbol(live, path, before, after)
    numbers: dict[str, int] = {}
    for place in places_of(live.catalog, one):
        numbers[place.path] = numbers.get(place.path, 0) + 1
    return one.kind, [str(place) for place in definitions_of(live.catalog, one)], numbers


def renamed(live, path, before, new):
    """The changed lines of each file after a rename."""
    edits = rename_edits(live.workspace, symbol(live, path, before), new)
    lines: dict[str, list[str]] = {}
    for changed, data in edited_contents(live.catalog, edits).items():
        pairs = zip(FILES[changed].split("\n"), data.decode().split("\n"), strict=True)
        lines[changed] = [after.strip() for was, after in pairs if was != after]
    return lines


@pytest.mark.parametrize(
    ("path", "before", "expected"),
    [
        (
            TRIAGE,
            "of {{ prod",
            (
                "input",
                [f"{GERMAN}:5:23", f"{TRIAGE}:11:5"],
                {
                    OWN: 1,
                    "prompts/support/triage.cases.csv": 1,
                    "prompts/support/triage.cases.jsonl": 1,
                    "prompts/support/triage.cases.yaml": 1,
                    GERMAN: 2,
                    TRIAGE: 8,
                    BODY: 2,
                },
            ),
        ),
        (
            SHARED,
            "The {{ tick",
            (
                "input",
                [f"{OTHER}:4:43", f"{TRIAGE}:10:5"],
                {
                    OTHER: 3,
                    SHARED: 1,
                    "prompts/support/triage.cases.csv": 1,
                    "prompts/support/triage.cases.jsonl": 1,
                    "prompts/support/triage.cases.yaml": 1,
                    GERMAN: 2,
                    TRIAGE: 12,
                },
            ),
        ),
        (TRIAGE, "when: pho", ("item", [f"{TRIAGE}:22:9"], {TRIAGE: 3})),
        (TRIAGE, "{{ word }}{{ words", ("local", [f"{TRIAGE}:34:14"], {TRIAGE: 2})),
        (TRIAGE, "{{ word", ("local", [f"{TRIAGE}:34:38"], {TRIAGE: 2})),
        (TRIAGE, "kit.shout", ("local", [f"{MACROS}:2:10"], {MACROS: 1, TRIAGE: 2})),
        (TRIAGE, "{{ loud", ("local", [f"{TRIAGE}:30:60"], {TRIAGE: 2})),
        (TRIAGE, "{{ quoted", ("local", [f"{MACROS}:1:10"], {MACROS: 2, TRIAGE: 2})),
        (MACROS, "macro quoted(text, ma", ("local", [f"{MACROS}:1:23"], {MACROS: 3})),
        (TRIAGE, "partials/shared", ("file", [f"{SHARED}:1:1"], {OTHER: 1, TRIAGE: 1})),
        (TRIAGE, "triage.sys", ("file", [f"{BODY}:1:1"], {TRIAGE: 1})),
        (TRIAGE, "triage.cases.c", ("file", ["prompts/support/triage.cases.csv:1:1"], {TRIAGE: 1})),
        (GERMAN, "./triage", ("file", [f"{TRIAGE}:1:1"], {TRIAGE: 1, GERMAN: 2})),
        (GERMAN, "replaced_by: supp", ("file", [f"{TRIAGE}:1:1"], {TRIAGE: 1, GERMAN: 2})),
        (TRIAGE, "[support/so", ("file", [f"{TRIAGE}:1:1"], {TRIAGE: 1, GERMAN: 2})),
        (
            TRIAGE,
            "photo.schema",
            ("file", ["schemas/photo.schema.json:1:12"], {TRIAGE: 1}),
        ),
    ],
)
def test_a_name_leads_to_its_definition_and_to_all_other_places(live, path, before, expected):
    after = " }}" if before.endswith("word") else ""

    assert found(live, path, before, after) == expected


@pytest.mark.parametrize(
    ("path", "before"),
    [(TRIAGE, "Sort one ti"), (TRIAGE, 'loud("'), (TRIAGE, "type: str"), (BODY, "Sort f")],
)
def test_other_words_are_no_names(live, path, before):
    text = FILES[path]
    offset = text.index(before) + len(before)
    line = text.count("\n", 0, offset) + 1

    one = symbol_at(live.catalog, path, line, offset - text.rfind("\n", 0, offset))

    assert one is None


def test_an_input_is_renamed_in_schema_templates_conditions_cases_and_assertions(live):
    changed = renamed(live, GERMAN, "zu {{ prod", "article")

    assert changed == {
        OWN: ["For {{ article | upper }}."],
        "prompts/support/triage.cases.csv": [
            'name,inputs.ticket,"inputs.article","inputs.photos:json"'
        ],
        "prompts/support/triage.cases.jsonl": [
            '{"name": "😀", "inputs": {"article": "camera", "ticket": "product"}}'
        ],
        "prompts/support/triage.cases.yaml": ["article: product"],
        GERMAN: [
            "inputs: {properties: {article: {default: hub}}}",
            'messages: [{role: user, content: "Sortiere {{ ticket }} zu {{ article }}"}]',
        ],
        TRIAGE: [
            'required: [ticket, "article"]',
            "dependentRequired: {ticket: [article]}",
            "examples: [{ticket: It blinks., article: hub}]",
            "article: {type: string, maxLength: 90}",
            "when: photo.title != article",
            'content: "😀 {{ photo.title }} of {{ article }}"',
            'inputs: {ticket: It blinks., "article": hub, photos: [{title: Red}], '
            "history: [Before]}",
            "output: [{type: expr, value: \"output != inputs['ticket'] and "
            'output != inputs.article"}]',
        ],
        BODY: ["{% if article is defined %}Sort for {{ article }}.{% endif %}"],
    }


def test_a_macro_is_renamed_where_other_templates_import_it(live):
    assert renamed(live, MACROS, "macro quo", "cited") == {
        MACROS: [
            "{% macro cited(text, mark='>') %}{{ mark }} {{ text }}{% endmacro %}",
            "{% macro shout(text) %}{{ cited(text, mark='!') }}{% endmacro %}",
        ],
        TRIAGE: [
            '{% from "partials/macros.j2" import cited, shout as loud %}',
            '😀😀 {{ cited(text=ticket) }}{{ kit.shout(ticket) }}{{ loud("x") }}',
        ],
    }


def test_the_item_of_for_each_and_a_variable_are_renamed_in_their_scope(live):
    assert renamed(live, TRIAGE, "as: pho", "picture") == {
        TRIAGE: [
            "as: picture",
            "when: picture.title != product",
            'content: "😀 {{ picture.title }} of {{ product }}"',
        ]
    }
    assert renamed(live, TRIAGE, "{% for wo", "each") == {
        TRIAGE: [
            "{% set words = ticket %}{% for each in history %}{{ each }}{{ words }}{% endfor %}"
        ]
    }


@pytest.mark.parametrize(
    ("path", "before", "new", "reason"),
    [
        (TRIAGE, "of {{ prod", "ticket", f"{TRIAGE}:10:5: `ticket` is an input already"),
        (TRIAGE, "of {{ prod", "words", f"{TRIAGE}:34:14: `words` is defined in a template"),
        (TRIAGE, "of {{ prod", "photo", "`photo` is the item of `for_each` in this message"),
        (TRIAGE, "of {{ prod", "loop", "`loop` is a reserved word"),
        (TRIAGE, "of {{ prod", "null", "`null` is a reserved word"),
        (TRIAGE, "of {{ prod", "the product", "`the product` can't be a name"),
        (TRIAGE, "of {{ prod", "", "`` can't be a name"),
        (SHARED, "The {{ tick", "message", f"{SHARED}:1:17: other prompts use this file, too"),
        (OTHER, "required: [ti", "message", f"{SHARED}:1:17: other prompts use this file, too"),
        (TRIAGE, "{% for wo", "words", f"{TRIAGE}:34:14: `words` is defined already"),
        (TRIAGE, "{% for wo", "product", "`product` is an input of `support/triage`"),
        (
            MACROS,
            "macro quoted(te",
            "body",
            f"{TRIAGE}: with the name `body` this file would change",
        ),
        (TRIAGE, "triage.sys", "new", f"`{BODY}` is a file"),
    ],
)
def test_a_rename_that_would_collide_is_refused_with_the_reason(live, path, before, new, reason):
    with pytest.raises(PromptopsError) as refused:
        renamed(live, path, before, new)

    assert reason in str(refused.value)


def test_a_refusal_names_a_file_with_a_space_in_its_path(repo):
    path = "prompts/two words.macros.j2"
    repo.write({path: "{% macro quoted(text) %}{{ text }}{{ body }}{% endmacro %}\n"})

    with workspace(repo.root) as opened, pytest.raises(PromptopsError) as refused:
        rename_edits(opened, symbol_at(opened.catalog, path, 1, 17), "body")

    assert refused.value.where == path


def test_a_rename_is_refused_where_code_or_a_judge_gets_the_input_by_its_name(repo):
    fill(repo)
    judge = "prompts/judge.prompt.yaml"
    repo.write(
        {
            judge: "format: promptops/1\nstatus: draft\nmodel: {profile: fast}\n"
            "inputs: {required: [output], properties: {output: {type: string, maxLength: 9}}}\n"
            'messages: [{role: user, content: "Is it polite? {{ output }}"}]\n',
            OTHER: FILES[OTHER] + "evaluation:\n  judge: judge\n"
            '  assertions: [{type: python, value: "./check.py:check"}]\n',
            "prompts/check.py": "def check(output, case):\n    return case['inputs']['ticket']\n",
            SHARED: "The shared partial.\n",
        }
    )
    with workspace(repo.root) as opened:
        reasons = []
        for path, name in ((judge, "output"), (OTHER, "ticket")):
            with pytest.raises(PromptopsError) as refused:
                rename_input(opened, path, name, "fresh")
            reasons.append(str(refused.value).split("\n", maxsplit=1)[0])

    assert reasons == [
        f"{OTHER}:8:10: `judge` is the judge of `other`, and a judge gets `output` by name",
        "prompts/check.py:2:27: may read the input `ticket` by its name",
    ]


def test_a_rename_is_refused_while_a_variant_can_t_be_read(repo):
    fill(repo)
    repo.write({"prompts/broken.prompt.yaml": "extends: ./support/triage.prompt.yaml\ntests: [\n"})

    with workspace(repo.root) as opened, pytest.raises(PromptopsError) as refused:
        rename_input(opened, TRIAGE, "product", "fresh")

    assert str(refused.value).startswith(
        "prompts/broken.prompt.yaml: can't be read, and may use the input"
    )


@pytest.mark.slow
def test_every_input_of_every_prompt_can_get_a_fresh_name(repo):
    shutil.copytree(ROOT / "prompts", repo.root / "prompts")
    shutil.copytree(ROOT / "tests/commands/lsp/naming", repo.root / "unused")
    shutil.copy(ROOT / "promptops.toml", repo.root)
    repo.write(
        {
            f"prompts/more/{path.removeprefix('prompts/')}": text
            for path, text in FILES.items()
            if path.startswith("prompts/") and path != OTHER
        }
    )
    repo.commit("one")
    refused = {}
    with workspace(repo.root) as opened:
        for path in opened.catalog.ids:
            for name in declared(opened.catalog, path):
                try:
                    edits = rename_input(opened, path, name, "fresh_name")
                except PromptopsError as error:
                    refused[path, name] = str(error).split("\n", maxsplit=1)[0]
                    continue
                after = with_changes(opened, edited_contents(opened.catalog, edits)).catalog
                for each in opened.catalog.ids:
                    if not edits_touch(opened.catalog, each, edits):
                        continue
                    assert request_digests(opened.catalog, each) == request_digests(after, each)
                    assert problems(after, each, "fresh_name") == problems(
                        opened.catalog, each, name
                    )

    assert refused == {
        ("prompts/answers/handbook.prompt.yaml", "question"): (
            "prompts/answers/search.py:31:31: may read the input `question` by its name"
        ),
    }


def edits_touch(catalog, prompt, edits) -> bool:
    needed = catalog.dependencies(prompt) | {prompt}
    return any(edit.place.path in needed for edit in edits)


def problems(catalog, path, name) -> list[tuple[str, str]]:
    """The findings about a prompt, with the name of the input left out."""
    result = lint_one(catalog, catalog.loaded(path), tuple(built_in().values()), date(2000, 1, 1))
    word = re.compile(rf"\b{name}\b")
    return sorted((each.code, word.sub("NAME", each.message)) for each in result.findings)


@pytest.mark.slow
def test_a_position_anywhere_in_a_prompt_never_raises():
    live = Live(ROOT)
    for path in live.catalog.ids:
        text = live.catalog.files.text(path)
        words: set[str] = set()
        for number, line in enumerate(text.value.split("\n") if text is not None else [], 1):
            for word in re.finditer(r"\w+", line):
                if word[0] not in words:
                    words.add(word[0])
                    one = symbol_at(live.catalog, path, number, word.start() + 1)
                    assert one is None or one.place.line <= number <= one.place.end_line
    live.close()
