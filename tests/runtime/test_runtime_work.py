"""Work is counted before it is done, and the count stops it long before any clock does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from promptops.model.place import Place, Text, plain_text
from promptops.model.prompt import ForEach, Message, Prompt, TextPart, Turn
from promptops.runtime.request.render import BudgetSpent, Renderer, RenderError
from promptops.runtime.template import limits
from promptops.runtime.template.limits import (
    MAX_WORK,
    LimitExceeded,
    Meter,
    PromptBudget,
    TookTooLong,
)
from promptops.runtime.template.text_rendering import Run, TemplateFailure, render_text

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TABLES = ("calls", "names", "pairs", "paths")
WORK = "{% set x = 'x' * 800_000 %}"
"""50,000 units, in little time."""
PARTS = 80
"""Of each table; all of them take an hour. Parts that follow each other are much alike."""
RENDERED = (0, 40)
"""The parts that the slow tests render."""
PATH = "prompts/a.prompt.yaml"


def _report(script: str, *arguments: str) -> Any:
    child = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / script), *arguments],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        text=True,
        timeout=900,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    return json.loads(child.stdout)


def _judge(table: str, part: int, parts: int) -> None:
    report = _report("calls_child.py", table, str(part), str(parts))

    slow = [each for each in report["ended"] if each["cpu_s"] >= 20]
    uncounted = [each for each in report["ended"] if each["cpu_s"] >= 5 and not each["units"]]
    large = [each for each in report["ended"] if each["grown_mb"] >= 100]
    assert (slow, uncounted, large) == ([], [], [])
    assert report["grown_mb"] < 200
    assert max(len(each["message"]) for each in report["ended"]) <= 400


def test_no_call_of_a_filter_or_a_test_takes_long_or_200_mb() -> None:
    _judge("sample", 0, 1)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("part", RENDERED)
@pytest.mark.parametrize("table", TABLES)
def test_no_combination_of_value_and_argument_does(table: str, part: int) -> None:
    _judge(table, part, PARTS)


@pytest.mark.slow
@pytest.mark.long
def test_all_units_of_a_request_take_less_than_the_clock_whatever_the_construct() -> None:
    """A unit takes 0.5 µs at most on a quiet machine, a tenth of what the clock allows."""
    most_us = limits.MAX_CPU_S * 1e6 / MAX_WORK
    ended = _report("constructs_child.py", str(most_us))

    assert [each for each in ended if each["us_per_unit"] >= most_us] == []


NESTED = "{% for a in range(9999) %}{% for b in range(9999) %}"
REFUSED = {
    "batches of one": NESTED + "{% set x = range(10000)|batch(1) %}{% endfor %}{% endfor %}",
    "a thousand slices": NESTED + "{% set x = range(10000)|slice(1000) %}{% endfor %}{% endfor %}",
    "batches of one that are made": NESTED
    + "{% for c in range(10000)|batch(1) %}{% endfor %}{% endfor %}{% endfor %}",
    "a long second argument of trim": "{{ long|trim(long) }}",
    "a path of 400,000 parts": "{{ items|map(attribute='a.' * 200000)|list }}",
    "a path of 400,000 parts to sort by": "{{ items|sort(attribute='a,' * 200000) }}",
    "a path of 400,000 parts to select by": "{{ items|selectattr('a.' * 200000)|list }}",
    "a long default of groupby": "{{ items|groupby('a', default=long) }}",
    "a chain of lazy filters": "{{ items" + "|map('default')" * 40 + "|list }}",
    "a width in a test": "{{ '%399999999d' is even }}",
    "a width in another test": "{{ '%399999999d' is odd }}",
    "a width in a third test": "{{ '%399999999d' is divisibleby 3 }}",
    "a width of a caller in a test": "{{ width is even }}",
    "a width in select": "{{ [width]|select('even')|list }}",
    "keys whose hashes are equal": "{{ colliding|unique|list|length }}",
    "such keys in a namespace": "{{ namespace(pairs) is defined }}",
    "a macro that is large": "{% macro m() %}"
    + "{% if 0 %}{% endif %}" * 2_000
    + "{% endmacro %}{% for i in range(10000) %}{{ m() }}{% endfor %}",
    "comparing what a lazy filter gives": "{{ 'x' in ([long] * 99999)|select }}",
    "numbers that are long": "{{ ([2 ** 4000] * 99999)|string|length }}",
    "the name of a filter that is no string": "{{ [1]|map([1])|list }}",
}
DATA: Mapping[str, Any] = {
    "long": "x" * 900_000,
    "width": "%399999999d",
    "items": [{"b": each} for each in range(90_000)],
    "colliding": [each * (2**61 - 1) for each in range(90_000)],
    "pairs": [[each * (2**61 - 1), 1] for each in range(90_000)],
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_what_takes_too_much_work_is_refused_before_it_is_done(source: str) -> None:
    with pytest.raises(TemplateFailure) as raised:
        render_text(plain_text("main", source), dict(DATA), Run(_no_template))

    assert raised.value.refused


def test_the_first_unit_beyond_the_limit_is_refused() -> None:
    meter = Meter()
    meter.charge(MAX_WORK - 500)
    meter.charge(500)

    with pytest.raises(LimitExceeded):
        meter.charge(1)


def test_all_messages_of_a_request_share_one_meter() -> None:
    half = WORK * 20

    with pytest.raises(RenderError) as raised:
        _renderer(half, half, half).request({})

    assert raised.value.message == "the template does too much work"
    assert _renderer(half).request({}).messages == ({"role": "user", "content": ""},)


def test_the_messages_of_a_loop_share_it_too() -> None:
    each = ForEach(
        source="items", name="item", messages=(_message("{{ long }}"),), at="/messages/0"
    )

    with pytest.raises(RenderError) as raised:
        Renderer(_prompt(each), _no_template).request({"long": "x" * 900_000, "items": [1] * 900})

    assert raised.value.refused


def test_the_cases_of_a_prompt_share_one_budget_and_the_rest_is_not_rendered() -> None:
    renderer = _renderer(WORK * 30, budget=PromptBudget(cases=1_000))

    assert [len(renderer.request({}).messages), len(renderer.trace({}).texts)] == [1, 1]
    with pytest.raises(BudgetSpent, match="the cases of this prompt takes too much work"):
        renderer.request({})
    with pytest.raises(BudgetSpent):
        renderer.trace({})


def test_a_refused_request_takes_no_more_of_the_budget_than_a_whole_one() -> None:
    budget = PromptBudget(cases=0)

    with pytest.raises(RenderError):
        _renderer("{{ items|sort(attribute='" + "a," * 400 + "') }}", budget=budget).request(
            {"items": DATA["items"]}
        )

    assert budget.left == limits.MAX_PROMPT_WORK - MAX_WORK


def test_thousand_plain_cases_are_far_from_the_budget() -> None:
    budget = PromptBudget(cases=1_000)
    source = "Answer {{ text }}.\n{% for each in items %}- {{ each|truncate(60) }}\n{% endfor %}"
    renderer = _renderer("x" * 4_000, source, budget=budget)

    for _ in range(1_000):
        renderer.request({"text": "t" * 2_000, "items": ["item"] * 5})

    assert budget.left > limits.MAX_PROMPT_WORK // 4


def test_the_clock_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CPU_S", 0)

    with pytest.raises(TookTooLong) as raised:
        _renderer(WORK * 5).request({})

    assert not isinstance(raised.value, RenderError)
    assert raised.value.exit_code == 70


def _renderer(*contents: str, budget: PromptBudget | None = None) -> Renderer:
    return Renderer(_prompt(*map(_message, contents)), _no_template, None, budget)


def _prompt(*turns: Turn) -> Prompt:
    return Prompt(id="a", path=PATH, locate=lambda _pointer, _key: Place(PATH), messages=turns)


def _message(content: str) -> Message:
    part = TextPart(text=plain_text(PATH, content), at="/messages/0/content")
    return Message(role="user", parts=(part,), at="/messages/0")


def _no_template(path: str, name: str) -> Text | None:
    return None
