"""Blocks of a document, as a terminal and a comment show them."""

import pytest

from promptops.report.document import (
    Cell,
    Column,
    Controls,
    Document,
    Remark,
    Row,
    Table,
    ended_early,
    last_lines,
    opening,
    table_lines,
    table_text,
)

TABLE = Table(
    unit="prompt",
    columns=(Column("verdict", number=False), Column("score"), Column("empty"), Column("$/1,000")),
    rows=(
        Row(name="support/triage", cells=(Cell("fail", "error"), Cell("9.1"), Cell(""), Cell("2"))),
        Row(
            name="a",
            cells=(Cell("pass", "info"), Cell("88.25"), Cell(""), Cell("0.4", of="5 times")),
            after="1 ignored",
        ),
        Row(name="b|c", instead="not tested: `x` is *missing*"),
    ),
)
DOCUMENT = Document(
    command="probe",
    label="Probe",
    summary="fail: `a` *b*",
    remarks=(Remark("all @here"), Remark(""), ended_early("5 < 6", 2), ended_early("", 2)),
    next="promptops probe",
    controls=Controls("", "", "", "", "", "", ""),
)


def styled(role, text):
    return f"<{role}>{text}</>"


def test_a_terminal_aligns_columns_and_drops_empty_ones_and_a_colour_has_no_width():
    assert list(table_lines(TABLE, styled)) == [
        "<note>prompt          verdict  score  $/1,000</>",
        "support/triage  <error>fail</>     9.1    2",
        "a               <info>pass</>     88.25  0.4 (5 times)  1 ignored",
        "b|c             not tested: `x` is *missing*",
    ]


def test_a_terminal_aligns_numbers_on_the_right_where_a_report_asks_for_it():
    assert [line[24:] for line in table_lines(TABLE, lambda _, text: text, right=True)][:3] == [
        " score        $/1,000",
        "   9.1              2",
        " 88.25  0.4 (5 times)  1 ignored",
    ]


@pytest.mark.parametrize(
    ("room", "rows", "rest"),
    [
        (1_000, slice(None), ""),
        (120, slice(0, 2), "\n1 more prompt: <code>-v</code>\n"),
        (0, slice(0, 0), "\n3 more prompts: <code>-v</code>\n"),
    ],
)
def test_a_comment_has_the_rows_that_fit_and_counts_the_others(room, rows, rest):
    head = "| prompt | verdict | score | $/1,000 |\n|---|---|--:|--:|\n"
    every = [
        "| <code>support/triage</code> | **fail** | 9.1 | 2 |\n",
        "| <code>a</code> (1 ignored) | pass | 88.25 | 0.4 (5 times) |\n",
        "| <code>b&#124;c</code> | not tested: &#96;x&#96; is &#42;missing&#42; | | |\n",
    ]

    assert table_text(TABLE, room, "-v") == "".join([head, *every[rows], rest])


def test_remarks_without_a_text_are_not_shown():
    assert list(last_lines(DOCUMENT, styled)) == [
        "<note>note</>: all @here",
        "<warning>ended early</>: 5 < 6, 2 requests not sent",
        "<hint>hint</>: promptops probe",
        "<summary>fail: `a` *b*</>",
    ]
    assert opening(DOCUMENT) == (
        "<!-- promptops probe -->\n**Probe**: fail: <code>a</code> &#42;b&#42;\n\n"
        "all @<!-- -->here\n\nEnded early: 5 &#60; 6, 2 requests not sent\n\n"
        "Next: <code>promptops probe</code>\n"
    )
