"""Answers to requests: from what is kept, or asked and kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from promptops.catalog.catalog import Catalog
from promptops.errors import UsageError
from promptops.evals.engine.ask import Answered, Ask, Failed, Outcome, Settings
from promptops.evals.engine.run import ask
from promptops.evals.providers import Provider
from promptops.evals.providers.registry import provider_of
from promptops.jobs.recordings.journal import Journal
from promptops.jobs.recordings.merging import Need
from promptops.jobs.recordings.store import Store
from promptops.jobs.recordings.writing import Settled, settle
from promptops.model.answer import Answer, Recording
from promptops.model.config import ModelProfile
from promptops.model.finding import Problem
from promptops.model.request import Request
from promptops.repo.repository import Repository

Mode = Literal["replay", "record", "live", "refresh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """An answer that is wanted.

    Attributes:
        path: Of the prompt file whose recordings it belongs to.
        judge: Whose request it is, where a judge is asked; else "".
        profile: Who is asked; None where the prompt names no model.
    """

    path: str
    case: str
    repeat: int
    digest: str
    request: Request
    profile: ModelProfile | None
    judge: str = ""

    @property
    def key(self) -> tuple[str, int, str]:
        return self.digest, self.repeat, self.judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What came of it.

    Attributes:
        reason: Why there is no answer, or "".
        infrastructure: It was asked for, and the provider or the network failed.
    """

    answer: Answer | None = None
    source: Literal["recorded", "cached", "live", "none"] = "none"
    reason: str = ""
    infrastructure: bool = False


class Answering:
    """One run's way to answers; what it was answered is on disk before it goes on.

    Attributes:
        cost_usd: Of what was asked so far, as far as prices are known.
        refused: Why answers were not recorded.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: Store,
        mode: Mode = "replay",
        *,
        repository: Repository | None = None,
        settings: Settings | None = None,
    ) -> None:
        """The repository is needed to record."""
        if mode != "replay" and os.environ.get("PROMPTOPS_UNTRUSTED"):
            message = "nothing is asked for a stranger's change: PROMPTOPS_UNTRUSTED is set"
            raise UsageError(message, hint="replay: promptops test")
        self._catalog = catalog
        self._repository = repository
        self._store = store
        self._mode = mode
        self._settings = settings or Settings()
        self._needs: dict[str, list[Need]] = {}
        self._wanted: dict[tuple[str, int], list[Want]] = {}
        self.cost_usd = 0.0
        self.refused: list[Problem] = []

    def get(self, wants: Sequence[Want]) -> dict[tuple[str, int, str], Got]:
        """The answers by `Want.key`; asks for those that are missing, where the mode allows it."""
        for want in wants:
            file = self._catalog.recordings_of(want.path)
            need = Need(case=want.case, request=want.digest, repeat=want.repeat, judge=want.judge)
            self._needs.setdefault(file, []).append(need)
        found = {want.key: self._kept(want) for want in wants}
        missing = [want for want in wants if found[want.key].answer is None]
        return found | self._asked(missing) if missing and self._mode != "replay" else found

    def end(self, *, prune: bool) -> Settled:
        """Write what was answered into the files of recordings."""
        if self._repository is None or self._mode not in ("record", "refresh"):
            return Settled()
        return settle(self._repository, self._needs, prune=prune)

    def _kept(self, want: Want) -> Got:
        if self._mode in ("live", "refresh"):
            return Got()
        found = self._store.find(want.path, want.digest, want.repeat, want.judge)
        if found is None:
            return Got(reason="its request has no recording")
        return Got(answer=found.answer, source=found.source)

    def _asked(self, wants: Iterable[Want]) -> dict[tuple[str, int, str], Got]:
        wants = list(wants)
        nobody = [want for want in wants if want.profile is None]
        asked = [(want, want.profile) for want in wants if want.profile is not None]
        for want in wants:
            self._wanted.setdefault((want.digest, want.repeat), []).append(want)
        asks = [
            Ask(digest=want.digest, repeat=want.repeat, request=want.request, profile=profile)
            for want, profile in asked
        ]
        outcomes = ask(asks, self._provider, self._settings, self._keep)
        found = {want.key: _got(out) for (want, _), out in zip(asked, outcomes, strict=True)}
        return found | {want.key: Got(reason="the prompt names no model") for want in nobody}

    def _provider(self, profile: ModelProfile) -> Provider:
        return provider_of(profile, os.environ)

    def _keep(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Answered):
            return
        self.cost_usd += outcome.cost_usd or 0.0
        if self._repository is None or self._mode == "live":
            return
        journal = Journal(self._repository)
        for want in self._wanted[outcome.ask.digest, outcome.ask.repeat]:
            recording = Recording(
                request=want.digest,
                repeat=want.repeat,
                case=want.case,
                answer=outcome.answer,
                judge=want.judge,
            )
            file = self._catalog.recordings_of(want.path)
            problem = journal.append(file, recording)
            if problem is not None:
                self.refused.append(problem)


def _got(outcome: Outcome) -> Got:
    if isinstance(outcome, Answered):
        return Got(answer=outcome.answer, source="live")
    if isinstance(outcome, Failed):
        tries = f" ({outcome.tries} tries)" if outcome.tries > 1 else ""
        return Got(reason=f"{outcome.failure.message}{tries}", infrastructure=True)
    return Got(reason=f"it was not asked: {outcome.reason}", infrastructure=True)
