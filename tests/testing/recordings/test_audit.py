"""Which recordings are asked again, and in what an answer differs."""

import pytest

from promptops.errors import UsageError
from promptops.model.answer import Answer, Usage
from promptops.testing.recordings.store import answer_differences, parse_size, sample
from tests.testing.recordings.made import recording

ALL = tuple(recording(f"c{number:02}") for number in range(40))


@pytest.mark.parametrize(
    ("size", "count"),
    [("10%", 4), ("1%", 1), ("0.5%", 1), ("100%", 40), ("3", 3), ("1000", 40), ("11%", 5)],
)
def test_a_sample_is_as_large_as_was_said(size, count):
    assert len(sample(ALL, parse_size(size), "seed")) == count


def test_a_sample_of_nothing_is_empty():
    assert sample((), parse_size("10%"), "seed") == ()


@pytest.mark.parametrize("size", ["", "0", "0%", "101%", "-1", "ten", "1e3", "%", "1.5", "٣"])
def test_what_is_no_size_is_told(size):
    with pytest.raises(UsageError) as raised:
        parse_size(size)

    assert raised.value.message == f"{size!r} is not a sample size"
    assert raised.value.hint == "a share such as 10%, or a number"


def test_one_seed_chooses_the_same_whatever_the_order():
    chosen = sample(ALL, parse_size("25%"), "seed")

    assert set(map(str, sample(reversed(ALL), parse_size("25%"), "seed"))) == set(map(str, chosen))
    assert [each.case for each in chosen] == sorted(each.case for each in chosen)


def test_every_recording_is_chosen_by_some_seed():
    chosen = {each.case for seed in range(60) for each in sample(ALL, parse_size("10%"), str(seed))}

    assert chosen == {each.case for each in ALL}


def test_a_recording_more_changes_little_of_a_sample():
    before = sample(ALL, parse_size("10"), "seed")
    after = sample((*ALL, recording("new")), parse_size("10"), "seed")

    assert len({each.case for each in before} - {each.case for each in after}) <= 1


RECORDED = Answer(
    text="x",
    tool_calls=({"name": "f", "arguments": {"n": 1}},),
    model="m",
    fingerprint="fp",
    usage=Usage(input=10, output=4),
)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ()),
        ({"latency_s": 1.5}, ()),
        ({"usage": Usage(input=10, output=4, cached=8)}, ()),
        ({"tool_calls": ({"name": "f", "arguments": {"n": 1.0}},)}, ()),
        ({"text": "y", "usage": Usage(input=10, output=5)}, ("output", "usage")),
        ({"tool_calls": ({"name": "f", "arguments": {"n": True}},)}, ("tool_calls",)),
        ({"tool_calls": ({"name": "f", "arguments": float("nan")},)}, ("tool_calls",)),
        (
            {"model": "n", "fingerprint": None, "finish_reason": "length"},
            ("finish_reason", "model", "fingerprint"),
        ),
    ],
)
def test_an_answer_differs_in_what_is_not_the_same(changed, expected):
    fields = {
        name: getattr(RECORDED, name)
        for name in ("text", "tool_calls", "model", "fingerprint", "usage")
    }

    assert answer_differences(RECORDED, Answer(**{**fields, **changed})) == expected
