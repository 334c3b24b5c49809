"""Test cases in parts, so that several machines can run them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.errors import UsageError
from promptops.model.answer import Answer, Recording
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.test_run import Shard, ShardAnswer, ShardRun
from promptops.patterns import lazy_pattern
from promptops.records import field, record, replace
from promptops.report.data_text import json_data
from promptops.testing.answering import Answering
from promptops.testing.plan import AnswerKey, AnswerResult, PlannedCase
from promptops.workspace.selection import SelectionOptions, merge_base
from promptops.workspace.workspace import Workspace

MOST = 10_000
_WRITTEN = lazy_pattern(r"(\d{1,5})/(\d{1,5})", re.ASCII)


@record(frozen=True, slots=True, kw_only=True)
class MergedShards:
    """The answers of all shards, used in place of API calls.

    Attributes:
        plan: Digest of their plan.
        problems: Why answers were not recorded.
    """

    plan: str
    known: Mapping[AnswerKey, AnswerResult] = field(default_factory=dict)
    cost_usd: float = 0.0
    problems: tuple[tuple[str, Place], ...] = ()

    @property
    def unanswered(self) -> int:
        """Requests, including those to judges, without an answer."""
        return sum(got.infrastructure for got in self.known.values())


def refuse_other_plan(plan: Iterable[PlannedCase], merged: MergedShards) -> None:
    """Raises UsageError if the shards ran another plan."""
    if plan_digest(plan) != merged.plan:
        raise UsageError(
            "the shards ran other cases than this revision has",
            hint="merge with the same commit, `--at`, `--config` and files as the shards",
        )


def parse_shard(written: str) -> Shard:
    """Parse `1/8`; raises UsageError."""
    found = _WRITTEN.fullmatch(written)
    index, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= index <= count <= MOST:
        hint = "one of several, from 1: --shard 1/8 … --shard 8/8"
        raise UsageError(f"{written!r} is not a shard", hint=hint)
    return Shard(index=index, count=count)


def in_shard(shard: Shard, prompt: str, case: str) -> bool:
    """Whether a case belongs to a shard: by its name alone, wherever and whenever it runs."""
    digest = hashlib.sha256(f"{prompt}\0{case}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest) % shard.count == shard.index - 1


def shard_cases(plan: Sequence[PlannedCase], shard: Shard | None) -> Sequence[PlannedCase]:
    """The cases of a shard; all without one."""
    if shard is None:
        return plan
    return [planned for planned in plan if in_shard(shard, planned.prompt.id, planned.case.name)]


def plan_digest(plan: Iterable[PlannedCase]) -> str:
    """SHA-256 over requests and assertions, in hexadecimal.

    Without what a retriever returned: only the shard of a case calls it.
    """
    digest = hashlib.sha256()
    for planned in plan:
        if planned.repeat and _retrieves(planned):
            continue
        digest.update(json.dumps(json_data(_facts(planned)), sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def with_selection(run: ShardRun, workspace: Workspace, wanted: SelectionOptions) -> ShardRun:
    """The selection, with commit ids in place of names."""
    since = None if wanted.since is None else merge_base(workspace, wanted.since)
    return replace(run, patterns=wanted.patterns, since=since, selectors=wanted.selectors)


def checked_commit(workspace: Workspace) -> str:
    """The commit that is checked, or HEAD; "" before the first commit."""
    revision = workspace.catalog.revision
    return revision if len(revision) >= 40 else workspace.repository.find("HEAD") or ""


def recording_refusals(catalog: Catalog, answering: Answering) -> dict[AnswerKey, Problem]:
    """Why answers may not be written, as for recordings; committed ones may be."""
    # It takes long to import, and not every run is a shard.
    from promptops.testing.recordings.screening import recording_refusal

    found = {}
    for want, answer in answering.answered():
        if answering.known[want.key].source != "recorded":
            recording = Recording(
                request=want.digest,
                repeat=want.repeat,
                case=want.case,
                answer=_writable(answer),
                judge=want.judge,
            )
            found[want.key] = recording_refusal(catalog.recordings_of(want.path), recording)
    return {key: problem for key, problem in found.items() if problem is not None}


def shard_answers(
    known: Mapping[AnswerKey, AnswerResult], refused: Mapping[AnswerKey, Problem]
) -> tuple[ShardAnswer, ...]:
    """The results of all needs, in the order of keys; refused answers only with their reason."""
    written = {
        **known,
        **{key: AnswerResult(reason=problem.message) for key, problem in refused.items()},
    }
    return tuple(
        ShardAnswer(
            path=path,
            request=request,
            repeat=repeat,
            judge=judge,
            answer=_writable(got.answer) if got.answer is not None else None,
            source=got.source,
            reason=got.reason,
            infrastructure=got.infrastructure,
        )
        for (path, request, repeat, judge), got in sorted(written.items(), key=lambda item: item[0])
    )


def _writable(answer: Answer) -> Answer:
    """Whether the answer can be written: tool calls may be nested too deeply."""
    return replace(answer, tool_calls=tuple(json_data(answer.tool_calls)))


def known_answers(answers: Iterable[ShardAnswer]) -> dict[AnswerKey, AnswerResult]:
    """The inverse; of equal keys the first one that has an answer counts."""
    known: dict[AnswerKey, AnswerResult] = {}
    for answer in answers:
        key = answer.path, answer.request, answer.repeat, answer.judge
        if key not in known or known[key].answer is None:
            known[key] = AnswerResult(
                answer=answer.answer,
                source=answer.source,
                reason=answer.reason,
                infrastructure=answer.infrastructure,
            )
    return known


def _retrieves(planned: PlannedCase) -> bool:
    return bool(planned.case.retrieved or planned.case.unrecorded)


def _facts(planned: PlannedCase) -> list[object]:
    case, prompt = planned.case, planned.prompt
    facts: list[object] = [prompt.id, prompt.path, case.name, planned.repeat]
    facts += ["", ""] if _retrieves(planned) else [planned.digest, planned.error]
    if planned.repeat:
        return facts
    asserted = [case.rendered, case.on_answers, case.expected, case.tags, prompt.evaluation]
    return [*facts, case.own_inputs, *asserted]
