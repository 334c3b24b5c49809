"""Whatever a model answers, every assertion says something, and soon."""

from typing import Any

import pytest

from promptops.evals.registry import AssertionKind, built_in
from tests.evals.answers import judged
from tests.evals.test_assertion_documentation import example
from tests.hanging import ends_soon
from tests.tiers import fast_spread

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

    assert len(found) == len(stated)
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


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
def test_an_expression_over_a_hostile_answer_gives_a_verdict_soon(answer: Any) -> None:
    stated = [{"type": "expr", "value": expression} for expression in EXPRESSIONS]

    with ends_soon():
        found = judged({"answer": answer, "output": stated})

    assert len(found) == len(stated)
    assert not any(each.internal for each in found)
    assert all(each.reason.isprintable() for each in found)
