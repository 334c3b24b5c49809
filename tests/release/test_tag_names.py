"""Which tags are releases: what writes a name and what reads it are inverses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import InputError
from promptops.model.version import Version
from promptops.release.tags import TagNames

NUMBERS = st.integers(0, 10**9)
WORDS = st.from_regex(r"[A-Za-z][0-9A-Za-z-]{0,8}", fullmatch=True)
PARTS = st.one_of(NUMBERS.map(str), WORDS)
VERSIONS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS, st.lists(PARTS, max_size=3).map(tuple))
AROUND = st.text("vr.-_/+(@1", max_size=4)
FORMATS = st.tuples(AROUND, AROUND).map(lambda pair: f"{pair[0]}{{version}}{pair[1]}")
IDS = st.from_regex(r"[a-z][a-z0-9_-]{0,5}(/[a-z][a-z0-9._-]{0,5}){0,2}", fullmatch=True)


@given(FORMATS, VERSIONS)
def test_a_name_that_was_written_is_read_as_its_version(form, version):
    names = TagNames(form)

    assert names.read(names.write(version)) == version


@given(FORMATS, IDS, VERSIONS)
def test_the_name_of_a_prompts_tag_is_read_as_its_prompt_and_version(form, prompt, version):
    names = TagNames(form)

    assert names.read_of_prompt(names.write_of_prompt(prompt, version)) == (prompt, version)


@given(FORMATS, st.text(max_size=12))
def test_a_name_that_is_read_is_written_the_same(form, name):
    names = TagNames(form)
    version = names.read(name)

    assert version is None or names.write(version) == name


@pytest.mark.parametrize(
    ("name", "tag_format", "expected"),
    [
        ("v1.2.3", "v{version}", Version(1, 2, 3)),
        ("v10.20.30-rc.1", "v{version}", Version(10, 20, 30, ("rc", "1"))),
        ("1.2.3", "{version}", Version(1, 2, 3)),
        ("release/1.2.3/final", "release/{version}/final", Version(1, 2, 3)),
        ("support/triage@v1.2.3", "v{version}", None),
        ("v10.20.30+build.5", "v{version}", None),
        ("v1.2", "v{version}", None),
        ("v01.2.3", "v{version}", None),
        ("v1.2.3x", "v{version}", None),
        ("xv1.2.3", "v{version}", None),
        ("v1.2.3\n", "v{version}", None),
        ("v１.2.3", "v{version}", None),
        ("1.2.3", "v{version}", None),
        ("vX1.2.3", "v.{version}", None),
        ("nightly", "v{version}", None),
    ],
)
def test_a_tag_is_a_release_by_its_name(name, tag_format, expected):
    assert TagNames(tag_format).read(name) == expected


@pytest.mark.parametrize("wrong", ["v", "", "{version}{version}", "{Version}"])
def test_a_form_that_can_not_be_read_back_is_refused(wrong):
    with pytest.raises(InputError):
        TagNames(wrong)
