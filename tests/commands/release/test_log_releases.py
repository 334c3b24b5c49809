"""`promptops log --releases`: the history of releases, whole, from the tags alone."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from tests.commands.release.conftest import ASK, BREAKING, STYLE
from tests.output_schemas import validate


@pytest.fixture
def history(catalog, release):
    """A tag made by hand, a release, and one with a bump that was lowered."""
    catalog.git("tag", "--annotate", "--message", "The first one", "v1.2.0")
    catalog.write({ASK: BREAKING})
    catalog.commit("two")
    release(catalog)
    catalog.write({STYLE: "Be short.\n"})
    catalog.commit("three")
    release(catalog, "--bump", "patch", "--reason", "a typo")
    return catalog


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("releases.txt", ()),
        ("releases.md", ("--format", "markdown")),
        ("releases.one.txt", ("v2.0.0",)),
    ],
)
def test_the_history_is_told(history, say, golden, name, arguments):
    said = say(history, "log", "--releases", *arguments)

    assert (said.code, said.err) == (0, "")
    golden(name, said.out)


def test_the_json_is_as_its_schema_says(history, say):
    value = say(history, "log", "--releases", "--format", "json").value

    validate("releases", value)
    told = [
        (each["release"]["name"], *(each["record"][key] for key in ("base", "bump", "reason")))
        for each in value["releases"]
    ]
    assert told == [
        ("v2.0.1", "v2.0.0", "patch", "a typo"),
        ("v2.0.0", "v1.2.0", "major", None),
        ("v1.2.0", None, None, None),
    ]
    assert value["releases"][0]["record"]["versions"] == {"ask": "2.0.1", "support/triage": "1.2.1"}


def test_what_a_tag_says_is_shown_and_never_obeyed(history, say):
    message = "x\n\n\x1b[31mred\n::error::gone\n<img src=x onerror=alert(1)> @team ##[error]"
    history.git("tag", "-a", "--cleanup=verbatim", "-m", message, "v9.0.0")

    text = say(history, "log", "--releases", "v9.0.0").out
    markdown = say(history, "log", "--releases", "v9.0.0", "--format", "markdown").out

    assert "\x1b" not in text + markdown
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert ("<img" in markdown, "@team" in markdown) == (False, False)


def test_the_lines_of_a_tag_make_no_structure_but_its_own_list_in_markdown(history, say):
    lines = ["- own", "", "red", " ===", "red", "  > x", "red", "  + x", "-", "", "    x", "  1. x"]
    history.git("tag", "-a", "--cleanup=verbatim", "-m", "\n".join(["x", "", *lines]), "v9.1.0")

    markdown = say(history, "log", "--releases", "v9.1.0", "--format", "markdown").out

    found = [(token.type, token.tag) for token in MarkdownIt("commonmark").parse(markdown)]
    opened = [tag for kind, tag in found if kind.endswith("_open") or kind == "code_block"]
    assert sorted({*opened}) == ["h2", "li", "p", "ul"]
    assert (opened.count("h2"), opened.count("li")) == (1, 1)


def test_a_release_can_be_asked_for_by_its_version(history, say):
    said = say(history, "log", "--releases", "2.0.0", "1.2.0", "--format", "json")

    assert [each["release"]["name"] for each in said.value["releases"]] == ["v2.0.0", "v1.2.0"]


def test_only_the_latest_are_shown_if_a_number_is_given(history, say):
    said = say(history, "log", "--releases", "-n", "1", "--format", "json")

    assert [each["release"]["name"] for each in said.value["releases"]] == ["v2.0.1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--releases", "--at", "HEAD"), "--releases and --at exclude each other"),
        (("--releases", "--channel", "live"), "--releases and --channel exclude each other"),
        (("--releases", "--all"), "--releases and --all exclude each other"),
        (("ask", "support/triage"), "log shows one prompt"),
        (("ask", "--format", "markdown"), "the format markdown is for --releases"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(catalog, say, arguments, message):
    said = say(catalog, "log", *arguments)

    assert (said.code, said.out, said.err.splitlines()[0]) == (2, "", f"error: {message}")


def test_an_unknown_release_is_wrong_usage(history, say):
    said = say(history, "log", "--releases", "v7.0.0")

    assert (said.code, said.err) == (
        2,
        "error: there is no release 'v7.0.0'\n  tip: there is v2.0.1, v2.0.0, v1.2.0\n",
    )


def test_where_nothing_is_released_nothing_is_told(catalog, say):
    said = say(catalog, "log", "--releases")

    assert (said.code, said.out, said.err) == (
        0,
        "",
        "there is no release yet (`promptops release` creates one)\n",
    )


def test_a_bare_repository_tells_its_history(history, say, remote):
    history.git("push", "--quiet", "--follow-tags")
    bare = history.__class__(remote)

    assert say(bare, "log", "--releases").out == say(history, "log", "--releases").out
