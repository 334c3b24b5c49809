"""The workflow that `init` writes, on a tag: verified, built, verified, attached."""

import json
import subprocess

import pytest
import yaml

from promptops.commands.init.ci_files import workflow_text
from tests.ci.conftest import CONFIG, ORIGIN
from tests.ci.page import block

OUT = "https://github.example/releases/v0.1.0"
DOWNLOAD = "https://github.example/download/prompts.jsonl"
PUBLISHED = f"attached prompts.jsonl: {DOWNLOAD}\npublished the release: {OUT}\n"
ALREADY = (
    f"prompts.jsonl is attached already: {DOWNLOAD}\nthe release is published already: {OUT}\n"
)


@pytest.fixture
def promptops(catalog, command):
    def run(*arguments):
        done = subprocess.run(
            [command, *arguments],
            cwd=catalog.root,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def released(catalog, remote, promptops):
    """The catalog with its first release, pushed."""
    catalog.git("fetch", "--quiet", "origin")
    catalog.git("branch", "--set-upstream-to=origin/main")
    promptops("release", "--yes", "--push")
    return catalog


@pytest.fixture
def release(start, remote):
    """Run the workflow on a tag, after what `meddle` does to the checkout."""

    def run(tag, *, name="v0.1.0", sha=None, ref=None, given=None):
        commit = subprocess.run(
            ["git", "rev-parse", f"refs/tags/{tag}^{{commit}}"],
            cwd=remote,
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout.strip()
        job = start("push", f"refs/tags/{tag}", {}, sha=sha or commit)
        workflow = yaml.safe_load(workflow_text("github", ORIGIN, "v{version}"))
        steps = workflow["jobs"]["release"]["steps"]
        if ref:
            steps[0]["with"]["ref"] = ref
        steps[1]["with"] = given or {}
        for each in workflow["jobs"].values():
            job.run(each)
        return job

    return run


def test_the_bundle_is_attached_and_is_the_one_that_the_tag_tells(
    released, release, github, promptops, tmp_path
):
    job = release("v0.1.0")

    assert (job.failed, job.log.endswith(PUBLISHED)) == (False, True), job.log
    (made,) = github.releases
    assert (made["tag_name"], made["draft"], made["prerelease"]) == ("v0.1.0", False, False)
    assert made["body"].startswith("## v0.1.0 (2026-01-01)\n\n**Added**\n\n- support/triage\n")
    file = tmp_path / "downloaded.jsonl"
    file.write_bytes(github.content[1])
    found = json.loads(promptops("verify", str(file), "--format", "json"))
    assert {each["subject"]: each["state"] for each in found["checks"]} == {
        "bundle": "passed",
        "tag": "passed",
        "signature": "absent",
    }
    assert list(job.used) == ["actions/checkout", "your_org/promptops", "actions/setup-python"]


@pytest.mark.slow
def test_run_again_it_is_done(released, release, github, tmp_path):
    release("v0.1.0")
    (tmp_path / "workspace").rename(tmp_path / "earlier")

    job = release("v0.1.0")

    assert (job.failed, job.log.endswith(ALREADY)) == (False, True), job.log
    assert len(github.releases) == 1


def test_the_tag_that_a_checkout_made_lightweight_is_fetched(released, release, github, start):
    job = release("v0.1.0", ref="main")
    assert job.failed is False

    subprocess.run(["git", "tag", "--force", "v0.1.0", "HEAD"], cwd=job.workspace, check=True)
    workflow = yaml.safe_load(workflow_text("github", ORIGIN, "v{version}"))
    job.log = ""
    job.run({"steps": workflow["jobs"]["release"]["steps"][1:]})

    assert job.failed is False
    assert "fetched the tag itself, which the checkout did not: v0.1.0\n" in job.log
    assert job.log.endswith(ALREADY)


def test_a_tag_that_tells_another_bundle_is_refused(released, release, github, remote):
    message = released.git("tag", "--list", "--format=%(contents)", "v0.1.0")
    digest = message.partition("Promptops-Bundle-Sha256: ")[2][:64]
    released.git("tag", "--annotate", "--force", "v0.1.0", "-m", message.replace(digest, "0" * 64))
    released.git("push", "--quiet", "--force", "origin", "v0.1.0")

    job = release("v0.1.0")

    assert job.failed is True
    assert job.annotations("error") == [
        "the release 'v0.1.0' does not match its tag: nothing is published"
    ]
    assert (github.releases, github.requests) == ([], [])


def test_a_tag_that_is_not_annotated_is_refused(released, release, github):
    released.git("push", "--quiet", "origin", "HEAD:refs/tags/v0.2.0")

    job = release("v0.2.0")

    assert job.failed is True
    assert "the tag 'v0.2.0' is not annotated, so it carries no record" in job.log
    assert github.requests == []


def test_a_tag_that_is_called_like_no_release_is_left_alone(released, release, github):
    released.git("push", "--quiet", "origin", "HEAD:refs/tags/v1")

    job = release("v1")

    assert (job.failed, job.annotations("notice")) == (
        False,
        ["'v1' is not the name of a release (`release.tag_format`): nothing to do"],
    )
    assert github.requests == []


def test_a_tag_that_was_moved_meanwhile_is_refused(released, release, github):
    later = released.commit("two")
    released.git("push", "--quiet", "origin", "main")

    job = release("v0.1.0", sha=later)

    assert job.annotations("error") == ["the tag 'v0.1.0' was moved since the job was started"]
    assert (job.failed, github.requests) == (True, [])


@pytest.fixture
def key(tmp_path, catalog):
    """A key of ssh, and the line that trusts it."""
    file = tmp_path / "key"
    made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
    subprocess.run(made, check=True)
    kind, public, *_ = (tmp_path / "key.pub").read_text().split()
    catalog.git("config", "gpg.format", "ssh")
    catalog.git("config", "user.signingKey", str(file))
    return file, f"release@example.com {kind} {public}\n"


def test_who_may_sign_is_said_by_the_default_branch_and_never_by_the_tag(
    catalog, remote, key, release, github
):
    _, mine = key
    config = CONFIG + '[release]\nallowed_signers = "signers"\n'
    catalog.write({"promptops.toml": config, "signers": "ada@example.com ssh-ed25519 AAAA\n"})
    catalog.commit("only ada signs")
    catalog.git("push", "--quiet", "origin", "main")
    catalog.write({"signers": mine})
    catalog.commit("and I")
    catalog.git("tag", "--sign", "-m", "v0.1.0", "v0.1.0")
    catalog.git("push", "--quiet", "origin", "v0.1.0")

    job = release("v0.1.0")

    assert (job.failed, github.requests) == (True, [])
    assert job.annotations("error") == [
        "the release 'v0.1.0' does not match its tag: nothing is published"
    ]


@pytest.mark.slow
def test_with_a_key_the_bundle_is_signed_and_the_signature_attached(
    catalog, remote, key, release, github, monkeypatch
):
    file, mine = key
    config = CONFIG + '[release]\nallowed_signers = "signers"\n'
    catalog.write({"promptops.toml": config, "signers": mine})
    catalog.commit("who signs")
    catalog.git("tag", "--sign", "-m", "v0.1.0", "v0.1.0")
    catalog.git("push", "--quiet", "origin", "main", "v0.1.0")

    job = release("v0.1.0")
    refused, job.failed = job.failed, False
    job.environment["GIT_CONFIG_GLOBAL"] = str(file.with_name("gitconfig"))
    job.secrets = {"PROMPTOPS_SIGNING_KEY": file.read_text()}
    job.run({"steps": yaml.safe_load(block("yaml", "PROMPTOPS_SIGNING_KEY"))})

    assert (refused, job.failed) == (True, False)
    assert job.annotations("error") == ["`promptops verify` exited with code 1"]
    (made,) = github.releases
    assert [each["name"] for each in made["assets"]] == ["prompts.jsonl", "prompts.jsonl.sig"]
