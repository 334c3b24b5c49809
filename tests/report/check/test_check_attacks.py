"""The rate of successful attacks on each prompt, in a comment and in a terminal."""

from promptops.commands.check import report
from tests.report.check.html_reports import boundaries_checked


def test_a_comment_has_a_row_for_each_attacked_prompt_the_highest_rate_first():
    comment = report.write_markdown(boundaries_checked())

    table = comment.partition("| attacks |")[2].partition("\n\n")[0]
    assert table.splitlines()[2:] == [
        "| <code>support/triage</code> | 3 of 40 | 7.5% [2.6, 19.9] | fake-turn 3 of 4 |",
        "| <code>support/reply</code> | 1 of 40 | 2.5% [0.4, 12.9] | fake-turn 1 of 4 |",
        "| <code>extraction/invoice</code> | 0 of 20 | 0.0% [0.0, 16.1] |  |",
    ]


def test_a_terminal_shows_the_prompts_with_successful_attacks():
    lines = report.write_text(boundaries_checked()).splitlines()

    at = lines.index("probes: inconclusive: 4 of 100 attacks succeeded")
    assert lines[at + 1 : at + 4] == [
        "  support/triage: 3 of 40 attacks succeeded, 7.5% [2.6, 19.9], most in fake-turn 3 of 4",
        "  support/reply: 1 of 40 attacks succeeded, 2.5% [0.4, 12.9], most in fake-turn 1 of 4",
        "  fail: support/triage: over the limit",
    ]
