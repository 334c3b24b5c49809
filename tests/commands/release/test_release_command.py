"""`promptops release` from the outside: what it plans, what it makes, what stands in its way."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.commands.release.conftest import (
    ASK,
    BREAKING,
    MAIN,
    PER_PROMPT,
    PROMPT,
    STYLE,
    message,
    problems,
    tags,
)
from tests.output_schemas import validate


def edit(repo, path, before, after):
    text = (repo.root / path).read_text("utf-8")
    assert before in text
    repo.write({path: text.replace(before, after)})


def by_hand(repo, name="v1.2.0"):
    repo.git("tag", "--annotate", "--message", "by hand", name)


def test_the_first_release_is_0_1_0_and_one_annotated_tag_is_all_it_makes(catalog, release):
    head, before = catalog.git("rev-parse", "HEAD"), catalog.git("status", "--porcelain")

    said = release(catalog)

    assert (said.code, said.err) == (0, "")
    assert (
        said.value["plan"]["version"],
        said.value["state"],
        said.value["plan"]["record"]["base"],
    ) == ("0.1.0", "created", None)
    assert tags(catalog) == ["v0.1.0"]
    assert catalog.git("cat-file", "-t", "v0.1.0") == "tag"
    assert catalog.git("rev-parse", "v0.1.0^{commit}", "HEAD").split() == [head, head]
    assert catalog.git("status", "--porcelain") == before


def test_the_tag_tells_all(catalog, release):
    by_hand(catalog)
    catalog.write({STYLE: "Be short.\n", ASK: BREAKING})
    catalog.commit("two")

    value = release(catalog).value

    assert message(catalog, "v2.0.0") == (
        "v2.0.0\n\n"
        "Breaking:\n"
        "- ask: `maxLength` of `question` is stricter: 100 -> 3 (CHG112)\n\n"
        "Changed:\n"
        "- ask, support/triage: the system text differs in the only case, through"
        f" {STYLE} (CHG301)\n\n"
        "Prompts that changed:\n"
        "ask 1.2.0 -> 2.0.0 (major) CHG112 CHG301\n"
        "support/triage 1.2.0 -> 1.3.0 (minor) CHG301\n\n"
        "Versions:\n"
        "1.3.0: support/triage\n"
        "2.0.0: ask\n\n"
        f"Promptops-Content-Sha256: {value['plan']['record']['content_sha256']}\n"
        f"Promptops-Bundle-Sha256: {value['plan']['record']['bundle_sha256']}\n"
        "Promptops-Bundle-Format: 2\n"
        "Promptops-Base: v1.2.0\n"
        "Promptops-Bump: major"
    )


def test_each_prompt_goes_on_from_its_own_version(catalog, release):
    by_hand(catalog)
    edit(catalog, ASK, "Answers one", "Answers a")
    catalog.commit("two")
    release(catalog)
    catalog.write({STYLE: "Be short.\n", "prompts/new.prompt.yaml": PROMPT})
    catalog.commit("three")

    value = release(catalog).value

    assert (value["plan"]["record"]["base"], value["plan"]["version"]) == ("v1.2.1", "1.3.0")
    assert [
        (each["prompt"], each["before"], each["after"])
        for each in value["plan"]["record"]["changes"]
    ] == [
        ("ask", "1.2.1", "1.3.0"),
        ("new", None, "1.3.0"),
        ("support/triage", "1.2.0", "1.3.0"),
    ]


@pytest.mark.slow
def test_a_prompt_that_is_gone_leaves_the_table(catalog, release):
    by_hand(catalog)
    (catalog.root / ASK).unlink()
    catalog.commit("two")

    value = release(catalog).value

    assert value["plan"]["record"]["versions"] == {"support/triage": "1.2.0"}
    assert [
        (each["prompt"], each["before"], each["after"])
        for each in value["plan"]["record"]["changes"]
    ] == [("ask", "1.2.0", None)]


@pytest.mark.slow
def test_a_draft_has_no_version_until_it_is_none(catalog, release):
    edit(catalog, ASK, "owners:", "status: draft\nowners:")
    catalog.commit("two")
    first = release(catalog, "--version", "1.0.0").value
    edit(catalog, ASK, "status: draft\n", "")
    catalog.commit("three")

    second = release(catalog).value

    assert (first["plan"]["record"]["versions"], second["plan"]["record"]["versions"]) == (
        {"support/triage": "1.0.0"},
        {"ask": "1.1.0", "support/triage": "1.0.0"},
    )


def test_a_hotfix_does_not_read_the_future_and_takes_no_version_twice(catalog, release):
    by_hand(catalog)
    catalog.git("branch", "hotfix")
    edit(catalog, ASK, "Answers one", "Answers a")
    catalog.commit("two")
    catalog.write({"prompts/new.prompt.yaml": PROMPT})
    catalog.commit("three")
    newer = release(catalog).value
    catalog.git("checkout", "--quiet", "hotfix")
    edit(catalog, ASK, "Answers one", "Answers any")
    catalog.write({"promptops.toml": '[release]\nbranches = ["hotfix"]\n'})
    catalog.commit("four")

    older = release(catalog).value

    assert (newer["plan"]["version"], newer["plan"]["record"]["versions"]["ask"]) == (
        "1.3.0",
        "1.2.1",
    )
    assert (
        older["plan"]["record"]["base"],
        older["plan"]["version"],
        older["plan"]["record"]["versions"]["ask"],
    ) == (
        "v1.2.0",
        "1.2.1",
        "1.2.2",
    )


@pytest.mark.slow
def test_prereleases_count_up_and_the_release_after_them_tells_all(catalog, release):
    by_hand(catalog)
    catalog.write({STYLE: "Be short.\n"})
    catalog.commit("two")
    first = release(catalog, "--pre", "rc").value
    again = release(catalog, "--pre", "rc").value
    edit(catalog, ASK, "Answers one", "Answers a")
    catalog.commit("three")
    second = release(catalog, "--pre", "rc").value

    last = release(catalog).value

    assert [each["plan"]["version"] for each in (first, again, second, last)] == [
        "1.3.0-rc.1",
        "1.3.0-rc.1",
        "1.3.0-rc.2",
        "1.3.0",
    ]
    assert (again["state"], second["plan"]["record"]["versions"]["ask"]) == ("done", "1.3.0-rc.2")
    assert (last["plan"]["record"]["base"], last["plan"]["record"]["versions"]) == (
        "v1.2.0",
        {"ask": "1.3.0", "support/triage": "1.3.0"},
    )


def test_where_nothing_changed_nothing_is_made(catalog, say, release):
    by_hand(catalog)
    catalog.write({"README.md": "none of our business"})
    catalog.commit("two")

    said = say(catalog, "release", "--yes")

    assert (said.code, said.out, tags(catalog)) == (
        0,
        "no change since v1.2.0 requires a new version; test cases were not checked: "
        "run `promptops check`\n",
        ["v1.2.0"],
    )
    assert release(catalog, "--bump", "patch").value["plan"]["version"] == "1.2.1"


def test_before_1_0_0_the_plan_names_the_number_that_a_bump_raises(catalog, say, release):
    release(catalog)
    catalog.write({STYLE: "Be short.\n"})
    catalog.commit("two")

    said = say(catalog, "release", "--yes", "--bump", "minor")

    first = said.out.splitlines()[0]
    assert first == "v0.1.1  (minor since v0.1.0; before 1.0.0 this raises the patch number)"


def test_run_again_it_says_that_it_is_done(catalog, say, release):
    first = release(catalog, "--version", "1.0.0").value

    said = say(catalog, "release", "--yes", "--bump", "major")

    assert (said.code, said.out) == (
        0,
        "v1.0.0 already exists\n",
    )
    again = release(catalog).value
    assert again["plan"]["record"] == first["plan"]["record"]
    assert again == first | {"state": "done"}
    assert tags(catalog) == ["v1.0.0"]


@pytest.mark.parametrize("state", ["nothing", "done"])
def test_what_is_not_committed_is_pointed_at_where_nothing_is_made(catalog, release, state):
    by_hand(catalog)
    if state == "nothing":
        catalog.commit("two")
    catalog.write({STYLE: "Be short.\n"})

    said = release(catalog)

    assert (said.code, said.value["state"]) == (0, state)
    assert said.value["warnings"] == [f"not committed, so not part of the release: {STYLE}"]


@pytest.mark.slow
def test_a_tag_that_tells_of_another_content_is_not_taken_for_the_release(catalog, release):
    release(catalog)
    said = message(catalog, "v0.1.0").replace("Content-Sha256: ", "Content-Sha256: 0")
    catalog.git("tag", "-f", "-a", "--cleanup=verbatim", "-m", said, "v0.1.0")

    again = release(catalog)

    assert (again.code, problems(again)) == (
        1,
        ["'v0.1.0' records other content than its commit has"],
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--bump", "major"), "2.0.0"),
        (("--version", "v4.0.0"), "4.0.0"),
        (("--version", "1.3.1"), "1.3.1"),
        (("--bump", "patch", "--reason", "a typo"), "1.2.1"),
        (("--version", "1.2.5", "--reason", "a typo"), "1.2.5"),
        (("--bump", "patch"), "CHG903: patch is too small: the changes require minor, or a reason"),
        (
            ("--version", "1.2.5"),
            "CHG903: patch is too small: the changes require minor, or a reason",
        ),
        (("--version", "1.1.0"), "CHG902: 1.1.0 is lower than 1.2.0, the last release"),
        (("--version", "1.2.0"), "CHG901: there is a tag 'v1.2.0' already"),
    ],
    ids=str,
)
def test_a_bump_or_a_version_can_be_said(catalog, release, arguments, expected):
    by_hand(catalog)
    catalog.write({STYLE: "Be short.\n"})
    catalog.commit("two")

    said = release(catalog, *arguments)

    if said.code:
        assert (problems(said), tags(catalog)) == ([expected], ["v1.2.0"])
    else:
        assert said.value["plan"]["version"] == expected


@pytest.mark.slow
def test_a_bump_says_nothing_of_the_first_release(catalog, release):
    value = release(catalog, "--bump", "major").value

    assert (value["plan"]["version"], value["plan"]["record"]["bump"]) == ("0.1.0", "minor")


@pytest.mark.slow
def test_a_lower_bump_and_its_reason_stand_in_the_tag(catalog, release):
    by_hand(catalog)
    catalog.write({STYLE: "Be short.\n"})
    catalog.commit("two")

    value = release(catalog, "--bump", "patch", "--reason", "a  typo\nonly").value

    assert (
        value["plan"]["record"]["bump"],
        value["plan"]["required"],
        value["plan"]["record"]["versions"]["ask"],
    ) == (
        "patch",
        "minor",
        "1.2.1",
    )
    assert message(catalog, "v1.2.1").endswith(
        "Promptops-Bump: patch\nPromptops-Reason: a typo only"
    )


def test_a_break_is_lowered_by_a_waiver_only(catalog, release, say):
    by_hand(catalog)
    catalog.write({ASK: BREAKING})
    catalog.commit("two")
    refused = release(catalog, "--bump", "minor", "--reason", "nobody calls it")
    found = json.loads(say(catalog, "diff", "v1.2.0", "--format", "json").out)
    fingerprint = found["prompts"][0]["changes"][0]["fingerprint"]
    waiver = f'fingerprint = "{fingerprint}"\nreason = "unused"\nwho = "ada"\nexpires = 2999-01-01'
    catalog.write({"promptops.toml": f"[[diff.waivers]]\n{waiver}\n"})
    catalog.commit("three")

    waived = release(catalog)

    assert problems(refused) == ["CHG903: minor is too small: the changes require major, by CHG112"]
    assert (waived.code, waived.value["plan"]["version"]) == (0, "1.3.0")
    assert "; waived: unused (CHG112)" in waived.value["plan"]["record"]["notes"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (("tag", "v0.1.0"), "CHG901: there is a tag 'v0.1.0' already"),
        (("branch", "v0.1.0"), "there is a branch 'v0.1.0'"),
        (("tag", "v0.1.0/x"), "git can't create the tag 'v0.1.0' beside another tag"),
    ],
    ids=["a lightweight tag", "a branch", "a folder of tags"],
)
def test_a_name_that_is_taken_is_refused(catalog, release, make, expected):
    catalog.git(*make)

    said = release(catalog)

    assert (said.code, problems(said)) == (1, [expected])


@pytest.mark.slow
@pytest.mark.parametrize("form", ["-{version}", "a b{version}", "x..{version}", "{version}.lock"])
def test_a_form_of_names_that_git_refuses_is_an_error_of_the_configuration(catalog, release, form):
    catalog.write({"promptops.toml": f'[release]\ntag_format = "{form}"\n'})
    catalog.commit("two")

    said = release(catalog)

    (error,) = said.value["errors"]
    assert (said.code, error["where"], error["place"]["line"]) == (3, "promptops.toml", 2)
    assert error["message"].startswith("git refuses a tag ")


def test_all_that_is_wrong_is_said_at_once(remote, catalog, say, tmp_path, golden):
    other = catalog.__class__(tmp_path / "other")
    catalog.git("clone", "--quiet", str(remote), str(other.root))
    other.commit("ahead")
    other.git("push", "--quiet")
    catalog.git("fetch", "--quiet")
    catalog.git("checkout", "--quiet", "-b", "topic", "--track", "origin/main")
    catalog.git("reset", "--quiet", "--hard", "HEAD~1")
    asks = PROMPT + "    output:\n      - {type: contains, value: because}\n"
    fails = PROMPT.replace("value: why", "value: never")
    model = "\ninputs:\n"
    asks = asks.replace("\ninputs:\n", "\nmodel: {profile: fast}" + model)
    catalog.write(
        {
            "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "gpt-5.4-mini"\n',
            "prompts/asks.prompt.yaml": asks,
            "prompts/fails.prompt.yaml": fails,
            "prompts/lints.prompt.yaml": PROMPT.replace("{{ question }}", "{{ qestion }}"),
        }
    )
    catalog.commit("two")
    catalog.write({STYLE: "Be short.\n", "prompts/untracked.prompt.yaml": PROMPT})
    catalog.git("tag", "v0.1.0")
    catalog.git("config", "gpg.format", "ssh")
    catalog.git("config", "user.signingKey", "/nowhere/key")

    said = say(catalog, "release", "--yes", "--push", "nowhere")

    assert (said.code, said.err, tags(catalog)) == (1, "", ["v0.1.0"])
    said_by_ssh = re.compile(r"(?<=the signing key can't be used: ).*")
    golden("refused.txt", said_by_ssh.sub("…", said.out))


def test_a_shallow_clone_is_refused(remote, catalog, release, tmp_path):
    by_hand(catalog)
    catalog.write({STYLE: "Be short.\n"})
    catalog.commit("two")
    catalog.git("push", "--quiet", "--follow-tags")
    shallow = catalog.__class__(tmp_path / "shallow")
    catalog.git("clone", "--quiet", "--depth", "1", f"file://{remote}", str(shallow.root))

    said = release(shallow)

    assert (said.code, said.value["plan"], problems(said), tags(shallow)) == (
        1,
        None,
        ["the clone is shallow, so earlier releases and changes are missing"],
        [],
    )


@pytest.mark.slow
@pytest.mark.parametrize("where", ["main", "origin/main", "aside"])
def test_on_no_branch_what_belongs_to_one_is_released(remote, catalog, release, where):
    if where == "aside":
        catalog.git("checkout", "--quiet", "--detach")
        catalog.commit("aside")
    else:
        catalog.git("checkout", "--quiet", "--detach", where)
    if where == "origin/main":
        catalog.git("branch", "-D", "main")

    said = release(catalog)

    expected = ["HEAD is not on a branch, and not part of `main`"] if where == "aside" else []
    assert (problems(said), said.code) == (expected, int(where == "aside"))


def test_a_repository_without_a_release_branch_gets_the_setting_to_write(catalog, release):
    catalog.git("branch", "--move", "main", "master")

    said = release(catalog)

    assert (problems(said), said.code) == (
        ["releases are made from `main`, and this is `master`"],
        1,
    )
    assert said.value["problems"][0]["hint"] == (
        'no such branch exists: write `branches = ["master"]` below `[release]` in the'
        " configuration"
    )


@pytest.mark.slow
def test_branches_may_be_patterns(catalog, release):
    catalog.write({"promptops.toml": '[release]\nbranches = ["main", "line/*"]\n'})
    catalog.commit("two")
    catalog.git("checkout", "--quiet", "-b", "line/1.x")

    assert release(catalog).code == 0


@pytest.mark.slow
def test_without_an_identity_nothing_is_made(catalog, release, monkeypatch):
    for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name)
    catalog.git("config", "user.useConfigOnly", "true")

    said = release(catalog)

    assert (said.code, problems(said)) == (1, ["git has no name and email address for the tag"])


@pytest.mark.slow
def test_the_tagger_is_who_git_says(catalog, release):
    release(catalog)

    assert "\ntagger Ada Author <ada@example.com> " in catalog.git("cat-file", "tag", "v0.1.0")


def test_what_can_not_be_decided_warns_or_fails_as_the_configuration_says(catalog, release, say):
    config = '[models.echo]\nprovider = "echo"\nid = "echo-1"\n'
    measure = "    - {type: contains, value: brief, score: brevity}\n"
    measured = PROMPT.replace("\ninputs:\n", "\nmodel: {profile: echo}\ninputs:\n")
    measured = measured.replace("tests:\n", f"evaluation:\n  assertions:\n{measure}tests:\n")
    catalog.write({"promptops.toml": config, ASK: measured})
    say(catalog, "test", "--record")
    catalog.commit("two")
    first = release(catalog)
    catalog.write({STYLE: "Be short.\n"})
    say(catalog, "test", "--record")
    catalog.commit("shorter")
    warned = release(catalog, "--dry-run")
    catalog.write({"promptops.toml": config + '[release]\non_inconclusive = "fail"\n'})
    catalog.commit("three")

    failed = release(catalog, "--dry-run")

    assert (first.code, first.value["warnings"]) == (0, [])  # there is nothing to compare with
    assert (warned.code, problems(warned)) == (0, [])
    assert warned.value["warnings"][0].startswith("inconclusive: ask: brevity: ")
    assert (failed.code, problems(failed)) == (1, ["1 score inconclusive"])
    assert failed.value["problems"][0]["details"][0].startswith("ask: brevity: ")


@pytest.mark.slow
def test_the_coverage_that_check_requires_is_required_of_a_release(catalog, release):
    branches = PROMPT.replace(
        "{{ question }}", "{% if question == 'x' %}never{% endif %}{{ question }}"
    )
    catalog.write({"promptops.toml": "[check]\ncoverage = 100\n", ASK: branches})
    catalog.commit("two")

    said = release(catalog, "--dry-run")

    message = "the cases cover less than 100% of the branches"
    assert (said.code, problems(said)) == (1, [message])


@pytest.mark.slow
def test_a_file_that_differs_on_disk_warns_or_fails_as_check_does(catalog, release):
    catalog.write({".gitattributes": "*.j2 text eol=crlf\n"})
    catalog.commit("two")
    warned = release(catalog, "--dry-run")
    catalog.write({"promptops.toml": '[check]\nfail-on = ["risk"]\n'})
    catalog.commit("three")

    failed = release(catalog, "--dry-run")

    assert (warned.code, len(warned.value["warnings"])) == (0, 1)
    assert warned.value["warnings"][0].startswith("risk: the git attribute `eol=crlf` is set: ")
    assert (failed.code, problems(failed)) == (1, ["1 risk refused by `check.fail-on`"])


@pytest.mark.slow
def test_a_misspelt_folder_of_prompts_prevents_a_release(catalog, release):
    catalog.write({"promptops.toml": 'prompts = ["prompts", "promts"]\n'})
    catalog.commit("two")

    said = release(catalog, "--dry-run")

    assert said.code == 3
    assert "there are no files below `promts`" in said.err


@pytest.mark.slow
def test_a_repository_whose_releases_are_older_than_its_prompts_goes_on_from_them(repo, release):
    repo.write({"README.md": "an application"})
    repo.commit("one")
    by_hand(repo, "v3.4.0")
    repo.write({ASK: PROMPT, STYLE: "Be brief.\n"})
    repo.commit("two")

    value = release(repo).value

    assert (
        value["plan"]["record"]["base"],
        value["plan"]["version"],
        value["plan"]["record"]["versions"],
    ) == (
        "v3.4.0",
        "3.5.0",
        {"ask": "3.5.0"},
    )


def test_a_repository_without_prompts_has_nothing_to_release(repo, say):
    repo.commit("one")

    said = say(repo, "release", "--yes")

    assert (said.code, said.out) == (0, "there are no prompts (`promptops init` creates one)\n")


def test_a_dry_run_makes_nothing_and_tells_the_same(catalog, say, release, golden):
    said = say(catalog, "release", "--dry-run")

    assert (said.code, said.err, tags(catalog)) == (0, "", [])
    golden("dry-run.txt", said.out)
    dry = release(catalog, "--dry-run").value
    made = release(catalog).value
    assert made == dry | {"state": "created", "next": None}


def test_where_nobody_can_be_asked_it_wants_to_be_told(catalog, say):
    said = say(catalog, "release")

    assert (said.code, said.err, tags(catalog)) == (
        2,
        "error: there is no terminal to confirm the release\n"
        "  tip: add --yes, or show the plan with --dry-run\n",
        [],
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version", "1.0"),
        ("--version", "1.0.0-rc.1", "--pre", "rc"),
        ("--version", "1.0.0", "--bump", "major"),
        ("--pre", "r c"),
        ("--pre", "1"),
        ("--bump", "none"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_wrong_usage(catalog, release, arguments):
    assert (release(catalog, *arguments).code, tags(catalog)) == (2, [])


@pytest.mark.parametrize(("answer", "code", "there"), [("y", 0, ["v0.1.0"]), ("n", 1, [])])
def test_on_a_terminal_the_plan_is_shown_and_somebody_is_asked(catalog, answer, code, there):
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "release", "--no-color"],
        cwd=catalog.root,
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    shown = b""
    while not shown.endswith(b"[y/N]: "):
        shown += os.read(leader, 4096)
    os.write(leader, f"{answer}\n".encode())
    out, _ = process.communicate(timeout=120)
    os.close(leader)

    text = shown.decode().replace("\r\n", "\n")
    assert text.startswith("v0.1.0  (minor, the first release)\n\nAdded:\n- ask\n")
    assert text.endswith("\ncreate it? [y/N]: ")
    assert (process.returncode, tags(catalog)) == (code, there)
    assert out.decode() == ("" if code else "v0.1.0 was created\n")


@pytest.mark.parametrize("arguments", [("--dry-run",), (), ("--push", "nowhere")], ids=str)
def test_the_json_is_as_its_schema_says(catalog, release, arguments):
    value = release(catalog, *arguments).value

    validate("release", value)


@pytest.mark.slow
def test_each_prompt_may_have_a_tag_of_its_own(catalog, release):
    catalog.write({"promptops.toml": PER_PROMPT})
    catalog.commit("two")
    release(catalog, "--version", "1.0.0")
    edit(catalog, ASK, "Answers one", "Answers a")
    catalog.commit("three")

    value = release(catalog).value

    assert value["plan"]["tags"] == ["v1.0.1", "ask@v1.0.1"]
    assert tags(catalog) == [
        "ask@v1.0.0",
        "ask@v1.0.1",
        "support/triage@v1.0.0",
        "v1.0.0",
        "v1.0.1",
    ]
    assert catalog.git("rev-parse", "ask@v1.0.1^{}") == value["plan"]["commit"]
    assert message(catalog, "ask@v1.0.1") == "ask@v1.0.1\n\nReleased with v1.0.1."


@pytest.mark.slow
def test_the_next_versions_that_a_diff_shows_are_those_of_the_table(catalog, release, say):
    release(catalog, "--version", "1.0.0")
    edit(catalog, ASK, "Answers one", "Answers a")
    catalog.commit("two")
    release(catalog)
    catalog.write({STYLE: "Be short.\n", "prompts/new.prompt.yaml": PROMPT})
    catalog.commit("three")

    value = json.loads(say(catalog, "diff", "--format", "json").out)

    shown = [(p["id"], p["before_version"], p["after_version"]) for p in value["prompts"]]
    assert shown == [
        ("ask", "1.0.1", "1.1.0"),
        ("new", None, "1.1.0"),
        ("support/triage", "1.0.0", "1.1.0"),
    ]


def test_outside_a_repository_that_is_reported_and_no_missing_terminal(tmp_path, say):
    said = say(SimpleNamespace(root=tmp_path), "release")

    assert (said.code, "not a git repository" in said.err, "terminal" in said.err) == (
        4,
        True,
        False,
    )


@pytest.mark.parametrize(
    "arguments", [("release", "--dry-run"), ("build", "HEAD", "-o", "-")], ids=lambda each: each[0]
)
def test_the_named_command_shows_what_the_baseline_accepts(catalog, say, arguments):
    text = PROMPT.replace("\ninputs:\n", "\nmodel: {profile: fast}\ninputs:\n")
    catalog.write({ASK: text.partition("tests:")[0]})
    assert say(catalog, "lint", "--write-baseline").code == 0
    catalog.commit("a profile that is missing, accepted")

    said = say(catalog, *arguments)

    [named] = re.findall(r"promptops (lint ask[^`]*)", said.out + said.err) or ["lint"]
    assert "CFG014" not in say(catalog, "lint").out
    assert "CFG014" in say(catalog, *named.split()).out
