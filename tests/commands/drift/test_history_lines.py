"""Nights as JSON lines."""

import pytest

from promptops.commands.drift.history import ReadNights, night_line, read_nights, with_nights
from promptops.model.night import Confirmed, HistoryProblem, Night, NightJudge
from promptops.model.place import Place
from promptops.records import replace

NIGHT = Night(
    at="2026-11-27T02:10:03Z",
    release="v1.8.0",
    prompt="support/triage",
    digest="0" * 64,
    score="quality",
    n=50,
    k=3,
    mean=0.9127,
    within=0.0412,
    kept=149,
    of=150,
    same=0.61,
    models=("gpt-1",),
    fingerprints=("fp_1",),
    profile="fast",
    tokens=(412.0, 88.0),
    latency_s=(1.2, 4.0),
    cost_usd=0.04,
    judge=NightJudge(id="judges/tone", kappa=0.71),
    confirmed=Confirmed(score=-2.6),
    verdict="steady",
)
LINE = (
    '{"at":"2026-11-27T02:10:03Z","release":"v1.8.0","prompt":"support/triage",'
    f'"digest":"{"0" * 64}","score":"quality","format":2,"n":50,"k":3,"mean":0.9127,'
    '"within":0.0412,"kept":149,"of":150,"same":0.61,"models":["gpt-1"],"fingerprints":["fp_1"],'
    '"profile":"fast","tokens":[412.0,88.0],"latency_s":[1.2,4.0],"cost_usd":0.04,'
    '"judge":{"id":"judges/tone","kappa":0.71},"confirmed":{"z":-2.6},"verdict":"steady"}\n'
)
PLAIN = replace(
    NIGHT,
    score=None,
    mean=None,
    within=None,
    same=None,
    latency_s=None,
    cost_usd=None,
    judge=None,
    confirmed=Confirmed(contracts=-3.0),
    verdict="accepted",
    reason="a new model, π",
)


def test_a_night_is_one_line():
    assert night_line(NIGHT).decode() == LINE


@pytest.mark.parametrize(
    "night", [NIGHT, PLAIN, replace(NIGHT, confirmed=None), replace(NIGHT, confirmed=Confirmed())]
)
def test_a_line_is_read_as_it_was_written(night):
    assert read_nights("f", night_line(night)).nights == (night,)


def test_a_night_with_half_characters_is_written_as_a_line_that_can_be_read():
    night = replace(NIGHT, models=("gpt\ud800",), reason="caf\udce9")  # of an API, of a shell

    (found,) = read_nights("f", night_line(night)).nights

    assert found == replace(NIGHT, models=("gpt?",), reason="caf?")


VERDICTS = "learning, steady, suspect, drifted, incomplete, accepted"


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("{", 2, "not JSON: expecting property name enclosed in double quotes"),
        ("[]", 1, "not a JSON object"),
        ("[" * 100_000, 1, "a value too large to read"),
        ("{}", 1, "it has no `format`"),
        (LINE.replace("0.9127", "NaN"), 1, "JSON has no `NaN`"),
        (LINE.replace("0.9127", "9" * 5_000), 1, "a value too large to read"),
    ],
)
def test_a_line_that_is_not_a_night_is_reported_at_its_place(line, column, message):
    found = read_nights("nights.jsonl", LINE.encode() + line.strip().encode() + b"\n")

    place = Place("nights.jsonl", 2, column, 2, column)
    assert found.problems == (HistoryProblem(place=place, message=message),)
    assert found.nights == (NIGHT,)


@pytest.mark.parametrize(
    ("key", "value", "wrong", "message"),
    [
        ("format", "2", "3", "format 3 is unknown: update promptops"),
        ("n", "50", "-1", "it must be a whole number from 0 to 1,000,000,000"),
        ("n", "50", "9" * 300, "it must be a whole number from 0 to 1,000,000,000"),
        ("k", "3", "0", "it must be a whole number from 1 to 1,000,000,000"),
        ("kept", "149", "151", "it must be a whole number from 0 to 150"),
        ("within", "0.0412", "1e200", "it must be a number from 0 to 1"),
        ("n", "50", "true", "it must be a whole number"),
        ("mean", "0.9127", '"0.9"', "it must be a number"),
        ("at", '"2026-11-27T', '"2026-11-27 ', "it must be a time like 2026-11-27T02:10:03Z"),
        ("at", '"2026-11-27T', '"2026-02-30T', "it must be a time like 2026-11-27T02:10:03Z"),
        ("at", '"2026-11-27T', '"9999-11-27T', "it must be a time like 2026-11-27T02:10:03Z"),
        ("verdict", '"steady"', '"fine"', f"it must be one of {VERDICTS}"),
        ("latency_s", "[1.2,4.0]", "[1.2]", "it must be a list of two numbers"),
        ("models", '["gpt-1"]', '"gpt-1"', "it must be a list of strings"),
        ("judge", '{"id":"judges/tone","kappa":0.71}', "3", "it must be an object or null"),
    ],
)
def test_a_wrong_value_is_reported_at_its_key(key, value, wrong, message):
    line = LINE.replace(f'"{key}":{value}', f'"{key}":{wrong}')

    found = read_nights("nights.jsonl", line.encode())

    column = line.index(f'"{key}"') + 1
    place = Place("nights.jsonl", 1, column, 1, column)
    assert found.problems == (HistoryProblem(place=place, message=f"`{key}`: {message}"),)


def test_lines_of_the_first_format_are_counted_and_not_used():
    before = LINE.replace('"format":2', '"format":1')

    found = read_nights("nights.jsonl", (before + LINE + before).encode())

    assert found == ReadNights(nights=(NIGHT,), outdated=2)


def test_bytes_that_are_not_utf_8_are_reported_at_their_place():
    found = read_nights("nights.jsonl", b'{"at":"\xff"}\n')

    place = Place("nights.jsonl", 1, 8, 1, 8)
    assert found.problems == (HistoryProblem(place=place, message="not UTF-8"),)


def test_other_lines_keep_their_bytes_and_a_night_is_added_once():
    torn = b"  not a night \xff\r\n" + LINE.encode()[:-1]

    once = with_nights(torn, [NIGHT, PLAIN])

    assert once == torn + b"\n" + night_line(PLAIN)
    assert with_nights(once, [PLAIN]) == once
