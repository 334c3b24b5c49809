"""Tags of a repository as releases: signed, made anew, or of another version."""

from __future__ import annotations

from pathlib import Path

import pytest

import promptops
from tests.conftest import GitRepository
from tests.runtime.loading.git_releases import built
from tests.runtime.loading.site import Signer, digest_of
from tests.runtime.loading.state import forget

PATIENCE_S = 60  # a machine that others use is slow


def load(ref: str, source: str, trust: Path | None = None) -> promptops.Bundle:
    return promptops.load(ref, source=source, trust=trust, timeout_s=PATIENCE_S)


def sign(repo: GitRepository, signer: Signer, tag: str) -> None:
    """Make a tag anew, signed."""
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingkey", f"{signer.key}.pub")
    commit = repo.git("rev-parse", f"{tag}^{{commit}}")
    repo.git("tag", "--force", "--sign", "--message", tag, tag, commit)


def test_a_tag_that_was_refused_can_be_made_anew(
    releases: GitRepository, source: str, signer: Signer
) -> None:
    with pytest.raises(promptops.IntegrityError, match="not signed"):
        load("v1.1.0", source, signer.allowed)
    forget()

    sign(releases, signer, "v1.1.0")

    assert load("v1.1.0", source, signer.allowed).release == "v1.1.0"


def test_the_default_branch_does_not_say_that_a_prerelease_is_the_release(
    releases: GitRepository, source: str, signer: Signer
) -> None:
    releases.git("tag", "--annotate", "--message", "v2.0.0-rc.1", "v2.0.0-rc.1")
    sign(releases, signer, "v2.0.0-rc.1")
    releases.write({"promptops.toml": '[release]\ntag_format = "v{version}-rc.1"\n'})
    releases.commit("a format that lies")

    with pytest.raises(promptops.IntegrityError) as raised:
        load("v2.0.0", source, signer.allowed)

    assert raised.value.message == (
        "the tag 'v2.0.0-rc.1' is that of version 2.0.0-rc.1, not of 2.0.0"
    )


def test_a_digest_is_found_beside_a_release_that_is_refused(
    releases: GitRepository, source: str, signer: Signer
) -> None:
    sign(releases, signer, "v1.0.0")
    signed, unsigned = (digest_of(built(releases, each)) for each in ("v1.0.0", "v1.1.0"))

    loaded = load(f"sha256:{signed}", source, signer.allowed)

    assert (loaded.digest, loaded.release) == (signed, "v1.0.0")
    with pytest.raises(promptops.IntegrityError, match="not signed"):
        load(f"sha256:{unsigned}", source, signer.allowed)
