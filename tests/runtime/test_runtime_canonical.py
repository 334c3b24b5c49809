# ruff: noqa: E501 -- one case, one line
"""RFC 8785 and the digest of a request."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.prompt import Request
from promptops.runtime.request.canonical import canonical_json, request_digest

EXACT = st.integers(1 - 2**53, 2**53 - 1)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | EXACT
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0"), (-0.0, "0"), (1.0, "1"), (-1.5, "-1.5"), (5e-324, "5e-324"), (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"), (9007199254740992, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"), (1e21, "1e+21"), (1e20, "100000000000000000000"),
        (9.999999999999997e22, "9.999999999999997e+22"), (0.000001, "0.000001"), (1e-7, "1e-7"),
        (333333333.33333329, "333333333.3333333"), (1e30, "1e+30"), (4.5, "4.5"), (2e-3, "0.002"),
        (1e-27, "1e-27"), (999999999999999900000.0, "999999999999999900000"), (1.23e-5, "0.0000123"),
        (9007199254740993, "9007199254740993"), (True, "true"), (None, "null"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_ecmascript_writes_them(number: Any, written: str) -> None:
    assert canonical_json(number) == written


def test_strings_are_escaped_as_the_rfc_shows() -> None:
    text = '\u20ac$\u000f\u000aA\'B"\\\\"/\x7f\u2028'

    assert canonical_json(text) == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f\u2028"'


def test_keys_are_sorted_by_utf_16_units() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]

    written = canonical_json(dict.fromkeys(keys, 0))

    order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(written)) == order


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"\udc00": 1}, 10**400])
def test_what_has_no_canonical_form_is_a_value_error(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- a UnicodeEncodeError has words of its own
        canonical_json([value])


@pytest.mark.parametrize(
    ("value", "digest"),
    [
        (
            [1, 2.5, {"b": 1e21, "a": "é"}],
            "22de8929288c67988dc7f6bd1fdc8d95a4dcb2336bc69bb168a75abd25af138d",
        ),
        (
            {"\ufb33": 1, "\U0001f600": [True, None, -0.0]},
            "2941530950ef950304486fb26ca97e0501e97282ff83631cc8280040a1f5cfe1",
        ),
        (
            {"seed": 12345678901234567890, "top_p": 0.1},
            "99b75627ec1f40abe4654cd23b5dcce80fc47d0c3a0df6f5430946c614571afd",
        ),
        (
            [2**53, -(2**53), 2**53 - 1, 10**21, 10**20, 1e20, 123456789012345680.0],
            "b48448f5d36294aa6b954db9f93979b334c8183fcac0c15922e90e9a7d91b90a",
        ),
        (
            ['\x00\x1f\x7f\u2028\\"/', 5e-324, 1e-7, 0.000001, (1, 2.5)],
            "e94b56b19f077645405945b17e2875ae873e5843664711ed40ee2c99ae304c49",
        ),
        (
            {"deep": [{"large": [9007199254740993, 0.5]}, {"é": "\U0001f600\ue000"}]},
            "6d36adbfd4ac86b76e2f16feb8cb0f733002c07bef05ff3486cec8859947c2e0",
        ),
    ],
)
def test_the_digest_of_a_value_never_changes(value: Any, digest: str) -> None:
    assert sha256(canonical_json(value).encode()).hexdigest() == digest


@given(JSON)
def test_what_the_fast_way_writes_the_rfc_writes(value: Any) -> None:
    assert canonical_json([value]) == rfc8785.dumps([value]).decode()


REQUEST = Request(
    messages=({"role": "user", "content": "hi", "name": "n"},),
    model={"provider": "p", "id": "m"},
    params={"temperature": 1, "top_p": 0.5},
    provider_options={"p": {"a": 1}},
    tools=({"name": "t", "description": "", "parameters": {}, "strict": False},),
    tool_choice="auto",
    response_format={"format": "json", "schema": {"type": "object"}},
)


def test_the_digest_is_the_same_forever() -> None:
    assert request_digest(Request(messages=({"role": "user", "content": "hi"},))) == EMPTY_DIGEST


def test_the_digest_does_not_see_key_order_nor_cache_nor_how_a_number_is_written() -> None:
    other = replace(
        REQUEST,
        messages=({"name": "n", "cache": True, "content": "hi", "role": "user"},),
        params={"top_p": 0.5, "temperature": 1.0},
    )

    assert request_digest(other) == request_digest(REQUEST)


@pytest.mark.parametrize(
    "change",
    [
        {"messages": ({"role": "user", "content": "hi ", "name": "n"},)},
        {"messages": ({"role": "system", "content": "hi", "name": "n"},)},
        {"messages": ({"role": "user", "content": "hi"},)},
        {"messages": REQUEST.messages * 2},
        {"model": {"provider": "p", "id": "m2"}},
        {"params": {"temperature": 1}},
        {"provider_options": {}},
        {"tools": ()},
        {"tool_choice": None},
        {"response_format": None},
    ],
)
def test_the_digest_sees_everything_else(change: dict[str, Any]) -> None:
    assert request_digest(replace(REQUEST, **change)) != request_digest(REQUEST)


EMPTY_DIGEST = "aaf823a33ee8f41913a0cf03acee51d84b1e8e88f6c1de4a555fb8355a72b56c"
