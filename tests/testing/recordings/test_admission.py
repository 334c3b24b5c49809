"""What is never recorded. Keys are put together here, so that no scanner takes them for a leak."""

import pytest

from promptops.model.answer import Recording
from promptops.model.place import Place
from promptops.testing.recordings.screening import recording_refusal
from promptops.testing.recordings.writing import Journal
from tests.testing.recordings.made import FILE, recording

MIXED = "q7Zt2RkV9xLm4Wn8Yp3Hb6Jd5Fs1Gc0Ae"
KEY = "sk-" + "proj-" + MIXED
EMAIL = "jane.doe" + "@gmail.com"


def call(**arguments):
    return ({"name": "find", "arguments": arguments},)


def nested(levels):
    value = "x"
    for _ in range(levels):
        value = [value]
    return value


REFUSED = [
    (recording("c", f"Use {KEY}."), "it contains a secret (OpenAI)"),
    (recording("c", '{"note": "use it:\\n' + KEY + '"}'), "it contains a secret (OpenAI)"),
    (recording("c", tool_calls=call(a=[{"b": f"x\n{KEY}"}])), "it contains a secret (OpenAI)"),
    (recording("c", tool_calls=call(api_key=MIXED)), "it contains a secret (api_key)"),
    (
        recording("c", tool_calls=call(code=f'Client(api_key="{MIXED}")')),
        "it contains a secret (api_key)",
    ),
    (recording("c", model=f"model of {KEY}"), "it contains a secret (OpenAI)"),
    (recording("c", f"Mail {EMAIL}."), "it contains personal data: an e-mail address"),
    (recording("c", tool_calls=call(to=EMAIL)), "it contains personal data: an e-mail address"),
    (
        recording("c", finish_reason="content_filter"),
        "the provider's content filter blocked it",
    ),
    (recording("c", "half \ud800"), "it can't be written as JSON"),
    (recording("c", tool_calls=call(n=float("nan"))), "it can't be written as JSON"),
    (recording("c", tool_calls=call(n=nested(20_000))), "it can't be written as JSON"),
    (recording("c", tool_calls=call(n=nested(60))), "nested deeper than 50 levels"),
    (recording("c", "x" * 3_000_000), "it is larger than 2 MB"),
]


@pytest.mark.parametrize(("made", "reason"), REFUSED)
def test_what_is_refused_names_the_case_and_the_kind(made: Recording, reason: str) -> None:
    problem = recording_refusal(FILE, made)

    assert problem is not None
    assert (problem.message, problem.case, problem.at) == (
        f"the answer to `c` is not recorded: {reason}",
        "c",
        Place(FILE),
    )


@pytest.mark.parametrize("made", [made for made, _ in REFUSED])
def test_what_is_refused_is_written_nowhere(made: Recording, opened) -> None:
    problem = Journal(opened).append(FILE, made)

    assert problem == recording_refusal(FILE, made)
    assert not Journal(opened).pending


def test_of_a_judge_it_is_the_judge_that_is_named() -> None:
    problem = recording_refusal(FILE, recording("c", KEY, judge="judges/tone"))

    assert problem is not None
    assert problem.message == (
        "the answer of the judge `judges/tone` to `c` is not recorded: "
        "it contains a secret (OpenAI)"
    )
    assert KEY[:8] not in f"{problem}"


@pytest.mark.parametrize(
    "made",
    [
        recording("c", "Write to ada@example.com, or call +1 415 555 0132."),
        recording("c", "client = Client(api_key=YOUR_API_KEY)"),
        recording("c", "C:\\new\\table", finish_reason="length"),
        recording("c", "", tool_calls=call(n=[1, 2.5, None, {"deep": [True]}])),
        recording("c", "\x00\x1b[31m\u202e"),
    ],
)
def test_all_else_may_be_recorded(made: Recording) -> None:
    assert recording_refusal(FILE, made) is None
