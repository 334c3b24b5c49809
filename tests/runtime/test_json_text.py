"""JSON as the standard library writes it, from an encoder that is created once."""

from __future__ import annotations

import json

import pytest

from promptops.runtime.request.json_text import json_writer

VALUES = [
    {"b": [1, 2.5, True, None], "a": 'é\u2028\n"', "1": {}},
    {2: "a", 1: "b"},
    [],
    "text",
    1e300,
    float("inf"),
    "\ud800",
]


@pytest.mark.parametrize("sort_keys", [True, False])
@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_it_writes_what_json_dumps_writes(value, sort_keys):
    write = json_writer(sort_keys=sort_keys, allow_nan=True)

    expected = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys)
    assert (write(value), write(value)) == (expected, expected)


def test_a_value_that_holds_itself_is_refused_and_others_are_written_afterwards():
    write = json_writer(sort_keys=True, allow_nan=False)
    endless: list[object] = []
    endless.append(endless)

    for value in (endless, float("nan")):
        with pytest.raises(ValueError, match=r"Circular reference|not JSON compliant"):
            write(value)

    assert write([[1]]) == "[[1]]"
