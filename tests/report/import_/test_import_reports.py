"""Imports and exports in every format: as their schemas say, and harmless in comments."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from markdown_it import MarkdownIt

from promptops.commands import export as export_
from promptops.commands.import_ import report as import_
from promptops.commands.import_.report import inferred_line, next_command, note_lines
from promptops.model.finding import Finding, Severity
from promptops.model.imported import (
    Candidate,
    CandidateList,
    Import,
    ImportedPrompt,
    ImportedSource,
    LeftOut,
)
from promptops.model.place import Place
from promptops.model.shipping import Export, WrittenFile
from promptops.records import replace
from promptops.report.data_text import record_json, write_json
from promptops.report.markdown_text import code_span, escape, readable_sentence
from tests.commands.import_.imported import imported
from tests.output_schemas import validate

SCHEMAS = Path(__file__).parents[3] / "schemas"
HOSTILE = "a`b|c<script>\x1b[31m@all #1 [x](y)\u202e"


def finding(name: str, code: str = "IMP102", severity: Severity = Severity.ERROR) -> Finding:
    return Finding(
        code=code,
        name="no-counterpart",
        severity=severity,
        message=f"helper `{name}` has no counterpart in promptops",
        place=Place(f"old/{name}.j2", 2, 3, 2, 5),
        prompt=name,
        hint="replace it",
        source_line=f"x {{{{ {name} }}}}",
    )


def an_import(name: str = "list", count: int = 1) -> Import:
    prompt = ImportedPrompt(
        id=name,
        path=f"prompts/{name}.prompt.yaml",
        place=Place(f"old/{name}.j2"),
        format="text",
        state="written",
        messages=2,
        inputs=1,
        cases=0,
        files=(f"prompts/{name}.prompt.yaml",),
        has_model=False,
        is_draft=False,
        losses=1,
        notes=0,
    )
    found = Import(
        sources=(
            ImportedSource(path=f"old/{name}.j2", format="text", prompts=(prompt,) * count),
            ImportedSource(path=f"old/{name}.xyz", format=None, prompts=()),
        ),
        findings=tuple(finding(f"{name}{number or ''}") for number in range(count)),
        profiles={"fast": {"provider": "openai", "id": name}},
        left_out=(LeftOut(path=f"old/{name}.png", reason="binary or lock file"),),
        removable=("old",),
    )
    return replace(found, next=next_command(found))


def an_export(name: str = "list") -> Export:
    return Export(
        format="langfuse",
        prompts=1,
        files=(WrittenFile(path=f"out/{name}.json", state="refused"),),
        findings=(finding(name, "EXP101", Severity.WARNING),),
    )


def candidates(name: str = "list") -> CandidateList:
    found = Candidate(
        place=Place(f"old/{name}.py", 3),
        id=f"old/{name}",
        name=name,
        format="python",
        length=4,
        variables=(name, "b"),
    )
    left_out = (LeftOut(path=f"old/{name}.js", reason="no prompt in it"),)
    return CandidateList(candidates=(found,), findings=(finding(name),), left_out=left_out)


@pytest.mark.parametrize(("name", "made"), [("import", an_import()), ("import-list", candidates())])
def test_the_json_is_that_of_the_golden_file(name, made, golden):
    validate(name, record_json(made))
    golden(f"{name}.json", write_json(made))


def test_the_json_of_an_export_is_as_its_schema_says():
    validate("export", record_json(an_export()))


def test_an_import_as_text_and_as_markdown():
    made = an_import()
    made = replace(made, next=next_command(made))

    assert import_.write_text(made) == (
        "list  text  2 messages  1 input  -  1 loss  written\n"
        "old/list.j2:2:3: error: helper `list` has no counterpart in promptops  "
        "[IMP102 no-counterpart]\n"
        "    2 | x {{ list }}\n"
        "      |   ^^ replace it\n"
        "not imported:\n"
        "  binary or lock file: old/list.png\n"
        "1 prompt of 2 files: 0 without loss, 1 with, 0 refused\n"
        "without a model: list; --profiles gives each a model profile\n"
        "git keeps the history of long texts (`git log --follow`) with --bodies, if the sources are"
        " removed in the same commit\n"
        "add to promptops.toml:\n"
        "  [models.fast]\n"
        '  provider = "openai"\n'
        '  id = "list"\n'
        "next: add the table above to promptops.toml, then:\n"
        "next: promptops cases prompts/list.prompt.yaml, which drafts test cases, then:\n"
        "next: git rm -qr old && git add promptops.toml 'prompts/list.*'"
        " && promptops lint --extend-select TST008 --write-baseline\n"
    )
    assert import_.write_markdown(an_import()).splitlines()[:6] == [
        "**Import**: 1 prompt of 2 files: 0 without loss, 1 with, 0 refused",
        "",
        "| prompt | format | messages | inputs | cases | losses | result |",
        "|---|---|---|---|---|---|---|",
        "| list | text | 2 messages | 1 input | - | 1 loss | written |",
        "",
    ]
    assert import_.write_markdown(an_import()).splitlines()[6] == (
        "- **error** `old/list.j2:2:3`: helper `list` has no counterpart in promptops (replace it)"
        " (IMP102 no-counterpart)"
    )


@pytest.mark.parametrize(
    "text",
    [
        import_.write_text(an_import(HOSTILE)),
        import_.write_markdown(an_import(HOSTILE)),
        export_.write_text(an_export(HOSTILE)),
        export_.write_markdown(an_export(HOSTILE)),
        import_.write_text(candidates(HOSTILE)),
        import_.write_markdown(candidates(HOSTILE)),
    ],
    ids=["import", "import.md", "export", "export.md", "list", "list.md"],
)
def test_names_of_sources_have_no_effect_on_terminals(text):
    assert [char for char in text if not char.isprintable() and char != "\n"] == []


@pytest.mark.parametrize(
    "text",
    [
        import_.write_markdown(an_import(HOSTILE)),
        export_.write_markdown(an_export(HOSTILE)),
        import_.write_markdown(candidates(HOSTILE)),
    ],
    ids=["import", "export", "list"],
)
def test_names_of_sources_are_plain_text_in_comments(text):
    outside = text.partition("```toml")[0]

    assert ("<script" in outside, "](y)" in outside, "@all" in outside) == (False, False, False)


def test_a_comment_stays_below_the_limit_and_counts_what_is_left_out():
    text = import_.write_markdown(an_import("x" * 200, count=2_000))

    assert len(text) < 65_536
    assert "more prompts: `--format json` lists all" in text
    assert "more findings: `--format json` lists all" in text


def test_notes_are_grouped_by_file_and_the_others_are_counted():
    notes = [
        finding("a", "IMP305", Severity.INFO),
        finding("a", "IMP306", Severity.INFO),
        finding("\x1b[31m", "IMP305", Severity.INFO),
        finding("b", "IMP305", Severity.INFO),
    ]

    assert list(note_lines(notes, 3)) == [
        "old/a.j2",
        "  2:3: helper `a` has no counterpart in promptops  [IMP305 no-counterpart]",
        "  2:3: helper `a` has no counterpart in promptops  [IMP306 no-counterpart]",
        "old/\\x1b[31m.j2",
        "  2:3: helper `\\x1b[31m` has no counterpart in promptops  [IMP305 no-counterpart]",
        "and 1 more: --format json",
    ]


def test_what_the_request_lost_is_shown_before_what_was_assumed():
    notes = [finding("a", "IMP309", Severity.INFO), finding("b", "IMP224", Severity.INFO)]

    lines = list(note_lines(notes, 1))

    assert [line for line in lines if "[IMP" in line] == [
        line for line in lines if "IMP224" in line
    ]
    assert lines[-1] == "and 1 more: --format json"


def test_notes_on_inferred_inputs_are_one_line_after_the_others():
    message = "the input `{}` is not declared: it is inferred from its uses"
    inferred = [("list", "a"), ("list", "b"), ("other", "a"), ("other", "\x1b[31m")]
    found = [
        replace(
            finding(prompt, "IMP305", Severity.INFO),
            name="inferred-input",
            message=message.format(name),
        )
        for prompt, name in inferred
    ]
    result = replace(an_import(), findings=(*found, finding("list", "IMP306", Severity.INFO)))
    line = "undeclared inputs of 2 prompts are inferred from their uses: a, b, \\x1b[31m"

    assert import_.write_text(result).splitlines()[1:5] == [
        "notes:",
        "  old/list.j2",
        "    2:3: helper `list` has no counterpart in promptops  [IMP306 no-counterpart]",
        f"  {line}  [IMP305 inferred-input]",
    ]
    assert [one for one in import_.write_markdown(result).splitlines() if "IMP305" in one] == [
        readable_sentence(f"{line}  [IMP305 inferred-input]")
    ]
    assert len(record_json(result)["findings"]) == 5


def test_the_names_of_inferred_inputs_are_those_of_an_import(repo, monkeypatch):
    monkeypatch.chdir(repo.root)
    repo.write({"old/sort.txt": "Sort {{ ticket }} in the tone {{ tone }}."})

    found = imported(repo.root, "old", dry_run=True).findings

    assert inferred_line(found) == (
        "undeclared inputs of 1 prompt are inferred from their uses: ticket, tone"
        "  [IMP305 inferred-input]"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a.py:3", "`a.py:3`"),
        ("a|b", "<code>a&#124;b</code>"),
        ("@all", "<code>@<!-- -->all</code>"),
        ("a`b", "<code>a&#96;b</code>"),
        (" a", "<code> a</code>"),
    ],
)
def test_code_is_between_backticks_where_these_can_contain_it(text, written):
    assert code_span(text) == written


def test_text_has_entities_only_where_markdown_begins():
    text = "can't: (a) :smile: <b> x_y _z_ http://c #1 [95.1, 100.0] [1](c) $0.015 $x$ a:3:1 :100:"

    assert escape(text) == (
        "can't: (a) &#58;smile: &#60;b> x_y &#95;z&#95; http&#58;//c #<!-- -->1 "
        "[95.1, 100.0] &#91;1&#93;(c) $0.015 &#36;x&#36; a:3:1 &#58;100:"
    )


def test_no_mixture_of_markdown_characters_becomes_markup():
    parse = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parseInline
    random = Random(13)
    texts = ["".join(random.choices("_*[]()~`!<>:$|&;#^= .-1aA\\", k=12)) for _ in range(1_500)]

    kinds = {
        (child.content if child.type == "html_inline" else child.type)
        for text in texts
        for child in parse(f"x {escape(text)} y")[0].children
    }
    shown = [
        "".join(
            child.content
            for child in parse(f"x {escape(text)} y")[0].children
            if child.type != "html_inline"
        )
        for text in texts
    ]

    assert kinds == {"text", "<!-- -->"}
    assert shown == [f"x {text} y" for text in texts]


BLOCKS = [
    *("===", "---", "--", "+", "- - -", "> x", "+ x", "- x", "* x", "1. x", "12) x", "1."),
    *("# x", "~~~", "```", "x", "-> x", "-1 x", "1.5 x"),
]


@pytest.mark.parametrize("above", ["", "x\n"])
def test_no_line_of_markdown_characters_becomes_more_than_a_paragraph(above):
    parse = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse
    random = Random(14)
    mixed = ["".join(random.choices("_*[]()~`<>|&#= .-+1a\\", k=5)) for _ in range(700)]
    lines = [
        f"{' ' * blanks}{text}"
        for blanks in (0, 1, 3, 4, 6)
        for text in (*BLOCKS, *(text for text in mixed if text.strip()))
    ]
    written = [parse(f"{above}{escape(line)}\n") for line in lines]

    kinds = {tuple(token.type for token in tokens) for tokens in written}
    shown = [
        "".join(child.content for child in tokens[1].children if child.type != "html_inline")
        for tokens in written
    ]
    assert kinds == {("paragraph_open", "inline", "paragraph_close")}
    assert [each.strip().removeprefix("x" if above else "").strip() for each in shown] == [
        line.strip() for line in lines
    ]
