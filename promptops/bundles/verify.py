"""Verify that a release matches its tag, and that a bundle file is intact and signed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from promptops.bundles.build import recorded_format, release_bundle
from promptops.errors import GitError, InputError, IntegrityError, NotFound
from promptops.model.shipping import UNSIGNED, Subject, Verification, VerificationStep
from promptops.repo.repository import Repository
from promptops.repo.temporary import temporary_folder
from promptops.report.visible import visible_path
from promptops.runtime.bundle.format import (
    FORMAT,
    FORMATS,
    MAX_BYTES,
    Contents,
    Misshapen,
    read_bundle,
)
from promptops.runtime.bundle.prompts import wrong_programs
from promptops.runtime.loading.bundle_file import read_file, unpacked
from promptops.runtime.loading.trust import MAX_SIGNATURE_BYTES, Signed, Trust, trust_of_environment
from promptops.runtime.loading.trust import verify as verify_file_signature
from promptops.tags import SSH_START, ReleaseTag, release_tag, signer_in_keyring, signer_of
from promptops.workspace.workspace import configuration

DEADLINE_S = 60.0


def verify(
    directory: Path, target: str, trust: Path | None, overrides: Sequence[str] = ()
) -> Verification:
    """Verify a release by the name of its tag, or a bundle file; a tag takes precedence.

    If the repository has the release of a bundle file, the file is also compared with its tag.

    Args:
        trust: Allowed signers in the format of ssh-keygen(1). By default those of PROMPTOPS_TRUST,
            or of `release.allowed_signers` in the configuration of HEAD, never of another revision.

    Raises:
        NotFound: There is neither.
        GitError: There is no such file, and no repository.
        InputError: A prompt, or the file of allowed signers, can't be read.
    """
    given = trust or trust_of_environment()
    if given is not None:
        Trust.read(given)
    file = Path(directory, target)
    try:
        repository = Repository.open(directory)
    except GitError:
        if not file.is_file():
            raise
        return _file(file, target, given)
    with repository, _signers(repository, given, overrides) as signers:
        tag = release_tag(repository, target)
        if tag is not None:
            return _TagCheck(repository, tag, target, signers).verification()
        if file.is_file():
            return _file(file, target, signers, repository)
    hint = (
        "only releases can be verified: branches and commits carry no record;"
        " `promptops log --releases`"
    )
    raise NotFound(f"{target!r} is not a release in this repository, and not a file", hint=hint)


@contextmanager
def _signers(
    repository: Repository, given: Path | None, overrides: Sequence[str]
) -> Iterator[Path | None]:
    """The file of allowed signers; None if none are configured."""
    named = None
    if given is None and repository.find("HEAD") is not None:
        named = configuration(repository, "HEAD", overrides).release.allowed_signers
    if named is None:
        yield given
        return
    content = repository.tree("HEAD", under=(named,)).read((named,)).get(named)
    if content is None:
        hint = "commit it, with one line NAME KEY for each key that may sign"
        raise InputError("the file of allowed signers is missing", where=named, hint=hint)
    with temporary_folder() as folder:
        file = Path(folder, Path(named).name)
        file.write_bytes(content)
        yield file


class _TagCheck:
    """Checks a release and its bundle."""

    def __init__(
        self, repository: Repository, tag: ReleaseTag, target: str, signers: Path | None
    ) -> None:
        self._repository = repository
        self._tag = tag
        self._target = target
        self._signers = signers

    def verification(self) -> Verification:
        name = self._name()
        contents, unbuilt = (
            _rebuilt_bundle(self._repository, self._tag) if name.state == "passed" else (None, None)
        )
        signature, signer = self._signature()
        digests = (unbuilt,) if unbuilt else (self._content(contents), self._bundle(contents))
        return Verification(
            target=self._target,
            kind="tag",
            release=self._tag.name,
            commit=self._tag.commit,
            content_sha256=contents.origin.content if contents else None,
            bundle_sha256=contents.digest if contents else None,
            signer=signer,
            checks=(name, *(digest for digest in digests if digest is not None), signature),
        )

    def _name(self) -> VerificationStep:
        tag = self._tag
        if tag.inside != tag.name:
            return _failed("name", tag.problem, tag.hint)
        return _passed("name", f"the tag object is named {tag.name!r}, like the ref")

    def _content(self, contents: Contents | None) -> VerificationStep | None:
        recorded = self._tag.record.content_sha256
        if contents is None:
            return None
        return _compared(
            "content", recorded, contents.origin.content, "the prompts of its commit are"
        )

    def _bundle(self, contents: Contents | None) -> VerificationStep | None:
        record = self._tag.record
        if contents is None:
            return None
        if record.bundle_sha256 is not None and record.bundle_format not in (None, *FORMATS):
            message = f"the tag records bundle format {record.bundle_format}, not {FORMAT}"
            return _failed("bundle", message, "install a newer promptops")
        return _compared(
            "bundle", record.bundle_sha256, contents.digest, "the bundle built from it is"
        )

    def _signature(self) -> tuple[VerificationStep, str | None]:
        tag, git = self._tag, self._repository.git
        try:
            if self._signers is not None:
                signer = signer_of(tag, git, self._signers)
                return _passed("signature", f"signed by {signer}, a trusted signer"), signer
            if not tag.signature:
                return _absent("signature", UNSIGNED), None
            keyring = None if tag.signature.startswith(SSH_START) else signer_in_keyring(tag, git)
        except IntegrityError as error:
            return _failed("signature", error.message, error.hint), None
        if keyring is None:
            return _absent(
                "signature", "signed, but no trusted signers are configured: --trust FILE"
            ), None
        return _passed("signature", f"signed by {keyring}, whose key is in the keyring"), keyring


def _rebuilt_bundle(
    repository: Repository, tag: ReleaseTag, number: int | None = None
) -> tuple[Contents | None, VerificationStep | None]:
    try:
        data = release_bundle(repository, tag, number, processes=0)
    except InputError as error:
        where = f"{error.where}: " if error.where else ""
        return None, _failed("bundle", f"it can't be built: {where}{error.message}", error.hint)
    return read_bundle(data, tag.name), None


def _file(
    file: Path, target: str, signers: Path | None, repository: Repository | None = None
) -> Verification:
    data = read_file(file, MAX_BYTES) or b""
    signature, signer = _file_signature(file, data, signers)
    try:
        contents = read_bundle(unpacked(data, target), target)
        whole = _whole(contents)
    except InputError as error:
        contents, whole = None, _failed("bundle", error.message, error.hint)
    compared_with_tag = (
        ()
        if repository is None or contents is None
        else (_compared_with_tag(repository, contents),)
    )
    return Verification(
        target=target,
        kind="file",
        release=contents.origin.release if contents else None,
        commit=contents.origin.commit if contents else None,
        content_sha256=contents.origin.content if contents else None,
        bundle_sha256=contents.digest if contents else None,
        signer=signer,
        checks=(whole, *compared_with_tag, signature),
    )


def _whole(contents: Contents) -> VerificationStep:
    """Each program is made again from its text, because a review shows only the text."""
    try:
        wrong = next(wrong_programs(contents), None)
    except Misshapen:
        return _failed("bundle", "a prompt in it can't be read", "build it again")
    if wrong is None:
        return _passed("bundle", "its content matches its header")
    message = f"the program of a text in {visible_path(wrong)} is not that of the text"
    return _failed("bundle", message, "don't use it, and find out where it came from")


def _compared_with_tag(repository: Repository, contents: Contents) -> VerificationStep:
    """Compare a bundle file with the release that it names."""
    name = contents.origin.release
    tag = release_tag(repository, name) if name is not None else None
    if tag is None:
        return _absent(
            "tag", f"this repository has no release {name!r}" if name else "it is not a release"
        )
    if tag.inside != tag.name:
        return _failed("tag", tag.problem, tag.hint)
    record = tag.record
    if record.bundle_sha256 is not None and record.bundle_format not in (None, *FORMATS):
        return _absent("tag", f"the tag records a bundle of format {record.bundle_format}")
    is_recorded = record.bundle_sha256 is not None and recorded_format(tag) == contents.format
    built, unbuilt = (
        (None, None) if is_recorded else _rebuilt_bundle(repository, tag, contents.format)
    )
    if unbuilt is not None:
        return _failed("tag", unbuilt.message, unbuilt.hint)
    expected = record.bundle_sha256 if built is None else built.digest
    if contents.digest != expected:
        message = (
            f"{tag.name} is sha256:{expected} in this repository, and the file is another bundle"
        )
        return _failed(
            "tag", message, "don't use it: build it again, and find out where it came from"
        )
    return _passed("tag", f"it is the bundle of {tag.name} in this repository")


def _file_signature(
    file: Path, data: bytes, signers: Path | None
) -> tuple[VerificationStep, str | None]:
    try:
        signature = read_file(Path(f"{file}.sig"), MAX_SIGNATURE_BYTES)
        if signers is not None:
            signed = Signed(data=data, signature=signature, where=str(file))
            deadline = time.monotonic() + DEADLINE_S
            signer = verify_file_signature(signed, Trust.read(signers), deadline)
            return _passed("signature", f"signed by {signer}, a trusted signer"), signer
    except IntegrityError as error:
        return _failed("signature", error.message, error.hint), None
    if signature is None:
        return _absent("signature", UNSIGNED), None
    return _absent("signature", "signed, but no trusted signers are configured: --trust FILE"), None


def _compared(subject: Subject, recorded: str | None, found: str, what: str) -> VerificationStep:
    if recorded is None:
        return _absent(subject, f"the tag records no digest; {what} sha256:{found}")
    if recorded == found:
        return _passed(subject, f"{what} as recorded in the tag")
    message = f"{what} sha256:{found}, but the tag records sha256:{recorded}"
    return _failed(subject, message, "don't use it: the tag or the build tool was changed")


def _passed(subject: Subject, message: str) -> VerificationStep:
    return VerificationStep(subject=subject, state="passed", message=message)


def _absent(subject: Subject, message: str) -> VerificationStep:
    return VerificationStep(subject=subject, state="absent", message=message)


def _failed(subject: Subject, message: str, hint: str | None) -> VerificationStep:
    return VerificationStep(subject=subject, state="failed", message=message, hint=hint or "")
