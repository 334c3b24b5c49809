"""Which version comes next: of a release, and of each prompt in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.version import Bump, Version, parse
from promptops.release.versions import Declared, effective_bump, next_version, prompt_version

BUMPS = st.sampled_from(Bump)
PLAIN = st.builds(Version, *[st.integers(0, 5)] * 3)


def version(text):
    return parse(text, prereleases=True) if text else None


@pytest.mark.parametrize(
    ("last", "required", "declared", "taken", "expected"),
    [
        (None, "minor", {}, "", "0.1.0"),
        (None, "minor", {"version": "2.3.0"}, "", "2.3.0"),
        (None, "minor", {"pre": "rc"}, "", "0.1.0-rc.1"),
        ("0.4.2", "major", {}, "", "0.5.0"),
        ("0.4.2", "minor", {}, "", "0.4.3"),
        ("0.4.2", "patch", {}, "", "0.4.3"),
        ("1.2.3", "major", {}, "", "2.0.0"),
        ("1.2.3", "minor", {}, "", "1.3.0"),
        ("1.2.3", "patch", {}, "", "1.2.4"),
        ("1.2.3", "patch", {"bump": "major"}, "", "2.0.0"),
        ("1.2.3", "major", {"bump": "patch"}, "", "1.2.4"),
        ("1.2.3", "minor", {"pre": "rc"}, "", "1.3.0-rc.1"),
        ("1.2.3", "minor", {"pre": "rc"}, "1.3.0-rc.1", "1.3.0-rc.2"),
        ("1.2.3", "minor", {"pre": "rc"}, "1.3.0-rc.9 1.3.0-rc.10", "1.3.0-rc.11"),
        ("1.2.3", "minor", {"pre": "rc"}, "1.3.0-beta.4 1.2.3-rc.7", "1.3.0-rc.1"),
        ("1.2.3", "major", {"pre": "rc"}, "1.3.0-rc.1", "2.0.0-rc.1"),
        ("1.2.3", "minor", {}, "1.3.0-rc.1 1.3.0-rc.2", "1.3.0"),
        ("1.2.3", "minor", {"version": "3.0.0", "pre": "rc"}, "", "3.0.0-rc.1"),
        ("1.2.3", "minor", {"version": "3.0.0-x.y"}, "", "3.0.0-x.y"),
    ],
)
def test_the_next_release(last, required, declared, taken, expected):
    known = dict(declared)
    if "version" in known:
        known["version"] = version(known["version"])
    if "bump" in known:
        known["bump"] = Bump[known["bump"].upper()]
    there = [version(each) for each in taken.split()]

    found = next_version(version(last), Bump[required.upper()], Declared(**known), there)

    assert str(found) == expected


@pytest.mark.parametrize(
    ("before", "bump", "release", "taken", "expected"),
    [
        ("1.4.2", "none", "3.0.0", "", "1.4.2"),
        ("1.4.2", "patch", "3.0.0", "", "1.4.3"),
        ("1.4.2", "major", "3.0.0", "", "2.0.0"),
        ("0.4.2", "minor", "0.9.0", "", "0.4.3"),
        ("0.4.2", "major", "0.9.0", "", "0.5.0"),
        ("0.4.2", "patch", "1.0.0", "", "1.0.0"),
        ("0.4.2", "none", "1.0.0", "", "0.4.2"),
        (None, "minor", "1.8.0", "", "1.8.0"),
        (None, "minor", "1.8.0-rc.2", "", "1.8.0-rc.2"),
        ("1.4.2", "minor", "1.8.0-rc.2", "", "1.5.0-rc.2"),
        ("1.4.2", "patch", "1.8.0", "1.4.3 1.4.4", "1.4.5"),
    ],
)
def test_the_next_version_of_a_prompt(before, bump, release, taken, expected):
    there = [version(each) for each in taken.split()]

    found = prompt_version(version(before), Bump[bump.upper()], version(release), there)

    assert str(found) == expected


@given(PLAIN, BUMPS, BUMPS)
def test_a_prompt_is_never_above_its_release(last, bump, own):
    release = last.after(max(bump, own))

    assert prompt_version(last, own, release) <= release


@given(PLAIN, BUMPS, BUMPS)
def test_a_version_that_somebody_names_stands_for_the_bump_that_reaches_it(last, bump, required):
    declared = Declared(version=last.after(bump))

    reached = effective_bump(last, required, declared)

    assert last.after(reached) == last.after(bump)
    assert reached >= bump
