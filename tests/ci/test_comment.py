"""The comment on a pull request: one, ours, up to date."""

import importlib

import pytest

from tests.ci.github_server import TOKEN, cut, drip, status
from tests.ci.job import ROOT

MARKER = "<!-- promptops check -->"
REPORT = f"{MARKER}\n**pass**: 1 prompt, no findings\n"
OLD = f"{MARKER}\r\n**fail**: 1 prompt, 1 error\r\n"


@pytest.fixture
def comment(script, tmp_path):
    """Run the step: its exit code, and what it said."""
    report = tmp_path / "comment.md"
    report.write_text(REPORT, "utf-8")

    def run(touched="true", **environment):
        return script("comment.py", str(report), PULL_REQUEST="7", TOUCHED=touched, **environment)

    return run


def test_the_first_run_writes_a_comment(comment, github):
    assert comment() == (0, "commented: https://github.example/comments/1\n")
    assert [each["body"] for each in github.comments] == [REPORT]


def test_a_later_run_brings_it_up_to_date_on_whatever_page_it_stands(comment, github):
    for number in range(5):
        github.comment(f"no. {number}", login="ada")
    github.comment(OLD)

    assert comment() == (0, "updated the comment: https://github.example/comments/6\n")
    assert [each["body"] for each in github.comments[5:]] == [REPORT]
    assert github.requests == [
        *["GET /repos/acme/prompts/issues/7/comments"] * 3,
        "POST /graphql",
        "PATCH /repos/acme/prompts/issues/comments/6",
    ]


def test_what_it_says_already_is_not_written_again(comment, github):
    github.comment(REPORT.replace("\n", "\r\n"))

    assert comment() == (0, "the comment is up to date: https://github.example/comments/1\n")
    assert [each for each in github.requests if each.startswith("PATCH")] == []


def test_a_comment_of_somebody_else_with_our_marker_is_not_touched(comment, github):
    theirs = f"{MARKER}\n**pass**: trust me\n"
    github.comment(theirs, login="mallory")
    github.comment(f"> {MARKER}\nquoted", login="github-actions[bot]")

    assert comment() == (0, "commented: https://github.example/comments/3\n")
    assert [each["body"] for each in github.comments] == [
        theirs,
        f"> {MARKER}\nquoted",
        REPORT,
    ]


def test_a_change_that_touches_no_prompt_gets_none(comment, github):
    assert comment(touched="false") == (0, "no comment: the change touches no prompt\n")
    assert github.comments == []


def test_a_change_that_no_longer_touches_one_has_its_comment_corrected(comment, github):
    github.comment(OLD)

    assert comment(touched="false")[0] == 0
    assert [each["body"] for each in github.comments] == [REPORT]


def test_a_token_that_may_not_comment_is_a_notice_and_no_error(comment, github):
    github.may = set()

    assert comment() == (
        0,
        "::notice title=promptops::no comment: the token may not write one, as for a pull request "
        "of a fork, or without `pull-requests: write` (HTTP 403: Resource not accessible by "
        "integration); the job summary has the same text\n",
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (status(502, "Server Error"), "HTTP 502: Server Error"),
        (status(403, "API rate limit exceeded"), "HTTP 403: API rate limit exceeded"),
        (status(422, "body is too long\n::error::\x1b[2J"), "HTTP 422: body is too long"),
        (cut, "no answer from 127.0.0.1: Remote end closed connection without response"),
    ],
)
def test_what_fails_is_said_once_and_not_tried_again(fault, said, comment, github):
    github.faults["POST", "/comments"] = fault

    code, log = comment()

    assert code == 1
    assert log.startswith(f"::warning title=promptops::no comment: {said}")
    assert (log.count("\n"), "\x1b" in log) == (1, False)
    assert github.requests.count("POST /repos/acme/prompts/issues/7/comments") == 1


def test_an_answer_that_never_ends_is_given_up(github, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "action"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    api = importlib.import_module("github_api")
    github.faults["GET", "/comments"] = drip
    slow = api.GitHub(github.url, f"{github.url}/graphql", TOKEN, patience_s=0.3)

    with pytest.raises(api.Refused, match=r"no answer from 127\.0\.0\.1: timed out"):
        slow.get("/comments")


def test_a_wrong_token_is_told(comment):
    assert comment(GITHUB_TOKEN="another") == (
        1,
        "::warning title=promptops::no comment: HTTP 401: Bad credentials; "
        "the job summary has the same text\n",
    )
