"""Who wrote each line of a rendered request, however it came there."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptops.commands.blame import blame
from promptops.model.history import BlameOptions, LineOrigin

ASK = "prompts/ask.prompt.yaml"
TESTS = """\
tests:
  - name: one
    inputs: {word: tree, items: [a, b]}
"""


def prompt(*lines: str, more: str = "", tests: str = TESTS) -> str:
    """A prompt with one message of these lines; the first of them is line 9 of the file."""
    text = "\n".join(f"      {line}" for line in lines)
    return (
        "format: promptops/1\ndescription: Say it.\ninputs:\n  properties:\n"
        "    {word: {type: string}, items: {type: array, items: {type: string}}}\n"
        f"messages:\n  - role: user\n    content: |\n{text}\n{more}{tests}"
    )


def where(origin: LineOrigin) -> str:
    """Its place, and what the commit says that wrote it."""
    name = origin.path.rpartition("/")[2].partition(".")[0]
    return f"{name}:{origin.line} {origin.author.subject if origin.author else None}"


def told(repo, identity: str = "ask", **asked) -> list[tuple[str, str]]:
    """Each line with where it stands and the commit that wrote it."""
    found = blame(repo.root, identity, BlameOptions(**asked))
    return [(line.text, where(line.origin)) for line in found.lines]


def commits(repo, *steps: dict[str, str | bytes]) -> None:
    """A commit for each step, called 1, 2, 3 …"""
    for number, files in enumerate(steps, start=1):
        repo.write(files)
        repo.commit(str(number))


def test_lines_that_others_pushed_down_keep_their_commit(repo):
    commits(
        repo,
        {ASK: prompt("Be kind.", "Be brief.")},
        {ASK: prompt("You help.", "Be kind.", "", "Be very brief.")},
        {ASK: prompt("You help.", "Be kind.", "", "Be very brief.").replace("Say", "Tell")},
    )

    assert told(repo) == [
        ("You help.", "ask:9 2"),
        ("Be kind.", "ask:10 1"),
        ("", "ask:11 2"),
        ("Be very brief.", "ask:12 2"),
    ]
    assert told(repo, revision="HEAD~2") == [("Be kind.", "ask:9 1"), ("Be brief.", "ask:10 1")]


def test_a_line_keeps_its_commit_through_two_includes_and_a_rename(repo):
    commits(
        repo,
        {"prompts/inner.md.j2": "Be kind.\nBe brief.\n"},
        {"prompts/outer.md.j2": 'Rules:\n{% include "inner.md.j2" %}\n'},
        {"prompts/inner.md.j2": "Be kind.\nBe very brief.\n"},
        {ASK: prompt("Hello.", '{% include "outer.md.j2" %}')},
    )
    repo.git("mv", "prompts/inner.md.j2", "prompts/deepest.md.j2")
    commits(repo, {"prompts/outer.md.j2": 'Rules:\n{% include "deepest.md.j2" %}\n'})
    repo.git("commit", "--quiet", "--amend", "--message", "5")

    found = blame(repo.root, "ask", BlameOptions()).lines

    assert [(line.text, where(line.origin)) for line in found] == [
        ("Hello.", "ask:9 4"),
        ("Rules:", "outer:1 2"),
        ("Be kind.", "deepest:1 1"),
        ("Be very brief.", "deepest:2 3"),
    ]
    assert [[where(each) for each in line.through] for line in found] == [
        [],
        ["ask:10 4"],
        ["outer:2 5", "ask:10 4"],
        ["outer:2 5", "ask:10 4"],
    ]


def test_each_turn_of_a_loop_is_the_line_in_the_loop(repo):
    loop = ["{% for item in items %}", "- {{ item }}", "{% endfor %}"]
    commits(repo, {ASK: prompt(*loop)}, {ASK: prompt("Things:", *loop, "Done.")})

    assert told(repo) == [
        ("Things:", "ask:9 2"),
        ("- a", "ask:11 1"),
        ("- b", "ask:11 1"),
        ("Done.", "ask:13 2"),
    ]


def test_macros_and_captured_blocks_are_followed_to_what_they_hold(repo):
    macro = "{% macro rule(what) %}\nNever {{ what }}.\n{% endmacro %}\n"
    begin = ['{% from "rules.j2" import rule %}', "{% set sign %}", "Yours, us", "{% endset %}"]
    commits(
        repo,
        {"prompts/rules.j2": macro},
        {ASK: prompt(*begin, '{{ rule("lie") }}')},
        {ASK: prompt(*begin, '{{ rule("lie") }}', "{{ sign }}")},
    )

    lines = [line for line in blame(repo.root, "ask", BlameOptions()).lines if line.text]

    assert [(line.text, where(line.origin)) for line in lines] == [
        ("Never lie.", "rules:2 1"),
        ("Yours, us", "ask:11 2"),
    ]
    assert [where(each) for each in lines[0].through] == ["ask:13 2"]


def test_a_line_of_text_and_values_is_that_of_its_text_and_tells_the_values(repo):
    call = '{{ shout(word) }}, {{ word }}{% include "tail.j2" %}.'
    commits(
        repo,
        {
            "prompts/shout.j2": "{% macro shout(what) %}{{ what | upper }}!{% endmacro %}\n",
            "prompts/tail.j2": " and out",
        },
        {ASK: prompt('{% from "shout.j2" import shout %}', call, "{{ word }}", "  {{ word }}")},
    )

    lines = blame(repo.root, "ask", BlameOptions()).lines

    facts = [
        (line.text, where(line.origin), line.inputs, line.written, list(map(where, line.also)))
        for line in lines
    ]
    assert facts == [
        (
            "TREE!, tree and out.",
            "shout:1 1",
            ("what | upper", "word"),
            True,
            ["ask:10 2", "tail:1 1"],
        ),
        ("tree", "ask:11 2", ("word",), False, []),
        ("  tree", "ask:12 2", ("word",), False, []),
    ]


def test_what_only_a_value_says_is_the_commit_of_its_expression(repo):
    begin = '{% from "plain.j2" import plain %}'
    commits(
        repo,
        {"prompts/plain.j2": "{% macro plain(what) %}{{ what }}{% endmacro %}\n"},
        {ASK: prompt(begin, "  {{ plain(word) }}", tests=TESTS.replace("tree", '"two\\nlines"'))},
    )

    assert told(repo) == [("  two", "plain:1 1"), ("lines", "plain:1 1")]


def test_a_parent_and_a_body_file_are_where_their_lines_stand(repo):
    body = "  - role: user\n    content: {file: body.md}\n"
    child = "format: promptops/1\nextends: ./ask.prompt.yaml\ndescription: The same.\n"
    commits(
        repo,
        {"prompts/body.md": "First.\nSecond.\n"},
        {ASK: prompt("Hello.", more=body)},
        {"prompts/child.prompt.yaml": child},
        {"prompts/body.md": "First.\nSecond, {{ word }}.\n"},
    )

    assert told(repo, "child") == [
        ("Hello.", "ask:9 2"),
        ("First.", "body:1 1"),
        ("Second, tree.", "body:2 4"),
    ]


def test_quoted_and_folded_texts_are_the_lines_they_are_written_on(repo):
    turns = (
        '  - role: user\n    content: "a\\nb\n\n      c"\n'
        "  - role: user\n    content: >\n      {{ word }}\n      d\n      e\n\n      f\n"
    )
    newer = turns.replace('c"', 'C"').replace("      e", "      E")
    commits(repo, {ASK: prompt("x", more=turns)}, {ASK: prompt("x", more=newer)})

    lines = blame(repo.root, "ask", BlameOptions()).lines

    assert [(line.text, where(line.origin), list(map(where, line.also))) for line in lines] == [
        ("x", "ask:9 1", []),
        ("a", "ask:11 1", []),
        ("b", "ask:11 1", []),
        ("C", "ask:13 2", []),
        ("tree d E", "ask:17 1", ["ask:16 1", "ask:18 2"]),
        ("f", "ask:20 1", []),
    ]


@pytest.mark.parametrize("revision", ["HEAD", "index", "worktree"])
def test_a_checkout_with_crlf_is_no_change(repo, revision):
    repo.write({".gitattributes": "* text eol=crlf\n"})
    first = prompt("Be kind.", "Be brief.").replace("\n", "\r\n")
    commits(repo, {ASK: first}, {ASK: first.replace("Be brief", "Be very brief")})

    assert told(repo, revision=revision) == [
        ("Be kind.", "ask:9 1"),
        ("Be very brief.", "ask:10 2"),
    ]


def test_crlf_in_the_repository_and_bare_carriage_returns_keep_the_numbers(repo):
    body = "  - role: user\n    content: {file: body.md}\n"
    first = prompt("Be kind.", more=body).replace("\n", "\r\n")
    commits(
        repo,
        {ASK: first, "prompts/body.md": "a\rb\r\nc\nd\n"},
        {"prompts/body.md": "a\rb\r\nc\nD\n"},
    )

    assert told(repo) == [
        ("Be kind.", "ask:9 1"),
        ("a", "body:1 1"),
        ("b", "body:2 1"),
        ("c", "body:3 1"),
        ("D", "body:4 2"),
    ]


def test_what_is_not_committed_yet_is_nobodys(repo):
    commits(repo, {ASK: prompt("One.", "Two.")})
    repo.write({ASK: prompt("One.", "2.")})
    repo.git("add", ".")
    text = prompt("One.", "2.", "{% include 'new.j2' %}")
    repo.write({ASK: text, "prompts/new.j2": "Three.\n"})

    committed, staged, written = (told(repo, revision=r) for r in ("HEAD", "index", "worktree"))

    assert committed == [("One.", "ask:9 1"), ("Two.", "ask:10 1")]
    assert staged == [("One.", "ask:9 1"), ("2.", "ask:10 None")]
    assert written == [("One.", "ask:9 1"), ("2.", "ask:10 None"), ("Three.", "new:1 None")]


@pytest.mark.parametrize("revision", ["index", "worktree"])
def test_before_the_first_commit_every_line_is_nobodys(repo, revision):
    repo.write({ASK: prompt("One.")})
    repo.git("add", ".")

    assert told(repo, revision=revision) == [("One.", "ask:9 None")]


def test_a_file_renamed_in_the_index_keeps_its_commits(repo):
    commits(repo, {ASK: prompt("One.", "Two.")})
    repo.git("mv", ASK, "prompts/say.prompt.yaml")

    assert told(repo, "say", revision="index") == [("One.", "say:9 1"), ("Two.", "say:10 1")]


def test_moved_lines_are_those_of_who_wrote_them_where_that_is_asked(repo):
    long = "The answer names the number of the issue that the customer has."
    commits(
        repo,
        {ASK: prompt("Hello.", long)},
        {ASK: prompt("Hello.", "{% include 'rule.j2' %}"), "prompts/rule.j2": f"{long}\n"},
    )

    assert told(repo)[1] == (long, "rule:1 2")
    assert told(repo, moved=True)[1] == (long, "rule:1 1")


def test_white_space_alone_is_a_change_unless_it_is_left_out(repo):
    commits(repo, {ASK: prompt("Be kind.")}, {ASK: prompt("Be  kind.")})

    assert told(repo) == [("Be  kind.", "ask:9 2")]
    assert told(repo, spaces=False) == [("Be  kind.", "ask:9 1")]


def test_what_git_is_told_to_ignore_is_passed_over(repo):
    commits(repo, {ASK: prompt("Be kind.")}, {ASK: prompt("be kind.")})
    repo.write({".ignored": repo.git("rev-parse", "HEAD") + "\n"})
    repo.git("config", "blame.ignoreRevsFile", ".ignored")

    below = Path(repo.root, "prompts")
    found = blame(below, "ask", BlameOptions()).lines

    assert [where(line.origin) for line in found] == ["ask:9 1"]


@pytest.mark.parametrize("revision", ["HEAD", "worktree"])
def test_another_text_that_git_diff_shows_has_no_say(repo, revision):
    commits(repo, {ASK: prompt("One.", "Two.")}, {ASK: prompt("One.", "2.")})
    repo.git("config", "diff.promptops.textconv", "head -n 3")
    repo.write({".git/info/attributes": "*.prompt.yaml diff=promptops\n"})

    assert told(repo, revision=revision) == [("One.", "ask:9 1"), ("2.", "ask:10 2")]


def test_a_bare_repository_is_blamed_at_its_head(repo, tmp_path):
    commits(repo, {ASK: prompt("One.")})
    bare = tmp_path / "bare.git"
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(bare))

    found = blame(bare, "ask", BlameOptions(revision="worktree"))

    head = repo.git("rev-parse", "HEAD")
    assert [(found.revision, where(each.origin)) for each in found.lines] == [(head, "ask:9 1")]


def test_the_lines_of_later_parts_and_messages_count_on(repo):
    turns = (
        "  - role: user\n    content:\n      - {text: c}\n      - {image: {url: 'https://x.org/a'}}\n"
        '      - {text: "d\\ne"}\n'
    )
    commits(repo, {ASK: prompt("a", "b", more=turns)})

    def numbers(**asked):
        lines = blame(repo.root, "ask", BlameOptions(**asked)).lines
        return [(line.text, line.message, line.line, line.number) for line in lines]

    assert numbers() == [
        ("a", 0, 1, 1),
        ("b", 0, 2, 2),
        ("c", 1, 1, 3),
        ("d", 1, 2, 4),
        ("e", 1, 3, 5),
    ]
    assert numbers(message=1, first=2) == [("d", 1, 2, 2), ("e", 1, 3, 3)]
    assert numbers(first=2, last=3) == [("b", 0, 2, 2), ("c", 1, 1, 3)]
    assert numbers(first=5, last=900) == [("e", 1, 3, 5)]
