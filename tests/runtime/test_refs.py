"""What an application may ask for, and which versions a range takes."""

import pytest

from promptops.errors import UsageError
from promptops.model.version import Version, parse, parse_range
from promptops.runtime.loading.source import (
    Digest,
    Exact,
    GitRevision,
    Highest,
    NamedRef,
    parse_ref,
)

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
VERSIONS = [
    *("0.0.3", "0.0.4", "0.1.0", "0.1.9", "0.2.0", "1.0.0", "1.2.0", "1.2.3", "1.2.9"),
    *("1.3.0-rc.1", "1.3.0-rc.2", "1.3.0", "2.0.0-rc.1", "2.0.0"),
]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("v1.2.0", Exact),
        ("1.2.0", Exact),
        ("v1.3.0-rc.1", Exact),
        (f"sha256:{SHA}", Digest),
        ("^1.2", Highest),
        (">=1,<2", Highest),
        ("production", NamedRef),
        ("prompts-1.2.0", NamedRef),
        ("eu-west.blue", NamedRef),
        ("git:HEAD~1", GitRevision),
    ],
)
def test_each_form_means_one_thing(text, kind):
    assert type(parse_ref(text)) is kind


@pytest.mark.parametrize(
    "text",
    [
        *("", "latest", "12", "v2", "1.2", "cafe", "DEADBEEF", "support/triage@v1.4.0", "git:"),
        *(
            "sha256:12",
            f"sha256:{SHA.upper()}",
            "^",
            "^a",
            ">=1,",
            "a b",
            "-x",
            "../x",
            "é",
            "x" * 101,
        ),
    ],
)
def test_what_means_nothing_is_refused(text):
    with pytest.raises(UsageError):
        parse_ref(text)


@pytest.mark.parametrize(
    ("text", "highest"),
    [
        ("^1.2", "1.3.0"),
        ("^1.2.4", "1.3.0"),
        ("^0.1", "0.1.9"),
        ("^0.0.3", "0.0.3"),
        ("^0", "0.2.0"),
        ("~1.2.3", "1.2.9"),
        ("~1", "1.3.0"),
        ("~1.2", "1.2.9"),
        (">=1,<2", "1.3.0"),
        (">1.2.3, <1.3", "1.2.9"),
        ("<=1.2", "1.2.9"),
        (">1.2", "2.0.0"),
        ("=1.2", "1.2.9"),
        ("=1.2.3", "1.2.3"),
        ("<2", "1.3.0"),
        ("^2.0.0-rc.1", "2.0.0"),
        (">=1.3.0-rc.1,<1.3.0", "1.3.0-rc.2"),
        ("^3", None),
    ],
)
def test_the_highest_of_a_range(text, highest):
    found = parse_range(text)

    versions = [parse(each, prereleases=True) for each in VERSIONS]
    assert str(found.highest(versions)) == str(highest)


def test_a_prerelease_is_taken_only_where_it_is_named():
    versions = [Version(2, 0, 0, ("rc", "1")), Version(1, 9, 0)]

    assert parse_range("^1.0").highest(versions) == Version(1, 9, 0)
    assert parse_range(">=1.0.0").highest(versions) == Version(1, 9, 0)
    assert parse_range(">=2.0.0-alpha").highest(versions) == Version(2, 0, 0, ("rc", "1"))


def test_versions_are_ordered_as_semantic_versioning_has_it():
    texts = [
        *("1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"),
        *("1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0"),
    ]

    versions = [parse(text, prereleases=True) for text in texts]

    assert sorted([*versions[5:], *versions[:5]]) == versions
    assert [str(version) for version in versions] == texts


@pytest.mark.parametrize(
    "text", ["1.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+b", "١.0.0"]
)
def test_what_is_no_version_is_none(text):
    assert parse(text, prereleases=True) is None
