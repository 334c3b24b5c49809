"""Every filter and test with hostile values in every position, as templates with their data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.runtime.template.environment import ENVIRONMENT

POSITIONS = 4
"""How many arguments of a filter are tried; no filter takes more that matter."""

VALUES: dict[str, Any] = {
    "words": "a " * 499_999,
    "one_word": "a" * 999_999,
    "hyphens": "-" * 999_999,
    "hyphenated": "a-" * 499_999,
    "lines": "\n" * 999_999,
    "wide": "\U0001f600" * 999_999,
    "umlauts": "ß" * 400_000,
    "tags": "<a>" * 330_000,
    "comments": "<!-->" * 190_000,
    "entities": "&amp;<b>" * 120_000,
    "quotes": "\"'\\\0" * 240_000,
    "percents": "%%" * 499_999,
    "conversions": "%s" * 499_999,
    "brackets": "%((" * 330_000,
    "a_width": "%399999999d",
    "digits": "9" * 999_999,
    "some_digits": "9" * 4_000,
    "hexadecimal": "f" * 999_999,
    "path": "a." * 200_000,
    "path_with_commas": "a," * 200_000,
    "short_path": ".".join(["0"] * 400),
    "thousand": "x" * 1_000,
    "zero": 0,
    "thousand_and_one": 1_001,
    "a_thousand": 1_000,
    "minus_a_thousand": -1_000,
    "huge": 2**4_000,
    "minus_huge": -(10**300),
    "billion": 10**9,
    "infinity": float("inf"),
    "not_a_number": float("nan"),
    "tiny": 1.2345678901234567e-300,
    "true": True,
    "nothing": None,
    "numbers": list(range(100_000)),
    "scattered": [(each * 7_919) % 100_003 for each in range(100_000)],
    "floats": [each / 7 * 1e300 for each in range(100_000)],
    "huge_numbers": [2**1_000 + each for each in range(100_000)],
    "colliding": [each * (2**61 - 1) for each in range(100_000)],
    "texts": [f"text {each}" for each in range(100_000)],
    "same_text": ["x" * 999_999] * 100_000,
    "same_digits": ["9" * 4_000] * 100_000,
    "same_path": ["a.b"] * 100_000,
    "same_huge": [2**4_000] * 100_000,
    "pairs": [[each, str(each)] for each in range(100_000)],
    "objects": [{"a": each, "b": "x"} for each in range(100_000)],
    "objects_of_text": [{"a": "x" * 999_999}] * 100_000,
    "shared": [["y" * 99] * 99] * 10_000,
    "table": {f"key {each}": each for each in range(100_000)},
    "table_of_text": dict.fromkeys(map(str, range(50_000)), "x" * 999_999),
    "million": [0] * 1_000_000,
}
VALUES["deep"] = 1
for _ in range(99):
    VALUES["deep"] = [VALUES["deep"]]
VALUES["doubled"] = [1]
for _ in range(60):
    VALUES["doubled"] = [VALUES["doubled"], VALUES["doubled"]]

LAZY = {
    "lazy": "(numbers|map('string'))",
    "lazy_chain": "(numbers" + "|map('default')" * 30 + ")",
    "lazy_lookups": "(objects" + "|select" * 30 + "|map(attribute='a'))",
    "lazy_texts": "(same_text|select)",
    "lazy_batches": "(numbers|batch(1)|map('batch', 1000, 'x')|map('first'))",
}
UNDEFINED = {"undefined": "missing", "no_else": "(1 if false)"}
OPERANDS = [*VALUES, *LAZY.values(), *UNDEFINED.values()]
FEW = ["words", "wide", "texts", "objects", "colliding", "table", *LAZY.values()]
NAMES = ["'upper'", "'center'", "'batch'", "'even'", "'in'", "'default'", "'sort'", "'truncate'"]
PATHS = ["short_path", "path", "path_with_commas", "'a'", "0", "'a.b'", "texts", "huge"]


def calls() -> Iterator[str]:
    """Each filter and test: a hostile value, then also a hostile argument in each position."""
    for name in ENVIRONMENT.filters:
        yield from _with_arguments("{{ (VALUE|" + name + "ARGS)|CONSUMED }}")
    for name in ENVIRONMENT.tests:
        yield from _with_arguments("{{ VALUE is " + name + "ARGS }}")


def _with_arguments(template: str) -> Iterator[str]:
    for value in OPERANDS:
        yield _filled(template, value, [])
    for at in range(POSITIONS):
        for argument in OPERANDS:
            yield _filled(template, "'a b'", ["1"] * at + [argument])
            yield _filled(template, "[1, 2]", ["1"] * at + [argument])


def paths() -> Iterator[str]:
    """The filters that look up a path in each item, with an argument by its name."""
    for name in str.split("groupby join map max min sort sum unique"):
        for path in PATHS:
            for value in FEW:
                yield f"{{{{ ({value}|{name}(attribute={path}))|list|length }}}}"
                yield f"{{{{ ({value}|{name}(attribute={path}, default=one_word))|list|length }}}}"
    for name in str.split("rejectattr selectattr"):
        for path in PATHS:
            for value in FEW:
                yield f"{{{{ ({value}|{name}({path}))|list|length }}}}"


def pairs() -> Iterator[str]:
    """A hostile value with a hostile argument, in the first two positions."""
    for name in ENVIRONMENT.filters:
        for value in FEW:
            for argument in [*FEW, "thousand", "a_thousand", "conversions", "not_a_number"]:
                template = "{{ (VALUE|" + name + "ARGS)|CONSUMED }}"
                yield _filled(template, value, [argument])
                yield _filled(template, value, ["''", argument])
    for name in ENVIRONMENT.tests:
        for value in FEW:
            for argument in FEW:
                yield _filled("{{ VALUE is " + name + "ARGS }}", value, [argument])


def names() -> Iterator[str]:
    """`map`, `select` and `reject` with the name of a filter or a test, and its arguments."""
    for outer in str.split("map select reject"):
        for inner in [*NAMES, "doubled", "one_word", "huge"]:
            for value in FEW:
                for argument in ["", ", one_word", ", a_thousand", ", numbers", ", 2, one_word"]:
                    yield f"{{{{ ({value}|{outer}({inner}{argument}))|list|length }}}}"


def sample() -> Iterator[str]:
    """A few of all, the same in each run."""
    for table in (calls, names, pairs, paths):
        yield from list(table())[::1_009]


def _filled(template: str, value: str, arguments: list[str]) -> str:
    given = f"({', '.join(arguments)})" if arguments else ""
    return template.replace("VALUE", value).replace("ARGS", given).replace("CONSUMED", "string")
