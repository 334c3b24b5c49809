"""Signatures of release tags: who signed one, and the signed tag as proof for a bundle."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from promptops.errors import IntegrityError
from promptops.patterns import lazy_pattern
from promptops.release.record import read_record
from promptops.repo.process import Git, ProcessOutput, decode, foreign_environment
from promptops.repo.repository import Repository
from promptops.runtime.bundle.format import FORMAT, Contents
from promptops.runtime.loading.trust import unproven
from promptops.tags.tag import ReleaseTag

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
    output = decode(answer.stderr)
    found = _SIGNER.search(output)
    if answer.status or found is None:
        hint = f"it must be signed by a key of {signers.name}"
        raise IntegrityError(unproven("tag", output), where=name, hint=hint)
    return found[1]


def signer_in_keyring(tag: ReleaseTag, git: Git) -> str | None:
    """Who signed a tag with OpenPGP, by the user's keyring; None if that is unknown.

    Raises IntegrityError for a signature of something else.
    """
    answer = _verify(git, tag.id, "-c", "gpg.program=gpg", "-c", "gpg.openpgp.program=gpg")
    output = decode(answer.stderr)
    if _BAD.search(output):
        raise IntegrityError("the tag's signature belongs to something else", where=tag.name)
    found = _KEYRING_SIGNER.search(output)
    return found[1] if found is not None and not answer.status else None


def _verify(git: Git, identity: str, *settings: str) -> ProcessOutput:
    """Verify with default programs, never with one that a repository configures."""
    return git.ask("-c", "gpg.ssh.program=ssh-keygen", *settings, "verify-tag", "--raw", identity)


_NAME = lazy_pattern(rb"^tag (.*)$", re.MULTILINE)
_COMMIT = lazy_pattern(rb"^object ([0-9a-f]+)$", re.MULTILINE)


def names_bundle(tag: ReleaseTag) -> bool:
    """Whether the tag names the digest of its bundle, as `promptops release` writes it."""
    return tag.record.bundle is not None and tag.record.bundle_format == FORMAT


_LOAD_AGAIN = "remove the cached bundle, and load the release again from its repository"


def proof_of(repository: Repository, tag: ReleaseTag) -> bytes | None:
    """The tag object; None if it does not name its bundle, so that it proves nothing."""
    return repository.git.run("cat-file", "tag", tag.id) if names_bundle(tag) else None


def verify_proof(proof: bytes, contents: Contents, signers: Path) -> None:
    """Raise IntegrityError if the tag is not signed by one of the signers, or is another bundle's.

    Git verifies the signature in a new empty repository, so that no settings of another repository
    apply.
    """
    if not _describes(proof, contents):
        message = "the stored tag belongs to another bundle"
        raise IntegrityError(message, where=contents.origin.release, hint=_LOAD_AGAIN)
    with TemporaryDirectory(prefix="promptops-") as folder:
        git = Git(Path(folder), {**foreign_environment(), "GIT_DIR": folder})
        kind = "sha256" if len(contents.origin.commit) == 64 else "sha1"
        git.run("init", "--quiet", "--bare", "--template=", f"--object-format={kind}")
        file = Path(folder, "proof")
        file.write_bytes(proof)
        stored = git.ask("hash-object", "-t", "tag", "-w", "--no-filters", "--", str(file))
        if stored.status:
            where = contents.origin.release
            raise IntegrityError("the stored tag is damaged", where=where, hint=_LOAD_AGAIN)
        signer_of_object(decode(stored.stdout).strip(), git, signers, contents.origin.release or "")


def _describes(proof: bytes, contents: Contents) -> bool:
    head, _, message = proof.partition(b"\n\n")
    name, commit = _NAME.search(head), _COMMIT.search(head)
    message, signed, _ = message.rpartition(SSH.encode())  # git uses the last one
    recorded = read_record(decode(message))
    origin = contents.origin
    return (
        bool(signed)
        and name is not None
        and commit is not None
        and (decode(name[1]), decode(commit[1])) == (origin.release, origin.commit)
        and (recorded.bundle, recorded.bundle_format) == (contents.digest, FORMAT)
    )
