"""Failing samples become a case file without personal data that our own reader reads."""

from __future__ import annotations

import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.commands.score.picked_samples import (
    CheckedAssertion,
    Failures,
    ScoredSample,
    cases_text,
    refuse_unless_new,
    write_cases,
)
from promptops.errors import UsageError
from promptops.model.place import Place
from promptops.model.score import FailingSample, Sample, WrittenCases
from promptops.source.cases import read_cases
from tests.analysis.test_pseudonyms import ORIGINALS, TEXTS
from tests.tiers import examples

CONTAINS = {"type": "contains", "value": "refund"}


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def failing(
    name: str, inputs: Any, *, prompt: str = "support/triage", **values: Any
) -> FailingSample:
    facts = {"violated": 1, "score": 10**9, "length": 3, "assertions": (CONTAINS,), **values}
    return FailingSample(
        prompt=prompt,
        inputs=inputs,
        sample=digest(name),
        conversation=digest(f"conversation of {name}"),
        likeness=digest(f"likeness of {name}"),
        **facts,
    )


GOLDEN = """\
# Test cases from production, written by `promptops score --to-cases`.
#
# READ THEM BEFORE YOU COMMIT THEM. E-mail addresses, telephone, account and card numbers, IP
# addresses and keys that were found are replaced by made-up ones. Names of people, postal
# addresses and telephone numbers without a country code can't be found for sure: replace them.
#
# No prompt uses this file yet. Give the cases names that describe what they test, move the file
# next to the prompt, and add `- file: ./new.cases.yaml` to its `tests`.

# Cases of billing/dun
- name: production 3e23e8
  tags:
  - production
  - source:067f7723a13b
  inputs:
    who: jo.doe-1@example.com

# Cases of support/triage
- name: production ca9781
  tags:
  - production
  - source:e409e2ad691a
  inputs:
    ticket: |-
      Where is my order?
      Jo, jo.doe-1@example.com
    cc:
    - jo.doe-2@example.com
  output:
  - type: contains
    value: refund
"""


def test_the_file_has_the_inputs_and_the_assertions_that_failed(tmp_path: Path) -> None:
    file = tmp_path / "new.cases.yaml"
    samples = [
        failing("a", {"ticket": "Where is my order?\nJo, jo@acme.com", "cc": ["al@acme.com"]}),
        failing("b", {"who": "Jo@acme.com"}, prompt="billing/dun", assertions=()),
        failing("c", {"ticket": "less bad"}, violated=0),
    ]

    result = write_cases(file, "x/new.cases.yaml", samples, 2)

    assert file.read_text() == GOLDEN
    assert result == WrittenCases(file="x/new.cases.yaml", written=2, skipped=0)


def test_a_sample_that_can_not_be_written_safely_is_skipped_and_counted(tmp_path: Path) -> None:
    many = " ".join(f"jo{n}@acme.com" for n in range(21))
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    samples = [
        failing("a", {"ticket": many}),
        failing("b", {"ticket": "\ud800"}),
        failing("c", {"ticket": float("nan")}),
        failing("d", {"ticket": deep}),
    ]

    result = write_cases(tmp_path / "new.yaml", "new.yaml", samples, 2)

    assert result == WrittenCases(file="new.yaml", written=0, skipped=4)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("old.yaml", "old.yaml: it exists already, and cases are not added to it"),
        ("new.jsonl", "new.jsonl: a file of cases from samples is YAML"),
        ("there/new.yaml", "there: there is no such folder"),
    ],
)
def test_only_a_new_yaml_file_is_written(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "old.yaml").symlink_to("nowhere")

    with pytest.raises(UsageError) as raised:
        refuse_unless_new(tmp_path / name, name)

    assert str(raised.value).partition("\n")[0] == message


INPUTS = st.dictionaries(
    st.sampled_from(["ticket", "lines", "jo@acme.com"]),
    st.one_of(TEXTS, ORIGINALS, st.text(max_size=9), st.lists(TEXTS, max_size=2), st.integers()),
    min_size=1,
)


@settings(max_examples=examples(200))
@given(
    st.lists(INPUTS, min_size=1, max_size=6), st.integers(1, 6), st.randoms(use_true_random=False)
)
def test_any_order_of_the_samples_gives_the_same_sound_file(
    found: list[dict[str, Any]], pick: int, order: random.Random
) -> None:
    samples = [failing(str(n), inputs, score=n // 2) for n, inputs in enumerate(found)]
    written = cases_text(samples, pick, "new.yaml")

    order.shuffle(samples)

    assert cases_text(samples, pick, "new.yaml") == written
    read = read_cases("new.yaml", written.text.encode())
    problems = read.problems if written.written else ()
    assert (len(read.values), problems) == (written.written, ())
    assert written.written + written.skipped <= len(found)


def _scored(name: str, ticket: str, held: bool, score: float, output: str) -> ScoredSample:
    result = CheckedAssertion(
        type="contains",
        place=Place("a"),
        written=CONTAINS,
        must=True,
        status="passed" if held else "failed",
    )
    inputs = {"ticket": ticket}
    sample = Sample(id=name, prompt="ask", inputs=inputs, output=output)
    return ScoredSample(
        sample=sample, prompt="ask", inputs=inputs, results=(result,), scores={"tone": score}
    )


def test_of_samples_that_are_alike_one_becomes_a_case_however_they_are_divided() -> None:
    scored = [
        _scored("1", "Order 17 is late", False, 0.5, "x"),
        _scored("2", "ORDER 18 is late", False, 0.5, "longer"),
        _scored("3", "Hello", True, 0.1, "x"),
        _scored("4", "Goodbye", False, 0.2, "x"),
    ]
    whole, first, second = Failures(9), Failures(9), Failures(9)
    for sample in scored:
        whole.add(sample)
    for sample in reversed(scored):
        (first if sample.sample.id < "3" else second).add(sample)
    second.add_all(first.first)

    assert second.first == whole.first
    assert [sample.inputs["ticket"] for sample in whole.first] == ["Goodbye", "ORDER 18 is late"]
