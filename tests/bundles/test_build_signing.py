"""`promptops build --sign`: with the key that git signs with, and nobody is asked anything."""

from __future__ import annotations

import time

import pytest

from promptops.runtime.loading.trust import Signed, Trust
from promptops.runtime.loading.trust import verify as verified_by
from tests.bundles.released import FILES, key, promptops, signing_with, tagged


@pytest.fixture
def catalog(repo):
    repo.write(FILES)
    repo.commit("one")
    tagged(repo, "v1.5.0")
    return repo


def signer(file, found):
    signature = file.with_name(f"{file.name}.sig").read_bytes()
    signed = Signed(data=file.read_bytes(), signature=signature, where=str(file))
    return verified_by(signed, Trust.read(found.signers), time.monotonic() + 60)


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_a_signature_stands_beside_the_file_and_is_of_its_bytes(catalog, tmp_path, name):
    ada = key(tmp_path)
    signing_with(catalog, ada)

    done = promptops("build", "v1.5.0", "-o", tmp_path / name, "--sign", cwd=catalog.root)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines()[:2] == [f"{tmp_path}/{name}", f"{tmp_path}/{name}.sig"]
    assert signer(tmp_path / name, ada) == "ada@example.com"


def test_the_key_may_be_private_or_written_out(catalog, tmp_path, monkeypatch):
    ada = key(tmp_path)
    catalog.git("config", "gpg.format", "ssh")
    catalog.git("config", "user.signingkey", str(ada.file))

    done = promptops("build", "v1.5.0", "-o", tmp_path / "a", "--sign", cwd=catalog.root)

    assert (done.returncode, done.stderr) == (0, b"")
    assert signer(tmp_path / "a", ada) == "ada@example.com"


def test_a_key_that_is_written_out_is_asked_of_an_agent(catalog, tmp_path):
    ada = key(tmp_path)
    catalog.git("config", "gpg.format", "ssh")
    catalog.git("config", "user.signingkey", f"key::{ada.file.with_suffix('.pub').read_text()}")

    done = promptops(
        "build", "v1.5.0", "-o", tmp_path / "a", "--sign", cwd=catalog.root, SSH_AUTH_SOCK=""
    )

    assert done.returncode == 4
    assert b"the bundle can't be signed: " in done.stderr
    assert not (tmp_path / "a").exists()


def test_git_s_own_program_signs(catalog, tmp_path):
    ada = key(tmp_path)
    signing_with(catalog, ada)
    program = tmp_path / "sign"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nexec ssh-keygen "$@"\n')
    program.chmod(0o755)
    catalog.git("config", "gpg.ssh.program", str(program))

    promptops("build", "v1.5.0", "-o", tmp_path / "a", "--sign", cwd=catalog.root)

    assert (tmp_path / "asked").read_text().startswith("-Y sign -n promptops-bundle -f ")
    assert signer(tmp_path / "a", ada) == "ada@example.com"


def test_a_passphrase_is_not_asked_for(catalog, tmp_path):
    signing_with(catalog, key(tmp_path, passphrase="secret"))
    started = time.monotonic()

    done = promptops("build", "v1.5.0", "-o", tmp_path / "a", "--sign", cwd=catalog.root)

    assert done.returncode == 4
    assert b"a key with a passphrase must be in an agent: ssh-add" in done.stderr
    assert time.monotonic() - started < 120
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({}, 2),
        ({"gpg.format": "ssh"}, 2),
        ({"user.signingkey": "ABCD1234"}, 2),
        ({"gpg.format": "openpgp", "user.signingkey": "ABCD1234"}, 2),
        ({"gpg.format": "ssh", "user.signingkey": "/nowhere/key"}, 4),
        ({"gpg.format": "ssh", "user.signingkey": "x", "gpg.ssh.program": "/nowhere/sign"}, 4),
    ],
    ids=str,
)
def test_without_a_key_of_ssh_nothing_is_written(catalog, tmp_path, settings, code):
    for name, value in settings.items():
        catalog.git("config", name, value)

    done = promptops("build", "v1.5.0", "-o", tmp_path / "a", "--sign", cwd=catalog.root)

    assert (done.returncode, done.stdout) == (code, b"")
    assert b"tip: " in done.stderr
    assert not (tmp_path / "a").exists()


def test_a_signature_of_another_file_is_told(catalog, tmp_path):
    (tmp_path / "a.sig").write_text("old")

    done = promptops("build", "v1.5.0", "-o", tmp_path / "a", cwd=catalog.root)

    assert f"note: {tmp_path}/a.sig is the signature of another file" in done.stdout.decode()
