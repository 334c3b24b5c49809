"""The tags of a release: signed, created, deleted and pushed, all or none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from promptops.errors import GitError, UsageError
from promptops.model.release import ReleasePlan, ReleaseProblem, ReleaseRecord
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.release.tags import write_record
from promptops.repo.interactive import act
from promptops.repo.process import ProcessOutput, decode, records
from promptops.repo.repository import EMPTY_TREES, Repository
from promptops.repo.temporary import temporary_folder
from promptops.workspace.preflight import has_identity, shortened_list
from promptops.workspace.workspace import Workspace

PUSH_DEADLINE_S = 600.0

SIGNING_DEADLINE_S = 60.0

_PUSH_HOOK = "pre-push"


@record(frozen=True, slots=True, kw_only=True)
class RemoteRefusal:
    """Why tags were rejected by the remote or a hook.

    Attributes:
        hook: The hook of this repository that rejected them; "" if the remote did.
        reasons: What was reported, one line each.
    """

    hook: str = ""
    reasons: tuple[str, ...]


def create_tags(repository: Repository, plan: ReleasePlan, *, interactive: bool) -> dict[str, str]:
    """Create the missing tags of a plan; returns the ids of the tag objects, by name.

    The release's own tag is first and records all others, so that a later run can continue. Raises
    GitError if a tag cannot be created; tags already created are removed.
    """
    created: dict[str, str] = {}
    with temporary_folder() as folder:
        for tag in plan.missing:
            try:
                _create_tag(repository, plan, tag, Path(folder, "message"), interactive)
            except GitError:
                delete_tags(repository, created)
                raise
            created[tag] = _tag_id(repository, tag)
    return created


def _create_tag(
    repository: Repository, plan: ReleasePlan, tag: str, file: Path, interactive: bool
) -> None:
    record = plan.record if tag == plan.record.tag else prompt_record(plan.record, tag)
    file.write_bytes(write_record(record).encode("utf-8", "surrogateescape"))
    answer = act(
        repository.git,
        "tag",
        *("--sign" if plan.signed else "--no-sign", "--annotate"),
        *("--cleanup=verbatim", "--file", str(file), "--", tag, plan.commit),
        interactive=interactive,
        deadline_s=SIGNING_DEADLINE_S,
    )
    if answer.status:
        error = repository.git.error(answer)
        hint = "tags created by this run are removed; run it again"
        raise GitError(f"{tag!r} could not be created: {error.message}", hint=error.hint or hint)


def prompt_record(record: ReleaseRecord, tag: str) -> ReleaseRecord:
    """The message of a prompt's tag: the name of its release."""
    return ReleaseRecord(tag=tag, notes=f"Released with {record.tag}.")


def _tag_id(repository: Repository, tag: str) -> str:
    return decode(repository.git.run("rev-parse", "--verify", f"refs/tags/{tag}")).strip()


def missing_tags(repository: Repository, tags: Sequence[str]) -> tuple[str, ...]:
    """The tags that do not exist yet."""
    known = decode(repository.git.run("for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags"))
    there = set(known.splitlines())
    return tuple(tag for tag in tags if tag not in there)


def delete_tags(repository: Repository, created: Mapping[str, str]) -> None:
    """Delete tags that this run created, unless they were moved since."""
    for tag, identity in created.items():
        repository.git.ask("update-ref", "-d", f"refs/tags/{tag}", identity)


def push_tags(
    repository: Repository, remote: str, tags: tuple[str, ...], *, interactive: bool
) -> RemoteRefusal | None:
    """Push new tags, all or none; returns the rejection, if any.

    Equal tags that the remote has already are accepted. Raises GitError if the connection failed;
    the remote may have the tags then.
    """
    leases = [f"--force-with-lease=refs/tags/{tag}:" for tag in tags]
    refs = [f"refs/tags/{tag}:refs/tags/{tag}" for tag in tags]
    options = ("--atomic", "--porcelain", "--no-follow-tags", "--recurse-submodules=no")
    with temporary_folder() as folder:
        trace = Path(folder, "trace")
        answer = act(
            repository.git,
            *("push", *options, *leases, "--", remote, *refs),
            interactive=interactive,
            deadline_s=PUSH_DEADLINE_S,
            environment={"GIT_TRACE2_EVENT": str(trace)},
        )
        stopped = answer.status != 0 and _stopped_by_hook(trace)
    if stopped:
        lines = decode(answer.stderr).splitlines()
        messages = tuple(line for line in lines if not line.startswith("error: failed to push"))
        return RemoteRefusal(hook=_PUSH_HOOK, reasons=messages)
    refused = _rejections(answer)
    if answer.status and not refused:
        raise repository.git.error(answer)
    return RemoteRefusal(reasons=tuple(refused)) if refused else None


def _stopped_by_hook(trace: Path) -> bool:
    """Whether the hook failed, from git's trace of child processes: then nothing was sent.

    The exit status alone could also mean a broken connection after the remote got all tags.
    """
    lines = trace.read_bytes().splitlines() if trace.exists() else []
    events = [json.loads(line) for line in lines]
    own = [
        event for event in events if event["sid"] == events[0]["sid"]
    ]  # and not what a hook runs
    hooks = {event["child_id"] for event in own if event.get("hook_name") == _PUSH_HOOK}
    ended = (event for event in own if event["event"] == "child_exit")
    return any(event["code"] != 0 for event in ended if event["child_id"] in hooks)


def _rejections(answer: ProcessOutput) -> list[str]:
    """Rejections, such as `refs/tags/v1.0.0: pre-receive hook declined`, with remote messages."""
    rows = [line.split("\t") for line in decode(answer.stdout).splitlines()]
    rows = [row for row in rows if row[0] == "!" and len(row) == 3]  # a hook may say anything
    refused = [f"{name.rpartition(':')[2]}: {why}" for _, name, why in rows]
    if not refused:
        return []
    lines = decode(answer.stderr).splitlines()
    remote_lines = [
        line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")
    ]
    return [*refused, *filter(None, remote_lines)]


def rejection_problem(remote: str, tag: str, refused: RemoteRefusal) -> ReleaseProblem:
    """The problem that the remote or a hook rejected the tags of a release."""
    hint = "fix what the hook reports, then run it again"
    if not refused.hook and any(_is_existing_tag(line) for line in refused.reasons):
        bring = f"git fetch --tags {remote} && git pull"
        hint = f"another release was pushed first: merge it ({bring}), then run it again"
    details = [
        _existing_tag_message(line) if _is_existing_tag(line) else line for line in refused.reasons
    ]
    who = f"the hook `{refused.hook}`" if refused.hook else remote
    return ReleaseProblem(
        message=f"{who} rejected {tag!r}", hint=hint, details=shortened_list(details)
    )


def _is_existing_tag(line: str) -> bool:
    return "stale info" in line or "already exists" in line


def _existing_tag_message(line: str) -> str:
    """Of git's `refs/tags/v1.0.0: [rejected] (stale info)`."""
    name, _, _ = line.partition(": ")
    return f"{name.removeprefix('refs/tags/')} exists already, and is another one"


# Decide whether release tags are signed, and test that git can sign them.

SSH_AGENT_HINT = 'give it to an agent: eval "$(ssh-agent)" && ssh-add KEY'
GPG_AGENT_HINT = "give its passphrase to gpg-agent first, or use a key without one"
_LOCKED_KEY_HINTS = {
    "incorrect passphrase": SSH_AGENT_HINT,
    "Inappropriate ioctl": GPG_AGENT_HINT,
    "No pinentry": GPG_AGENT_HINT,
    "Timeout": GPG_AGENT_HINT,
}
_ACCEPTED_KEY = lazy_pattern(r"^Good .* (SHA256:\S+)$", re.MULTILINE)
_SIGNING_SETTINGS = r"^(user\.signingkey|gpg\.ssh\.defaultkeycommand|tag\.gpgsign)$"
_UNINFORMATIVE_STARTS = (
    "fatal: failed",
    "error: gpg failed",
    "[GNUPG:]",
    "Good ",
    "Could not verify",
)
_SETUP_HINT = "see user.signingKey and gpg.format in `git help config`"


def wants_signature(
    repository: Repository, setting: Literal["auto", "always", "never"], requested: bool | None
) -> bool:
    """Whether to sign; raises UsageError if the repository's configuration forbids the option."""
    if requested is False and setting == "always":
        hint = "leave out --no-sign"
        raise UsageError("`release.sign` requires signed releases", hint=hint)
    if requested is not None:
        return requested
    return setting == "always" or (setting == "auto" and _is_signing_set_up(repository))


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
            yield ReleaseProblem(
                message=message, hint=f"set up a key, or add --sign; {_SETUP_HINT}"
            )
        return
    if not has_identity(workspace.repository) and not _names_key(workspace.repository):
        message = (
            "no signing key is set: `user.signingKey`"  # git would choose the key by the tagger
        )
        yield ReleaseProblem(message=message, hint=_SETUP_HINT)
        return
    with temporary_folder() as folder:
        trial = _TrialSignature(workspace.repository, Path(folder), interactive=interactive)
        try:
            answer = trial.sign()
        except GitError as error:
            yield ReleaseProblem(
                message=f"signing does not finish: {error.message}", hint=error.hint or _SETUP_HINT
            )
            return
        if answer.status:
            yield _unusable_key_problem(_first_message(answer))
        elif signers is not None:
            yield from _refused_signature_problems(
                workspace, trial, decode(answer.stdout).strip(), signers
            )


def _names_key(repository: Repository) -> bool:
    return any(key for name, key in _signing_settings(repository).items() if name != "tag.gpgsign")


def _is_signing_set_up(repository: Repository) -> bool:
    wanted = _signing_settings(repository).get("tag.gpgsign", "false").lower()
    return wanted in ("", "true", "yes", "on", "1") or _names_key(repository)


def _signing_settings(repository: Repository) -> dict[str, str]:
    answer = repository.git.ask("config", "-z", "--get-regexp", _SIGNING_SETTINGS)
    return dict(entry.partition("\n")[::2] for entry in records(answer.stdout))


def _unusable_key_problem(output: str) -> ReleaseProblem:
    hint = next((hint for known, hint in _LOCKED_KEY_HINTS.items() if known in output), None)
    if hint is not None:
        message = "the signing key has a passphrase, and there is no terminal to ask for it"
        return ReleaseProblem(message=message, hint=hint)
    hint = f"try it: git tag --sign try; {_SETUP_HINT}"
    return ReleaseProblem(message=f"the signing key can't be used: {output}", hint=hint)


_NOBODY_NAMES = {
    who: {f"GIT_{who}_NAME": "nobody", f"GIT_{who}_EMAIL": "nobody@localhost"}
    for who in ("AUTHOR", "COMMITTER")
}


class _TrialSignature:
    """An empty commit that is not stored in any repository."""

    def __init__(self, repository: Repository, folder: Path, *, interactive: bool) -> None:
        self._repository = repository
        self._folder = folder
        self.signers = folder / "allowed_signers"
        self._interactive = interactive
        # A tag has no author; a missing identity is reported as another problem.
        self._people = dict(_NOBODY_NAMES["AUTHOR"])
        if not has_identity(repository):
            self._people |= _NOBODY_NAMES["COMMITTER"]

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
            deadline_s=SIGNING_DEADLINE_S,
            environment={"GIT_OBJECT_DIRECTORY": str(self._folder), **self._people},
        )


def _refused_signature_problems(
    workspace: Workspace, trial: _TrialSignature, commit: str, path: str
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
        key, output = _ACCEPTED_KEY.search(decode(answer.stderr)), _first_message(answer)
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
    informative = [line for line in lines if not line.startswith(_UNINFORMATIVE_STARTS)]
    line = next(iter(informative or lines), f"it ended with status {answer.status}")
    return line.removeprefix("error: ").removeprefix("fatal: ").rstrip(":.")
