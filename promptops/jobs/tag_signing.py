"""Whether the tags of a release are signed, and whether they can be: by git's own settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from promptops.errors import GitError, UsageError
from promptops.jobs.workspace import Workspace
from promptops.model.release import Problem
from promptops.repo.acting import act
from promptops.repo.process import Answer, decode, records
from promptops.repo.repository import EMPTY_TREES, Repository

DEADLINE_S = 60.0
_KEYS = r"^(user\.signingkey|gpg\.ssh\.defaultkeycommand|tag\.gpgsign)$"
_EMPTY_WORDS = ("fatal: failed", "error: gpg failed", "[GNUPG:]")
_HOW = "see user.signingKey and gpg.format in `git help config`"


def is_signed(
    repository: Repository, setting: Literal["auto", "always", "never"], asked: bool | None
) -> bool:
    """Whether to sign; raises UsageError where somebody asks for what the repository refuses."""
    if asked is False and setting == "always":
        hint = "leave out --no-sign"
        raise UsageError("`release.sign` says that releases are signed", hint=hint)
    if asked is not None:
        return asked
    return setting == "always" or (setting == "auto" and _is_set_up(repository))


def signing_problems(workspace: Workspace, *, signed: bool, interactive: bool) -> Iterator[Problem]:
    """Sign something to throw away; ask whether those who verify releases would take it."""
    signers = workspace.config.release.allowed_signers
    if not signed:
        if signers is not None:
            message = "the tag would not be signed, and `release.allowed_signers` asks for that"
            yield Problem(message=message, hint=f"set up a key, or say --sign; {_HOW}")
        return
    with TemporaryDirectory(prefix="promptops-") as folder:
        trial = _Trial(workspace.repository, Path(folder), interactive=interactive)
        try:
            answer = trial.sign()
        except GitError as error:
            yield Problem(message=f"signing does not end: {error.message}", hint=error.hint or _HOW)
            return
        if answer.status:
            message = f"the signing key can't be used: {_said(answer)}"
            yield Problem(message=message, hint=f"try it: git tag --sign try; {_HOW}")
        elif signers is not None:
            yield from _refused(workspace, trial, decode(answer.stdout).strip(), signers)


def _is_set_up(repository: Repository) -> bool:
    answer = repository.git.ask("config", "-z", "--get-regexp", _KEYS)
    found = dict(entry.partition("\n")[::2] for entry in records(answer.stdout))
    wanted = found.pop("tag.gpgsign", "false").lower() in ("", "true", "yes", "on", "1")
    return wanted or any(found.values())


class _Trial:
    """A commit of nothing, that no repository will hold."""

    def __init__(self, repository: Repository, folder: Path, *, interactive: bool) -> None:
        self._repository = repository
        self._folder = folder
        self._interactive = interactive

    def sign(self) -> Answer:
        tree = EMPTY_TREES[self._repository.object_format]
        return self._run("commit-tree", "--gpg-sign", "-m", "may releases be signed?", tree)

    def verify(self, commit: str, signers: bytes) -> Answer:
        file = self._folder / "allowed_signers"
        file.write_bytes(signers)
        setting = f"gpg.ssh.allowedSignersFile={file}"
        return self._run("-c", setting, "verify-commit", commit)

    def _run(self, *arguments: str) -> Answer:
        return act(
            self._repository.git,
            *arguments,
            interactive=self._interactive,
            deadline_s=DEADLINE_S,
            environment={"GIT_OBJECT_DIRECTORY": str(self._folder)},
        )


def _refused(workspace: Workspace, trial: _Trial, commit: str, path: str) -> Iterator[Problem]:
    found = workspace.repository.tree(workspace.revision, under=(path,)).read((path,))
    if path not in found:
        hint = f"commit {path}, a line for each key that may sign: NAME KEY"
        yield Problem(
            message=f"`release.allowed_signers` names {path}, which is not there", hint=hint
        )
        return
    answer = trial.verify(commit, found[path])
    if answer.status:
        message = f"{path} does not hold the key that signs: {_said(answer)}"
        yield Problem(message=message, hint=f"sign with a key of it, or add the key to {path}")


def _said(answer: Answer) -> str:
    """The first line that tells more than that signing failed."""
    lines = [line.strip() for line in decode(answer.stderr).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_EMPTY_WORDS)]
    line = next(iter(telling or lines), f"it ended with status {answer.status}")
    return line.removeprefix("error: ").removeprefix("fatal: ").rstrip(":.")
