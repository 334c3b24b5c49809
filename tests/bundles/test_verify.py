"""`promptops verify`: all that is wrong with a release, or with a file, and exit 1."""

from __future__ import annotations

import json
import subprocess

import pytest

from promptops.bundles.build import build, gzipped
from promptops.cli.main import run
from promptops.runtime.bundle.format import FORMAT, bundle_bytes, read_bundle
from tests.bundles.released import ASK, FILES, PROMPT, built, key, signing_with, tagged
from tests.output_schemas import validate


@pytest.fixture
def catalog(repo):
    repo.write(FILES)
    repo.commit("one")
    return repo


@pytest.fixture
def verify(catalog, capfd):
    """Run it; the exit code and its answer as JSON, or what it complained of."""

    def running(target, *options):
        arguments = ["verify", str(target), *map(str, options), "-C", str(catalog.root)]
        code = run([*arguments, "--format", "json"])
        out, err = capfd.readouterr()
        if code > 1:
            return code, err
        value = json.loads(out)
        validate("verify", value)
        return code, value

    return running


def states(value):
    return {check["subject"]: check["state"] for check in value["checks"]}


def failures(value):
    return [check["message"] for check in value["checks"] if check["state"] == "failed"]


def test_a_release_that_is_what_its_tag_says_is_verified(catalog, verify):
    contents = read_bundle(tagged(catalog, "v1.5.0"), "")

    code, value = verify("v1.5.0")

    assert (code, value["passed"], failures(value)) == (0, True, [])
    assert states(value) == {
        "name": "passed",
        "content": "passed",
        "bundle": "passed",
        "signature": "absent",
    }
    assert (value["bundle_sha256"], value["content_sha256"], value["release"], value["commit"]) == (
        contents.digest,
        contents.origin.content,
        "v1.5.0",
        catalog.git("rev-parse", "HEAD"),
    )


def test_of_a_tag_made_by_hand_there_is_nothing_to_hold_against(catalog, verify):
    catalog.git("tag", "--annotate", "--message", "by hand", "v1.5.0")

    code, value = verify("v1.5.0")

    assert code == 0
    assert states(value) == dict.fromkeys(("content", "bundle", "signature"), "absent") | {
        "name": "passed"
    }


def test_all_that_is_wrong_is_told_at_once(catalog, verify, tmp_path):
    tagged(catalog, "v1.5.0", content_sha256="0" * 64, bundle_sha256="1" * 64)

    code, value = verify("v1.5.0", "--trust", key(tmp_path).signers)

    told = failures(value)
    assert (code, value["passed"]) == (1, False)
    assert states(value) == dict.fromkeys(("content", "bundle", "signature"), "failed") | {
        "name": "passed"
    }
    assert f"but the tag records sha256:{'0' * 64}" in told[0]
    assert f"but the tag records sha256:{'1' * 64}" in told[1]
    assert told[2] == "the tag is not signed"


def test_a_signed_tag_that_is_offered_under_another_name_is_refused(catalog, verify, tmp_path):
    """Git's own verify-tag accepts it."""
    ada = key(tmp_path)
    signing_with(catalog, ada)
    tagged(catalog, "v1.5.0", "--sign")
    catalog.git("update-ref", "refs/tags/v9.0.0", "refs/tags/v1.5.0")
    setting = f"gpg.ssh.allowedSignersFile={ada.signers}"
    catalog.git("-c", setting, "verify-tag", "v9.0.0")

    code, value = verify("v9.0.0", "--trust", ada.signers)

    assert (code, states(value)) == (1, {"name": "failed", "signature": "passed"})
    assert failures(value) == ["the tag object is named 'v1.5.0', but the ref is 'v9.0.0'"]


def test_a_lightweight_tag_is_no_release(catalog, verify):
    catalog.git("tag", "v1.5.0")

    code, value = verify("v1.5.0")

    assert (code, failures(value)) == (
        1,
        ["the tag 'v1.5.0' is not annotated, so it carries no record"],
    )


def test_a_newer_format_can_not_be_verified_here(catalog, verify):
    tagged(catalog, "v1.5.0", bundle_format=3)

    code, value = verify("v1.5.0")

    assert (code, states(value)["bundle"]) == (1, "failed")
    assert failures(value) == ["the tag records bundle format 3, not 2"]


@pytest.mark.parametrize("of", ["prompts/ask.prompt.yaml", "prompts/partials/style.md.j2", "when"])
def test_a_program_that_is_not_that_of_its_text_is_refused(catalog, verify, tmp_path, of):
    """A review shows the text, and the application runs the program."""
    when = '  - role: user\n    when: question == "why"\n    content: more\n'
    catalog.write({ASK: PROMPT + when, "prompts/partials/style.md.j2": "Be {{ question }}.\n"})
    catalog.commit("more")
    lines = built(catalog, "v1.5.0").decode().split("\n")[2:-1]
    values = [json.loads(line) for line in lines]
    part, ask = values[0], next(value for value in values if value.get("id") == "ask")
    texts = [part, *(each for turn in ask["messages"] for each in turn["parts"])]
    if of == "when":
        where, changed = "prompts/ask.prompt.yaml", ask["messages"][2]["when"]
    else:
        where, changed = of, next(text for text in texts if text["path"] == of)
    file = tmp_path / "out.jsonl"

    def checked():
        parts = {part["path"]: part}
        data = bundle_bytes(read_bundle(built(catalog, "v1.5.0"), "").origin, [ask], parts, {})
        file.write_bytes(data)
        code, value = verify(file)
        return code, failures(value)

    assert checked() == (0, [])
    changed["program"] = changed["program"].replace("question", "answer").replace("style", "other")
    assert checked() == (1, [f"the program of a text in {where} is not that of the text"])


def test_a_release_that_can_not_be_built_is_refused(catalog, verify):
    catalog.write({ASK: "format: promptops/1\nmessages: 5\n"})
    catalog.commit("broken")
    catalog.git("tag", "--annotate", "--message", "by hand", "v1.5.0")

    code, value = verify("v1.5.0")

    assert code == 1
    assert failures(value)[0].startswith("it can't be built: prompts/ask.prompt.yaml:2:11: ")


def test_a_tag_signed_by_one_who_is_trusted_is_verified(catalog, verify, tmp_path):
    ada = key(tmp_path)
    signing_with(catalog, ada)
    tagged(catalog, "v1.5.0", "--sign")

    code, value = verify("v1.5.0", "--trust", ada.signers)

    assert (code, value["signer"], states(value)["signature"]) == (0, "ada@example.com", "passed")


@pytest.mark.parametrize("how", ["unsigned", "another key", "nobody"])
def test_a_tag_that_nobody_trusted_signed_is_refused(catalog, verify, tmp_path, how):
    ada, eve = key(tmp_path), key(tmp_path, "eve")
    signing_with(catalog, eve)
    if how == "nobody":
        ada.signers.write_text("")
    tagged(catalog, "v1.5.0", "--no-sign" if how == "unsigned" else "--sign")

    code, value = verify("v1.5.0", "--trust", ada.signers)

    assert (code, value["signer"]) == (1, None)
    by_eve = f"the tag is signed by ED25519 key {eve.fingerprint}, which is not trusted for it"
    assert failures(value) == ["the tag is not signed" if how == "unsigned" else by_eve]


def test_a_signature_of_another_tag_is_refused(catalog, verify, tmp_path):
    ada = key(tmp_path)
    signing_with(catalog, ada)
    tagged(catalog, "v1.5.0", "--sign")
    good = catalog.git("cat-file", "tag", "v1.5.0")
    (tmp_path / "tag").write_text(good.replace("Said.", "Lied.") + "\n")
    forged = catalog.git("hash-object", "-t", "tag", "-w", str(tmp_path / "tag"))
    catalog.git("update-ref", "refs/tags/v1.5.0", forged)

    code, value = verify("v1.5.0", "--trust", ada.signers)

    message = "the tag was changed after it was signed: the signature covers other bytes"
    assert (code, failures(value)) == (1, [message])


def test_a_key_that_may_not_sign_any_more_is_not_trusted(catalog, verify, tmp_path):
    ada = key(tmp_path)
    signing_with(catalog, ada)
    tagged(catalog, "v1.5.0", "--sign")
    line = ada.signers.read_text()
    ada.signers.write_text(line.replace(" ", ' valid-before="20200101" ', 1))

    code, value = verify("v1.5.0", "--trust", ada.signers)

    assert (code, "trusted for it" in failures(value)[0]) == (1, True)


def test_a_repository_can_not_bring_its_own_verifier(catalog, verify, tmp_path):
    ada, eve = key(tmp_path), key(tmp_path, "eve")
    signing_with(catalog, eve)
    tagged(catalog, "v1.5.0", "--sign")
    program = tmp_path / "yes"
    program.write_text(
        f"#!/bin/sh\ntouch {tmp_path}/ran\necho 'Good \"git\" signature for a with'\n"
    )
    program.chmod(0o755)
    for name in ("gpg.ssh.program", "gpg.program", "gpg.openpgp.program"):
        catalog.git("config", name, str(program))
    catalog.git("config", "gpg.ssh.allowedSignersFile", str(eve.signers))

    code, _ = verify("v1.5.0", "--trust", ada.signers)

    assert (code, (tmp_path / "ran").exists()) == (1, False)


def test_the_deployer_s_file_comes_before_that_of_the_configuration(
    catalog, verify, tmp_path, monkeypatch
):
    ada, eve = key(tmp_path), key(tmp_path, "eve")
    settings = '[release]\nallowed_signers = "signers"\n'
    catalog.write({"promptops.toml": settings, "signers": eve.signers.read_text()})
    catalog.commit("eve is trusted")
    signing_with(catalog, ada)
    tagged(catalog, "v1.5.0", "--sign")

    told, given = verify("v1.5.0")[0], verify("v1.5.0", "--trust", ada.signers)[0]
    monkeypatch.setenv("PROMPTOPS_TRUST", str(ada.signers))

    assert (told, given, verify("v1.5.0")[0]) == (1, 0, 0)


def test_who_is_trusted_stands_in_head_and_not_in_the_release(catalog, verify, tmp_path):
    ada, eve = key(tmp_path), key(tmp_path, "eve")
    settings = '[release]\nallowed_signers = "signers"\n'
    catalog.write({"promptops.toml": settings, "signers": ada.signers.read_text()})
    trusted = catalog.commit("ada is trusted")
    catalog.write({"signers": eve.signers.read_text()})
    catalog.commit("eve trusts herself")
    signing_with(catalog, eve)
    tagged(catalog, "v1.5.0", "--sign")
    catalog.git("reset", "--quiet", "--hard", trusted)

    code, value = verify("v1.5.0")

    message = f"the tag is signed by ED25519 key {eve.fingerprint}, which is not trusted for it"
    assert (code, failures(value)) == (1, [message])


def test_a_tag_signed_otherwise_than_by_ssh_is_refused_where_signers_are_given(
    catalog, verify, tmp_path
):
    tagged(catalog, "v1.5.0")
    plain = catalog.git("cat-file", "tag", "v1.5.0")
    lines = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
    (tmp_path / "tag").write_text(f"{plain}\n{lines}")
    signed = catalog.git("hash-object", "-t", "tag", "-w", str(tmp_path / "tag"))
    catalog.git("update-ref", "refs/tags/v1.5.0", signed)

    code, value = verify("v1.5.0", "--trust", key(tmp_path).signers)

    message = "the tag is not signed with an SSH key, which the allowed signers require"
    assert (code, failures(value)) == (1, [message])


def test_a_file_is_what_its_header_says_and_signed(catalog, verify, tmp_path):
    ada = key(tmp_path)
    data = gzipped(tagged(catalog, "v1.5.0"))
    (tmp_path / "out.jsonl.gz").write_bytes(data)
    sign = ("ssh-keygen", "-q", "-Y", "sign", "-n", "promptops-bundle", "-f", str(ada.file))
    subprocess.run([*sign, str(tmp_path / "out.jsonl.gz")], check=True, capture_output=True)

    code, value = verify(tmp_path / "out.jsonl.gz", "--trust", ada.signers)

    assert (code, value["signer"], value["release"]) == (0, "ada@example.com", "v1.5.0")
    assert states(value) == {"bundle": "passed", "tag": "passed", "signature": "passed"}


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_file_is_held_against_the_tag_of_the_release_that_it_says_it_is(
    catalog, verify, tmp_path, by_hand
):
    if by_hand:
        with_versions = built(catalog, "v1.5.0")
        catalog.git("tag", "--annotate", "--message", "by hand", "v1.5.0")
        data = build(catalog.root, "v1.5.0", number=FORMAT).data
        assert data != with_versions
    else:
        data = tagged(catalog, "v1.5.0")
    (tmp_path / "good.jsonl").write_bytes(data)
    catalog.write({ASK: PROMPT.replace("Answers", "Lies about")})
    catalog.commit("lies")
    (tmp_path / "other.jsonl").write_bytes(built(catalog, "v1.5.0"))
    (tmp_path / "later.jsonl").write_bytes(built(catalog, "v9.0.0"))

    (good, _), (wrong, other), (_, later) = (
        verify(tmp_path / f"{name}.jsonl") for name in ("good", "other", "later")
    )

    assert (good, wrong) == (0, 1)
    is_here, is_file = (read_bundle(each, "").digest for each in (data, built(catalog, "v1.5.0")))
    assert other["bundle_sha256"] == is_file
    assert failures(other) == [
        f"v1.5.0 is sha256:{is_here} in this repository, and the file is another bundle"
    ]
    assert states(later) == {"bundle": "passed", "tag": "absent", "signature": "absent"}


def test_a_damaged_file_without_a_signature_has_two_problems(catalog, verify, tmp_path):
    (tmp_path / "out.jsonl").write_bytes(tagged(catalog, "v1.5.0").replace(b"brief", b"BRIEF"))

    code, value = verify(tmp_path / "out.jsonl", "--trust", key(tmp_path).signers)

    assert (code, value["bundle_sha256"], value["commit"]) == (1, None, None)
    assert failures(value) == [
        "the bundle does not match its digest",
        "the bundle is not signed",
    ]


@pytest.mark.parametrize(
    ("signature", "here", "verdict"),
    [
        (None, False, "whole, unsigned"),
        (b"somebody's", False, "whole, signer unknown"),
        (None, True, "verified"),
    ],
)
def test_what_nothing_vouches_for_is_whole_and_not_verified(
    catalog, tmp_path, capfd, signature, here, verdict
):
    data = tagged(catalog, "v1.5.0")
    (tmp_path / "out.jsonl").write_bytes(data)
    if signature is not None:
        (tmp_path / "out.jsonl.sig").write_bytes(signature)
    where = catalog.root if here else tmp_path

    code = run(["verify", str(tmp_path / "out.jsonl"), "-C", str(where)])

    last = capfd.readouterr().out.splitlines()[-1]
    digest = read_bundle(data, "").digest
    assert (code, last) == (0, f"{tmp_path}/out.jsonl: {verdict}  sha256:{digest}")


@pytest.mark.parametrize("trusted", [True, False])
def test_a_file_is_verified_where_there_is_no_repository(catalog, tmp_path, capfd, trusted):
    (tmp_path / "out.jsonl").write_bytes(tagged(catalog, "v1.5.0"))
    trust = ["--trust", str(key(tmp_path).signers)] if trusted else []

    code = run(["verify", "out.jsonl", *trust, "-C", str(tmp_path)])

    assert code == int(trusted)
    assert ("the bundle is not signed" in capfd.readouterr().out) == trusted


@pytest.mark.parametrize(
    ("target", "options", "code", "message"),
    [
        ("v9.9.9", (), 2, "'v9.9.9' is not a release in this repository, and not a file"),
        ("main", (), 2, "'main' is not a release in this repository, and not a file"),
        ("-v", (), 2, "no such option"),
        ("v1.5.0", ("--trust", "/nowhere"), 3, "the allowed signers can't be read"),
        ("v1.5.0", ("--config", "release.allowed_signers='gone'"), 3, "allowed signers is missing"),
    ],
)
def test_what_can_not_be_verified_is_said(catalog, verify, target, options, code, message):
    tagged(catalog, "v1.5.0")

    found, said = verify(target, *options)

    assert (found, message in said.lower() or message in said) == (code, True)


def test_text_tells_each_check_and_the_verdict(catalog, capfd):
    digest = read_bundle(tagged(catalog, "v1.5.0", content_sha256="0" * 64), "").digest
    content = read_bundle(tagged(catalog, "v1.6.0"), "").origin.content

    code = run(["verify", "v1.5.0", "-C", str(catalog.root)])

    assert code == 1
    assert capfd.readouterr().out == (
        "ok     name      the tag object is named 'v1.5.0', like the ref\n"
        f"failed content   the prompts of its commit are sha256:{content}, "
        f"but the tag records sha256:{'0' * 64}\n"
        "  tip: don't use it: the tag or the build tool was changed\n"
        "ok     bundle    the bundle built from it is as recorded in the tag\n"
        "-      signature unsigned\n"
        f"v1.5.0: refused  sha256:{digest}\n"
    )


def test_a_tag_comes_before_a_file_of_its_name(catalog, verify):
    catalog.write({"v1.5.0": "a file", "v1.6.0": PROMPT})
    tagged(catalog, "v1.5.0")

    assert verify("v1.5.0")[1]["kind"] == "tag"
    assert verify("v1.6.0") == (1, verify("v1.6.0")[1])
    assert verify("v1.6.0")[1]["kind"] == "file"
