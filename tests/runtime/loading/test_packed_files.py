"""Packed bundles: how far they may be unpacked."""

from __future__ import annotations

import gzip

import pytest

from promptops.errors import IntegrityError
from promptops.runtime.loading.bundle_file import unpacked


def test_a_small_file_that_unpacks_to_the_memory_of_a_machine_is_refused() -> None:
    packed = gzip.compress(b"\0" * 64_000_000)

    with pytest.raises(IntegrityError) as refused:
        unpacked(packed, "b.jsonl.gz")

    assert len(packed) < 100_000
    assert str(refused.value).splitlines()[0].endswith("the file unpacks to more than 18 MB")
    assert refused.value.where == "b.jsonl.gz"


def test_a_packed_file_that_was_cut_off_is_damaged() -> None:
    packed = gzip.compress(b"text" * 1_000)

    with pytest.raises(IntegrityError, match="the gzip data is damaged or cut off"):
        unpacked(packed[:-9], "b.jsonl.gz")


@pytest.mark.parametrize("plain", [b"", b"a line\n" * 500_000])
def test_what_is_packed_as_json_is_unpacked(plain: bytes) -> None:
    assert unpacked(gzip.compress(plain), "b.jsonl.gz") == plain


def test_what_is_not_packed_stays_as_it_is() -> None:
    assert unpacked(b"plain", "b.jsonl") == b"plain"
