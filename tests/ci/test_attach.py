"""The bundle attached to the release of a tag on GitHub: once, whole, never replaced."""

import pytest

from tests.ci.github_server import BOT, cut, status

BUNDLE = b'{"format":1}\n'
NOTES = "## v1.2.0\n\n- support/triage: kinder\n"
DOWNLOAD = "https://github.example/download/prompts.jsonl"
OUT = "https://github.example/releases/v1.2.0"


@pytest.fixture
def attach(script, tmp_path):
    """Run the step: its exit code, and what it said."""
    files = {"prompts.jsonl": BUNDLE, "notes.md": NOTES.encode()}

    def run(tag="v1.2.0", *more, prerelease="false", **contents):
        for name, content in (files | contents).items():
            (tmp_path / name).write_bytes(content)
        paths = [str(tmp_path / name) for name in ("notes.md", "prompts.jsonl", *more)]
        return script("attach.py", tag, *paths, PRERELEASE=prerelease)

    return run


def shown(release):
    names = ("tag_name", "draft", "prerelease", "make_latest", "body")
    return {name: release[name] for name in names if name in release}


def held(github):
    """The files of each release, by tag."""
    return {
        each["tag_name"]: {file["name"]: github.content[file["id"]] for file in each["assets"]}
        for each in github.releases
    }


def test_a_release_is_made_a_draft_and_published_when_its_bundle_is_there(attach, github):
    assert attach() == (
        0,
        "created a draft of the release v1.2.0\n"
        f"attached prompts.jsonl: {DOWNLOAD}\n"
        f"published the release: {OUT}\n",
    )
    assert [shown(each) for each in github.releases] == [
        {
            "tag_name": "v1.2.0",
            "draft": False,
            "prerelease": False,
            "make_latest": "legacy",
            "body": NOTES,
        }
    ]
    assert held(github) == {"v1.2.0": {"prompts.jsonl": BUNDLE}}
    wrote = [each for each in github.requests if not each.startswith("GET")]
    assert wrote == [
        "POST /repos/acme/prompts/releases",
        "POST /uploads/1/files",
        "POST /graphql",
        "PATCH /repos/acme/prompts/releases/1",
    ]


def test_run_again_it_says_that_it_is_done(attach, github):
    attach()
    github.requests.clear()

    assert attach() == (
        0,
        f"prompts.jsonl is attached already: {DOWNLOAD}\nthe release is published already: {OUT}\n",
    )
    assert [each for each in github.requests if not each.startswith("GET")] == []


def test_where_no_digest_is_told_the_attached_file_is_looked_at(attach, github):
    github.tells_digests = False
    attach()

    assert attach()[0] == 0
    assert github.requests[-2:] == [
        "GET /repos/acme/prompts/releases/assets/1",
        "GET /storage/1",
    ]


@pytest.mark.parametrize("tells_digests", [True, False])
def test_another_file_of_that_name_is_never_replaced(attach, github, tells_digests):
    github.tells_digests = tells_digests
    github.attach(github.release("v1.2.0"), "prompts.jsonl", b"tampered")

    code, said = attach()

    assert (code, said) == (
        1,
        "::error title=promptops::the release 'v1.2.0' is not attached to: another prompts.jsonl "
        "is attached already and is not replaced\n",
    )
    assert held(github) == {"v1.2.0": {"prompts.jsonl": b"tampered"}}


def test_the_release_that_a_person_made_gets_the_bundle(attach, github):
    github.release("v1.2.0", login="ada", body="By hand.")

    assert attach()[0] == 0
    assert [shown(each) for each in github.releases] == [
        {"tag_name": "v1.2.0", "draft": False, "body": "By hand."}
    ]
    assert held(github) == {"v1.2.0": {"prompts.jsonl": BUNDLE}}


def test_a_draft_that_a_person_made_stays_one(attach, github):
    github.release("v1.0.0")
    github.release("v1.1.0")
    github.release("v1.2.0", draft=True, login="ada")  # on the second page

    assert attach() == (
        0,
        f"attached prompts.jsonl: {DOWNLOAD}\n"
        f"the release is a draft by another user and was not published: {OUT}\n",
    )
    assert github.releases[2]["draft"] is True


def test_after_an_upload_that_broke_off_the_next_run_goes_on(attach, github):
    github.faults["POST", "/files"] = cut
    assert attach() == (
        1,
        "created a draft of the release v1.2.0\n"
        "::error title=promptops::the release 'v1.2.0' is not attached to: "
        "no answer from 127.0.0.1: Remote end closed connection without response\n",
    )
    github.faults.clear()
    github.attach(github.releases[0], "prompts.jsonl", b"")["state"] = "starter"

    assert attach() == (
        0,
        "deleted an incomplete upload of prompts.jsonl\n"
        f"attached prompts.jsonl: {DOWNLOAD}\n"
        f"published the release: {OUT}\n",
    )
    assert held(github) == {"v1.2.0": {"prompts.jsonl": BUNDLE}}


def test_where_releases_that_are_out_can_not_be_changed_that_is_told(attach, github):
    github.immutable = True
    assert attach()[0] == 0
    github.release("v1.3.0")

    assert attach("v1.3.0") == (
        1,
        "::error title=promptops::the release 'v1.3.0' is not attached to: "
        "HTTP 422: Cannot upload assets to an immutable release.\n",
    )


def test_without_the_permission_the_way_out_is_told(attach, github):
    github.may = set()

    assert attach() == (
        1,
        "::error title=promptops::the release 'v1.2.0' is not attached to: "
        "HTTP 403: Resource not accessible by integration; the job needs `contents: write`\n",
    )


def test_what_fails_is_said_once_and_not_tried_again(attach, github):
    github.faults["GET", "/tags/v1.2.0"] = status(503, "Unavailable")

    assert attach() == (
        1,
        "::error title=promptops::the release 'v1.2.0' is not attached to: HTTP 503: Unavailable\n",
    )
    assert github.requests == ["GET /repos/acme/prompts/releases/tags/v1.2.0"]


def test_a_prerelease_is_one_and_never_the_latest(attach, github):
    assert attach("v1.3.0-rc.1", prerelease="true")[0] == 0

    (release,) = github.releases
    assert (release["prerelease"], release["make_latest"]) == (True, "false")


def test_a_signature_goes_with_it_and_another_one_as_good_is_no_error(attach, github):
    sig = "prompts.jsonl.sig"
    attach("v1.2.0", sig, **{sig: b"one"})

    code, said = attach("v1.2.0", sig, **{sig: b"two"})

    assert (code, said.splitlines()[1]) == (
        0,
        "prompts.jsonl.sig is attached already: https://github.example/download/prompts.jsonl.sig",
    )
    assert held(github) == {"v1.2.0": {"prompts.jsonl": BUNDLE, sig: b"one"}}


@pytest.mark.parametrize("tag", ["prompts/v1.2.0", "--help", "$(touch pwned)v1", "v1?draft#"])
def test_a_tag_can_be_called_anything(attach, github, tag, tmp_path):
    assert attach(tag)[0] == 0
    assert attach(tag)[1].startswith("prompts.jsonl is attached already")
    assert [(each["tag_name"], each["author"]) for each in github.releases] == [
        (tag, {"login": BOT})
    ]
    assert not (tmp_path / "pwned").exists()
