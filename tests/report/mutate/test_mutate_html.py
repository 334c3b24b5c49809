"""The HTML page of mutation testing, read without a browser."""

from functools import cache

import pytest

from promptops.report.mutate.html import write
from tests.report.diff.html_pages import read
from tests.report.mutate.mutations import RUNS, hostile, many, survivors
from tests.report.test import test_run_html
from tests.tiers import fast_only

MAKERS = {**RUNS, "hostile": hostile}


@cache
def written(name):
    return write(MAKERS[name]())


@pytest.fixture(params=fast_only(MAKERS, ["since", "hostile"]))
def page(request):
    return written(request.param)


def with_class(root, name, tag=""):
    return test_run_html.with_class(root, name, tag)


def test_ids_are_unique_and_every_link_leads_to_one(page):
    test_run_html.test_ids_are_unique_and_every_link_leads_to_one(page)


def test_nothing_is_fetched_and_no_attribute_is_code_or_style(page):
    test_run_html.test_nothing_is_fetched_and_no_attribute_is_code_or_style(page)


def test_the_policy_allows_this_style_and_this_script_alone(page):
    test_run_html.test_the_policy_allows_this_style_and_this_script_alone(page)


def test_headings_go_down_one_step_at_a_time_and_landmarks_are_there_once(page):
    test_run_html.test_headings_go_down_one_step_at_a_time_and_landmarks_are_there_once(page)


def test_untrusted_text_adds_no_element():
    usual = {each.name for make in RUNS.values() for each in read(write(make())).all()}
    attacked = read(write(hostile()))

    assert {each.name for each in attacked.all()} <= usual
    (body,) = attacked.all("body")
    assert body.text.count("<script>document.title='pwned';alert(1)</script>") > 10


def test_a_survivor_is_shown_in_its_source_with_the_text_before_and_after():
    root = read(write(survivors()))

    marks = [mark.text for mark in root.all("mark")]
    broken = [
        (
            each.text,
            [part.text for part in each.all("del")],
            [part.text for part in each.all("ins")],
        )
        for each in with_class(root, "broken", "pre")
    ]
    line = "Promise nothing on behalf of Acme. You must answer in English."
    loop = "{% for issue in issues %}\n- {{ issue }}\n{% endfor %}"
    assert marks[:3] == ["Promise nothing on behalf of Acme.", "must", "{% for issue in issues %}"]
    assert broken == [
        (line, ["Promise nothing on behalf of Acme."], []),
        (line.replace("must", "mustmay"), ["must"], ["may"]),
        (loop, [loop], []),
        ('- {role: user, content: "{{ ticket }}"}', ["{{ ticket }}"], []),
        ("Be brief and friendly.", ["Be brief and friendly."], []),
    ]


@pytest.mark.slow
def test_a_page_shows_the_first_thousand_mutants_and_counts_the_others():
    root = read(write(many(1_200)))

    assert len(with_class(root, "remark", "div")) == 1_000
    (body,) = root.all("body")
    assert "200 more mutants: promptops mutate --format json has all" in body.text
