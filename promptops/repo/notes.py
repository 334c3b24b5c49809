"""Git notes: data on objects, which merge line by line."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from promptops.errors import GitError
from promptops.records import record
from promptops.repo.interactive import act
from promptops.repo.process import Git, ProcessOutput, decode
from promptops.repo.repository import Repository

DEADLINE_S = 60.0
TRIES = 3
_NO_NOTE = 1
_NO_REMOTE_REF = "couldn't find remote ref"
_NAME, _ADDRESS = "promptops", "promptops@localhost"


@record(frozen=True, slots=True)
class Notes:
    """The notes of one ref.

    Attributes:
        ref: The full name, below `refs/notes/`.
    """

    repository: Repository
    ref: str

    def read(self) -> dict[str, bytes]:
        """All notes: their content by `REF:OBJECT`.

        Raises GitError if the ref is not one of notes.
        """
        git = self.repository.git
        if self.repository.find(self.ref) is None:
            self._refuse_conflict()
            return {}
        rows = [row.split(" ") for row in decode(git.run(*self._notes("list"))).splitlines()]
        blobs = "".join(f"{blob}\n" for blob, _ in rows).encode()
        answer = git.ask("cat-file", "--batch", given=blobs)
        if answer.status:
            raise git.error(answer)
        names = (f"{self.ref}:{identity}" for _, identity in rows)
        return dict(zip(names, self._contents(answer.stdout), strict=True))

    def write(self, notes: Mapping[str, bytes]) -> None:
        """Replace the notes of objects, by their full ids; raises GitError."""
        git = self._with_identity()
        for identity, data in notes.items():
            stored = git.ask("hash-object", "-w", "--stdin", given=data)
            if stored.status:
                raise git.error(stored)
            git.run(*self._notes("add", "-f", "-C", decode(stored.stdout).strip(), identity))

    def find(self, identity: str) -> bytes:
        """The note of an object; b"" without one. Raises GitError."""
        git = self.repository.git
        listed = git.ask(*self._notes("list", identity))
        if listed.status == _NO_NOTE:
            return b""
        if listed.status:  # the note must not be replaced by a shorter one
            raise git.error(listed)
        return git.run("cat-file", "blob", decode(listed.stdout).strip())

    def fetch(self, remote: str) -> None:
        """Fetch the ref, and merge it into the local one; a line of either side stays.

        Raises GitError if the remote can't be reached.
        """
        if self.repository.find(self.ref) is None:
            self._refuse_conflict()
        there = self.ref.replace("refs/notes/", "refs/promptops/fetched-notes/", 1)
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no")
        answer = self._act("fetch", *options, "--", remote, f"+{self.ref}:{there}")
        if answer.status and _NO_REMOTE_REF in decode(answer.stderr):
            return
        if answer.status:
            raise self.repository.git.error(answer)
        git = self._with_identity()
        merged = git.ask(*self._notes("merge", "--quiet", "--strategy=cat_sort_uniq", there))
        if merged.status:
            raise git.error(merged)

    def push(self, remote: str) -> str:
        """Push the ref; a rejected push is merged and tried again. Returns why it failed, or "".

        Without any note there is nothing to push.
        """
        if self.repository.find(self.ref) is None:
            return ""
        why = ""
        for _ in range(TRIES):
            try:
                answer = self._act("push", "--porcelain", "--", remote, f"{self.ref}:{self.ref}")
                if not answer.status:
                    return ""
                why = _rejection(answer) or self.repository.git.error(answer).message
                self.fetch(remote)
            except GitError as error:
                why = error.message
        return why

    def _refuse_conflict(self) -> None:
        """Raise GitError if another ref makes it impossible to create this one."""
        others = decode(self.repository.git.run("for-each-ref", "--format=%(refname)", self.ref))
        name = next(iter(others.splitlines()), None)
        if name is not None:
            raise GitError(
                f"`{name}` prevents notes in `{self.ref}`",
                where=str(self.repository.root),
                hint=f"rename or delete it: git update-ref -d {shlex.quote(name)}",
            )

    def _contents(self, batch: bytes) -> Iterator[bytes]:
        """The contents in the output of `cat-file --batch`; raises GitError for a missing one."""
        at = 0
        while at < len(batch):
            end = batch.index(b"\n", at)
            header = batch[at:end].split(b" ")
            if len(header) != 3:
                message = f"a note of `{self.ref}` is missing in this clone: {decode(header[0])}"
                hint = "clone without --filter, or name a file with --history"
                raise GitError(message, where=str(self.repository.root), hint=hint)
            at = end + 1 + int(header[2])
            yield batch[end + 1 : at]
            at += 1

    def _notes(self, command: str, *arguments: str) -> tuple[str, ...]:
        return ("notes", f"--ref={self.ref}", command, *arguments)

    def _act(self, *arguments: str) -> ProcessOutput:
        git = self.repository.git
        return act(git, *arguments, interactive=False, deadline_s=DEADLINE_S)

    def _with_identity(self) -> Git:
        """Git with a name for the commits of notes, where none is configured, as in CI."""
        git = self.repository.git
        if not git.ask("var", "GIT_COMMITTER_IDENT").status:
            return git
        own = {
            f"GIT_{who}_{key}": value
            for who in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", _NAME), ("EMAIL", _ADDRESS))
        }
        return Git(git.directory, {**git.environment, **own})


def _rejection(answer: ProcessOutput) -> str:
    """The reason for a rejection, such as `pre-receive hook declined`, or ""."""
    rows = (line.split("\t") for line in decode(answer.stdout).splitlines())
    return next((row[2] for row in rows if row[0] == "!" and len(row) == 3), "")
