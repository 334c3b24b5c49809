"""What is compared: models, revisions or prompts, each an arm with its own requests and answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

from promptops.catalog.catalog import Catalog
from promptops.errors import UsageError
from promptops.evals.case_assertions import assertions_of
from promptops.evals.deciding.arm_contracts import decide_contracts
from promptops.evals.deciding.decision import (
    REPEATS,
    CaseScore,
    Decision,
    decide_arm,
    margin_of,
    reachable_look,
)
from promptops.evals.judge_answer import primary, scores
from promptops.evals.result import violations
from promptops.model.arm import ArmKind, ContractDecision
from promptops.model.config import CompareSettings
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Prompt
from promptops.records import field, record, replace
from promptops.repo.process import decode
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.suggestions import did_you_mean
from promptops.testing.answering import Answering
from promptops.testing.judging import JudgedAnswer
from promptops.testing.options import RunOptions
from promptops.testing.paired import Arm, source_of
from promptops.testing.plan import AnswerResult, CaseKey, PlannedCase, WantedAnswer
from promptops.testing.recordings.store import Store
from promptops.workspace.named_prompts import required_prompt
from promptops.workspace.profiles import required_profile
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace, workspace_at

MAX_ARMS = 8


@record(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """What is compared, and how.

    Attributes:
        names: Profiles, revisions or ids of prompts, as the user wrote them.
        reference: The arm that the others are compared with; None for the prompt as it stands.
        require: The arm that must be fit, or "".
        margin: The acceptable loss in percentage points, for all prompts; None for the margin of
            the prompt or of the configuration.
        run: How answers are found; `repeats` is the largest number of answers to each case.
    """

    kind: ArmKind
    names: tuple[str, ...]
    reference: str | None = None
    require: str = ""
    margin: float | None = None
    run: RunOptions


# The arms that a command line names, each as a catalog.

AS_IT_STANDS = ("current", "as written")
"""Names of the reference if its prompts use several models; the second if the first is taken."""


@record(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One arm.

    Attributes:
        ids: From the id of a prompt of the reference to the arm's, where they differ.
    """

    name: str
    catalog: Catalog
    ids: Mapping[str, str] = field(default_factory=dict)


@record(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """The arms of a comparison.

    Attributes:
        head: The catalog with the cases, the assertions and the judges of all arms.
        loaded: The reference's prompts.
        others: All other arms, in the order of the command line.
        implied: The reference has no name of its own: it is whatever is in the work tree.
    """

    head: Catalog
    reference: Alternative
    loaded: tuple[LoadedPrompt, ...]
    others: tuple[Alternative, ...]
    implied: bool = False


def alternatives(workspace: Workspace, selected: Selected, options: CompareOptions) -> Alternatives:
    """The arms; raises UsageError for a name that is unknown or given twice."""
    _refuse_wrong_number(options)
    return _BY_KIND[options.kind](workspace, selected, options)


def _refuse_wrong_number(options: CompareOptions) -> None:
    names = options.names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"the arm `{twice}` is named twice", hint="leave one out")
    if len(names) > MAX_ARMS:
        raise UsageError(
            f"{len(names)} arms are named, and at most {MAX_ARMS} can be compared at once",
            hint="each further arm needs more cases to decide",
        )


def _models_as_arms(
    workspace: Workspace, selected: Selected, options: CompareOptions
) -> Alternatives:
    catalog = workspace.catalog
    own = {
        loaded.prompt.model.profile
        for loaded in catalog.prompts(selected.why)
        if loaded.prompt is not None and loaded.prompt.cases
    }
    name = options.reference or _profile_name(own, options.names)
    implied = options.reference is None and name in AS_IT_STANDS
    of_reference = catalog if options.reference is None else _with_profile(workspace, name)
    return Alternatives(
        head=catalog,
        reference=Alternative(name=name, catalog=of_reference),
        loaded=tuple(of_reference.prompts(selected.why)),
        others=tuple(
            Alternative(name=other, catalog=_with_profile(workspace, other))
            for other in options.names
            if other != name
        ),
        implied=implied,
    )


def _profile_name(own: Collection[str | None], taken: Collection[str]) -> str:
    """The profile of all prompts; if they have several, a name that no arm has."""
    if len(own) == 1 and (only := next(iter(own))) is not None:
        return only
    return next((name for name in AS_IT_STANDS if name not in taken), AS_IT_STANDS[-1])


def _with_profile(workspace: Workspace, name: str) -> Catalog:
    return workspace.catalog.with_profile(required_profile(workspace, name).name)


def _revisions_as_arms(
    workspace: Workspace, selected: Selected, options: CompareOptions
) -> Alternatives:
    repository = workspace.repository
    name = options.reference or (WORKTREE if not repository.bare else "HEAD")
    catalog = workspace.catalog if name == workspace.revision else _catalog_at(repository, name)
    ids = [workspace.catalog.ids[path] for path in selected.why]
    paths = [catalog.paths[identity] for identity in ids if identity in catalog.paths]
    return Alternatives(
        head=catalog,
        reference=Alternative(name=name, catalog=catalog),
        loaded=tuple(catalog.prompts(paths)),
        others=tuple(
            Alternative(name=other, catalog=_catalog_at(repository, other))
            for other in options.names
            if other != name
        ),
        implied=options.reference is None,
    )


def _catalog_at(repository: Repository, revision: str) -> Catalog:
    if revision not in (INDEX, WORKTREE):
        commit = repository.find(revision)
        if commit is None:
            _refuse_revision(repository, revision)
        revision = commit
    return workspace_at(repository, revision).catalog


def _refuse_revision(repository: Repository, revision: str) -> NoReturn:
    form = "--format=%(refname:short)"
    output = repository.git.run("for-each-ref", form, "refs/tags", "refs/heads", "refs/remotes")
    hint = FETCH_ALL if repository.shallow else "name a tag, a branch or a commit"
    near = did_you_mean(revision, decode(output).splitlines())
    raise UsageError(f"there is no revision {revision!r}", hint=near or hint)


def _prompts_as_arms(
    workspace: Workspace, selected: Selected, options: CompareOptions
) -> Alternatives:
    catalog = workspace.catalog
    ids = [catalog.ids[path] for path in selected.why]
    if len(ids) != 1:
        raise UsageError(
            f"--prompt compares one prompt with others, and {len(ids)} are selected",
            hint="name one: promptops compare ID --prompt OTHER",
        )
    named = [catalog.ids[required_prompt(workspace, name)] for name in options.names]
    names = dict.fromkeys((*ids, *named))
    reference = ids[0]
    if options.reference is not None:
        reference = catalog.ids[required_prompt(workspace, options.reference)]
    return Alternatives(
        head=catalog,
        reference=Alternative(name=reference, catalog=catalog),
        loaded=tuple(catalog.prompts([catalog.paths[reference]])),
        others=tuple(
            Alternative(name=name, catalog=catalog, ids={reference: name})
            for name in names
            if name != reference
        ),
    )


_BY_KIND = {
    "model": _models_as_arms,
    "revision": _revisions_as_arms,
    "prompt": _prompts_as_arms,
}


def arms_of(found: Alternatives) -> Iterator[Alternative]:
    """All arms, the reference first."""
    yield found.reference
    yield from found.others


# The cases of one prompt, which all arms answer.


@record(frozen=True, slots=True, kw_only=True)
class PromptArms:
    """One prompt of the reference, which all arms answer.

    Attributes:
        cases: Those that are compared, once each: the first repeat.
        partners: Other cases, whose answers assertions of `cases` need.
        scores: Names of all scores; `score` is the primary one, "" without any.
        contract_margin: The acceptable loss of kept contracts, as a share.
        repeats: The largest number of answers to each case.
        share: The number of arms besides the reference.
        prompts: The number of prompts that are compared.
    """

    prompt: Prompt
    cases: tuple[PlannedCase, ...]
    partners: tuple[PlannedCase, ...]
    scores: tuple[str, ...]
    score: str
    margin: float
    contract_margin: float
    repeats: int
    share: int
    prompts: int

    @property
    def id(self) -> str:
        return self.prompt.id

    def decide(self, score: str, reference: ArmRun, arm: ArmRun) -> Decision | None:
        """The decision by the existing answers; None if no case has a score in both arms."""
        before, after = (each.scores_of(self.id, score) for each in (reference, arm))
        rows = self._rows(before, after)
        paired = [row for row in rows if row.baseline and row.candidate]
        if not paired:
            return None
        return decide_arm(rows, reachable_look(paired), self.margin, self.share, self.prompts)

    def decide_contracts(self, reference: ArmRun, arm: ArmRun) -> ContractDecision | None:
        """The same for the contracts; None if no case with a contract has answers in both arms."""
        rows = self._rows(reference.kept_contracts(self.id), arm.kept_contracts(self.id))
        paired = [row for row in rows if row.baseline and row.candidate]
        if not paired:
            return None
        return decide_contracts(
            paired, reachable_look(paired), self.contract_margin, self.share, self.prompts
        )

    def _rows(
        self, before: Mapping[str, tuple[float, ...]], after: Mapping[str, tuple[float, ...]]
    ) -> list[CaseScore]:
        return [
            CaseScore(
                name=planned.case.name,
                source=source_of(planned),
                baseline=before.get(planned.case.name, ()),
                candidate=after.get(planned.case.name, ()),
            )
            for planned in self.cases
        ]


def prompt_arms(
    prompt: Prompt,
    cases: Sequence[PlannedCase],
    partners: Sequence[PlannedCase],
    *,
    options: CompareOptions,
    settings: CompareSettings,
    share: int,
    prompts: int,
) -> PromptArms:
    """A prompt with cases that need an answer."""
    names = tuple(sorted(_score_names(cases)))
    return PromptArms(
        prompt=prompt,
        cases=tuple(cases),
        partners=tuple(partners),
        scores=names,
        score=(primary(prompt.evaluation, names) or "") if names else "",
        margin=_margin(prompt, options, settings),
        contract_margin=(prompt.evaluation.get("contract_margin") or settings.contract_margin)
        / 100,
        repeats=options.run.repeats or REPEATS[-1],
        share=share,
        prompts=prompts,
    )


def _score_names(cases: Iterable[PlannedCase]) -> set[str]:
    parsed = (
        assertion.parsed
        for planned in cases
        for assertion in assertions_of(planned.case, planned.prompt)
    )
    return {found.score for found in parsed if found is not None and found.score is not None}


def _margin(prompt: Prompt, options: CompareOptions, settings: CompareSettings) -> float:
    """The acceptable loss as a share: of the command line, of the prompt, of the configuration."""
    if options.margin is not None:
        return options.margin / 100
    if prompt.evaluation.get("margin") is not None:
        return margin_of(prompt.evaluation)
    return settings.margin / 100


# The answers of one arm, judged.


@record(slots=True, kw_only=True)
class ArmRun:
    """One arm, and what is known about its answers.

    Attributes:
        catalog: Its prompts, and the profiles that answer.
        judged: Its judged answers, by prompt, then by case and repeat; `planned` has the request
            and the model of the arm.
    """

    name: str
    arm: Arm
    answering: Answering
    catalog: Catalog
    judged: dict[str, dict[tuple[str, int], JudgedAnswer]] = field(default_factory=dict)

    def wants(self, plan: Iterable[PlannedCase]) -> dict[CaseKey, WantedAnswer]:
        """The answers that it needs for cases; without those whose inputs it does not accept."""
        found = ((planned.case_key, planned) for planned in plan)
        wanted = ((key, next(self.arm.wants([planned]), None)) for key, planned in found)
        return {key: want for key, want in wanted if want is not None}

    def recorded(self, planned: PlannedCase, most: int) -> int:
        """The number of answers to a case that are stored, without gaps, from the first on.

        All for a case whose inputs it does not accept: no answer is missing.
        """
        if self.arm.counterpart(planned) is None:
            return most
        repeats = (n for n in range(most) if self.arm.recorded(replace(planned, repeat=n)) is None)
        return next(repeats, most)

    def judge(self, plan: Sequence[PlannedCase]) -> None:
        """Judge the answers that arrived since the last call."""
        new = [planned for planned in plan if self.judged_answer(planned) is None]
        found = [(planned, self.result(planned).answer) for planned in new]
        for planned, answer in found:
            if answer is not None:
                self.arm.learn(planned, answer)
        known = [planned for planned, answer in found if answer is not None]
        for judged in self.arm.judged(known):
            prompt, case, repeat = judged.planned.case_key
            self.judged.setdefault(prompt, {})[case, repeat] = judged

    def judged_answer(self, planned: PlannedCase) -> JudgedAnswer | None:
        """The judged answer to a case and repeat, or None."""
        prompt, case, repeat = planned.case_key
        return self.judged.get(prompt, {}).get((case, repeat))

    def result(self, planned: PlannedCase) -> AnswerResult:
        """The answer to a case, or the reason why it is missing."""
        own = self.arm.counterpart(planned)
        if own is None:
            return AnswerResult(reason="its inputs are not accepted")
        return self.answering.result(own.key) or AnswerResult(reason="it was not requested")

    def scores_of(self, prompt: str, score: str) -> Mapping[str, tuple[float, ...]]:
        """A score of each case that has any, in the order of its repeats."""
        found: dict[str, tuple[float, ...]] = {}
        for judged in self.answers(prompt):
            value = scores(judged.judgements).get(score)
            if value is not None:
                name = judged.planned.case.name
                found[name] = (*found.get(name, ()), value)
        return found

    def kept_contracts(self, prompt: str) -> Mapping[str, tuple[float, ...]]:
        """Of each case with a contract, in the order of its repeats: 1 if all are kept, else 0."""
        found: dict[str, tuple[float, ...]] = {}
        for judged in self.answers(prompt):
            if any(judgement.must for judgement in judged.judgements):
                name, kept = judged.planned.case.name, not violations(judged.judgements)
                found[name] = (*found.get(name, ()), float(kept))
        return found

    def answers(self, prompt: str) -> Iterator[JudgedAnswer]:
        """The judged answers for a prompt, by case and repeat."""
        rows = self.judged.get(prompt, {})
        return (rows[key] for key in sorted(rows))


# Arms that send the same requests.

_Requests = tuple[str | None, ...]


def with_reference_named(found: Alternatives, plan: Sequence[PlannedCase]) -> Alternatives:
    """The arms; if one is what the work tree has, the reference has its name and takes its place.

    For example, HEAD if nothing was changed since.
    """
    own = tuple(planned.digest for planned in plan if planned.needs_answer)
    same = [
        arm for arm in found.others if own and _requests(_arm_to_render(arm, found), plan) == own
    ]
    if not same:
        return found
    return replace(
        found,
        reference=replace(found.reference, name=same[0].name),
        others=tuple(arm for arm in found.others if arm is not same[0]),
    )


def refuse_equal_arms(arms: Sequence[ArmRun], plan: Sequence[PlannedCase]) -> None:
    """Raise UsageError if two arms send the same requests to all cases."""
    names: dict[_Requests, str] = {}
    for arm in arms:
        requests = _requests(arm.arm, plan)
        if not any(requests):
            continue
        first = names.setdefault(requests, arm.name)
        if first != arm.name:
            raise UsageError(
                f"`{first}` and `{arm.name}` send the same requests: there is nothing to compare",
                hint=_overridden_settings(arm, first) or "leave one out",
            )


def sends_same_requests(arm: ArmRun, reference: ArmRun, cases: Sequence[PlannedCase]) -> bool:
    """Whether an arm sends the reference's requests to these cases, so that it can't be worse.

    In a comparison over several prompts, some may have the model of an arm already.
    """
    requests = _requests(arm.arm, cases)
    return all(requests) and requests == _requests(reference.arm, cases)


def _overridden_settings(arm: ArmRun, other: str) -> str:
    """Which settings of two profiles differ without any effect, because the prompts set them."""
    profiles = arm.catalog.config.models
    if other not in profiles or arm.name not in profiles:
        return ""
    ours, theirs = profiles[arm.name].params, profiles[other].params
    names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    settings = ", ".join(f"`{name}`" for name in names)
    return f"the prompt sets {settings}, which the profiles set, too" if names else ""


def _requests(arm: Arm, plan: Sequence[PlannedCase]) -> _Requests:
    """The digest of the request to each case; None if the arm does not accept its inputs."""
    own = (arm.counterpart(planned) for planned in plan if planned.needs_answer)
    return tuple(same.digest if same is not None else None for same in own)


def _arm_to_render(alternative: Alternative, found: Alternatives) -> Arm:
    """An arm only to render requests."""
    store = Store(alternative.catalog)
    answering = Answering(alternative.catalog, store)
    return Arm(
        alternative.name,
        alternative.catalog,
        found.head,
        opinions=answering,
        store=store,
        ids=alternative.ids,
    )
