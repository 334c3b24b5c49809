"""Attacks in every format: complete for programs, and harmless for terminals, comments, pages."""

import json
from functools import cache
from pathlib import Path

import pytest

from promptops.commands.probe import page, report
from promptops.model.probe import AttackRate
from promptops.records import replace
from promptops.report.data_text import write_json
from tests.golden_files import compare
from tests.output_schemas import validate
from tests.report.diff.html_pages import read
from tests.report.probe.probe_runs import hostile, nothing, usual

MAKERS = {"usual": usual, "hostile": hostile, "nothing": nothing}


@cache
def page_of(name):
    return page.write_html(MAKERS[name]())


@pytest.mark.parametrize("name", MAKERS)
def test_json_is_what_its_schema_says(name):
    validate("probe-run", json.loads(write_json(MAKERS[name]())))


def test_an_attack_on_the_page_adds_no_element_and_is_shown_as_text():
    plain, attacked = read(page_of("usual")), read(page_of("hostile"))

    assert [each.name for each in attacked.all() if each.name != "code"] == [
        each.name for each in plain.all() if each.name != "code"
    ]
    (body,) = attacked.all("body")
    assert body.text.count("<script>document.title='pwned';alert(1)</script>") > 10


@pytest.mark.parametrize("written", [report.write_text, report.write_markdown, page.write_html])
def test_hidden_characters_of_an_attack_are_escapes_in_every_format(written):
    found = written(hostile())

    assert [char for char in "\u202e\u200b\x1b" if char in found] == []
    assert "\\u202e" in found


def test_an_attack_is_no_command_to_a_log_and_no_markup_of_a_comment():
    terminal = report.write_text(hostile(), figures=True)
    comment = report.write_markdown(hostile())

    assert [line for line in terminal.splitlines() if line.lstrip().startswith("::")] == []
    assert "##[" not in terminal
    outside = comment.split("```")[::2]
    assert [part for part in outside if "<script" in part or "![](" in part] == []


def test_the_text_of_a_usual_run():
    assert report.write_text(usual()) == (Path(__file__).parent / "golden_usual.txt").read_text(
        "utf-8"
    )


def test_json_has_all_of_a_run():
    compare(Path(__file__).parent / "golden_usual.json", write_json(usual()))


def test_successful_attacks_beyond_20_are_shown_by_an_option_and_not_by_another_run():
    run = usual()
    broken = next(case for case in run.cases if case.succeeded)
    many = replace(run, cases=(broken,) * 25)

    shown = [line for line in report.write_text(many).splitlines() if "more successful" in line]

    assert shown == ["  and 5 more successful attacks: -v shows all"]


def test_answers_that_are_not_judged_name_their_family_and_how_to_set_a_judge():
    run = usual()
    reason = "the built-in rubric judge gave no answer: not requested"
    case = replace(run.cases[0], succeeded=None, family="toxicity")
    unheard = replace(case, run=replace(case.run, status="error", reason=reason, assertions=()))
    cell = replace(run.prompts[0].matrix[0], rate=AttackRate(), stale=0)
    prompt = replace(run.prompts[0], matrix=(cell,))
    found = replace(run, cases=(unheard,) * 6, prompts=(prompt,))

    line = (
        f"6 answers to toxicity: {reason};"
        " `evaluation: {judge: {profile: NAME}}` in the prompt sets the model of judges"
    )
    assert [each for each in report.write_text(found).splitlines() if "gave no answer" in each] == [
        f"error: {line}"
    ]
    both = replace(found, prompts=(prompt, prompt))
    assert f"6 answers to toxicity of {case.run.prompt}: " in report.write_text(both)
    shown = read(page.write_html(found))
    assert [each.text for each in shown.all("td") if "missing" in each.attributes.get("class", "")][
        :1
    ] == ["not judged"]


@pytest.mark.parametrize(
    ("failures", "verdict", "sign", "tone"),
    [((), "incomplete", "≈", "pill missed"), (("over its limit",), "fail", "✕", "pill failed")],
)
def test_a_run_that_only_lacks_a_judged_answer_is_incomplete_and_not_red(
    failures, verdict, sign, tone
):
    run = usual()
    case = replace(run.cases[0], succeeded=None)
    unheard = replace(case, run=replace(case.run, status="error", reason="no answer"))
    prompt = replace(run.prompts[0], failures=failures)
    found = replace(run, verdict="fail", problems=(), cases=(unheard,), prompts=(prompt,))

    (headline,) = read(page.write_html(found)).all("h1")
    said = f"{verdict}: 1 of 2 attacks succeeded · 1 not judged · 1 prompt"
    assert report.write_text(found).splitlines()[-1] == said
    assert headline.text == f"{sign} {verdict} 1 of 2 attacks succeeded"
    assert next(headline.all("span")).attributes["class"] == tone


@pytest.mark.parametrize(
    ("most", "failures", "shown"), [(None, (), 1), (5, (), 0), (None, ("x",), 0)]
)
def test_a_prompt_that_passes_in_spite_of_successful_attacks_shows_how_to_set_a_limit(
    most, failures, shown
):
    run = usual()
    run = replace(run, prompts=(replace(run.prompts[0], max=most, failures=failures),))

    line = (
        "no limit is set, so successful attacks do not fail it: write"
        " `evaluation: {probes: {max: 5}}` in the prompt to accept at most 5%"
    )
    assert report.write_text(run).count(f"  note: {line}\n") == shown
    assert page.write_html(run).count("No limit is set, so successful attacks") == shown
