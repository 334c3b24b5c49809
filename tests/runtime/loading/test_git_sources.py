"""Releases and channels out of repositories: the same bundles as from everywhere else."""

from __future__ import annotations

import math
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

import promptops
from promptops.cli.group import group
from tests.conftest import GitRepository
from tests.runtime.loading.git_releases import FILE, PROMPT, built, promote, said
from tests.runtime.loading.site import Signer, digest_of
from tests.runtime.loading.site_server import served
from tests.runtime.loading.state import forget, settle


def load(ref: str, source: str, **options: float) -> promptops.Bundle:
    return promptops.load(ref, source=source, timeout_s=60, **options)


def test_the_digest_of_a_release_is_that_of_its_bundle(
    releases: GitRepository, source: str
) -> None:
    data = built(releases, "v1.1.0")
    refs = ("v1.1.0", "1.1.0", "^1", "production", f"sha256:{digest_of(data)}")

    loaded = [load(ref, source) for ref in refs]

    assert {each.digest for each in loaded} == {digest_of(data)}
    assert [each.channel for each in loaded] == [None, None, None, "production", None]
    assert {said(each) for each in loaded} == {"Good day Ada."}


def test_it_is_the_same_from_a_file_a_site_and_an_address(
    releases: GitRepository, tmp_path: Path
) -> None:
    outputs = (
        ("-o", "one.jsonl"),
        ("-o", "one.jsonl.gz"),
        ("--site", "site"),
    )
    for option, name in outputs:
        arguments = ("build", "-C", str(releases.root), "v1.1.0", option, str(tmp_path / name))
        done = CliRunner().invoke(group, arguments)
        assert done.exit_code == 0, done.output

    with served(tmp_path / "site") as server:
        places = [*(str(tmp_path / name) for _, name in outputs), server.address]
        loaded = [load("v1.1.0", place) for place in (str(releases.root), *places)]
        channel = load("production", server.address)

    assert {each.digest for each in loaded} == {digest_of(built(releases, "v1.1.0"))}
    assert (channel.channel, channel.digest) == ("production", loaded[0].digest)


def test_the_repository_around_is_the_source(
    releases: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(releases.root / "prompts")

    assert promptops.load("v1.0.0").release == "v1.0.0"


def test_a_branch_can_be_loaded(releases: GitRepository, source: str) -> None:
    loaded = load("git:main", source)

    assert (loaded.release, loaded.commit, said(loaded)) == (
        None,
        releases.git("rev-parse", "main"),
        "Good day Ada.",
    )


def test_any_revision_of_a_repository_on_this_machine_can_be_loaded(
    releases: GitRepository,
) -> None:
    loaded = promptops.load("git:main~2", source=releases.root)

    assert (loaded.commit, said(loaded)) == (releases.git("rev-parse", "main~2"), "Hello Ada.")


@pytest.mark.parametrize("ref", ["v9.9.9", "^9", "staging", f"sha256:{'0' * 64}", "git:nowhere"])
def test_what_is_not_there_is_an_error(source: str, ref: str) -> None:
    with pytest.raises((promptops.NotFound, promptops.GitError)):
        load(ref, source)


def test_no_ref_lists_channels_and_releases(source: str) -> None:
    with pytest.raises(promptops.UsageError) as raised:
        promptops.load(source=source, timeout_s=60)

    assert raised.value.hint == "there is 'production', 'v1.1.0', 'v1.0.0'"


def test_a_channel_that_moves_is_followed_and_one_that_goes_back_is_not(
    releases: GitRepository, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    def refreshed() -> str | None:
        load("production", source, refresh_s=0)
        settle()
        return load("production", source, refresh_s=math.inf).release

    seen = [refreshed()]
    promote(releases, "v1.0.0", 4)
    seen.append(refreshed())
    promote(releases, "v1.1.0", 3)
    seen.append(refreshed())

    assert seen == ["v1.1.0", "v1.0.0", "v1.0.0"]
    assert "went back from serial 4 to 3" in caplog.text


def test_a_tag_that_was_moved_is_refused(releases: GitRepository, cache: Path) -> None:
    source = f"git+file://{releases.root}"
    load("^1", source)
    releases.write({FILE: PROMPT.format(word="Pay")})
    releases.commit("another")
    releases.git("tag", "--force", "--annotate", "--message", "v1.1.0", "v1.1.0")
    forget()

    kept = load("^1", source)

    assert said(kept) == "Good day Ada."


def test_a_repository_that_can_not_be_reached_leaves_what_was_kept(
    releases: GitRepository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First git finds it elsewhere than its address says, and then nobody answers there."""
    source = f"git+https://127.0.0.1:{unused_port()}/prompts"
    config = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    address = source.removeprefix("git+")
    config.write_text(f'[url "file://{releases.root}"]\n  insteadOf = {address}\n')
    for ref in ("production", "v1.0.0"):
        load(ref, source)
    forget()
    config.write_text("")

    channel, exact = load("production", source), load("v1.0.0", source)

    assert (channel.release, channel.stale) == ("v1.1.0", True)
    assert (exact.release, exact.stale) == ("v1.0.0", False)
    with pytest.raises(promptops.TransportError):
        load("^1", source)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def test_a_repository_that_is_not_there_is_never_replaced(
    releases: GitRepository, cache: Path, tmp_path: Path
) -> None:
    source = f"git+file://{releases.root}"
    load("production", source)
    releases.root.rename(tmp_path / "elsewhere")
    forget()

    with pytest.raises(promptops.NotFound, match="there is no such repository"):
        load("production", source)


def promote_unpushed(repo: GitRepository) -> None:
    repo.write({"channels.yaml": "production: {release: v1.2.0, serial: 4}\n"})
    repo.commit("promoted, and its tag not pushed")


def test_a_channel_whose_release_is_not_pushed_yet_takes_nobody_along(
    releases: GitRepository, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = load("production", source)
    promote_unpushed(releases)

    load("production", source, refresh_s=0)
    settle()
    after = load("production", source, refresh_s=math.inf)

    assert (after.digest, after.release, after.stale) == (before.digest, "v1.1.0", True)
    (said,) = caplog.messages
    assert said.endswith(
        "'production' resolves to 'v1.2.0', which does not exist; 'v1.1.0' stays in use"
    )
    with pytest.raises(promptops.NotFound):
        load("v1.2.0", source)
    with pytest.raises(promptops.NotFound, match="there is no 'staging'"):
        load("staging", source)


def test_a_new_process_goes_on_with_what_was_kept_before_the_release_that_is_not_pushed(
    releases: GitRepository, cache: Path
) -> None:
    source = f"git+file://{releases.root}"
    load("production", source)
    promote_unpushed(releases)
    forget()

    kept = load("production", source)

    assert (kept.release, kept.channel, kept.stale) == ("v1.1.0", "production", True)


def test_with_nothing_kept_a_release_that_is_not_pushed_is_no_misspelt_name(
    releases: GitRepository, source: str
) -> None:
    promote_unpushed(releases)

    with pytest.raises(promptops.TransportError) as raised:
        load("production", source)

    assert raised.value.message == "'production' resolves to 'v1.2.0', which does not exist"
    assert raised.value.hint == "check that its tag was pushed"


def test_a_misspelt_channel_of_a_repository_is_told_which_there_are(
    releases: GitRepository, source: str
) -> None:
    with pytest.raises(promptops.NotFound) as raised:
        load("prodution", source)

    hint = "did you mean `production`? there is 'production', 'v1.1.0', 'v1.0.0'"
    assert raised.value.hint == hint


def test_offline_nothing_is_asked(
    releases: GitRepository, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"git+file://{releases.root}"
    load("production", source)
    promote(releases, "v1.0.0", 4)
    forget()
    monkeypatch.setenv("PROMPTOPS_OFFLINE", "1")

    kept = load("production", source)

    assert (kept.release, kept.stale) == ("v1.1.0", True)


@pytest.fixture
def signed(releases: GitRepository, signer: Signer) -> GitRepository:
    """With v1.2.0, signed by Ada."""
    releases.git("config", "gpg.format", "ssh")
    releases.git("config", "user.signingkey", str(signer.key))
    releases.git("tag", "--sign", "--message", "v1.2.0", "v1.2.0")
    return releases


def test_a_tag_that_is_signed_by_one_who_is_trusted_is_loaded(
    signed: GitRepository, source: str, signer: Signer
) -> None:
    loaded = promptops.load("^1", source=source, trust=signer.allowed, timeout_s=60)

    assert loaded.release == "v1.2.0"


def test_a_tag_that_is_not_signed_is_refused(
    signed: GitRepository, source: str, signer: Signer
) -> None:
    load("v1.1.0", source)

    with pytest.raises(promptops.IntegrityError):
        promptops.load("v1.1.0", source=source, trust=signer.allowed, timeout_s=60)


def test_a_tag_signed_by_somebody_else_is_refused(
    signed: GitRepository, source: str, tmp_path: Path
) -> None:
    eve = Signer(tmp_path / "eve", "eve@example.com")

    with pytest.raises(promptops.IntegrityError):
        promptops.load("v1.2.0", source=source, trust=eve.allowed, timeout_s=60)


def test_a_signed_tag_under_another_name_is_refused(
    signed: GitRepository, source: str, signer: Signer
) -> None:
    signed.git("update-ref", "refs/tags/v1.3.0", "refs/tags/v1.2.0")

    with pytest.raises(promptops.PromptopsError) as raised:
        promptops.load("v1.3.0", source=source, trust=signer.allowed, timeout_s=60)

    assert isinstance(raised.value, promptops.IntegrityError | promptops.NotFound)


def test_a_revision_is_signed_by_nobody(releases: GitRepository, signer: Signer) -> None:
    with pytest.raises(promptops.UsageError, match="a revision has no signature"):
        promptops.load("git:HEAD", source=releases.root, trust=signer.allowed)
