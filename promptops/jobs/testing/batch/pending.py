"""The batches that are not collected yet: one file each, in git's directory.

A file is written before the first byte is uploaded, and removed after the answers are stored. So
neither a crash nor an interruption loses a batch that has to be paid for. It has no API key, no
prompt and no answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from promptops.errors import InputError, os_reason
from promptops.records import fields, record
from promptops.repo.repository import Repository
from promptops.storage.atomic import replace_whole
from promptops.storage.lock import locked

FORMAT = 1

_WORK = "submitting or collecting batches"


@record(frozen=True, slots=True, kw_only=True)
class BatchedRequest:
    """One request of a batch.

    Attributes:
        request: Its digest.
        repeat: 0-based.
        prompt, judge: Who needs the answer; see `Payer`.
    """

    custom_id: str
    request: str
    repeat: int
    prompt: str
    judge: str


@record(frozen=True, slots=True, kw_only=True)
class PendingBatch:
    """A batch that is not collected yet.

    Attributes:
        mark: Random; names the file, and the batch where a provider stores such names.
        id: As the provider names it; "" until its creation is confirmed.
        created_s: Unix time before its creation.
        tree: The name of git's directory of the work tree that submitted it.
        command: The command that collects it.
        plan: What the command needs to find its requests again, as JSON data.
        profile: The name of the model profile.
        provider, model: As in the profile.
        endpoint: The digest of its endpoint; only a profile with the same endpoint can collect it.
    """

    mark: str
    id: str = ""
    created_s: int
    tree: str
    command: str
    plan: Mapping[str, Any]
    profile: str
    provider: str
    model: str
    endpoint: str
    requests: tuple[BatchedRequest, ...]


class PendingBatches:
    """The pending batches of a repository; use it inside `locked`."""

    def __init__(self, repository: Repository) -> None:
        """Raises GitError if there is no work tree."""
        repository.need_work_tree()
        linked = repository.git_dir != repository.common_dir
        self.tree = repository.git_dir.name if linked else ""
        self._trees = repository.common_dir / "worktrees"
        self._folder = repository.common_dir / "promptops" / "batches"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Raises InputError if another process submits or collects."""
        with ExitStack() as stack:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked(self._folder / "lock", patience_s=0.0, work=_WORK))
            except OSError as error:
                raise _unwritable(self._folder, error) from None
            yield

    def all(self) -> tuple[PendingBatch, ...]:
        """The batches of all work trees, oldest first; raises InputError for a damaged file."""
        found = [_read(file) for file in sorted(self._folder.glob("*.json"))]
        return tuple(sorted(found, key=lambda batch: (batch.created_s, batch.mark)))

    def is_own(self, batch: PendingBatch) -> bool:
        """Whether it belongs to this work tree, or to one that was removed."""
        return batch.tree == self.tree or not (batch.tree and (self._trees / batch.tree).is_dir())

    def write(self, batch: PendingBatch) -> None:
        """Write a batch to disk; raises InputError."""
        requests = [_values(request) for request in batch.requests]
        value = {"format": FORMAT, **_values(batch), "requests": requests}
        data = json.dumps(value, indent=1).encode() + b"\n"
        file = self.file(batch)
        try:
            replace_whole(file, data, file.with_suffix(".new"))
        except OSError as error:
            raise _unwritable(file, error) from None

    def remove(self, batch: PendingBatch) -> None:
        """Remove a batch whose answers are stored, or that was not created."""
        self.file(batch).unlink(missing_ok=True)

    def file(self, batch: PendingBatch) -> Path:
        """The file of a batch."""
        return self._folder / f"{batch.mark}.json"


def _values(of: PendingBatch | BatchedRequest) -> dict[str, Any]:
    """The attributes by name; `asdict` takes milliseconds for each record."""
    return {each.name: getattr(of, each.name) for each in fields(of)}


def _read(file: Path) -> PendingBatch:
    try:
        value = json.loads(file.read_bytes())
        if value.pop("format") != FORMAT:
            hint = "collect it with the version of promptops that submitted it"
            raise InputError("this batch has an unknown format", where=str(file), hint=hint)
        requests = tuple(BatchedRequest(**each) for each in value.pop("requests"))
        return PendingBatch(**value, requests=requests)
    except OSError as error:
        message = f"this batch can't be read: {os_reason(error)}"
        raise InputError(message, where=str(file), hint="check its permissions") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        hint = "look the batch up at the provider, then delete this file"
        raise InputError("this file of a batch is damaged", where=str(file), hint=hint) from None


def _unwritable(file: Path, error: OSError) -> InputError:
    message = f"the batch can't be stored: {os_reason(error)}"
    hint = "check the permissions and the free disk space"
    return InputError(message, where=str(file), hint=hint)
