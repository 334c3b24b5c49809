"""The signed tag of a release, stored as proof of who signed a bundle."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from promptops.errors import IntegrityError
from promptops.jobs.tags.signature import SSH, signer_of_object
from promptops.jobs.tags.tag import ReleaseTag
from promptops.patterns import lazy_pattern
from promptops.release.record import read as read_record
from promptops.repo.process import Git, decode, foreign_environment
from promptops.repo.repository import Repository
from promptops.runtime.bundle.format import FORMAT, Contents

_NAME = lazy_pattern(rb"^tag (.*)$", re.MULTILINE)
_COMMIT = lazy_pattern(rb"^object ([0-9a-f]+)$", re.MULTILINE)


def names_its_bundle(tag: ReleaseTag) -> bool:
    """Whether the tag names the digest of its bundle, as `promptops release` writes it."""
    return tag.record.bundle is not None and tag.record.bundle_format == FORMAT


_LOAD_AGAIN = "remove the cached bundle, and load the release again from its repository"


def proof_of(repository: Repository, tag: ReleaseTag) -> bytes | None:
    """The tag object; None if it does not name its bundle, so that it proves nothing."""
    return repository.git.run("cat-file", "tag", tag.id) if names_its_bundle(tag) else None


def prove(proof: bytes, contents: Contents, signers: Path) -> None:
    """Raise IntegrityError if the tag is not signed by one of the signers, or is another bundle's.

    Git verifies the signature, in an empty repository of its own: none of its settings come from
    where the proof was kept.
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
    told = read_record(decode(message))
    origin = contents.origin
    return (
        bool(signed)
        and name is not None
        and commit is not None
        and (decode(name[1]), decode(commit[1])) == (origin.release, origin.commit)
        and (told.bundle, told.bundle_format) == (contents.digest, FORMAT)
    )
