"""An assertion that can't fail is an error at its place; its nearest useful neighbour is not."""

# ruff: noqa: E501 - an assertion stands on one line, as in a case

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.evals.parse import parse
from promptops.evals.patterns import compiled, matches_every_text
from promptops.evals.probe_answers import passes_everything
from promptops.evals.subject import On
from promptops.evals.verdict import Refused
from promptops.source.document import read_any
from tests.tiers import examples

# Each line: an assertion, and where its problem is.
CAN_NOT_FAIL = """
json-schema, value: {} /value
json-schema, value: {title: A reply, description: Anything., examples: [1]} /value
json-schema, value: {contentMediaType: application/json} /value
json-schema, value: {requires: [a]} /value
json-schema, value: {$defs: {row: {type: object}}} /value
json-schema, value: {format: email} /value/format
json-schema, value: {properties: {at: {format: date-time}}} /value/properties/at/format
json-schema, value: {type: string, format: date} /value/format
json-schema, value: {required: [a], properties: {a: {format: ipv6}}} /value/properties/a/format
regex, value: "" /value
regex, value: ".*" /value
regex, value: "(?s).*" /value
regex, value: "^" /value
regex, value: "a*" /value
regex, value: "a?" /value
regex, value: "(?:refund){0}" /value
regex, value: "refund|" /value
regex, value: "|refund" /value
regex, value: "(refund)?" /value
regex, value: "\\\\S?" /value
regex, value: "\\\\S*" /value
regex, value: "[\\\\s\\\\S]*" /value
regex, value: "(?i)|x" /value
regex, value: "x{0,5}" /value
regex, value: "()" /value
contains, value: "" /value
contains, value: " " /value
icontains, value: "" /value
icontains, value: " " /value
starts-with, value: "" /value
contains-any, value: [] /value
contains-any, value: [refund, ""] /value/1
contains-any, value: [refund, " "] /value/1
contains-any, value: ["\\n", refund] /value/0
contains-all, value: [] /value
contains-all, value: [" "] /value
contains-all, value: [""] /value/0
contains-json, value: {} /value
contains-json, value: [] /value
one-of, value: [] /value
contains, transform: "'ok'", value: ok /transform
equals, transform: expected, value: x /transform
contains, transform: inputs.question, value: x /transform
is-json, transform: "[] | list or text[:0]", value: 1 /value
expr, value: "True" /value
expr, value: "1 == 1" /value
expr, value: "inputs == inputs" /value
expr, value: "expected == 'bug'" /value
expr, value: "inputs.question | length > 3" /value
expr, value: "[] | reject | list == []" /value
expr, value: "[] | rejectattr('name', 'eq', 'x') | list | length == 0" /value
expr, value: "tool_calls | selectattr('name', 'eq', 'x') != []" /value
expr, value: "not (tool_calls | select('mapping'))" /value
expr, value: "[] | select == [] or output.ok" /value
max-chars, value: 1000000000 /value
max-tokens, value: 1000000000 /value
max-cost, value: 1000000 /value
max-latency, value: 100000 /value
not-max-chars, value: 1000000000 /value
word-count, value: {} /value
word-count, value: {min: 0} /value
word-count, value: {min: 0, max: 1000000000} /value/max
not-word-count, value: {min: 1000000000} /value/min
not-word-count, value: {min: 3, max: 2} /value
not-word-count, value: 1000000000 /value
ratio, value: Hold the button., threshold: 0 /threshold
ratio, value: Hold the button., threshold: 1.0e-7 /threshold
ratio, value: Hold the button., threshold: 0.01 /threshold
ratio, value: Hold the button., threshold: -1 /threshold
chrf, value: Hold the button., threshold: 1.0e-7 /threshold
rouge, value: Hold the button., threshold: 1.0e-7 /threshold
similar, value: Hold the button., threshold: 1.0e-7 /threshold
similar, value: " " /value
not-ratio, value: x, threshold: 1.1 /threshold
not-rouge, value: 你好 /value
no-injection, value: [] /value
no-injection, value: [" "] /value/0
moderation, value: [] /value
moderation, value: [" "] /value/0
no-leak, value: "" /value
no-leak, value: 1000000 /value
tool-calls, value: [] /value
not-tool-call, name: "" /name
finish-reason, value: any /value
llm-rubric, value: " " /value
factual, value: "" /value
pairwise, value: "" /value
any, value: [] /value
all, value: [] /value
any, value: [{type: contains, value: a}, {type: not-contains, value: a}] /value/1
any, value: [{type: is-json}, {type: not-is-json}] /value/1
any, value: [{type: regex, value: ".*"}, {type: contains, value: a}] /value/0/value
any, value: [{type: max-chars, value: 80}, {type: not-max-chars, value: 40}] /value
any, value: [{type: word-count, value: {max: 9}}, {type: word-count, value: {min: 5}}] /value
not-all, value: [{type: is-json}, {type: not-is-json}] /value/1
not-all, value: [{type: max-chars, value: 10}, {type: not-max-chars, value: 90}] /value
all, value: [{type: contains, value: a}, {type: contains, value: b}], threshold: 1.0e-9 /threshold
all, value: [{type: contains, value: ""}] /value/0/value
contains, value: a, weight: 0 /weight
contains, value: a, weight: 1.0e-9, score: tone /weight
contains, value: a, weight: 1.0e+9, score: tone /weight
contains, value: a, must: false /must
"""

IN_A_REQUEST = """
expr, value: "inputs.tone == 'warm'" /value
contains, transform: "inputs.tone", value: warm /transform
message-count, value: 1001 /value
not-message-count, value: 100000 /value
message-count, value: -1 /value
"""

CAN_FAIL = """
json-schema, value: {type: object}
json-schema, value: {type: object, properties: {a: {$ref: "#"}}}
json-schema, value: {anyOf: [{type: string}, {type: array, items: {$ref: "#"}}]}
json-schema, value: {$ref: "#/$defs/a", $defs: {a: {type: object, additionalProperties: {$ref: "#/$defs/a"}}}}
json-schema, value: {properties: {a: {type: string}}}
json-schema, value: {properties: {a: {}}, additionalProperties: false}
json-schema, value: {required: [a]}
json-schema, value: {dependentRequired: {a: [b]}}
json-schema, value: {enum: [a, b]}
json-schema, value: {const: null}
json-schema, value: {not: {type: string}}
json-schema, value: {type: string, format: email, pattern: "@example[.]com$"}
json-schema, value: {type: string, format: email, allOf: [{pattern: "@example[.]com$"}]}
json-schema, value: {type: integer, format: int32}
json-schema, value: {pattern: "^A-"}
json-schema, value: {pattern: "^[^;]*$"}
json-schema, value: {maxLength: 400}
json-schema, value: {minLength: 1}
json-schema, value: {items: {type: string}}
json-schema, value: {contains: {}}
json-schema, value: {uniqueItems: true}
json-schema, value: {if: {type: object}, then: {required: [a]}}
json-schema, value: {anyOf: [{type: string}, {type: number}]}
json-schema, value: {oneOf: [{type: number}, {type: number, minimum: 3}]}
json-schema, value: {anyOf: [{maxLength: 5}, {minLength: 7}]}
json-schema, value: {$ref: "#/$defs/a", $defs: {a: {type: string}}}
json-schema, value: {type: object, properties: {next: {$ref: "#"}}}
json-schema, value: {propertyNames: {pattern: "^[a-z]+$"}}
json-schema, transform: text | length, value: {maximum: 80}
json-schema, transform: text | length, value: {type: number, multipleOf: 2}
json-schema, transform: text | parse_json, value: {type: number}
json-schema, transform: "'{}' if 'a' in text else '[]'", value: {type: object}
not-json-schema, value: {type: array}
not-json-schema, value: {required: [error]}
regex, value: 'A-\\d{4}'
regex, value: '\\d'
regex, value: '^.*$'
regex, value: '^[^;]*$'
regex, value: '^[^—]*$'
regex, value: '^[^\\x{2014}]*$'
regex, value: '^(?:[^f]|f[^o])*f?$'
regex, value: '^\\P{Greek}*$'
regex, value: '(?s)^.{0,500}$'
regex, value: '(?s)^.{20,}$'
regex, value: '^(?:Yes|No)$'
regex, value: '[.!?]$'
regex, value: '(?m)^- '
regex, value: '(?m)^$'
regex, value: '\\n\\n'
regex, value: '\\p{Han}'
regex, value: '^$'
regex, value: '^\\s*$'
regex, value: 'a|^b'
regex, value: '(?m)a$\\nb'
regex, value: '[$]a'
regex, value: '\\$5'
not-regex, value: '.'
not-regex, value: '\\S'
not-regex, value: '(?i)sorry'
not-regex, value: '\\s$'
not-regex, value: '[^\\x00-\\x7f]'
contains, value: a
contains, value: "\\n"
contains, value: "  "
not-contains, value: " "
not-contains, value: "\\n"
not-contains-any, value: [" ", "\\n"]
contains-any, value: [" - ", refund]
contains-all, value: [" ", refund]
starts-with, value: " "
not-starts-with, value: " "
contains-json, value: {a: {}}
contains-json, value: [[]]
equals, value: ""
equals, path: /a, value: 0
equals, path: /a, value: null
equals, transform: "'a' in text", value: true
equals, transform: text | length, value: 0
equals, transform: text | lower, value: "yes"
one-of, value: ["yes", "no"]
one-of, transform: "'a' in text", value: [true]
not-equals, transform: text | length, value: 0
contains, transform: "text[:80]", value: a
contains, transform: "text or 'x'", value: a
contains, transform: "expected + text", value: a
is-json, transform: text | trim
expr, value: text | length < 400
expr, value: text | length > 0
expr, value: 1 <= output.urgency <= 5
expr, value: output.urgency >= 0
expr, value: output.verdict == expected
expr, value: output.a == inputs.a
expr, value: "output.a == 1 or output.b == 2"
expr, value: "output.a != 1 or output.b != 1"
expr, value: "output.a in ['x', 'y'] or output.a not in ['x', 'z']"
expr, value: "output.a == ['x'] or output.a == 'x'"
expr, value: "text | length > 10 or text | length < 5"
expr, value: "'' in output"
expr, value: "text != '' and text == text | trim"
expr, value: "tool_calls | selectattr('name', 'eq', 'x') | list != []"
expr, value: "tool_calls | rejectattr('name', 'eq', 'x') | list == []"
expr, value: "tool_calls | list | length > 0"
expr, value: "output.items | length <= 5 and output.items | map('first') | reject('eq', 'P') | list == []"
expr, value: "tool_calls | length == 0"
expr, value: "'refund' in tool_calls | map(attribute='name')"
expr, value: "usage.output > 0"
expr, value: "(0.5 + usage.output) | int > 0"
expr, value: "output.ok"
expr, value: "not output.ok"
expr, value: "output.a if text | length > 3 else False"
expr, value: "output.total | round == output.total"
expr, value: "output.total | string in text"
expr, value: "output.items | sort == output.items"
expr, value: "output.a is defined"
expr, value: "output.a is string"
expr, value: "output.a is none or output.a is mapping"
expr, value: "output.a | default(0) > 3"
expr, value: "output.l | map(attribute='a') | select('defined') | list == []"
expr, value: "output.l | map(attribute='a') | reject('defined') | list == []"
expr, value: "output.l | map('length') | select('lt', 3) | list == []"
expr, value: "[text, 'a'] | first == 'a'"
expr, value: "text | parse_json == expected"
expr, value: "range(text | length) | list == [0]"
expr, value: "(text | split(','))[0] == 'a'"
not-expr, value: "'TODO' in text"
max-chars, value: 0
max-chars, value: 100000
not-max-chars, value: 0
max-tokens, value: 128000
max-cost, value: 5
max-latency, value: 120
max-latency, value: 600
word-count, value: {min: 1}
word-count, value: {min: 1, max: 1000}
word-count, value: 0
ratio, value: Hold the button., threshold: 0.05
ratio, value: Hold the button.
not-rouge, value: Hold the button., threshold: 0.02
not-ratio, value: Hold the button., threshold: 1
similar, value: Hold the button., threshold: 1
no-leak, value: 4
no-leak
no-injection
moderation
refuses
not-refuses
no-secrets
tool-call, name: refund
not-tool-call, name: refund
tool-calls, value: [find, {name: refund, arguments: {id: 7}}]
finish-reason, value: stop
not-finish-reason, value: length
llm-rubric, value: It is polite.
any, value: [{type: contains, value: a}, {type: not-contains, value: b}]
any, value: [{type: contains, value: a}]
any, value: [{type: contains, path: /a, value: a}, {type: not-contains, path: /b, value: a}]
any, value: [{type: max-chars, value: 40}, {type: not-max-chars, value: 80}]
any, value: [{type: expr, value: inputs.language != 'de'}, {type: contains, value: Guten}]
any, value: [{type: equals, transform: expected, value: refuse}, {type: not-refuses}]
all, value: [{type: max-chars, value: 80}, {type: not-max-chars, value: 40}]
all, value: [{type: contains, value: a}, {type: not-contains, value: b}], threshold: 0.5
all, value: [{type: word-count, value: {min: 3}}, {type: word-count, value: {max: 3}}]
contains, value: a, weight: 0.1, score: tone
contains, value: a, weight: 10, score: tone
"""


def lines(table: str) -> list[str]:
    return table.strip().splitlines()


def written(line: str) -> dict[str, Any]:
    document = read_any("case.yaml", f"{{type: {line}}}".encode())
    assert document.problems == ()
    return dict(document.value)


def places(line: str, on: On) -> list[str]:
    return [str(problem.at) for problem in parse(written(line), on)[1]]


@pytest.mark.parametrize("line", lines(CAN_NOT_FAIL))
def test_an_assertion_that_can_not_fail_is_an_error_at_its_argument(line: str) -> None:
    assertion, _, place = line.rpartition(" ")

    assert places(assertion, "answer")[:1] == [place]


PASSES_EVERY_ANSWER = """
expr, value: "output is string or output is mapping or output is iterable or output is number or output is none or output is boolean"
expr, value: "output ~ '' == output | string"
contains, transform: "text ~ 'ok'", value: ok
contains-any, transform: "'yes or no: ' ~ text", value: [yes, x]
icontains, transform: "text ~ ' OK'", value: ok
starts-with, transform: "'a' ~ text", value: a
max-chars, transform: "text[:5]", value: 5
not-max-chars, transform: "text ~ 'abcdef'", value: 3
word-count, transform: "text | split | first | default('')", value: {max: 1}
not-equals, transform: text | upper, value: abc
one-of, transform: "text[:0] ~ 'a'", value: [a]
expr, value: "text | string == text"
expr, value: "text | upper | upper == text | upper"
expr, value: "text | trim | length <= text | length"
expr, value: "text | upper != 'abc'"
expr, value: "text ~ 'a' != text"
expr, value: "text in text"
one-of, transform: "'a' in text", value: [true, false]
one-of, transform: "'yes' if 'a' in text else 'no'", value: ["yes", "no"]
not-equals, transform: "'a' in text", value: 3
not-equals, transform: text | length, value: []
equals, transform: "text | length >= 0", value: true
equals, transform: "text == text", value: true
equals, transform: "text[:0]", value: ""
equals, transform: "(text | length) * 0", value: 0
equals, transform: "text | length - text | length", value: 0
equals, transform: "[1, text][0]", value: 1
contains, transform: "'ok' if text else 'ok'", value: ok
contains, transform: "'OK' | lower if text else 'ok'", value: ok
expr, value: "True or text"
expr, value: "text == 'a' or True"
expr, value: "text == text"
expr, value: "text | lower == text | lower"
expr, value: "not text != text"
expr, value: "text | length >= 0"
expr, value: "text | length > -1"
expr, value: "0 <= text | length"
expr, value: "text | length + 1 > 0"
expr, value: "text | split | length % 7 <= 7"
expr, value: "'' in text"
expr, value: "text in [text]"
expr, value: "text in ['a', text]"
expr, value: "'a' in text or 'a' not in text"
expr, value: "text | length > 5 or text | length < 10"
expr, value: "True if text else True"
expr, value: "text == 'a' if False else True or text"
expr, value: "'a' != 3 or text"
expr, value: "text | length != 'a'"
not-expr, value: "text | length < 0"
expr, transform: text | length, value: "value >= 0"
expr, value: "text is defined"
expr, value: "text is string"
expr, value: "text | length is ge 0"
expr, value: "text ~ 'a' != 3"
"""

CAN_FAIL_FOR_SOME_ANSWER = """
contains, transform: "text ~ 'ok'", value: oks
max-chars, transform: "text[:6]", value: 5
max-chars, transform: "text | split('.') | first", value: 80
not-contains, transform: text | lower, value: sorry
not-contains, transform: "text[-40:]", value: "?"
not-contains-any, transform: text | lower, value: [as an ai, language model, i cannot]
not-equals, transform: "text | replace(' ', '')", value: noreply
not-one-of, transform: text | trim | lower, value: [n/a, none, unknown]
not-starts-with, transform: text | trim, value: "{"
expr, value: "'sorry' not in text | lower"
expr, value: "'a' not in text or 'b' not in text or 'c' not in text"
expr, value: "text | length < 400"
expr, value: "text | length != 7"
expr, value: "text | length / 4 < 100"
expr, value: "text | length < 50 or 'refund' in text"
expr, value: "text | wordcount <= 120"
expr, value: "text | split('\\n') | length <= 5"
expr, value: "text | split(': ') | last != 'no'"
expr, value: "text | split | unique | list | length < 90"
expr, value: "text | replace('!', '') | length >= text | length - 2"
expr, value: "text | upper != text"
expr, value: "text | first != text | last"
expr, value: "text | trim == text"
expr, value: "text[3:6] != 'abc'"
expr, value: "output.ok is not defined"
expr, value: "output is string"
expr, value: "output is not mapping"
expr, value: "output != []"
expr, value: "output != 5"
expr, value: "output is string or output is mapping"
expr, value: "text | length < 100000"
"""


def passing_all(lines_of: str) -> list[str]:
    read = ((line, parse(written(line), "answer")[0]) for line in lines(lines_of))
    return [line for line, found in read if found and passes_everything(found, "answer")]


def test_an_expression_that_makes_every_answer_pass_is_found() -> None:
    assert passing_all(PASSES_EVERY_ANSWER) == lines(PASSES_EVERY_ANSWER)
    assert passing_all(CAN_FAIL_FOR_SOME_ANSWER + CAN_FAIL) == []


@pytest.mark.parametrize("line", lines(IN_A_REQUEST))
def test_an_assertion_that_every_request_meets_is_an_error(line: str) -> None:
    assertion, _, place = line.rpartition(" ")

    assert places(assertion, "request")[:1] == [place]


@pytest.mark.parametrize("line", lines(CAN_FAIL))
def test_the_nearest_assertion_that_can_fail_is_none(line: str) -> None:
    assert places(line, "answer") == []


ATOMS = st.sampled_from(["a", "b", ".", "[^a]", r"\s", r"\S", "^", "$", r"\b", "", r"[^\s\S]"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: (
        st.builds("{}{}".format, inner, inner)
        | st.builds("(?:{}|{})".format, inner, inner)
        | st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "?", "+", "{2}"]))
        | st.builds("(?s){}".format, inner)
    ),
    max_leaves=6,
)
TEXTS = st.text(alphabet="ab \n;é", max_size=12) | st.text(alphabet=string.printable, max_size=40)


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(PATTERNS, st.lists(TEXTS, min_size=20, max_size=20))
def test_every_text_matches_a_pattern_that_is_refused_since_all_do(
    pattern: str, texts: list[str]
) -> None:
    try:
        search, refused = compiled(pattern).search, matches_every_text(pattern)
    except Refused:
        return

    if refused:
        assert all(search(text) for text in texts)
