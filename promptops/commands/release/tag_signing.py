"""Decide whether release tags are signed, and test that git can sign them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from promptops.errors import GitError, UsageError
from promptops.model.release import ReleaseProblem
from promptops.patterns import lazy_pattern
from promptops.repo.interactive import act
from promptops.repo.process import ProcessOutput, decode, records
from promptops.repo.repository import EMPTY_TREES, Repository
from promptops.repo.temporary import temporary_folder
from promptops.tags.preflight import has_identity
from promptops.workspace.workspace import Workspace

DEADLINE_S = 60.0
SSH_AGENT = 'give it to an agent: eval "$(ssh-agent)" && ssh-add KEY'
GPG_AGENT = "give its passphrase to gpg-agent first, or use a key without one"
_LOCKED = {
    "incorrect passphrase": SSH_AGENT,
    "Inappropriate ioctl": GPG_AGENT,
    "No pinentry": GPG_AGENT,
    "Timeout": GPG_AGENT,
}
_KEY = lazy_pattern(r"^Good .* (SHA256:\S+)$", re.MULTILINE)
_KEYS = r"^(user\.signingkey|gpg\.ssh\.defaultkeycommand|tag\.gpgsign)$"
_EMPTY_WORDS = ("fatal: failed", "error: gpg failed", "[GNUPG:]", "Good ", "Could not verify")
_HOW = "see user.signingKey and gpg.format in `git help config`"


def wants_signature(
    repository: Repository, setting: Literal["auto", "always", "never"], requested: bool | None
) -> bool:
    """Whether to sign; raises UsageError if the repository's configuration forbids the option."""
    if requested is False and setting == "always":
        hint = "leave out --no-sign"
        raise UsageError("`release.sign` requires signed releases", hint=hint)
    if requested is not None:
        return requested
    return setting == "always" or (setting == "auto" and _is_set_up(repository))


def signing_problems(
    workspace: Workspace, *, signed: bool, interactive: bool
) -> Iterator[ReleaseProblem]:
    """Sign a throw-away commit, and check that the allowed signers accept the signature."""
    signers = workspace.config.release.allowed_signers
    if not signed:
        if signers is not None:
            message = (
                "the tag would not be signed, and `release.allowed_signers` requires a signature"
            )
            yield ReleaseProblem(message=message, hint=f"set up a key, or add --sign; {_HOW}")
        return
    if not has_identity(workspace.repository) and not _names_key(workspace.repository):
        message = (
            "no signing key is set: `user.signingKey`"  # git would choose the key by the tagger
        )
        yield ReleaseProblem(message=message, hint=_HOW)
        return
    with temporary_folder() as folder:
        trial = _Trial(workspace.repository, Path(folder), interactive=interactive)
        try:
            answer = trial.sign()
        except GitError as error:
            yield ReleaseProblem(
                message=f"signing does not finish: {error.message}", hint=error.hint or _HOW
            )
            return
        if answer.status:
            yield _unusable(_first_message(answer))
        elif signers is not None:
            yield from _refused(workspace, trial, decode(answer.stdout).strip(), signers)


def _unusable(output: str) -> ReleaseProblem:
    hint = next((hint for known, hint in _LOCKED.items() if known in output), None)
    if hint is not None:
        message = "the signing key has a passphrase, and there is no terminal to ask for it"
        return ReleaseProblem(message=message, hint=hint)
    hint = f"try it: git tag --sign try; {_HOW}"
    return ReleaseProblem(message=f"the signing key can't be used: {output}", hint=hint)


def _is_set_up(repository: Repository) -> bool:
    wanted = _settings(repository).get("tag.gpgsign", "false").lower()
    return wanted in ("", "true", "yes", "on", "1") or _names_key(repository)


def _names_key(repository: Repository) -> bool:
    return any(key for name, key in _settings(repository).items() if name != "tag.gpgsign")


def _settings(repository: Repository) -> dict[str, str]:
    answer = repository.git.ask("config", "-z", "--get-regexp", _KEYS)
    return dict(entry.partition("\n")[::2] for entry in records(answer.stdout))


_NOBODY = {
    who: {f"GIT_{who}_NAME": "nobody", f"GIT_{who}_EMAIL": "nobody@localhost"}
    for who in ("AUTHOR", "COMMITTER")
}


class _Trial:
    """An empty commit that is not stored in any repository."""

    def __init__(self, repository: Repository, folder: Path, *, interactive: bool) -> None:
        self._repository = repository
        self._folder = folder
        self.signers = folder / "allowed_signers"
        self._interactive = interactive
        # A tag has no author; a missing identity is reported as another problem.
        self._people = dict(_NOBODY["AUTHOR"])
        if not has_identity(repository):
            self._people |= _NOBODY["COMMITTER"]

    def sign(self) -> ProcessOutput:
        tree = EMPTY_TREES[self._repository.object_format]
        return self._run("commit-tree", "--gpg-sign", "-m", "may releases be signed?", tree)

    def verify(self, commit: str, signers: bytes) -> ProcessOutput:
        self.signers.write_bytes(signers)
        setting = f"gpg.ssh.allowedSignersFile={self.signers}"
        return self._run("-c", setting, "verify-commit", commit)

    def _run(self, *arguments: str) -> ProcessOutput:
        return act(
            self._repository.git,
            *arguments,
            interactive=self._interactive,
            deadline_s=DEADLINE_S,
            environment={"GIT_OBJECT_DIRECTORY": str(self._folder), **self._people},
        )


def _refused(
    workspace: Workspace, trial: _Trial, commit: str, path: str
) -> Iterator[ReleaseProblem]:
    found = workspace.repository.tree(workspace.revision, under=(path,)).read((path,))
    if path not in found:
        hint = f"commit {path}, with one line NAME KEY for each key that may sign"
        yield ReleaseProblem(
            message=f"`release.allowed_signers` names {path}, which does not exist", hint=hint
        )
        return
    answer = trial.verify(commit, found[path])
    if answer.status:
        key, output = _KEY.search(decode(answer.stderr)), _first_message(answer)
        output = output.replace(str(trial.signers), path)
        if key and output.startswith("No principal"):
            message = f"{path} does not contain the signing key: {key[1]}"
        else:
            message = f"{path} does not accept the signing key: {output}"
        yield ReleaseProblem(
            message=message, hint=f"sign with one of its keys, or add the key to {path}"
        )


def _first_message(answer: ProcessOutput) -> str:
    """The first line with more information than that signing failed."""
    lines = [line.strip() for line in decode(answer.stderr).splitlines() if line.strip()]
    informative = [line for line in lines if not line.startswith(_EMPTY_WORDS)]
    line = next(iter(informative or lines), f"it ended with status {answer.status}")
    return line.removeprefix("error: ").removeprefix("fatal: ").rstrip(":.")
