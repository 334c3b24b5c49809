"""The HTML page of mutation testing, read without a browser."""

import pytest

from promptops.commands.mutate.page import write_html
from tests.report.diff.html_pages import read
from tests.report.mutate.mutations import RUNS, hostile, many, survivors
from tests.report.test.test_run_html import with_class


def test_untrusted_text_adds_no_element():
    usual = {each.name for make in RUNS.values() for each in read(write_html(make())).all()}
    attacked = read(write_html(hostile()))

    assert {each.name for each in attacked.all()} <= usual
    (body,) = attacked.all("body")
    assert body.text.count("<script>document.title='pwned';alert(1)</script>") > 10


def test_a_survivor_is_shown_in_its_source_with_the_text_before_and_after():
    root = read(write_html(survivors()))

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
    root = read(write_html(many(1_200)))

    assert len(with_class(root, "remark", "div")) == 1_000
    (body,) = root.all("body")
    assert "200 more mutants: promptops mutate --format json has all" in body.text
