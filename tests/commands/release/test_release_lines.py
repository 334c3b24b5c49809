"""Releases on an older line: which version fits it, and which would hide a newer line."""

from __future__ import annotations

import pytest

from tests.commands.release.conftest import ASK, BREAKING, PROMPT, STYLE, message, problems, tags

HEAD_HAS = "which is not an ancestor of HEAD"


@pytest.fixture
def older(catalog, release):
    """On the line of 1.0, with 1.1.0 made elsewhere and a fix that the model sees."""
    config = {"promptops.toml": '[release]\nbranches = ["main", "line/*"]\n'}
    catalog.write(config)
    catalog.commit("config")
    release(catalog, "--version", "1.0.0")
    catalog.git("branch", "line/1.0")
    catalog.write({"prompts/new.prompt.yaml": PROMPT})
    catalog.commit("newer")
    release(catalog)
    catalog.git("checkout", "--quiet", "line/1.0")
    catalog.write({STYLE: "Be short.\n"})
    catalog.commit("fix")
    assert tags(catalog) == ["v1.0.0", "v1.1.0"]
    return catalog


def test_the_next_patch_is_suggested_and_works(older, release):
    refused = release(older)

    (problem,) = refused.value["problems"]
    assert (refused.code, problem["message"]) == (
        1,
        "CHG901: 'v1.1.0' exists already, and is not an ancestor of HEAD",
    )
    assert problem["hint"] == "the next free version of this line: --version 1.0.1 --reason TEXT"
    made = release(older, "--version", "1.0.1", "--reason", "a fix")
    assert (
        made.code,
        made.value["plan"]["record"]["base"],
        made.value["plan"]["record"]["reason"],
    ) == (0, "v1.0.0", "a fix")


def test_a_version_above_a_newer_line_needs_a_reason_and_the_tag_tells_it(older, release):
    refused = release(older, "--version", "1.1.1")
    made = release(older, "--version", "1.1.1", "--reason", "1.1 is given up")

    (problem,) = refused.value["problems"]
    assert problem["message"] == f"1.1.1 would be higher than 'v1.1.0', {HEAD_HAS}"
    assert problem["hint"] == (
        "the next free version of this line: --version 1.0.1 --reason TEXT; "
        "or give the reason with --reason"
    )
    assert (made.code, message(older, "v1.1.1").splitlines()[-1]) == (
        0,
        "Promptops-Reason: 1.1 is given up",
    )


@pytest.mark.slow
@pytest.mark.parametrize("version", ["2.0.0", "1.1.1-rc.1"])
def test_what_no_range_takes_instead_is_free(older, release, version):
    assert release(older, "--version", version, "--dry-run").code == 0


def test_a_fix_that_is_more_than_a_patch_has_no_room(older, release):
    older.write({"prompts/more.prompt.yaml": PROMPT})
    older.commit("more")

    (problem,) = release(older).value["problems"]

    assert problem["hint"] == (
        "only 1.0.1 is free in this line, and the changes require more: leave them out of it"
    )


@pytest.mark.slow
def test_a_taken_version_that_was_said_points_at_the_proved_one(catalog, release):
    release(catalog, "--version", "1.0.0")
    catalog.write({STYLE: "Be short.\n"})
    catalog.commit("two")

    said = release(catalog, "--version", "1.0.0", "--reason", "again")

    (problem,) = said.value["problems"]
    assert problem["hint"] == "the proved version is free: 1.1.0"


@pytest.mark.slow
def test_a_break_that_may_pass_is_given_to_paste_and_is_then_no_less_than_minor(
    catalog, release, say
):
    release(catalog, "--version", "1.0.0")
    catalog.git("config", "user.email", "ada@example.com")
    catalog.write({ASK: BREAKING})
    catalog.commit("two")

    refused = release(catalog, "--bump", "minor", "--reason", "nobody calls it")
    (problem,) = refused.value["problems"]
    block = "\n".join(problem["details"]).replace('reason = ""', 'reason = "unused"')
    catalog.write({"promptops.toml": block})
    catalog.commit("three")
    lowered = [
        release(catalog, *arguments, "--reason", "x")
        for arguments in (("--bump", "patch"), ("--version", "1.0.1"))
    ]
    made = release(catalog)

    assert block.startswith("[[diff.waivers]]  # ask: CHG112 ")
    assert 'who = "ada@example.com"' in block
    assert [problems(each) for each in lowered] == [
        ["CHG903: patch is too small: the changes require minor, by CHG112"]
    ] * 2
    assert lowered[0].value["problems"][0]["details"] == [
        "ask: CHG112 `maxLength` of `question` is stricter"
    ]
    assert (made.code, made.value["plan"]["version"]) == (0, "1.1.0")


@pytest.mark.slow
def test_a_version_that_is_not_above_the_last_one_is_called_so(catalog, release, say):
    release(catalog, "--version", "1.0.0")
    catalog.write({ASK: BREAKING})
    catalog.commit("two")

    said = say(catalog, "release", "--dry-run", "--version", "1.0.0")
    value = release(catalog, "--dry-run", "--version", "1.0.0").value

    assert said.out.splitlines()[0] == "v1.0.0  (not above v1.0.0)"
    assert (value["plan"]["record"]["bump"], value["plan"]["required"]) == ("none", "major")


@pytest.mark.slow
def test_a_prompt_that_leaves_0_x_with_the_release_is_told_as_that(catalog, release, say):
    release(catalog)
    catalog.write({ASK: PROMPT.replace("Answers one", "Answers a")})
    catalog.commit("two")

    said = say(catalog, "release", "--yes", "--version", "1.0.0")

    told = "ask  0.1.0 -> 1.0.0 (patch, and 1.0.0 with the release)"
    assert any(line.startswith(told) for line in said.out.splitlines())
    assert told in say(catalog, "changelog").out


def test_the_tags_of_prompts_are_named(catalog, release, say):
    catalog.write({"promptops.toml": '[release]\ntags = "per-prompt"\n'})
    catalog.commit("two")
    release(catalog, "--version", "1.0.0")
    catalog.write({ASK: PROMPT.replace("Answers one", "Answers a")})
    catalog.commit("three")

    said = say(catalog, "release", "--dry-run")

    assert "\ntags     v1.0.1, ask@v1.0.1\n" in said.out


@pytest.mark.slow
def test_a_release_made_by_hand_that_tells_nothing_is_no_bare_line(catalog, say):
    catalog.git("tag", "--annotate", "--message", "v1.0.0", "v1.0.0")

    assert [
        say(catalog, "changelog", *arguments).out for arguments in ((), ("--format", "markdown"))
    ] == [
        "v1.0.0  2026-01-01\n  its tag records no change\n",
        "## v1.0.0 (2026-01-01)\n\nits tag records no change\n",
    ]


def test_a_dry_run_tells_the_command_that_makes_just_that(catalog, say):
    options = ("--version", "2.0.0", "--pre", "rc", "--no-sign")

    said = say(catalog, "release", "--dry-run", *options)

    assert said.out.splitlines()[-1] == (
        "no release was created; v2.0.0-rc.1 would be without a signature: "
        "promptops release --yes --version 2.0.0 --pre rc --no-sign"
    )
