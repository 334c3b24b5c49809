"""How changes combine, and CHG901 to CHG903."""

from datetime import date

import pytest

from promptops.diff.changes import change, gate, lowered
from promptops.model.config import Waiver
from promptops.model.version import Bump, Version, parse

NONE, PATCH, MINOR, MAJOR = Bump


@pytest.mark.parametrize(
    ("version", "bump", "expected"),
    [
        ("1.4.2", MAJOR, "2.0.0"),
        ("1.4.2", MINOR, "1.5.0"),
        ("1.4.2", PATCH, "1.4.3"),
        ("1.4.2", NONE, "1.4.2"),
        ("0.4.2", MAJOR, "0.5.0"),
        ("0.4.2", MINOR, "0.4.3"),
        ("0.4.2", PATCH, "0.4.3"),
        ("0.4.2", NONE, "0.4.2"),
    ],
)
def test_the_next_version_before_and_after_the_first_major_one(version, bump, expected):
    found = parse(version)

    assert str(found.after(bump)) == expected


@pytest.mark.parametrize("text", ["1.4", "v1.4.2", "1.4.2-rc.1", "01.4.2", "1.4.2.3", "", "1.4.x"])
def test_what_is_no_version_is_none(text):
    assert parse(text) is None


def test_versions_are_ordered_by_number():
    assert Version(1, 10, 0) > Version(1, 9, 9)


@pytest.mark.parametrize(
    ("declared", "proved", "expected"),
    [
        (MAJOR, MAJOR, ""),
        (MAJOR, MINOR, ""),
        (MINOR, MAJOR, "CHG903 minor is too small: the changes require major"),
        (NONE, PATCH, "CHG903 none is too small: the changes require patch"),
        (Version(2, 0, 0), MAJOR, ""),
        (Version(3, 0, 0), MINOR, ""),
        (Version(1, 5, 0), MAJOR, "CHG903 1.5.0 is too small: the changes require 2.0.0 (major)"),
        (Version(1, 4, 2), NONE, ""),
        (Version(1, 4, 2), PATCH, "CHG901 1.4.2 was released already"),
        (Version(1, 3, 9), PATCH, "CHG902 1.3.9 is lower than 1.4.2, the last release"),
        (Version(1, 6, 0), MINOR, "CHG901 1.6.0 was released already"),
    ],
)
def test_the_gate_for_what_was_given_by_hand(declared, proved, expected):
    found = gate(declared, proved, Version(1, 4, 2), {Version(1, 6, 0)})

    assert (f"{found.code} {found.message}" if found else "") == expected


@pytest.mark.parametrize(
    ("codes", "declared", "reason", "expected"),
    [
        (["CHG301"], MINOR, "", ""),
        (["CHG301"], PATCH, "reviewed", ""),
        (["CHG301"], PATCH, " ", "CHG903"),
        (["CHG104"], PATCH, "reviewed", "CHG903"),
        (["CHG101"], MINOR, "reviewed", "CHG903"),
        (["CHG301", "CHG101"], MAJOR, "", ""),
        ([], NONE, "", ""),
    ],
)
def test_only_behaviour_is_lowered_and_only_with_a_reason(codes, declared, reason, expected):
    changes = [change(code, "", "") for code in codes]

    found = lowered(changes, declared, reason)

    assert (found.code if found else "") == expected


@pytest.mark.parametrize(("declared", "expected"), [(MINOR, ""), (PATCH, "CHG903")])
def test_a_waived_break_is_lowered_to_minor_and_no_further(declared, expected):
    waiver = Waiver(fingerprint="f", reason="unused", who="ada", expires=date(2999, 1, 1))
    changes = [change("CHG101", "", "", bump=MINOR, waiver=waiver)]

    found = lowered(changes, declared, "reviewed")

    assert (found.code if found else "") == expected
