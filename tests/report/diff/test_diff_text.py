"""What a golden file does not show about the text of a diff."""

import unicodedata
from dataclasses import replace

import pytest

from promptops.commands.diff.report import write_text
from promptops.diff.changes import change
from promptops.model.change import CaseDiff, DiffReport, Seen, SeenPair
from promptops.model.version import Bump
from tests.report.diff.hostile_reports import hostile
from tests.report.diff.reports import REPORTS, case, other, prompt, report, same


def shown(before, after, **facts):
    """How the difference of a message is written."""
    found = report(prompt("a", cases=(case("one", other("user", before, after)),)), **facts)
    lines = write_text(found).splitlines()
    return [
        line.removeprefix("    ") for line in lines[lines.index("  case 'one' · user") + 1 : -3]
    ]


@pytest.mark.parametrize(
    ("bump", "after", "raised"),
    [
        ("major", "0.2.0", " (0.1.0 -> 0.2.0: before 1.0.0 this raises the minor number)"),
        ("minor", "0.1.1", " (0.1.0 -> 0.1.1: before 1.0.0 this raises the patch number)"),
        ("patch", "0.1.1", ""),
        ("minor", "1.1.0", ""),
    ],
)
def test_below_1_0_0_the_last_line_says_why_a_smaller_number_is_raised(bump, after, raised):
    found = prompt("a", bump=Bump[bump.upper()])

    last = write_text(report(found, before_version="0.1.0", after_version=after)).splitlines()[-1]

    assert last == f"{bump}: 1 prompt changed of 12 compared from v1.4.2 to HEAD{raised}"


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("one", "two", ["[-one-]{+two+}"]),
        ("a b c", "a x c", ["a [-b-]{+x+} c"]),
        ("a\nb", "a\nb\nc", ["a", "b", "{+c+}"]),
        ("a\n\nb", "a\nb", ["a", "[-↵-]", "b"]),
        ("a", "a\n", ["a{+↵+}"]),
        ("a \nb", "a\nb", ["a[- -]", "b"]),
        ("a\tb", "a b", ["a[-\\t-]{+ +}b"]),
        (
            "".join(f"{number}\n" for number in range(9)) + "x",
            "".join(f"{number}\n" for number in range(9)) + "y",
            ["…", "7", "8", "[-x-]{+y+}"],
        ),
        ("x\n" + "a\n" * 9, "y\n" + "a\n" * 9, ["[-x-]", "{+y+}", "a", "a", "…"]),
        (
            "word " * 100 + "b " + "word " * 100,
            "word " * 100 + "c " + "word " * 100,
            ["…" + " word" * 15 + " [-b-]{+c+} " + "word " * 15 + "…"],
        ),
        (
            "a " * 300 + "\nb",
            "a " * 300 + "\nc",
            ["a " * 100 + "… (400 more characters)", "[-b-]{+c+}"],
        ),
        ("a", "x" * 1500, ["[-a-]{+" + "x" * 1000 + "… (500 more characters)+}"]),
    ],
)
def test_a_difference_is_written_word_by_word_with_two_lines_around(before, after, lines):
    assert shown(before, after) == lines


def test_of_a_long_difference_the_first_lines_are_shown_and_where_to_find_the_others():
    lines = shown("", "".join(f"{number}\n" for number in range(100)))

    assert lines[:40] == [f"{{+{number}+}}" for number in range(40)]
    assert lines[40:] == ["… 60 more lines: promptops diff v1.4.2..HEAD a --format json"]


def test_sides_that_nobody_can_type_are_left_to_the_reader():
    lines = shown("", "x\n" * 50, head="the index")

    assert lines[-1] == "… 10 more lines: promptops diff … a --format json"


def test_cases_beyond_what_anybody_reads_are_named():
    cases = tuple(
        case(f"case {number}", other("user", "", f"{number}\n" * 60)) for number in range(5)
    )

    lines = write_text(report(prompt("a", cases=cases))).splitlines()

    assert lines[-4:-2] == [
        "  2 more cases not shown: `case 3`, `case 4`",
        "  promptops diff v1.4.2..HEAD a --format json",
    ]


def test_a_case_that_changed_by_the_same_lines_is_named_whatever_stands_around():
    cases = (
        case("one", other("user", "a\nold\n", "a\nnew\n")),
        case("two", other("user", "b\nold", "b\nnew")),
        case("three", other("user", "b\nold", "b\nnewer")),
    )

    lines = write_text(report(prompt("a", cases=cases))).splitlines()

    assert [line for line in lines if "case" in line] == [
        "  case 'one' · user",
        "  the same in 1 more case: `two`",
        "  case 'three' · user",
    ]


def test_prompts_that_changed_otherwise_are_shown_by_themselves():
    first = REPORTS["partial"].prompts[0]
    others = [
        replace(first, id="other-bump", bump=first.bump + 1),
        replace(first, id="other-change", changes=first.changes[:1]),
        replace(first, id="other-case", cases=()),
        replace(first, id="other-file", via=("other.md.j2",)),
        replace(first, id="the-same", before_version=None, after_version=None),
    ]

    lines = write_text(report(first, *others)).splitlines()

    titles = [line for line in lines if line.endswith(")") and not line.startswith("  ")]
    assert [title.split(" ")[0] for title in titles] == [
        *("agents/order-desk", "other-bump", "other-change", "other-case", "other-file")
    ]
    assert "    the-same  (minor)" in lines


def test_each_break_is_told_with_the_fingerprint_that_a_waiver_names():
    breaks = change("CHG101", "/inputs/properties/a", "`a` is required now", fingerprint="0a")
    harmless = change("CHG301", "", "another text", fingerprint="0b")
    again = replace(breaks, fingerprint="0c")

    text = write_text(report(prompt("a", breaks, harmless), prompt("b", again, harmless)))

    told = [line for line in text.splitlines() if "fingerprint" in line]
    assert told == ["    fingerprint 0a", "      fingerprint 0c"]


def test_a_risk_that_many_prompts_share_is_told_once():
    changed = change("CHG121", "/inputs/properties/a", "`a` is trusted now")

    lines = write_text(report(*(prompt(name, changed) for name in "abc"))).splitlines()

    assert lines[0] == "risk: a and 2 more: `a` is trusted now  [CHG121]"
    assert lines[-1] == "minor: 3 prompts changed of 12 compared from v1.4.2 to HEAD, 3 risks"


def test_where_changes_came_through_other_files_each_says_so():
    changes = (
        change("CHG301", "/messages", "another text", via=("a.md.j2",)),
        change("CHG104", "/inputs/properties/x", "`x` may be passed"),
        change("CHG701", "/owners", "`owners`"),
    )

    lines = write_text(report(prompt("p", *changes, via=("a.md.j2",)))).splitlines()

    assert lines[:5] == [
        "p  (minor)",
        "  CHG301 another text  /messages",
        "    through a.md.j2",
        "  CHG104 `x` may be passed  /inputs/properties/x",
        "  CHG701 `owners`  /owners",
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "`b` is missing", ["can no longer be rendered: `b` is missing"]),
        ("`a` is missing", "", ["could not be rendered before: `a` is missing"]),
        ("one", "two", ["can't be rendered, before: one", "can't be rendered, now: two"]),
    ],
)
def test_a_case_without_a_request_says_why_and_shows_no_text(before, after, said):
    message = Seen(role="user", text="x", tokens=1)
    pair = SeenPair(None if before else message, message if before and not after else None)
    broken = CaseDiff(name="one", messages=(pair,), before_error=before, after_error=after)

    lines = write_text(report(prompt("a", cases=(broken,)))).splitlines()

    assert lines[1:-2] == ["", *(f"  case 'one' {each}" for each in said)]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0.0274e-3, 0.0278e-3, "$0.0274 -> $0.0278 per 1,000 requests"),
        (1.25e-3, 12.5, "$1.25 -> $12,500.00 per 1,000 requests"),
        (0, 1e-9, "$0.00 -> under $0.0001 per 1,000 requests"),
        (None, 0.5e-3, "unknown -> $0.500 per 1,000 requests"),
        (0.5e-3, 0.5000001e-3, ""),
        (None, None, ""),
    ],
)
def test_a_price_is_that_of_1000_requests(before, after, said):
    priced = CaseDiff(
        name="one",
        messages=(same("user", "x"),),
        rest=("model",),
        before_usd=before,
        after_usd=after,
    )

    lines = write_text(report(prompt("a", cases=(priced,)))).splitlines()

    assert lines[-3] == "  1 token as before (estimated)" + (f"; {said}" if said else "")


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (
            {},
            "no version bump: no changes for callers, the model or consumers "
            "(12 prompts compared from v1.4.2 to HEAD)",
        ),
        (
            {"compared": 1, "hidden": 1},
            "no version bump: no changes for callers, the model or consumers "
            "(1 prompt compared from v1.4.2 to HEAD);"
            " 1 other prompt may have changed and was not selected",
        ),
    ],
)
def test_the_last_line_sums_up(facts, line):
    assert write_text(report(**facts)) == f"{line}\n"


def test_colours_stand_instead_of_the_marks():
    coloured = write_text(REPORTS["wording"], style=lambda role, text: f"<{role}>{text}</>")

    assert "at most <removed>4</><added>6</>." in coloured
    assert "[-" not in coloured
    assert "{+" not in coloured


def test_a_style_is_given_only_these_roles():
    roles = set()

    def style(role, text):
        roles.add(role)
        return f"{text}\x1b[m"

    for each in REPORTS.values():
        write_text(each, style=style)

    assert roles == {
        *("added", "code", "error", "gutter", "hint", "info", "note", "path", "removed"),
        *("summary", "warning"),
    }


def test_nothing_but_newlines_controls_a_terminal(hostile_text):
    text = write_text(hostile(hostile_text))

    kinds = {unicodedata.category(char) for char in text.replace("\n", "")}
    assert kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()


def test_a_log_reads_no_command(hostile_text):
    lines = write_text(hostile(hostile_text)).split("\n")

    assert [line for line in lines if line.lstrip().startswith("::")] == []
    assert [line for line in lines if "##[" in line or "##vso" in line] == []


def test_a_text_of_100_kb_is_cut_for_people(hostile_text):
    assert len(write_text(hostile(hostile_text))) < 30_000


def test_a_report_of_500_prompts_is_written_in_no_time():
    prompts = tuple(
        replace(each, id=f"{each.id}-{number}")
        for number in range(84)
        for each in REPORTS["partial"].prompts
    )

    lines = write_text(DiffReport(base="a", head="b", prompts=prompts, compared=600)).splitlines()

    assert lines[0].startswith("risk: agents/order-desk-0 and 503 more: ")
    assert lines[-1] == "minor: 504 prompts changed of 600 compared from a to b, 504 risks"
    assert sum("more prompts" in line for line in lines) == 1
