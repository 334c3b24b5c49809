"""The HTML page of the gate, read without a browser."""

import re
from dataclasses import replace
from functools import cache
from unicodedata import category

import pytest

from promptops.commands.check.page import write_html
from promptops.model.finding import Severity
from promptops.model.test_run import TestRun
from tests.report.check.html_reports import (
    DESK,
    LINT_CHANGES,
    REPORTS,
    TRIAGE,
    bare,
    boundaries_checked,
    covered,
    empty,
    failed,
    findings,
    hostile,
    mutated,
    passed,
    report,
    same,
    shown,
)
from tests.report.conftest import HOSTILE
from tests.report.diff import html_pages
from tests.report.diff.html_reports import realistic
from tests.report.diff.reports import REPORTS as REPORTS_OF_DIFF
from tests.report.test.runs import answer, case
from tests.tiers import fast_spread

read = cache(html_pages.read)


@cache
def written(name):
    return write_html(REPORTS[name]())


@cache
def written_with(name):
    """A page whose every text is the hostile one of this name."""
    return write_html(hostile(HOSTILE[name]))


def with_class(root, name, tag=""):
    return [each for each in root.all(tag) if name in (each.attributes.get("class") or "").split()]


def with_id(root, name):
    return next(each for each in root.all() if each.attributes.get("id") == name)


def words(element):
    return " ".join(element.text.split())


def rows(element):
    """What each row of a table says, by cells."""
    found = []
    for row in element.all("tr"):
        cells = [each for each in row.children if getattr(each, "name", "") in ("th", "td")]
        found.append([words(each) for each in cells])
    return found


@pytest.mark.parametrize("name", ["failed", "passed", "same", "bare", "empty"])
def test_there_is_no_address_on_a_page_but_in_what_others_wrote(name):
    page = written(name)

    assert re.findall(r"https?://|[\"'(]//", page) == []


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "hostile"])
def test_no_two_regions_have_the_same_name(name):
    names = html_pages.region_names(read(written(name)))

    assert sorted(names) == sorted(set(names))


def test_plots_have_a_text_and_tables_have_heads_with_scope():
    root = read(written("failed"))

    plots = list(root.all("svg"))
    assert plots
    assert all(each.attributes["role"] == "img" for each in plots)
    assert all(next(each.all("title")).text.strip() for each in plots)
    assert {cell.attributes["scope"] for cell in root.all("th")} == {"col", "row"}


@pytest.mark.parametrize("name", fast_spread(HOSTILE, 4))
def test_what_strangers_write_stays_text(name):
    usual, attacked = read(written("failed")), read(written_with(name))

    known = {element.name for element in usual.all()} | {"code", "small", "s"}
    assert {element.name for element in attacked.all()} <= known


def test_an_attack_is_to_be_read_wherever_it_stands():
    (body,) = read(written("hostile")).all("body")

    assert body.text.count("<script>document.title='pwned';alert(1)</script>") > 150


@pytest.mark.parametrize("name", fast_spread(HOSTILE, 4))
def test_no_character_of_a_stranger_is_invisible(name):
    page = written_with(name)

    kinds = {category(char) for char in page.replace("\n", "")}
    assert kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()
    assert page.encode().decode() == page


def test_survivors_are_shown_in_the_source_and_the_table_leads_to_the_score_of_a_prompt():
    root = read(write_html(mutated()))

    (group,) = (each for each in root.all("section") if each.attributes.get("id") == "mutation")
    cells = [
        (cell.text, [link.attributes["href"] for link in cell.all("a")])
        for cell in root.all("td")
        if cell.attributes.get("data-title") == "Mutants killed"
    ]
    assert next(group.all("h2")).text == (
        "Mutation tests notice 25% of 4 mutants by behaviour; 2 survivors in changed lines;"
        " 2 larger prompts left out (promptops mutate)"
    )
    assert cells[0] == ("25% 25%", ["#mutants-of-1"])
    assert [each.text for each in group.all("del")] == [
        "You sort tickets.",
        "Promise nothing on behalf of Acme.",
        "must",
    ]


def test_the_verdict_comes_first_then_what_the_gate_asks():
    (header,) = read(written("failed")).all("header")

    assert words(next(header.all("h1"))) == (
        "✕ fail · 4 risks required version bump: major, 1.4.2 -> 2.0.0"
    )
    (revisions,) = with_class(header, "revisions")
    assert words(revisions) == "v1.4.2 → to HEAD at 0123456789ab"
    assert rows(header) == [
        ["Check", "Verdict", "Result"],
        ["Lint", "✕ fail", "3 errors, 1 warning, 2 infos"],
        ["Cases", "✕ fail", header_said("cases")],
        ["Coverage", "✕ fail", "23 of 28 branches, 82%, at least 90% required"],
        ["Budgets", "✓ pass", "2 prompts within their budgets"],
        [
            "Release",
            "✕ fail",
            "required version bump: major, 1.4.2 -> 2.0.0; "
            "3 changes refused by check.fail-on (breaking)",
        ],
    ]


def test_below_1_0_0_the_page_says_why_a_smaller_number_is_raised():
    found = replace(REPORTS_OF_DIFF["wording"], before_version="0.1.0", after_version="0.1.1")
    (header,) = read(write_html(report(diff=found, shown=shown()))).all("header")

    assert words(next(header.all("h1"))) == (
        "✓ pass required version bump: minor, 0.1.0 -> 0.1.1"
        " (before 1.0.0 this raises the patch number)"
    )


def header_said(name):
    from promptops.commands.check.facts import rows as asked

    return next(row.result for row in asked(failed()) if row.name == name)


def test_what_is_refused_and_what_is_a_risk_stand_above_all_parts():
    page = write_html(failed())

    root = read(page)
    refused, risks, *_ = with_class(root, "risks")
    assert words(next(refused.all("h2"))) == "Why it fails"
    told = [words(item) for item in refused.all("li")]
    assert told[0].startswith("support/triage: CHG204 queue may now be safety")
    assert "[fingerprint 5b1f0c9e7a3d]" in told[0]
    assert words(next(risks.all("li"))) == (
        "lint.select changes; it takes effect once it is merged (promptops.toml:3)"
    )
    assert page.index('id="reasons-title"') < page.index('id="risks-title"') < page.index("<nav")


def test_on_a_fail_each_reason_stands_above_all_parts_and_leads_to_the_one_that_shows_it():
    root = read(written("failed"))

    (section,) = (each for each in with_class(root, "refused") if each.name == "section")
    reasons = [words(item) for item in section.all("li")]
    leads = [link.attributes["href"] for link in section.all("a")]
    assert reasons[3:7] == [
        f"{TRIAGE}:31: tikcet is not an input (VAR001)",
        f"{TRIAGE}:60: plan is missing (TST002)",
        "prompts/sql/write.prompt.yaml:2: no table (VAR001)",
        "support/triage: refund #0, #2: one-of does not hold: "
        "expected one of billing, other at /category in the answer, got bug",
    ]
    assert leads[3:6] == ["#file-1", "#file-1", "#file-2"]
    assert leads[6].startswith("#cases-of-")
    assert "#coverage" in leads


def test_only_reasons_that_fit_the_top_are_listed():
    many = tuple(replace(findings()[1], message=f"no {number}") for number in range(30))

    root = read(write_html(report(findings=many, shown=shown())))

    (section,) = (each for each in with_class(root, "refused") if each.name == "section")
    assert len(list(section.all("li"))) == 20
    assert "10 more reasons" in section.text


def test_a_pass_with_risks_is_not_shown_as_a_green_pass():
    root = read(write_html(report(risks=(LINT_CHANGES, LINT_CHANGES))))

    (title,) = root.all("h1")
    (pill,) = with_class(title, "pill")
    assert words(pill) == "! pass · 2 risks"
    assert pill.attributes["class"] == "pill missed"
    assert next(root.all("title")).text.startswith("pass · 2 risks: ")


def test_the_parts_that_have_something_to_say_are_led_to_in_their_order():
    def led_to(made):
        return [words(item) for nav in read(write_html(made)).all("nav") for item in nav.all("li")]

    failing = ["Changes 7", "Findings 6", "Cases 17", "Coverage 82%", "Tests", "Cost"]
    assert led_to(failed()) == failing
    assert led_to(passed()) == ["Findings 0", "Cases 5", "Tests", "Coverage 100%", "Cost"]
    assert led_to(same()) == ["Changes 0", "Findings 0", "Cases 5", "Cost"]
    assert led_to(empty()) == []


def test_one_table_shows_for_each_prompt_what_its_tests_notice():
    root = read(write_html(boundaries_checked()))

    (table,) = with_class(root, "worth", "table")
    assert [", ".join(row) for row in rows(table)] == [
        "Prompt, Cases passed, Branches covered, Boundary inputs, Mutants killed,"
        " Attacks that succeed",
        "support/triage, 2 of 6 ✕ 3 failed ↻ 1 stale, 78% 78%, ✕ 2 places break, 25% 25%,"
        " ✕ 3 of 40 · 7.5% [2.6, 19.9] · most in fake-turn 3 of 4",
        "extraction/invoice, 3 of 4 ! 1 in error, 100% 100%, ✓ none breaks it, not measured,"
        " ✓ 0 of 20 · 0.0% [0.0, 16.1]",
        "support/reply, none, 60% 60%, not measured, not measured,"
        " 1 of 40 · 2.5% [0.4, 12.9] · most in fake-turn 1 of 4",
    ]
    targets = [link.attributes["href"].removeprefix("#") for link in table.all("a")]
    assert [with_id(root, target).attributes["id"] for target in targets] == targets


def test_a_gate_that_had_nothing_to_look_at_says_so():
    root = read(write_html(empty()))

    (verdict,) = with_class(root, "verdict")
    assert words(verdict) == "nothing to check, no file that prompts depend on changed"
    assert list(root.all("table")) == []


def test_an_empty_part_says_that_nothing_is_wrong():
    root = read(write_html(same()))

    assert "Nothing changed for callers, the model or consumers" in with_id(root, "changes").text
    assert "None in 1 file" in with_id(root, "findings").text


def test_prompts_that_fail_stand_first_each_with_what_was_found_and_why_it_was_selected():
    root = read(written("failed"))

    told = rows(with_class(root, "overview", "table")[0])
    assert told[0] == ["Prompt", "Version", "Changes", "Findings", "Cases passed", "Covered"]
    assert told[1] == [
        f"support/triage {DESK} changed",
        "major 1.4.2 → to 2.0.0",
        "4 changes",
        "✕ 2 errors ! 1 warning i 1 info",
        "2 of 6 ✕ 3 failed ↻ 1 stale",
        "78%",
    ]
    names = [row[0].split(" ")[0] for row in told[1:]]
    assert names[-1] == "prompts/alone.prompt.yaml"
    assert names.index("moderation/check") < names.index("translate/ui")
    assert "translate/ui it changed" in [row[0] for row in told]


def test_changes_are_shown_as_on_the_page_of_a_diff():
    root = read(written("failed"))

    section = with_id(root, "changes")
    titles = [words(next(each.all("h3"))) for each in with_class(section, "prompt")]
    assert titles[0] == "support/triage"
    assert len(titles) == 7
    assert with_class(section, "difference")
    differences = with_class(section, "difference")
    assert words(next(differences[0].all("h4"))) == "Cases refund, broken blade, late parcel"
    assert "five short" in [each.text for each in differences[0].all("ins")]


def test_a_finding_stands_below_its_line_with_what_it_speaks_of_marked():
    root = read(write_html(report(findings=findings()[1:2], shown=shown())))

    (stretch,) = with_class(root, "stretch")
    lines = [(each.attributes["data-line"], each.text) for each in with_class(stretch, "line")]
    assert lines == [
        ("29", "# 29"),
        ("30", "# 30"),
        ("31", "      {{ tikcet }}"),
        ("32", "# 32"),
        ("33", "# 33"),
    ]
    assert [mark.text for mark in stretch.all("mark")] == ["tikcet"]
    (remark,) = with_class(stretch, "remark")
    assert [words(each) for each in remark.all("p")] == [
        "✕ Error tikcet is not an input",
        "VAR001 undefined-variable · 31:10 · support/triage",
        "did you mean ticket?",
    ]
    order = [each.attributes["class"].split()[0] for each in stretch.children if each != "\n"]
    assert order == ["line", "line", "line", "remark", "line", "line"]


def test_files_of_findings_that_fail_the_gate_come_first():
    root = read(written("failed"))

    titles = [words(next(each.all("h3"))) for each in with_class(root, "file")]
    counts = [words(with_class(each, "counts")[0]) for each in with_class(root, "file")]
    assert list(zip(titles, counts, strict=True))[:4] == [
        (TRIAGE, "✕ 2 errors"),
        ("prompts/sql/write.prompt.yaml", "✕ 1 error"),
        (DESK, "! 1 warning i 1 info"),
        ("prompts/Bad.prompt.yaml", "i 1 info"),
    ]


def test_places_that_belong_to_a_finding_are_shown_with_their_lines():
    root = read(write_html(report(findings=findings()[2:3], shown=shown())))

    (related,) = with_class(root, "related")
    assert [words(item) for item in related.all("li")] == [
        f'{TRIAGE}:27:18 included here {{% include "partials/support-desk.md.j2" %}}',
        "prompts/none.yaml:3:1 and there",
    ]
    assert [mark.text for mark in related.all("mark")] == ['"partials/support-desk.md.j2"']
    assert "Found in the request of the case a light that blinks" in words(root)


def test_a_long_line_is_cut_around_what_is_marked():
    root = read(write_html(report(findings=findings()[4:5], shown=shown())))

    (line,) = (each for each in with_class(root, "line") if next(each.all("mark"), None))
    assert line.text.startswith("…")
    assert line.text.endswith("…")
    assert len(line.text) == 402
    assert next(line.all("mark")).text == "table"


def test_without_sources_a_finding_is_shown_with_the_line_that_it_knows():
    root = read(write_html(bare()))

    stretches = with_class(root, "stretch")
    assert [[each.text for each in with_class(one, "line")] for one in stretches] == [
        [],
        ["the the"],
    ]
    assert all(len(with_class(one, "remark")) == 1 for one in stretches)


@pytest.mark.parametrize(
    ("fail_on", "quiet"), [(Severity.ERROR, [False, True]), (Severity.INFO, [False, False])]
)
def test_only_findings_that_don_t_fail_the_gate_can_be_hidden(fail_on, quiet):
    info, error, *_ = findings()

    root = read(write_html(report(findings=(info, error), fail_on=fail_on, shown=shown())))

    found = sorted("quiet" in each.attributes["class"] for each in with_class(root, "stretch"))
    assert found == quiet


def test_cases_are_shown_as_on_the_page_of_a_run_those_first_that_don_t_pass():
    root = read(written("failed"))

    section = with_id(root, "cases")
    assert len(with_class(section, "case")) == 17
    titles = [words(next(each.all("h3"))) for each in with_class(section, "prompt")]
    assert titles[0] == "support/triage"
    assert with_class(section, "compared")
    assert "Scores against v1.8.0" in words(section)


def test_a_branch_that_no_case_takes_is_marked_in_its_template_once_for_all_prompts():
    root = read(write_html(report(test=replace(green_run(), coverage=covered()), shown=shown())))

    triage, desk = with_class(root, "untaken")
    remarks = [words(each) for each in with_class(desk, "remark")]
    assert words(next(triage.all("h3"))) == TRIAGE
    assert [mark.text for mark in desk.all("mark")] == ["plan == 'free'"]
    assert remarks == [
        "○ Not covered in no case plan == 'free' holds; in every case plan == 'free' holds "
        "7:7 · support/triage, support/reply"
    ]


def green_run():
    return TestRun(cases=(), verdict="pass")


def test_the_whole_template_is_there_folded_where_nothing_is_missing():
    root = read(write_html(report(test=replace(green_run(), coverage=covered()), shown=shown())))

    triage, _ = with_class(root, "untaken")
    folds = [words(next(each.all("summary"))) for each in with_class(triage, "fold")]
    numbers = [each.attributes["data-line"] for each in with_class(triage, "line")]
    assert folds == ["49 lines", "46 lines"]
    assert numbers == ["50", "51", "52", "53", "54"]
    assert [len(pre.text.strip("\n").split("\n")) for pre in triage.all("pre")] == [49, 46]


def test_each_prompt_has_a_bar_of_its_covered_share():
    root = read(write_html(report(test=replace(green_run(), coverage=covered()), shown=shown())))

    (shares,) = with_class(root, "shares")
    assert [words(item) for item in shares.all("li")] == [
        f"support/triage 78% 78% 11 of 14 {TRIAGE}, {DESK}",
        f"support/reply 60% 60% 3 of 5 {DESK}",
        "extraction/invoice 100% 100% 9 of 9",
    ]
    widths = [
        rectangle.attributes["width"]
        for svg in shares.all("svg")
        for rectangle in with_class(svg, "taken")
    ]
    assert widths == ["78", "60", "100"]


def test_cost_stands_before_and_after_with_the_tokens_of_recorded_answers():
    run = TestRun(
        cases=(
            case("support/triage", "one", answer=answer("x" * 40)),
            case("support/triage", "two", answer=answer("x" * 80)),
            case("other", "three", answer=answer("x")),
            case("silent", "four", answer=None),
        ),
        verdict="pass",
    )

    (table,) = with_class(read(write_html(report(test=run, diff=realistic()))), "costs", "table")

    found = rows(table)
    triage = next(row for row in found if row[0] == "support/triage")
    assert found[0] == [
        "Prompt",
        "Tokens of a request",
        "Before, after",
        "1,000 requests",
        "Answers",
        "Tokens read",
        "Tokens written",
    ]
    assert triage == [
        "support/triage",
        "148 → to 161 (+13)",
        "148 tokens before, 161 after",
        "$0.37 → to $0.40",
        "2",
        "824",
        "30",
    ]
    assert found[-2] == ["other", "", "", "", "1", "412", "1"]
    assert (found[-1][0], found[-1][4:]) == ("All", ["3", "1,236", "31"])
    assert "silent" not in [row[0] for row in found]


def test_estimates_are_said_to_be_estimates():
    estimated, counted = (
        words(with_id(read(write_html(report(diff=diff, shown=shown()))), "cost"))
        for diff in (realistic(), replace(realistic(), tokenizer="o200k_base"))
    )

    assert "Its tokens are estimated" in estimated
    assert "Its tokens are counted as by o200k_base" in counted


def test_a_page_without_a_base_shows_no_version_and_no_changes():
    root = read(write_html(passed()))

    assert words(next(root.all("h1"))) == "✓ pass"
    (revisions,) = with_class(root, "revisions")
    assert words(revisions) == "the work tree at 0123456789ab"
    assert rows(with_class(root, "overview", "table")[0])[0] == [
        "Prompt",
        "Cases passed",
        "Covered",
    ]
