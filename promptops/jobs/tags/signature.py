"""Verify that an allowed signer signed the tag of a release."""

from __future__ import annotations

import re
from pathlib import Path

from promptops.errors import IntegrityError
from promptops.jobs.tags.tag import ReleaseTag
from promptops.patterns import lazy_pattern
from promptops.repo.process import Git, ProcessOutput, decode
from promptops.runtime.loading.trust import unproven

SSH = "-----BEGIN SSH SIGNATURE-----"
_SIGNER = lazy_pattern(r'^Good "git" signature for (.+) with ', re.MULTILINE)
_KEYRING_SIGNER = lazy_pattern(r"^\[GNUPG:\] GOODSIG \S+ (.+)$", re.MULTILINE)
_BAD = lazy_pattern(r"^\[GNUPG:\] BADSIG ", re.MULTILINE)


def signer_of(tag: ReleaseTag, git: Git, signers: Path) -> str:
    """The allowed signer, from a file in the format of ssh-keygen(1), who signed a tag.

    Raises IntegrityError if none of them did.
    """
    hint = f"it must be signed by a key of {signers.name}"
    if not tag.signature:
        raise IntegrityError("the tag is not signed", where=tag.name, hint=hint)
    if not tag.signature.startswith(SSH):
        message = "the tag is not signed with an SSH key, which the allowed signers require"
        raise IntegrityError(message, where=tag.name, hint=hint)
    return signer_of_object(tag.id, git, signers, tag.name)


def signer_of_object(identity: str, git: Git, signers: Path, name: str) -> str:
    """Like `signer_of`, for a tag object by its id; `name` is for the error."""
    answer = _verify(git, identity, "-c", f"gpg.ssh.allowedSignersFile={signers.absolute()}")
    said = decode(answer.stderr)
    found = _SIGNER.search(said)
    if answer.status or found is None:
        hint = f"it must be signed by a key of {signers.name}"
        raise IntegrityError(unproven("tag", said), where=name, hint=hint)
    return found[1]


def signer_in_keyring(tag: ReleaseTag, git: Git) -> str | None:
    """Who signed a tag with OpenPGP, by the user's keyring; None if that is unknown.

    Raises IntegrityError for a signature of something else.
    """
    answer = _verify(git, tag.id, "-c", "gpg.program=gpg", "-c", "gpg.openpgp.program=gpg")
    said = decode(answer.stderr)
    if _BAD.search(said):
        raise IntegrityError("the tag's signature belongs to something else", where=tag.name)
    found = _KEYRING_SIGNER.search(said)
    return found[1] if found is not None and not answer.status else None


def _verify(git: Git, identity: str, *settings: str) -> ProcessOutput:
    """Verify with default programs, never with one that a repository configures."""
    return git.ask("-c", "gpg.ssh.program=ssh-keygen", *settings, "verify-tag", "--raw", identity)
