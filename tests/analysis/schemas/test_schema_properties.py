"""Schemas made at random: nothing called included is refused, and each witness proves."""

from __future__ import annotations

import copy
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.analysis.schemas.inclusion import differences
from promptops.model.change import ABSENT
from promptops.runtime.request.schema_check import validator
from tests.tiers import examples

ASKED = os.environ.get("PROMPTOPS_PROPERTY_EXAMPLES")
VALUES_EACH = 25

many = settings(
    max_examples=int(ASKED or examples(300)),
    derandomize=ASKED is None,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
seeds = st.binary(min_size=8, max_size=8)


@many
@given(seed=seeds)
def test_what_is_called_included_is_never_refused(grammar: Any, seed: bytes) -> None:
    chance = grammar(seed)
    left, right = chance.pair()

    found = differences(left, right)

    if not found:
        admitting, refusing = _validator(left), _validator(right)
        for index in range(VALUES_EACH):
            schema = right if index % 3 == 2 else left
            value = chance.value(schema, schema)
            if admitting.is_valid(value):
                assert refusing.is_valid(value), (left, right, value)


@many
@given(seed=seeds)
def test_each_witness_is_admitted_by_the_left_and_refused_by_the_right(
    grammar: Any, seed: bytes
) -> None:
    left, right = grammar(seed).pair()

    found = differences(left, right)

    for one in found:
        assert one.decided or one.witness is ABSENT
        if one.witness is not ABSENT:
            assert _validator(left).is_valid(one.witness), (left, right, one)
            assert not _validator(right).is_valid(one.witness), (left, right, one)


@many
@given(seed=seeds)
def test_a_schema_is_included_in_itself(grammar: Any, seed: bytes) -> None:
    schema = grammar(seed).root()

    assert differences(schema, copy.deepcopy(schema)) == ()


@many
@given(seed=seeds)
def test_a_broken_schema_is_undecided_and_raises_nothing(grammar: Any, seed: bytes) -> None:
    broken = grammar(seed).broken()

    for found in (differences(broken, {"minimum": 1}), differences({"minimum": 1}, broken)):
        assert all(one.keyword != "work" for one in found)


def test_nearly_every_difference_that_is_decided_has_a_witness(grammar: Any) -> None:
    decided = [
        one
        for number in range(1_000)
        for one in differences(*grammar(number.to_bytes(8)).pair())
        if one.decided
    ]
    unproved = [one for one in decided if one.witness is ABSENT]

    assert len(decided) > 300
    assert len(unproved) <= len(decided) / 200


def test_the_pairs_are_of_all_kinds(grammar: Any) -> None:
    """A generator of nothing but equal or unlike pairs would prove nothing."""
    pairs = [grammar(number.to_bytes(8)).pair() for number in range(1_000)]
    found = [(left, right, differences(left, right)) for left, right in pairs]

    included = [left for left, right, said in found if not said and left not in (right, False)]
    keywords = {one.keyword for _, _, said in found for one in said}

    assert len(included) > 200
    assert len(keywords) > 20


def _validator(schema: Any) -> Any:
    return validator(schema if isinstance(schema, dict) else {} if schema else {"not": {}})
