"""The HTML page of a diff, read without a browser."""

from dataclasses import replace
from pathlib import Path
from unicodedata import category

import pytest

from promptops.commands.diff.page import write_html
from promptops.model.version import Bump
from tests.golden_files import compare
from tests.report.diff.html_extremes import hostile
from tests.report.diff.html_pages import read, readable
from tests.report.diff.html_reports import case, change, pair, prompt, realistic, report

GOLDEN = Path(__file__).parent / "golden" / "page.txt"


def test_what_a_page_says():
    root = read(write_html(realistic()))

    (header,), (main,), (footer,) = map(root.all, ("header", "main", "footer"))
    said = "\n".join(map(readable, (header, main, footer)))
    compare(GOLDEN, said)


def test_a_page_with_changes_has_a_link_that_leads_to_them():
    assert "#changes" in {
        link.attributes["href"] for link in read(write_html(realistic())).all("a")
    }


def test_tables_have_captions_or_heads_with_scope():
    root = read(write_html(realistic()))

    heads = [[cell.attributes["scope"] for cell in table.all("th")] for table in root.all("table")]
    assert all(scopes[:2] == ["col", "col"] for scopes in heads)
    assert {scope for scopes in heads for scope in scopes} == {"col", "row"}


def test_no_character_of_a_stranger_is_invisible():
    page = write_html(hostile())

    kinds = {category(char) for char in page.replace("\n", "")}
    assert kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()
    assert page.encode().decode() == page


def test_what_strangers_write_is_text_everywhere():
    usual, attacked = (read(write_html(make())) for make in (realistic, hostile))

    assert {element.name for element in attacked.all()} <= {e.name for e in usual.all()} | {"code"}
    (body,) = attacked.all("body")
    said = body.text
    # id, message, path, case, texts, values, …: each of them at least once for each prompt
    assert said.count("<script>document.title='pwned';alert(1)</script>") > 40


def test_risks_stand_before_all_prompts():
    page = write_html(realistic())

    assert page.index("what the model must never do") < page.index('<table class="prompts">')


def test_a_risk_of_many_prompts_is_one_line():
    risk = change(message="a prohibition is gone", risk="look")
    prompts = [prompt(name=f"p{number}", changes=[risk]) for number in range(20)]

    root = read(write_html(report(*prompts)))

    (section,) = (each for each in root.all("section") if each.attributes.get("class") == "risks")
    (item,) = section.all("li")
    names = ", ".join(f"p{number}" for number in range(8))
    assert item.text == f"{names} and 12 more prompts: a prohibition is gone — look"


def test_cases_that_differ_alike_are_shown_once_with_their_names():
    cases = [
        case(
            name,
            pair("system", "Be brief.\nBe kind.", "Be brief.\nBe very kind."),
            pair("user", name, name),
        )
        for name in ("one", "two", "three", "four", "five")
    ]

    root = read(write_html(report(prompt(cases=cases))))

    (difference,) = _differences(root)
    assert next(difference.all("h3")).text == "Cases one, two, three and 2 more"
    assert [element.text.split()[0] for element in difference.all("li")] == [
        "one",
        "two",
        "three",
        "four",
        "five",
    ]
    assert [element.text for element in difference.all("ins")] == ["very "]


def test_a_difference_seen_in_another_prompt_is_a_link_to_it():
    messages = pair("system", "Be brief.", "Be kind.")
    prompts = [
        prompt(name, [change(message=f"{name} differs")], [case("usual", messages)])
        for name in "ab"
    ]

    root = read(write_html(report(*prompts)))

    first, second = _differences(root)
    (link,) = second.all("a")
    assert link.attributes["href"] == f"#{first.attributes['id']}"
    assert link.text == "a, usual"
    assert [len(list(each.all("table"))) for each in (first, second)] == [1, 0]


def test_changes_that_several_prompts_share_are_shown_once_with_the_names_of_all():
    messages = pair("system", "Be brief.", "Be kind.")
    breaks = {"code": "CHG101", "name": "required-input-added", "level": "BREAKING"}
    prompts = [
        prompt(
            name,
            [change(**breaks, bump=Bump.MAJOR, fingerprint=f"of-{name}")],
            [case("usual", messages)],
        )
        for name in "abc"
    ]

    root = read(write_html(report(*prompts)))

    sections = [each for each in root.all("section") if "part" in classes(each)]
    assert len([each for each in root.all("ol") if "changes" in classes(each)]) == 1
    assert "The same in 2 more prompts: b, c" in words(sections[0])
    assert [next(each.all("h2")).text for each in sections] == ["a", "b", "c"]
    assert [words(list(each.all("p"))[-1]) for each in sections[1:]] == [
        "The same changes as in a, in the request of 1 case · fingerprint of-b",
        "The same changes as in a, in the request of 1 case · fingerprint of-c",
    ]


def test_one_change_that_differs_keeps_two_prompts_apart():
    prompts = [prompt(name, [change(), change(message=f"{name} differs")]) for name in "ab"]

    root = read(write_html(report(*prompts)))

    assert len([each for each in root.all("ol") if "changes" in classes(each)]) == 2


def test_a_change_that_weakens_tests_is_labelled_a_risk_and_never_neutral():
    loosened = change(code="CHG602", bump=Bump.NONE, risk="a test asserts less", warning=True)

    root = read(write_html(report(prompt("a", [loosened]))))

    (item,) = (each for each in root.all("li") if "change" in classes(each))
    assert words(item).startswith("Risk it differs")
    assert "Neutral" not in words(next(root.all("header")))


def classes(element):
    return (element.attributes.get("class") or "").split()


def words(element):
    return " ".join(element.text.split())


def test_parameters_that_differ_in_two_prompts_are_not_said_to_differ_alike():
    messages = pair("system", "Be brief.", "Be kind.")
    prompts = [prompt(name, cases=[case("usual", messages, rest=("model",))]) for name in "ab"]

    root = read(write_html(report(*prompts)))

    assert [len(list(each.all("table"))) for each in _differences(root)] == [1, 1]


def test_cases_that_look_alike_but_fail_otherwise_stay_apart():
    messages = pair("system", "Be brief.", None)
    cases = [
        case("one", messages, after_error="no `a`"),
        case("two", messages, after_error="no `b`"),
    ]

    root = read(write_html(report(prompt(cases=cases))))

    assert len(_differences(root)) == 2


def _differences(root):
    return [
        element
        for element in root.all()
        if "difference" in (element.attributes.get("class") or "").split()
    ]


@pytest.mark.parametrize(
    ("values", "quiet"),
    [
        ({}, True),
        ({"warning": True}, False),
        ({"risk": "look"}, False),
        ({"level": "ADDITIVE"}, False),
    ],
)
def test_only_what_nobody_has_to_see_can_be_hidden_as_neutral(values, quiet):
    root = read(write_html(report(prompt(changes=[change(**values)]))))

    hidden = [e for e in root.all() if "quiet" in (e.attributes.get("class") or "").split()]
    assert [element.name for element in hidden] == (["tr", "section", "li"] if quiet else [])


def test_a_prompt_whose_requests_differ_is_never_hidden_as_neutral():
    cases = [case("usual", pair("system", "a", "b"))]

    root = read(write_html(report(prompt(changes=[change()], cases=cases))))

    hidden = [e for e in root.all() if "quiet" in (e.attributes.get("class") or "").split()]
    assert [element.name for element in hidden] == ["li"]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (1, 2, "1 → to 2"),
        ("1", 1, '"1" → to 1'),
        (None, False, "null → to false"),
        ("", "a`b", '"" → to "a`b"'),
    ],
)
def test_short_values_are_shown_as_json(before, after, shown):
    root = read(write_html(report(prompt(changes=[change(before=before, after=after)]))))

    (values,) = (each for each in root.all("p") if each.attributes.get("class") == "values")
    assert values.text == shown


def test_a_whole_text_keeps_its_lines_and_its_first_line_end():
    text = "\n\nfirst\n\n  second\n"
    cases = [case("usual", pair("system", "a", "b"), pair("user", text, text))]

    root = read(write_html(report(prompt(cases=cases))))

    (pre,) = root.all("pre")
    assert pre.text == f"\n{text}"  # a browser drops the line end after `<pre>`


def test_figures_are_means_of_the_cases_that_render_on_both_sides():
    pairs = [("a" * 4_000, "b" * 4_400), ("a" * 8_000, "b" * 9_600)]
    cases = [case(f"case {number}", pair("system", *texts)) for number, texts in enumerate(pairs)]
    failing = case("failing", pair("system", "a" * 90_000, None), after_error="no")

    root = read(write_html(report(prompt(cases=[*cases, failing]))))

    (table,) = (each for each in root.all("table") if each.attributes.get("class") == "prompts")
    assert [cell.text for cell in table.all("td")][-3:] == [
        "3 of 3",
        "1,500 → to 1,750 (+250)",
        "$3.75 → to $4.38",
    ]


def test_a_price_that_is_unknown_for_one_case_is_not_shown_for_the_prompt():
    messages = pair("system", "a", "b")
    cases = [
        case("one", messages),
        case("two", pair("system", "c", "d"), priced=False),
    ]

    root = read(write_html(report(prompt(cases=cases))))

    (table,) = (each for each in root.all("table") if each.attributes.get("class") == "prompts")
    assert [cell.text for cell in table.all("td")][-1] == ""


def test_a_page_names_the_tokenizer():
    page = write_html(replace(realistic(), tokenizer="o200k_base"))

    assert "counted as by o200k_base" in page
