"""The endpoints that may be called: those of the default branch, and those approved here.

Every command that calls a model gets its providers through `Approvals`; there is no other way to
create one (`evals.providers.endpoint`). What `--trust-config` approves is stored in git's
directory, which no branch can change.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.errors import GitError, PromptopsError, UsageError
from promptops.evals.engine.ask import Ask
from promptops.evals.providers.endpoint import (
    ADDRESS_VARIABLE,
    Approved,
    Endpoint,
    addressed,
    approve,
    endpoint_of,
    refuse_untrusted,
    shown_endpoint,
)
from promptops.model.config import Config, ModelProfile
from promptops.plurals import some_lines
from promptops.records import field, record
from promptops.repo.default_branch import how_to_set, trusted_branch
from promptops.repo.process import decode
from promptops.repo.repository import WORKTREE, Repository
from promptops.storage.atomic import keep
from promptops.workspace.workspace import configuration, content_at

_TRUST = (
    "check the settings, then run the command again with --trust-config: this machine remembers "
    "the approval"
)
HINT = f"{_TRUST}; or commit the configuration to the default branch"
FILE = "approved.json"
_SHOWN = 5
_LONGEST_NAME = 40
_MAX_BYTES = 1_000_000


@record(slots=True, kw_only=True)
class Approvals:
    """The approvals of one command.

    Attributes:
        base: With `--since`, the commit that the change is compared with.
        trusts_change: `--trust-config`: approve everything that is not approved yet, and store it.
        announce: Called with a line about each endpoint before its first request.
        environment: May have the address of a provider.
    """

    repository: Repository
    announce: Callable[[str], None]
    base: str | None = None
    trusts_change: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _trusted: _Trusted = field(init=False)
    _announced: set[Endpoint] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self._trusted = _Trusted(self.repository, self.base)

    def approve(self, asks: Sequence[Ask], catalog: Catalog) -> Callable[[ModelProfile], Approved]:
        """Compare the profiles of some requests, announce them, and return the approval.

        All profiles of the configuration are also compared before the first request is sent,
        because those of judges and services are called later.

        Raises:
            UsageError: An endpoint is not approved, or PROMPTOPS_UNTRUSTED is set.
        """
        return self._approve(list(map(_call, asks)), catalog)

    def approve_profiles(
        self, profiles: Iterable[ModelProfile], catalog: Catalog
    ) -> Callable[[ModelProfile], Approved]:
        """As `approve`, for calls that have no request of a prompt."""
        return self._approve([(profile, endpoint_of(profile)) for profile in profiles], catalog)

    def _approve(
        self, wanted: Sequence[tuple[ModelProfile, Endpoint]], catalog: Catalog
    ) -> Callable[[ModelProfile], Approved]:
        refuse_untrusted()
        configured = [*catalog.config.models.values(), *(profile for profile, _ in wanted)]
        calls = [*wanted, *((profile, endpoint_of(profile)) for profile in configured)]
        unknown = {endpoint: profile for profile, endpoint in calls if not self._trusts(endpoint)}
        unknown = {endpoint: profile for endpoint, profile in unknown.items() if _exists(profile)}
        if unknown and not self.trusts_change:
            raise self._refused(unknown.values(), catalog.config)
        self._remember(unknown)
        self._announce(wanted)
        return partial(approve, trusted=frozenset(endpoint for _, endpoint in calls))

    def refused_code(self, path: str, content: bytes) -> str:
        """Why a function of a file of the repository may not run beside API keys, or ""."""
        digest = hashlib.sha256(f"{path}\0".encode("utf-8", "surrogateescape") + content)
        if digest.hexdigest() in self._trusted.approved or self._trusted.code(path, content):
            return ""
        if self.trusts_change:
            self._trusted.add([(digest.hexdigest(), f"code: {path}")])
            return ""
        return f"{path} is not approved: {self._trusted.lacks('code')}; {self._trusted.hint}"

    def _trusts(self, endpoint: Endpoint) -> bool:
        trusted = self._trusted
        return (
            endpoint.is_default
            or endpoint in trusted.endpoints
            or endpoint.digest in trusted.approved
        )

    def _remember(self, unknown: Mapping[Endpoint, ModelProfile]) -> None:
        for profile in unknown.values():
            self.announce(f"approved on this machine: {_described(profile)}")
        self._trusted.add((endpoint.digest, _described(unknown[endpoint])) for endpoint in unknown)

    def _refused(self, profiles: Iterable[ModelProfile], config: Config) -> UsageError:
        named = list(dict.fromkeys(map(_described, profiles)))
        return UsageError(
            f"{'; '.join(some_lines(named, _SHOWN))}: {self._trusted.lacks('endpoint')}",
            where=config.path,
            hint=self._trusted.hint,
        )

    def _announce(self, calls: Iterable[tuple[ModelProfile, Endpoint]]) -> None:
        """Announce each endpoint once; the call of an unknown provider reports its own error."""
        for profile, endpoint in ((profile, found) for profile, found in calls if _exists(profile)):
            if endpoint not in self._announced and (endpoint.address or not endpoint.is_default):
                self.announce(f"calling {_called(profile, self.environment)}")
            self._announced.add(endpoint)


class _Trusted:
    """Endpoints and code of the default branch, and those approved on this machine."""

    def __init__(self, repository: Repository, base: str | None) -> None:
        self._repository = repository
        self._base = base
        self._file = repository.common_dir / "promptops" / FILE

    @cached_property
    def branch(self) -> str | None:
        """The default branch."""
        return trusted_branch(self._repository)

    def lacks(self, what: str) -> str:
        """Why something is not approved."""
        if self.branch is None:
            return "the default branch is unknown"
        name = self.branch.removeprefix("refs/heads/").removeprefix("refs/remotes/")
        return f"the default branch, `{name}`, has no such {what}"

    @property
    def hint(self) -> str:
        """What to do if something is not approved."""
        return HINT if self.branch is not None else f"{how_to_set(self._repository)}; or {_TRUST}"

    @cached_property
    def endpoints(self) -> frozenset[Endpoint]:
        """The endpoints of the default branch, at its tip and where this branch left it."""
        configs = map(self._config, self._revisions())
        return frozenset(endpoint_of(model) for c in configs for model in c.models.values())

    @cached_property
    def approved(self) -> dict[str, str]:
        """What was approved on this machine: descriptions by digest."""
        return _read_approvals(self._file)

    def add(self, found: Iterable[tuple[str, str]]) -> None:
        """Approve digests, each with a description; stored for this machine."""
        new = dict(found)
        if new:
            self.approved.update(new)
            # Approvals of other processes are kept.
            whole = {**_read_approvals(self._file), **new}
            keep(self._file, (json.dumps(whole, indent=1, sort_keys=True) + "\n").encode())

    def code(self, path: str, content: bytes) -> bool:
        """Whether the default branch contains a file with this content, now or in its history."""
        if self.branch is None:
            return self._is_unborn
        if content_at(self._repository, self.branch, path) == content:
            return True
        return self._was_committed(path, content)

    def _was_committed(self, path: str, content: bytes) -> bool:
        algorithm = self._repository.object_format
        blob = hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False)
        found = f"--find-object={blob.hexdigest()}"
        answer = self._repository.git.ask(
            "--literal-pathspecs", "log", "-1", "--format=%H", found, self.branch or "", "--", path
        )
        return answer.status == 0 and bool(decode(answer.stdout).strip())

    def _revisions(self) -> Iterator[str]:
        if self.branch is None:
            # The commit of `--since` may be on the untrusted branch itself.
            if self._is_unborn:
                yield WORKTREE
            return
        try:
            tip = self._repository.resolve(self.branch)
        except GitError:  # the name is ambiguous, so nothing is trusted
            return
        fork = self._fork(tip, "HEAD")
        known = self._base is not None and self._fork(tip, self._base) == self._base
        commits = (tip, fork, self._base if known else None)
        yield from dict.fromkeys(commit for commit in commits if commit is not None)

    @property
    def _is_unborn(self) -> bool:
        """Whether there is no commit yet, so that all files are the user's own."""
        answer = self._repository.git.ask("rev-list", "--max-count=1", "--all", "--")
        return answer.status == 0 and not answer.stdout.strip()

    def _fork(self, tip: str, revision: str) -> str | None:
        """Where a revision left the default branch; `tip` is the full id of its last commit."""
        try:
            commit = self._repository.resolve(revision)
            return tip if commit == tip else self._repository.merge_base(tip, commit)
        except GitError:  # a shallow clone, or unrelated histories
            return None

    def _config(self, revision: str) -> Config:
        try:
            return configuration(self._repository, revision)
        except PromptopsError:  # an unreadable configuration approves nothing
            return Config()


def _call(ask: Ask) -> tuple[ModelProfile, Endpoint]:
    return ask.profile, endpoint_of(ask.profile, ask.request.provider_options)


def _described(profile: ModelProfile) -> str:
    name = (
        profile.name if len(profile.name) <= _LONGEST_NAME else f"{profile.name[:_LONGEST_NAME]}…"
    )
    return f"`{name}` at {shown_endpoint(profile)}"


def _called(profile: ModelProfile, environment: Mapping[str, str]) -> str:
    used = addressed(profile, environment)
    return _described(used) + ("" if used is profile else f" (address from {ADDRESS_VARIABLE})")


def _exists(profile: ModelProfile) -> bool:
    """Whether a provider exists; a call to an unknown one reports its own error."""
    from promptops.evals.providers.registry import is_known

    return is_known(profile)


def _read_approvals(file: Path) -> dict[str, str]:
    try:
        with file.open("rb") as opened:
            found = json.loads(opened.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
