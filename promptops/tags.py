"""One release tag of a repository: its names, its record, who signed it, and its proof."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from promptops.errors import IntegrityError
from promptops.model.config import Config
from promptops.model.release import Release, ReleaseRecord
from promptops.model.version import Version
from promptops.patterns import lazy_pattern
from promptops.records import field, record
from promptops.release.tags import TagNames, read_record
from promptops.repo.process import Git, ProcessOutput, decode, foreign_environment
from promptops.repo.repository import Repository
from promptops.runtime.bundle.format import FORMATS, Contents
from promptops.runtime.loading.trust import unproven
from promptops.workspace.workspace import configuration

TAG_PREFIX = "refs/tags/"
_REF_FACTS = (
    "%(refname)",
    "%(objecttype)",
    "%(objectname)",
    "%(tag)",
    "%(*objecttype)",
    "%(*objectname)",
    "%(contents)",
    "%(contents:signature)",
)


@record(frozen=True, slots=True, kw_only=True)
class ReleaseTag:
    """A tag with the name of a release.

    Attributes:
        name: The name of the ref.
        inside: The name in the tag object; None for a tag that is not annotated.
        id: The id of the tag object.
        signature: The signature in the object, or "".
        config: The configuration in the commit.
    """

    name: str
    version: Version
    inside: str | None
    id: str
    commit: str
    record: ReleaseRecord
    signature: str
    config: Config = field(repr=False)

    @property
    def release(self) -> Release:
        """Raises IntegrityError for a misnamed tag."""
        if self.inside != self.name:
            raise IntegrityError(self.problem, where=self.name, hint=self.hint)
        return Release(name=self.name, version=self.version, tag=self.id, commit=self.commit)

    @property
    def problem(self) -> str:
        """The problem with the two names, or ""."""
        if self.inside is None:
            return f"the tag {self.name!r} is not annotated, so it carries no record"
        return f"the tag object is named {self.inside!r}, but the ref is {self.name!r}"

    @property
    def hint(self) -> str:
        if self.inside is None:
            return "a release is an annotated tag: promptops release"
        return "an old release may be presented as a new one: find out who created the ref"


def release_tag(repository: Repository, name: str) -> ReleaseTag | None:
    """The tag of a release; None if there is no such tag or its name is not that of a release.

    Raises InputError for a configuration that can't be read.
    """
    name = name.removeprefix(TAG_PREFIX)
    row = _ref_facts(repository, name)
    if row is None:
        return None
    _, kind, identity, inside, kind_of_target, target, text, signature = row
    annotated = kind == "tag"
    if (kind_of_target if annotated else kind) != "commit":
        return None
    commit = target if annotated else identity
    repository.remember_commit(commit)
    config = configuration(repository, commit)
    version = TagNames(config.release.tag_format).read(name)
    if version is None:
        return None
    return ReleaseTag(
        name=name,
        version=version,
        inside=inside if annotated else None,
        id=identity,
        commit=commit,
        record=read_record(text.removesuffix(signature) if annotated else ""),
        signature=signature,
        config=config,
    )


def _ref_facts(repository: Repository, name: str) -> list[str] | None:
    """The ref's facts from git; None if there is no ref with exactly that name."""
    form = "%00".join(_REF_FACTS)
    answer = repository.git.ask("for-each-ref", f"--format={form}%00", "--", f"{TAG_PREFIX}{name}")
    values = decode(answer.stdout).split("\0")[:-1]
    rows = (values[at : at + len(_REF_FACTS)] for at in range(0, len(values), len(_REF_FACTS)))
    return next((row for row in rows if row[0].lstrip("\n") == f"{TAG_PREFIX}{name}"), None)


# Who signed a release tag

SSH_START = "-----BEGIN SSH SIGNATURE-----"
_SIGNER = lazy_pattern(r'^Good "git" signature for (.+) with ', re.MULTILINE)
_KEYRING_SIGNER = lazy_pattern(r"^\[GNUPG:\] GOODSIG \S+ (.+)$", re.MULTILINE)
_KEYRING_BAD = lazy_pattern(r"^\[GNUPG:\] BADSIG ", re.MULTILINE)


def signer_of(tag: ReleaseTag, git: Git, signers: Path) -> str:
    """The allowed signer, from a file in the format of ssh-keygen(1), who signed a tag.

    Raises IntegrityError if none of them did.
    """
    hint = f"it must be signed by a key of {signers.name}"
    if not tag.signature:
        raise IntegrityError("the tag is not signed", where=tag.name, hint=hint)
    if not tag.signature.startswith(SSH_START):
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
    if _KEYRING_BAD.search(output):
        raise IntegrityError("the tag's signature belongs to something else", where=tag.name)
    found = _KEYRING_SIGNER.search(output)
    return found[1] if found is not None and not answer.status else None


def _verify(git: Git, identity: str, *settings: str) -> ProcessOutput:
    """Verify with default programs, never with one that a repository configures."""
    return git.ask("-c", "gpg.ssh.program=ssh-keygen", *settings, "verify-tag", "--raw", identity)


# The signed tag as proof for a bundle

_NAME_LINE = lazy_pattern(rb"^tag (.*)$", re.MULTILINE)
_OBJECT_LINE = lazy_pattern(rb"^object ([0-9a-f]+)$", re.MULTILINE)
_LOAD_AGAIN_HINT = "remove the cached bundle, and load the release again from its repository"


def names_bundle(tag: ReleaseTag) -> bool:
    """Whether the tag names the digest of its bundle, as `promptops release` writes it."""
    return tag.record.bundle_sha256 is not None and tag.record.bundle_format in FORMATS


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
        raise IntegrityError(message, where=contents.origin.release, hint=_LOAD_AGAIN_HINT)
    with TemporaryDirectory(prefix="promptops-") as folder:
        git = Git(Path(folder), {**foreign_environment(), "GIT_DIR": folder})
        kind = "sha256" if len(contents.origin.commit) == 64 else "sha1"
        git.run("init", "--quiet", "--bare", "--template=", f"--object-format={kind}")
        file = Path(folder, "proof")
        file.write_bytes(proof)
        stored = git.ask("hash-object", "-t", "tag", "-w", "--no-filters", "--", str(file))
        if stored.status:
            where = contents.origin.release
            raise IntegrityError("the stored tag is damaged", where=where, hint=_LOAD_AGAIN_HINT)
        signer_of_object(decode(stored.stdout).strip(), git, signers, contents.origin.release or "")


def _describes(proof: bytes, contents: Contents) -> bool:
    head, _, message = proof.partition(b"\n\n")
    name, commit = _NAME_LINE.search(head), _OBJECT_LINE.search(head)
    message, signed, _ = message.rpartition(SSH_START.encode())  # git uses the last one
    recorded = read_record(decode(message))
    origin = contents.origin
    return (
        bool(signed)
        and name is not None
        and commit is not None
        and (decode(name[1]), decode(commit[1])) == (origin.release, origin.commit)
        and (recorded.bundle_sha256, recorded.bundle_format) == (contents.digest, contents.format)
    )
