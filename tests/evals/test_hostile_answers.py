"""Whatever a model answers, every assertion says something, and soon."""

import json
from typing import Any

import pytest

from promptops.evals.registry import AssertionKind, built_in
from tests.evals.answers import judged
from tests.evals.test_assertion_documentation import example
from tests.hanging import ends_soon
from tests.tiers import fast_first, fast_spread

KINDS = tuple(kind for kind in built_in().values() if "answer" in kind.on)
DEEP = "[" * 900 + "]" * 900
HOSTILE: dict[str, Any] = {
    "nothing": "",
    "nested almost too deep to be read": DEEP,
    "nested too deep": "[" * 100_000,
    "mappings without end": '{"a":' * 950 + "1" + "}" * 950,
    "a number without bounds": "1e999",
    "a number of many digits": "9" * 5_000,
    "half a surrogate pair": '"\\ud800" \ud800',
    "no characters": "\0\x1b[2J\u202e\u2028",
    "a picture that never ends": "![" * 100_000,
    "a tag that never ends": "<img " * 100_000,
    "one long word": "a" * 1_000_000,
    "many words": "we do not tell " * 50_000,
    "digits": "4111 1111 1111 1111 " * 20_000,
    "at signs": "a@" * 200_000,
    "addresses": "ab@acme.co " * 80_000,
    "account numbers": "DE44 5001 0517 5407 3249 31 " * 30_000,
    "items": "[" + "1," * 440_000 + "1]",
    "fences": "```json\n" * 110_000,
    "no JSON as arguments": {"tool_calls": [{"name": "find", "arguments": "{"}]},
    "a call of nothing": {"tool_calls": [{}]},
    "deep arguments": {"tool_calls": [{"name": "find", "arguments": {"a": DEEP}}]},
}


@pytest.mark.parametrize("answer", fast_spread(HOSTILE.values(), 5), ids=HOSTILE)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_hostile_answer_gets_a_verdict_soon(kind: AssertionKind, answer: Any) -> None:
    written = example(kind, "Holds")
    stated = written.get("output") or [
        {key: value for key, value in each.items() if key != "role"} for each in written["rendered"]
    ]

    with ends_soon():
        found = judged({**written, "answer": answer, "output": stated})

    assert [each.type for each in found[: len(stated)]] == [each["type"] for each in stated]
    assert all(each.reason.isprintable() for each in found)


EXPRESSIONS = [
    "output == 'x'",
    "output | length > 3",
    "output | list | sort | map('string') | join(' ') == text",
    "text | split | unique | list | length > 3",
    "text | parse_json | length > 3",
    "text | lower | replace('a', 'b') in text",
    "tool_calls | map(attribute='arguments') | map('json') | list == []",
    "output is mapping and output.a is defined and output.a == output",
]


@pytest.mark.parametrize("answer", fast_spread(HOSTILE.values(), 6), ids=HOSTILE)
def test_an_expression_over_a_hostile_answer_gives_a_verdict_soon(answer: Any) -> None:
    stated = [{"type": "expr", "value": expression} for expression in EXPRESSIONS]

    with ends_soon():
        found = judged({"answer": answer, "output": stated})

    assert len(found) == len(stated) + (not answer)  # an empty answer breaks the contracts
    assert not any(each.internal for each in found)
    assert all(each.reason.isprintable() for each in found)


NUMBERS = [{"a": number} for number in range(2_000)]
RARE = "(?:.{1,50}){1,19}b"
NAMED = {"passages": ["P1"]}
TOO_MUCH_WORK: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a large pattern in a long text": (
        {"type": "regex", "value": RARE},
        {"answer": "é" * 400_000},
        "it takes too long to search for this pattern in 400,000 characters",
    ),
    "many demands in a long text": (
        {"type": "no-injection", "value": [f"demand {number}" for number in range(2_000)]},
        {"answer": "a" * 400_000},
        "it takes too long to search for 2,000 strings in 400,000 characters",
    ),
    "many images in a long message": (
        {"type": "no-injection"},
        {
            "answer": "".join(f"![](https://a.example/{number})" for number in range(2_000)),
            "messages": [{"role": "user", "content": "a" * 400_000}],
        },
        "it takes too long to search for 2,000 strings in 400,000 characters",
    ),
    "each item is the last one": (
        {"type": "contains-json", "value": NUMBERS[::-1]},
        {"answer": json.dumps(NUMBERS)},
        "it takes too long to search the value for all expected items",
    ),
    "a second sentence of such citations": (
        {"type": "supported", "value": "passages", "arguments": {"pattern": "(x)(?:[^y]*y)?"}},
        {"answer": "One. " + "x" * 100_000, "inputs": NAMED},
        "it takes too long to find all citations",
    ),
    "sentences without end": (
        {"type": "supported", "value": "passages"},
        {"answer": "a. " * 20_001, "inputs": NAMED},
        "the text has over 20,000 sentences",
    ),
}


@pytest.mark.parametrize(
    ("assertion", "given", "reason"), fast_first(TOO_MUCH_WORK.values(), 3), ids=TOO_MUCH_WORK
)
def test_work_that_multiplies_is_counted_and_refused(
    assertion: dict[str, Any], given: dict[str, Any], reason: str
) -> None:
    found = judged({**given, "output": [assertion]})

    assert [(each.status, each.reason) for each in found] == [("error", reason)]


class CountedName(str):
    """A name that counts the comparisons of all of them."""

    __slots__ = ()
    comparisons = 0

    def __eq__(self, other: object) -> bool:
        CountedName.comparisons += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_many_tools_and_passages_are_compared_once_each() -> None:
    names = [CountedName(f"t{number}") for number in range(2_000)]
    before = CountedName.comparisons
    labels = {"relevant": names[::-1]}
    calls = [{"name": name, "arguments": {}} for name in names]
    stated = [{"type": "tool-calls", "value": names}, {"type": "recall", "value": "passages"}]

    found = judged(
        {
            "answer": {"tool_calls": calls},
            "tools": [{"name": name} for name in names],
            "inputs": {"passages": names},
            "expected": labels,
            "output": stated,
        }
    )

    assert [each.status for each in found] == ["passed", "passed"]
    assert CountedName.comparisons - before < 20 * len(names)


LONG = "a" * 1_000_000
SEARCHES = [{"type": "not-contains", "value": f"b{number}"} for number in range(300)]
SLOW = "(range(9999) | map('string') | join | length)"
ITEMS = [0] * 20_000
MANY: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "searches": ({"answer": LONG}, SEARCHES),
    "patterns": (
        {"answer": LONG},
        [{"type": "not-regex", "value": f"[a-z]*b{number}"} for number in range(99)],
    ),
    "lists of strings": (
        {"answer": LONG},
        [
            {"type": "contains-any", "value": [f"b{number}c{n}" for n in range(300)]}
            for number in range(10)
        ],
    ),
    "leaks": (
        {"answer": LONG, "messages": [{"role": "system", "content": "a " * 99}]},
        [{"type": "no-leak", "value": 20 + number} for number in range(9)],
    ),
    "a set": (
        {"answer": LONG},
        [{"type": "any", "value": [{**each, "type": "contains"} for each in SEARCHES]}],
    ),
    "expressions": (
        {"answer": "a"},
        [
            {"type": "expr", "value": f"{SLOW} > (text | length) + {number}"}
            for number in range(500)
        ],
    ),
    "transformed": (
        {"answer": "a"},
        [
            {"type": "equals", "value": number, "transform": f"{SLOW} + (value | length)"}
            for number in range(500)
        ],
    ),
    "items": (
        {"answer": json.dumps([*ITEMS, 7])},
        [{"type": "contains-json", "value": [7] * 50 + [number]} for number in range(500)],
    ),
}


@pytest.mark.parametrize(("given", "assertions"), fast_first(MANY.values(), 2), ids=MANY)
def test_the_assertions_of_one_case_share_a_limit(
    given: dict[str, Any], assertions: list[dict[str, Any]]
) -> None:
    with ends_soon():
        found = judged({**given, "output": assertions})

    assert found[-1].status == "error"
    assert found[-1].degree is None
    assert found[-1].reason == "the assertions of this case take too long: use fewer of them"


def test_a_case_has_room_for_many_assertions() -> None:
    patterns = [{"type": "not-regex", "value": f"[a-z]*b{number}"} for number in range(100)]
    expressions = [{"type": "expr", "value": f"text | length > {n}"} for n in range(100)]

    found = judged({"answer": "a" * 50_000, "output": [*patterns, *expressions]})

    assert {each.status for each in found} == {"passed"}
