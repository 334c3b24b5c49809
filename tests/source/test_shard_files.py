"""The file of a shard: what is written is what is read, and what is wrong has its place."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.errors import InputError
from promptops.model.answer import Answer, Usage
from promptops.model.place import Place
from promptops.model.test_run import Shard, ShardAnswer, ShardRun
from promptops.source.shard import read_shard, shard_text
from tests.tiers import examples

TEXTS = st.text(max_size=30)
JSON = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | TEXTS, st.lists, max_leaves=5)
ANSWERS = st.builds(
    Answer,
    text=TEXTS,
    tool_calls=st.lists(st.fixed_dictionaries({"name": TEXTS, "arguments": JSON}), max_size=2).map(
        tuple
    ),
    finish_reason=TEXTS,
    model=TEXTS,
    fingerprint=st.none() | TEXTS,
    usage=st.builds(Usage, input=st.integers(0, 2**40), output=st.integers(0, 9)),
    latency_s=st.none() | st.floats(0, 1e6),
)
LINES = st.builds(
    ShardAnswer,
    path=TEXTS,
    request=st.text("0123456789abcdef", min_size=64, max_size=64),
    repeat=st.integers(0, 10**6),
    judge=TEXTS,
    answer=st.none() | ANSWERS,
    source=st.sampled_from(["none", "recorded", "cached", "live"]),
    reason=TEXTS,
    infrastructure=st.booleans(),
)
PLACES = st.builds(Place, path=TEXTS, line=st.integers(1, 99), column=st.integers(1, 99))
RUNS = st.builds(
    ShardRun,
    shard=st.just(Shard(index=2, count=3)),
    mode=st.sampled_from(["replay", "record", "live", "refresh"]),
    revision=st.sampled_from(["", "a" * 40]),
    plan=st.just("b" * 64),
    patterns=st.lists(TEXTS, max_size=2).map(tuple),
    since=st.none() | st.just("c" * 40),
    selectors=st.lists(TEXTS, max_size=2).map(tuple),
    repeats=st.none() | st.integers(1, 9),
    baseline=st.none() | TEXTS,
    cost_usd=st.floats(0, 1e6),
    problems=st.lists(st.tuples(TEXTS, PLACES), max_size=2).map(tuple),
    answers=st.lists(
        LINES, max_size=3, unique_by=lambda each: (each.path, each.request, each.repeat, each.judge)
    ).map(tuple),
)

RUN = ShardRun(
    shard=Shard(index=1, count=2),
    mode="replay",
    revision="a" * 40,
    plan="b" * 64,
    answers=tuple(
        ShardAnswer(
            path="prompts/ask.prompt.yaml",
            request=digit * 64,
            repeat=0,
            judge="",
            answer=None,
            source="none",
            reason="##[error] its request has no recording\x7f",
            infrastructure=False,
        )
        for digit in "12"
    ),
)


@given(RUNS)
@settings(max_examples=examples(60), deadline=None)
def test_what_is_written_is_what_is_read(run):
    text = shard_text(run)

    assert read_shard("a.jsonl", text.encode()) == run
    assert text.isascii()
    assert len(text.splitlines()) == 1 + len(run.answers)


def test_half_of_a_surrogate_pair_is_replaced():
    run = replace(RUN, answers=(replace(RUN.answers[0], reason="a\ud800b"),))

    (answer,) = read_shard("a.jsonl", shard_text(run).encode()).answers

    assert answer.reason == "a\ufffdb"


def test_nothing_in_it_is_a_command_to_a_log():
    text = shard_text(RUN)

    assert "##" not in text
    assert "\x7f" not in text


def changed(number: int, **values: object) -> bytes:
    """The file with other values in a line."""
    rows = shard_text(RUN).splitlines()
    rows[number - 1] = json.dumps(json.loads(rows[number - 1]) | values)
    return "\n".join(rows).encode()


CUT = shard_text(RUN).encode()[:-40]
SHORT = "".join(shard_text(RUN).splitlines(keepends=True)[:2]).encode()


@pytest.mark.parametrize(
    ("data", "where", "message"),
    [
        (b"", "a.jsonl:1:1", "not JSON: expecting value"),
        (b"\xff\n", "a.jsonl:1:1", "the line is not UTF-8"),
        (b"[" * 100_000, "a.jsonl:1:1", "a value too large to read"),
        (b"[]\n", "a.jsonl:1:1", "expected a mapping, got an empty list"),
        (CUT, "a.jsonl:3:225", "not JSON: unterminated string starting at"),
        (SHORT, "a.jsonl:1:1", "expected 2 answers, got 1 lines"),
        (changed(1, format=2), "a.jsonl:1:12", "expected `1`, got the number 2"),
        (changed(1, shard=3), "a.jsonl:1:1", "there is no shard 3 of 2"),
        (
            changed(1, since="--all"),
            "a.jsonl:1:215",
            "the string `--all` does not fit the pattern `^[0-9a-f]{40}([0-9a-f]{24})?$`",
        ),
        (
            changed(3, source="dreamt"),
            "a.jsonl:3:154",
            "expected one of none, recorded, cached, live, got the string `dreamt`",
        ),
        (changed(3, request="1" * 64), "a.jsonl:3:1", "duplicate of the answer in line 2"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(data, where, message):
    with pytest.raises(InputError) as refused:
        read_shard("a.jsonl", data)

    assert (refused.value.where, refused.value.message) == (where, message)
