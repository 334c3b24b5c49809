"""What a host of git repositories makes of the Markdown of a diff."""

import re
import unicodedata
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from promptops.commands.diff.report import write_markdown
from promptops.diff.changes import change
from promptops.model.change import DiffReport
from tests.report.diff.hostile_reports import hostile
from tests.report.diff.reports import REPORTS, case, other, prompt, report

OURS = {
    *("<!-- promptops diff -->", "<!-- -->", "<code>", "</code>", "<sub>", "</sub>"),
    *("<details>", "<details open>", "</details>", "<summary>", "</summary>"),
}


def parsed(text):
    return MarkdownIt("commonmark").enable("table").parse(text)


def everything(tokens):
    """All tokens, those inside of others, too."""
    for token in tokens:
        yield token
        yield from everything(token.children or ())


def html(text):
    """All markup that is not Markdown's own; code within a summary is not looked into."""
    found = set()
    for token in everything(parsed(text)):
        if token.type in ("html_block", "html_inline"):
            found |= set(re.findall(r"<!--.*?-->|<[^>]*>", token.content))
    return found


def fences(text):
    return [token for token in everything(parsed(text)) if token.type == "fence"]


def rows(text):
    """The text of each cell of the table, a list for each row."""
    found = []
    for token, inside in zip(tokens := parsed(text), tokens[1:], strict=False):
        if token.type == "tr_open":
            found.append([])
        elif token.type in ("td_open", "th_open"):
            found[-1].append(seen(inside))
    return found


def seen(token):
    return "".join(each.content for each in token.children if each.type != "html_inline")


def shown(before, after):
    """The lines of the fence that shows the difference of a message."""
    text = write_markdown(report(prompt("a", cases=(case("one", other("user", before, after)),))))
    (fence,) = fences(text)
    assert fence.info == "diff"
    return fence.content.splitlines()


@pytest.mark.parametrize("name", REPORTS)
def test_there_is_no_html_but_ours(name):
    assert html(write_markdown(REPORTS[name])) <= OURS


@pytest.mark.parametrize("name", REPORTS)
def test_what_is_folded_is_closed_before_the_next_begins(name):
    text = write_markdown(REPORTS[name])

    marks = re.findall(r"(?m)^<(/?)details", text)
    assert marks == ["", "/"] * (len(marks) // 2)


@pytest.mark.parametrize("name", sorted(set(REPORTS) - {"tests-only", "nothing"}))
def test_the_table_has_a_row_of_five_cells_for_each_prompt(name):
    found = rows(write_markdown(REPORTS[name]))

    assert found[0] == ["prompt", "version", "what", "cases", "tokens"]
    assert {len(row) for row in found} == {5}
    named = [row[0].rpartition(" → ")[2] for row in found[1:]]
    quiet = {"data/sql", "support/triage"} if name == "removed-and-renamed" else set()
    assert named == [each.id for each in REPORTS[name].prompts if each.id not in quiet]


def test_a_section_alone_is_open_and_several_are_folded():
    one, several = (
        write_markdown(REPORTS["wording"]),
        write_markdown(REPORTS["removed-and-renamed"]),
    )

    assert (one.count("<details open>"), one.count("<details>")) == (1, 0)
    assert (several.count("<details open>"), several.count("<details>")) == (0, 3)


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("one", "two", ["-one", "+two"]),
        ("a\nb", "a\nb\nc", [" a", " b", "+c"]),
        ("a\n\nb", "a\n\nc", [" a", "", "-b", "+c"]),
        ("a\n\nb", "a\nb", [" a", "-↵", " b"]),
        ("a", "a\n", [" a", "+↵"]),
        ("a  \nb", "a\nb", ["-a··", "+a", " b"]),
        ("- x\n+ y", "- z\n+ y", ["-- x", "+- z", " + y"]),
        (
            "1\n2\n3\nx\n5\n6\n7\n",
            "1\n2\n3\ny\n5\n6\n7\n",
            [" …", " 2", " 3", "-x", "+y", " 5", " 6", " …"],
        ),
        ("```\n", "````\n", ["-```", "+````"]),
        (
            "a" * 400 + " b " + "c" * 400,
            "a" * 400 + " d " + "c" * 400,
            [f"{mark}…{'a' * 99} {word} {'c' * 99}…" for mark, word in ("-b", "+d")],
        ),
        ("x" * 900, "y", ["-" + "x" * 500 + "… (400 more characters)", "+y"]),
        ("x", "x" * 400 + "\n" + "y" * 400, ["-x", "+" + "x" * 400, "+" + "y" * 400]),
    ],
)
def test_a_difference_is_written_in_whole_lines(before, after, lines):
    assert shown(before, after) == lines


@pytest.mark.parametrize("ticks", [3, 4, 30])
def test_a_fence_in_a_prompt_ends_no_fence_of_ours(ticks):
    fence = "`" * ticks

    lines = shown(f"{fence}\nold\n{fence}", f"{fence}\nnew\n{fence}")

    assert lines == [f" {fence}", "-old", "+new", f" {fence}"]


def test_of_a_long_difference_the_first_lines_are_shown_and_where_to_find_the_others():
    many = "".join(f"{number}\n" for number in range(100))

    text = write_markdown(report(prompt("a", cases=(case("one", other("user", "", many)),))))

    (fence,) = fences(text)
    assert fence.content.splitlines() == [f"+{number}" for number in range(40)]
    assert "60 more lines: <code>promptops diff v1.4.2..HEAD a --format json</code>" in text


def test_of_many_cases_the_first_are_shown():
    cases = tuple(
        case(f"case {number}", other("user", "", f"{'x' * 100} {number}\n" * 40))
        for number in range(9)
    )

    text = write_markdown(report(prompt("a", cases=cases)))

    assert len(fences(text)) == 2
    assert "7 more cases not shown: <code>promptops diff v1.4.2..HEAD a --format json" in text


def test_prompts_for_which_there_is_no_room_are_counted():
    prompts = tuple(
        prompt(
            f"support/prompt-{number}",
            change("CHG301", "/messages", f"the model sees another text, {number}"),
            cases=(case("one", other("user", "", f"{number} {'x' * 90}\n" * 40)),),
        )
        for number in range(300)
    )

    text = write_markdown(DiffReport(base="a", head="b", prompts=prompts, compared=300))

    sections = text.count("<details>")
    in_table = len(rows(text)) - 1
    left_out = "more prompts left out: <code>promptops diff a..b --format json</code>"
    assert 55_000 < len(text) < 65_536
    assert f"\n{300 - in_table} {left_out}\n\n<details>" in text
    assert text.endswith(f"\n{300 - sections} {left_out}\n")


@pytest.mark.slow
def test_thousands_of_risks_and_quiet_prompts_are_counted():
    loud = change("CHG121", "/inputs", "`a` is trusted now")
    risky = [prompt(f"p{n}", replace(loud, message=f"`a{n}` is trusted now")) for n in range(3000)]
    quiet = [prompt(f"q{n}", change("CHG701", "/owners", "`owners`")) for n in range(3000)]

    text = write_markdown(DiffReport(base="a", head="b", prompts=(*risky, *quiet), compared=6000))

    listed = len(re.findall(r"(?m)^- <code>p\d", text.partition("| prompt |")[0]))
    assert len(text) < 65_536
    assert f"\n- and {3000 - listed:,} more risks\n" in text
    assert "3,000 prompts changed without an effect" in text
    assert "<code>q7</code> (patch) and 2,992 more." in text


def test_a_text_of_a_stranger_stays_text(hostile_text):
    text = write_markdown(hostile(hostile_text))

    assert html(text) <= OURS
    assert {len(row) for row in rows(text)} == {5}
    assert text.count("<!-- promptops diff -->") == 1
    assert len(re.findall(r"(?m)^</?details", text)) == 2
    inside = {token.type for token in everything(parsed(text))}
    assert inside & {"link_open", "image", "code_inline", "code_block", "em_open"} == set()


def test_nobody_is_called_and_no_issue_is_linked_by_a_text_of_a_stranger(hostile_text):
    text = write_markdown(hostile(hostile_text))

    outside = re.sub(r"(?ms)^(`{3,})diff$.*?^\1$|&#\d+;", "", text)
    assert re.findall(r"[@#]\w|www\.|https?:", outside) == []


def test_nothing_but_newlines_controls_a_terminal(hostile_text):
    text = write_markdown(hostile(hostile_text))

    kinds = {unicodedata.category(char) for char in text.replace("\n", "")}
    assert kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()
    assert [line for line in text.split("\n") if line.lstrip().startswith("::")] == []


def test_a_hostile_report_fits_too(hostile_text):
    one = hostile(hostile_text[:200] * 300)
    many = replace(one, prompts=one.prompts * 50)

    assert len(write_markdown(many)) < 65_536
