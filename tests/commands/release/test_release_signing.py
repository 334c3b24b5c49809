"""Signed releases: by git's own settings, ssh and openpgp; tried before anything is made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.bundles.released import key, signing_with
from tests.commands.release.conftest import STYLE, problems, tags, tags_of

FORMATS = ("ssh", *(("openpgp",) if shutil.which("gpg") else ()))


def ssh_key(folder: Path, name: str = "key", passphrase: str = "") -> Path:
    file = folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-C", "ada", "-N", passphrase, "-f", str(file)]
    subprocess.run(command, check=True)
    return file


def sign_by_ssh(repo, file: Path) -> None:
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", f"{file}.pub")


def signer(file: Path) -> str:
    return f"ada@example.com {Path(f'{file}.pub').read_text('utf-8')}"


@pytest.fixture
def gpg_home(monkeypatch):
    """Below a short path: gpg's agent listens at a socket in it."""
    home = tempfile.mkdtemp(prefix="gpg-", dir="/tmp")
    monkeypatch.setenv("GNUPGHOME", home)
    yield home
    subprocess.run(["gpgconf", "--kill", "all"], check=False)
    shutil.rmtree(home, ignore_errors=True)


def set_up(repo, form: str, folder: Path) -> None:
    if form == "ssh":
        key = ssh_key(folder)
        sign_by_ssh(repo, key)
        signers = folder / "signers"
        signers.write_text(signer(key))
        repo.git("config", "gpg.ssh.allowedSignersFile", str(signers))
        return
    words = ["--batch", "--quiet", "--passphrase", "", "--quick-gen-key"]
    subprocess.run(["gpg", *words, "Ada <ada@example.com>", "ed25519", "sign"], check=True)
    repo.git("config", "user.signingKey", "ada@example.com")


@pytest.mark.parametrize("form", FORMATS)
def test_a_release_is_signed_when_a_key_is_set_up(form, catalog, release, tmp_path, gpg_home):
    set_up(catalog, form, tmp_path)

    said = release(catalog)

    assert (said.code, said.value["plan"]["signed"]) == (0, True)
    catalog.git("verify-tag", "v0.1.0")


def test_what_a_signed_tag_says_is_read_without_its_signature(catalog, release, say, tmp_path):
    set_up(catalog, "ssh", tmp_path)
    first = release(catalog).value["plan"]["record"]
    catalog.write({STYLE: "Be short.\n"})
    catalog.commit("two")

    second = release(catalog).value["plan"]["record"]

    assert (first["versions"]["ask"], second["base"]) == ("0.1.0", "v0.1.0")
    assert second["changes"][0]["before"] == "0.1.0"
    assert "SIGNATURE" not in say(catalog, "changelog").out


@pytest.mark.parametrize(
    ("setting", "argument", "expected"),
    [
        ("auto", "", True),
        ("auto", "--no-sign", False),
        ("never", "", False),
        ("never", "--sign", True),
        ("always", "", True),
    ],
)
def test_whether_it_is_signed_can_be_said(catalog, release, tmp_path, setting, argument, expected):
    set_up(catalog, "ssh", tmp_path)
    catalog.git("config", "tag.gpgSign", "true")
    catalog.write({"promptops.toml": f'[release]\nsign = "{setting}"\n'})
    catalog.commit("two")

    value = release(catalog, *filter(None, [argument])).value

    assert value["plan"]["signed"] is expected
    assert ("SIGNATURE" in catalog.git("cat-file", "tag", "v0.1.0")) is expected


def test_nobody_leaves_out_a_signature_that_the_repository_asks_for(catalog, release):
    catalog.write({"promptops.toml": '[release]\nsign = "always"\n'})
    catalog.commit("two")

    said = release(catalog, "--no-sign")

    assert (said.code, json.loads(said.out)["exit_code"]) == (2, 2)
    assert said.err.startswith("error: `release.sign` requires signed releases\n")


def test_without_a_key_what_must_be_signed_is_not_made(catalog, release, gpg_home):
    catalog.write({"promptops.toml": '[release]\nsign = "always"\n'})
    catalog.commit("two")

    said = release(catalog)

    (problem,) = problems(said)
    assert (said.code, tags(catalog)) == (1, [])
    assert problem.startswith("the signing key can't be used: ")


@pytest.mark.parametrize("wrong", ["missing", "no key", "of another"])
def test_a_wrong_key_is_told_before_anything_is_made(catalog, release, tmp_path, wrong):
    key = ssh_key(tmp_path)
    if wrong == "missing":
        key = tmp_path / "nowhere"
    elif wrong == "no key":
        Path(f"{key}.pub").write_text("nothing\n")
    else:  # the public half has no private one, and no agent has it either
        key.unlink()
    sign_by_ssh(catalog, key)

    said = release(catalog)

    assert (said.code, len(problems(said)), tags(catalog)) == (1, 1, [])
    assert problems(said)[0].startswith("the signing key can't be used: ")


@pytest.mark.slow
def test_a_passphrase_that_nobody_can_type_is_not_waited_for(catalog, process, tmp_path):
    sign_by_ssh(catalog, ssh_key(tmp_path, passphrase="secret"))
    ask = tmp_path / "ask"
    ask.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nsleep 600\n")
    ask.chmod(0o755)
    start = time.monotonic()

    said = process(
        catalog, "release", "--yes", SSH_ASKPASS=str(ask), DISPLAY=":0", SSH_AUTH_SOCK=""
    )

    assert (said.returncode, tags(catalog)) == (1, [])
    assert (
        "error: the signing key has a passphrase, and there is no terminal to ask for it\n"
        '  tip: give it to an agent: eval "$(ssh-agent)" && ssh-add KEY\n'
    ) in said.stdout
    assert not (tmp_path / "asked").exists()
    assert time.monotonic() - start < 120


@pytest.mark.slow
def test_a_program_that_never_ends_is_given_up(catalog, release, tmp_path, monkeypatch):
    program = tmp_path / "sign"
    program.write_text("#!/bin/sh\nsleep 600 &\nwait\n")
    program.chmod(0o755)
    sign_by_ssh(catalog, ssh_key(tmp_path))
    catalog.git("config", "gpg.ssh.program", str(program))
    monkeypatch.setattr("promptops.commands.release.tag_creation.SIGNING_DEADLINE_S", 0.5)

    said = release(catalog)

    (problem,) = said.value["problems"]
    assert (said.code, tags(catalog)) == (1, [])
    assert (
        problem["message"] == "signing does not finish: `git commit-tree` was stopped after 0.5 s"
    )


@pytest.mark.parametrize("known", [True, False])
def test_the_key_must_be_one_that_verifies(catalog, release, tmp_path, known):
    mine, theirs = ssh_key(tmp_path), ssh_key(tmp_path, "theirs")
    sign_by_ssh(catalog, mine)
    catalog.write(
        {
            "promptops.toml": '[release]\nallowed_signers = "keys/signers"\n',
            "keys/signers": signer(mine if known else theirs),
        }
    )
    catalog.commit("two")

    said = release(catalog)

    listed = subprocess.run(
        ["ssh-keygen", "-l", "-f", f"{mine}.pub"], capture_output=True, text=True, check=True
    )
    expected = f"keys/signers does not contain the signing key: {listed.stdout.split()[1]}"
    assert (said.code, problems(said)) == ((0, []) if known else (1, [expected]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ('valid-before="20200101"', ": key has expired: "),
        ('namespaces="x"', ': key is not permitted for use in signature namespace "git"'),
    ],
)
def test_why_a_listed_key_is_not_taken_is_told(catalog, release, tmp_path, option, expected):
    key = ssh_key(tmp_path)
    sign_by_ssh(catalog, key)
    config = '[release]\nallowed_signers = "signers"\n'
    listed = signer(key).replace(" ", f" {option} ", 1)
    catalog.write({"promptops.toml": config, "signers": listed})
    catalog.commit("two")

    (problem,) = problems(release(catalog))

    assert problem.startswith(f"signers does not accept the signing key: signers:1{expected}")


@pytest.mark.slow
def test_that_nobody_is_known_and_that_the_key_is_missing_is_told_each_with_its_cause(
    catalog, release, monkeypatch, tmp_path
):
    for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name)
    catalog.git("config", "user.useConfigOnly", "true")
    sign_by_ssh(catalog, tmp_path / "nowhere")

    identity, key = problems(release(catalog))

    assert identity == "git has no name and email address for the tag"
    assert key.startswith("the signing key can't be used: ")
    assert "nowhere" in key


@pytest.mark.slow
def test_a_key_that_nobody_named_and_nobody_known_makes_no_third_cause(
    catalog, release, monkeypatch, gpg_home
):
    for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name)
    catalog.git("config", "user.useConfigOnly", "true")

    said = release(catalog, "--sign")

    assert problems(said) == [
        "git has no name and email address for the tag",
        "no signing key is set: `user.signingKey`",
    ]


@pytest.mark.slow
def test_a_tagger_who_is_no_author_may_sign(catalog, release, monkeypatch, tmp_path):
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name)
    catalog.git("config", "user.useConfigOnly", "true")
    sign_by_ssh(catalog, ssh_key(tmp_path))

    assert release(catalog).code == 0


@pytest.mark.parametrize("argument", ["--no-sign", "--sign"])
def test_where_signers_are_listed_a_release_is_signed_and_they_are_there(
    catalog, release, tmp_path, argument
):
    sign_by_ssh(catalog, ssh_key(tmp_path))
    catalog.write({"promptops.toml": '[release]\nallowed_signers = "keys/signers"\n'})
    catalog.commit("two")

    said = release(catalog, argument)

    assert (said.code, problems(said), tags(catalog)) == (
        1,
        [
            "the tag would not be signed, and `release.allowed_signers` requires a signature"
            if argument == "--no-sign"
            else "`release.allowed_signers` names keys/signers, which does not exist"
        ],
        [],
    )


@pytest.mark.slow
def test_the_trial_leaves_nothing_behind(catalog, release, tmp_path):
    set_up(catalog, "ssh", tmp_path)
    before = catalog.git("count-objects")

    release(catalog, "--dry-run")

    assert catalog.git("count-objects") == before
    assert os.listdir(catalog.root / ".git" / "refs" / "tags") == []


def test_a_release_that_is_made_unsigned_is_not_pushed_as_a_signed_one(
    remote, catalog, release, tmp_path
):
    release(catalog)
    signing_with(catalog, key(tmp_path))

    said = release(catalog, "--sign", "--push")

    assert (said.code, problems(said), tags_of(remote)) == (
        1,
        ["'v0.1.0' exists already, and is not signed"],
        [],
    )
