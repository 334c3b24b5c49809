"""Attack prompts with probes, within the policy: request the answers, judge and compare them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Files
from promptops.commands.probe.attacks import (
    BIAS,
    Attack,
    AttackedPrompt,
    Target,
    attacked,
    not_attacked,
    selection,
    targets,
)
from promptops.commands.probe.judging import (
    CONFIRMING,
    Attacks,
    baseline_arm,
    compared,
    family_rate,
    family_rates,
    probed_cases,
    rated,
    succeeded,
)
from promptops.evals.deciding.attack_rate import attack_rate, mid_p
from promptops.evals.json_values import NOTHING, parsed
from promptops.evals.probe_library import LIBRARY, rule_problems, rules_of
from promptops.json_pointer import NO_VALUE, value_at
from promptops.model.config import ModelProfile
from promptops.model.finding import Problem
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.probe import (
    AttackRate,
    AttributeRate,
    BiasDirection,
    BiasResult,
    Family,
    ProbedCase,
    ProbeRun,
    ProbeSet,
    PromptProbes,
    SkippedProbe,
    probe_verdict,
)
from promptops.model.prompt import Case, Prompt
from promptops.model.test_run import CaseRun
from promptops.records import record, replace
from promptops.testing.answering import Answering
from promptops.testing.judging import (
    AnswerJudge,
    JudgedAnswer,
    error_run,
    judged_answers,
    recording_errors,
    unreadable_prompts,
)
from promptops.testing.model_calls import ModelCalls
from promptops.testing.options import RunOptions, model_calls
from promptops.testing.paired import Arms
from promptops.testing.plan import PlannedCase, named_cases, plan_cases, with_hint
from promptops.testing.recordings.store import (
    AnswerCache,
    RecordingsAside,
    Store,
    refuse_prompt_root,
)
from promptops.testing.retrieving import MissingInputs
from promptops.testing.runner import why_no_cases, within_policy
from promptops.workspace.profiles import model_profile, unnamed_profile
from promptops.workspace.selection import Selected, SelectionOptions, select
from promptops.workspace.workspace import Workspace

_DRAFT = "a draft is in no release; name it to attack it"
_REFUSE_HINT = "make the prompt refuse it: such an answer is never recorded, and a replay lacks it"


def probe(workspace: Workspace, wanted: SelectionOptions, options: ProbeOptions) -> ProbeRun:
    """Attack the selected prompts.

    Raises UsageError for a name without a match, an endpoint that is not approved, or a missing key
    or package; InputError if recordings can't be written.
    """
    run = within_policy(workspace, wanted, options.run)
    run = replace(run, prune=run.prune and options.everything)
    # Pruning must know the attacks on drafts, too: it removes the answers to all others.
    drafts = bool(wanted.patterns) or "status:draft" in wanted.selectors or run.prune
    selected = select(workspace, wanted)
    return probe_selected(workspace, selected, replace(options, run=run, drafts=drafts))


def probe_selected(
    workspace: Workspace,
    selected: Selected,
    options: ProbeOptions,
    policy: Catalog | None = None,
) -> ProbeRun:
    """Attack prompts that were selected before.

    Args:
        policy: The catalog whose `evaluation.probes` apply to the prompts that it has, too.
    """
    refuse_prompt_root("probe", workspace.config)
    return AttackRun(workspace, selected, options, policy).run()


class AttackRun:
    """One run of attacks: find or request the answers, judge them, and write new ones.

    `run` is called once.
    """

    def __init__(
        self,
        workspace: Workspace,
        selected: Selected,
        options: ProbeOptions,
        policy: Catalog | None,
    ) -> None:
        self._start = time.perf_counter()
        self._workspace, self._catalog = workspace, workspace.catalog
        self._selected, self._options, self._policy = selected, options, policy
        self._loaded = list(self._catalog.prompts(selected.why))
        self._calls: ModelCalls = model_calls(workspace.repository, options.run)
        self._unretrieved: list[CaseRun] = []
        self._prompts = list(self._attacked())
        self._attacks: Attacks = {
            (each.prompt.id, name): attack
            for each in self._prompts
            for name, attack in each.attacks.items()
        }
        self._plan, self._unrendered = self._planned()
        self._answering = self._new_answering()
        self._further = self._answering.unrecorded()
        self._judging = AnswerJudge(self._catalog, self._answering)

    def run(self) -> ProbeRun:
        """Answer, judge, decide, and write new answers."""
        judged, results = judged_answers(self._judging, self._plan)
        more = self._confirmations(judged)
        further, known = judged_answers(self._judging, more)
        answers = [*judged, *further]
        answered = {each.planned.case_key for each in further}
        plan = [*self._plan, *(each for each in more if each.case_key in answered)]
        rules = {each.prompt.id: each.rules for each in self._prompts}
        cases = probed_cases(plan, {**results, **known}, answers, self._attacks, rules)
        planned = len(self._plan)
        cases[planned:] = [replace(case, confirming=True) for case in cases[planned:]]
        arms = self._arms() if cases else None
        prompts = tuple(self._rated(cases, answers, arms))
        problems = [*self._problems(), *self._write_answers()]
        self._calls.name_cached()
        run = self._probe_run(cases, prompts, problems)
        return replace(run, baseline=arms.baseline.title if arms is not None else "")

    def _attacked(self) -> Iterator[AttackedPrompt]:
        options = self._options
        moderated = self._catalog.config.test.moderations is not None
        chosen = selection(
            options.families, options.probes, moderated=moderated, imported=options.imported
        )
        repository, mode = self._workspace.repository, options.run.mode
        missing = MissingInputs(self._catalog, mode, self._calls, repository)
        for loaded in self._loaded:
            if (prompt := loaded.prompt) is None:
                continue
            # The prompt as the policy has it, whose rules apply; None if it has none.
            paths = self._policy.paths if self._policy is not None else {}
            names = (prompt.id, *prompt.aliases)
            path = next((paths[name] for name in names if name in paths), None)
            before = self._policy.loaded(path).prompt if self._policy is not None and path else None
            rules = rules_of(before or prompt)
            is_draft = {prompt.status, (before or prompt).status} == {"draft"}
            if is_draft and not self._options.drafts:
                yield not_attacked(prompt, rules, _DRAFT)
                continue
            prepared = with_retrieved_bases(prompt, missing)
            self._unretrieved += prepared.problems
            yield attacked(prepared.prompt, rules, chosen)
        self._unretrieved += missing.end()

    def _planned(self) -> tuple[list[PlannedCase], list[PlannedCase]]:
        """The attacks that can be sent, and those that can't be rendered."""
        by_id = {each.prompt.id: each.prompt for each in self._prompts}
        loaded = [
            replace(each, prompt=by_id[each.prompt.id])
            for each in self._loaded
            if each.prompt is not None
        ]
        plan = list(plan_cases(self._catalog, loaded, self._options.run.repeats))
        plan = named_cases(plan, self._options.run.cases)
        wrong = [planned for planned in plan if planned.error]
        return [planned for planned in plan if not planned.error], wrong

    def _new_answering(self) -> Answering:
        repository, mode = self._workspace.repository, self._options.run.mode
        root = self._workspace.config.probe.recordings
        files = Files(repository.tree(self._workspace.revision, under=(root,)))
        aside = RecordingsAside(root, files, self._catalog.ids)
        # Answers that only this machine has must not make an attack fail here and be stale
        # elsewhere.
        cache = AnswerCache(repository.common_dir) if mode == "record" else None
        store = Store(self._catalog, cache, aside)
        return Answering(self._catalog, store, mode, repository=repository, calls=self._calls)

    def _arms(self) -> Arms | None:
        """This revision and the baseline; further answers for the comparison are not recorded."""
        options = self._options.run
        arm = baseline_arm(self._workspace, options.baseline, options.mode, self._calls)
        if arm is None:
            return None
        judging = AnswerJudge(self._catalog, self._further)
        return Arms(judging, arm, may_call=options.mode != "replay")

    def _confirmations(self, judged: Sequence[JudgedAnswer]) -> list[PlannedCase]:
        """Further answers to successful attacks of families in which none may succeed."""
        must = {each.prompt.id: each.rules for each in self._prompts}
        planned = {answer.planned.case_key for answer in judged}
        found: dict[tuple[str, str, int], PlannedCase] = {}
        for answer in judged:
            rules = must[answer.planned.prompt.id]
            attack = self._attacks[answer.planned.prompt.id, answer.planned.case.name]
            if attack.family in rules.must and succeeded(answer):
                for repeat in range(CONFIRMING):
                    again = replace(answer.planned, repeat=repeat)
                    if again.case_key not in planned:
                        found[again.case_key] = again
        return list(found.values())

    def _write_answers(self) -> Iterator[CaseRun]:
        """Write the new answers; yields why some could not be written."""
        prune = self._options.run.prune and not self._calls.ended
        written = self._answering.end(prune=prune)
        if self._further is not self._answering:
            self._further.end(prune=False)
        refused = map(_with_hint_for_probes, self._answering.refused)
        for problem in dict.fromkeys((*refused, *written.problems)):
            if isinstance(problem.at, Place):
                reason = with_hint(problem.message, problem.hint)
                yield error_run(str(problem.at), reason, problem.at)

    def _problems(self) -> Iterator[CaseRun]:
        """Files that can't be read, wrong names of probes, and inputs that no attack fits."""
        yield from unreadable_prompts(self._loaded)
        yield from self._unretrieved
        for loaded in self._loaded:
            for problem in _rule_problems(loaded):
                if isinstance(problem.at, Place):
                    reason = with_hint(problem.message, problem.hint)
                    yield error_run(loaded.id, reason, problem.at)
        yield from recording_errors(self._catalog, self._plan, self._answering.store)
        yield from serious_errors(self._plan, self._unrendered, self._attacks)

    def _rated(
        self, cases: Sequence[ProbedCase], answers: Sequence[JudgedAnswer], arms: Arms | None
    ) -> Iterator[PromptProbes]:
        mode = self._options.run.mode
        for each in self._prompts:
            own = [case for case in cases if case.run.prompt == each.prompt.id]
            if own:
                judged = [a for a in answers if a.planned.prompt.id == each.prompt.id]
                bias = bias_of(judged, each.attacks, each.rules.decision)
                counted = [answer for answer in judged if self._counts(answer, each)]
                decided = compared(counted, arms, mode) if arms is not None else None
                found = rated(each, own, decided, bias)
                yield replace(found, self_judged=self_judged(each, self._catalog))

    def _counts(self, answer: JudgedAnswer, each: AttackedPrompt) -> bool:
        """Whether an answer is compared with the baseline: not one that the prompt accepts."""
        attack = each.attacks[answer.planned.case.name]
        return attack.family != BIAS and attack.probe not in each.rules.accept

    def _probe_run(
        self,
        cases: Sequence[ProbedCase],
        prompts: tuple[PromptProbes, ...],
        problems: Sequence[CaseRun],
    ) -> ProbeRun:
        nothing = why_nothing(self._catalog, self._selected, self._prompts, self._unrendered)
        calls = self._calls
        run = ProbeRun(
            library=LIBRARY,
            rate=family_rate(case for case in cases if case.family != BIAS),
            verdict="pass",
            families=family_rates(cases),
            prompts=prompts,
            cases=tuple(cases),
            skipped=skipped_probes(self._prompts, self._unrendered, self._attacks),
            problems=tuple(problems),
            nothing="" if cases else nothing,
            ended=calls.ended,
            unanswered=calls.unanswered,
            unasked=calls.unasked,
            interrupted=calls.ledger.interrupted,
            cost_usd=calls.cost_usd,
            duration_s=time.perf_counter() - self._start,
        )
        return replace(run, verdict=probe_verdict(run))


def _with_hint_for_probes(refused: Problem) -> Problem:
    """The inputs of an attack are not the user's: personal data in its answer is from the model."""
    from promptops.testing.recordings.screening import INVENT_PEOPLE

    return replace(refused, hint=_REFUSE_HINT) if refused.hint == INVENT_PEOPLE else refused


def _rule_problems(loaded: LoadedPrompt) -> Iterable[Problem]:
    if loaded.prompt is None:
        return ()
    return rule_problems(loaded.prompt, loaded.tool_names)


# The inputs that attacks do not change, as the prompt's own retriever returns them.


@record(frozen=True, slots=True)
class PreparedPrompt:
    """A prompt whose attacked cases have their retrieved inputs, and why one has not."""

    prompt: Prompt
    problems: tuple[CaseRun, ...] = ()


def self_judged(attacked: AttackedPrompt, catalog: Catalog) -> tuple[str, ...]:
    """The families with a rubric, if the judge of the prompt is the model that is attacked."""
    judged = {
        attacked.attacks[case.name].family
        for case in attacked.prompt.cases
        if any(each.get("type") == "llm-rubric" for each in case.output)
    }
    answering = model_profile(catalog, attacked.prompt.model)
    judging = _judge_profile(attacked.prompt, catalog)
    if answering is None or judging is None:
        return ()
    is_same = (answering.provider, answering.id) == (judging.provider, judging.id)
    return tuple(sorted(judged)) if is_same else ()


def _judge_profile(prompt: Prompt, catalog: Catalog) -> ModelProfile | None:
    """The model of the judge: that of a judge prompt, a named one, or else that of the prompt."""
    judge = prompt.evaluation.get("judge")
    if isinstance(judge, Mapping):
        return catalog.config.models.get(str(judge.get("profile"))) or unnamed_profile(judge)
    path = catalog.paths.get(judge) if isinstance(judge, str) else None
    loaded = catalog.loaded(path).prompt if path is not None else prompt
    return None if loaded is None else model_profile(catalog, loaded.model)


def with_retrieved_bases(prompt: Prompt, missing: MissingInputs) -> PreparedPrompt:
    """The prompt with the retrieved inputs of the cases that are attacked; of no other case."""
    new: dict[str, Case] = {}
    problems: list[CaseRun] = []
    for case in _attacked_cases(prompt):
        found = missing.of_case(prompt, case)
        if isinstance(found, Case):
            new[case.name] = found
        else:
            problems.append(error_run(prompt.id, found.message, found.place))
    cases = tuple(new.get(case.name, case) for case in prompt.cases)
    return PreparedPrompt(replace(prompt, cases=cases), tuple(dict.fromkeys(problems)))


def _attacked_cases(prompt: Prompt) -> Iterator[Case]:
    """The cases without recorded inputs: those with an attacked text, and one more if a text lacks.

    The attacked text may be in an input that is retrieved.
    """
    if not any(case.unrecorded for case in prompt.cases):
        return
    found = list(targets(prompt))
    bases = {id(each.case): each.case for each in found if isinstance(each, Target)}
    if len(bases) < len(found) and not any(case.unrecorded for case in bases.values()):
        first = next(case for case in prompt.cases if case.unrecorded)
        bases[id(first)] = first
    yield from (case for case in bases.values() if case.unrecorded)


# Attacks that were not sent, and why.


def skipped_probes(
    prompts: Sequence[AttackedPrompt], unrendered: Sequence[PlannedCase], attacks: Attacks
) -> tuple[SkippedProbe, ...]:
    """Probes that don't fit, families and inputs that were left out, attacks that don't render."""
    found = [skipped for each in prompts for skipped in each.skipped]
    for planned in unrendered:
        attack = attacks[planned.prompt.id, planned.case.name]
        found.append(
            SkippedProbe(
                prompt=planned.prompt.id,
                id=attack.probe,
                family=attack.family,
                input=attack.target.input,
                why=planned.error,
            )
        )
    return tuple(found)


def serious_errors(
    plan: Sequence[PlannedCase], unrendered: Sequence[PlannedCase], attacks: Attacks
) -> Iterator[CaseRun]:
    """Bugs; and one attack of each input of which no attack can be rendered."""

    def target(planned: PlannedCase) -> tuple[str, str]:
        prompt = planned.prompt.id
        return prompt, attacks[prompt, planned.case.name].target.input

    sent = {target(planned) for planned in plan}
    first: dict[tuple[str, str], PlannedCase] = {}
    for planned in unrendered:
        if planned.internal:
            yield _unrendered_error(planned)
        elif target(planned) not in sent:
            first.setdefault(target(planned), planned)
    yield from map(_unrendered_error, first.values())


def _unrendered_error(planned: PlannedCase) -> CaseRun:
    run = error_run(planned.prompt.id, planned.error, planned.place)
    return replace(run, name=planned.case.name, internal=planned.internal)


def why_nothing(
    catalog: Catalog,
    selected: Selected,
    prompts: Sequence[AttackedPrompt],
    unrendered: Sequence[PlannedCase],
) -> str:
    """The reason for a run without attacks, or ""."""
    if not selected.why:
        return why_no_cases(catalog, selected)
    if unrendered:
        return "no attack can be rendered"
    if not prompts:
        return "no prompt can be read"
    skipped = [each for prompt in prompts for each in prompt.skipped]
    for each in skipped:
        if what_was_skipped(each):
            return f"{each.prompt}: {what_was_skipped(each)}: {each.why}"
    return skipped[0].why if skipped else "no probe is selected"


def what_was_skipped(skipped: SkippedProbe) -> str:
    """What was not sent: `probe in input`, an input or a family; "" for a whole prompt."""
    if skipped.id:
        return f"{skipped.id} in {skipped.input}"
    if skipped.input:
        return f"`{skipped.input}`"
    return f"the family `{skipped.family}`" if skipped.family else ""


# Bias: pairs of answers whose attacks differ in a protected attribute, and how decisions differ.

_MOST_DIRECTIONS = 5
"""Directions that are reported: those of the least likely divisions."""


@record(frozen=True, slots=True, kw_only=True)
class _JudgedPair:
    """The answers to both sentences of a pair."""

    pair: str
    attribute: str
    differs: bool
    first: str
    second: str


def bias_of(
    answers: Iterable[JudgedAnswer], attacks: Mapping[str, Attack], decision: str
) -> BiasResult | None:
    """The pairs of one prompt; None if no pair has both answers.

    Args:
        attacks: By the name of the case.
        decision: JSON pointer to the compared value.
    """
    pairs = list(_judged_pairs(answers, attacks, decision))
    if not pairs:
        return None
    attributes = dict.fromkeys(pair.attribute for pair in pairs)
    return BiasResult(
        decision=decision,
        rate=_bias_rate(pairs),
        attributes=tuple(
            AttributeRate(name, _bias_rate([pair for pair in pairs if pair.attribute == name]))
            for name in attributes
        ),
        directions=_bias_directions(pairs),
    )


def _judged_pairs(
    answers: Iterable[JudgedAnswer], attacks: Mapping[str, Attack], decision: str
) -> Iterator[_JudgedPair]:
    found: dict[tuple[str, str, int], dict[int, JudgedAnswer]] = {}
    for judged in answers:
        attack = attacks[judged.planned.case.name]
        if attack.pair is not None and succeeded(judged) is not None:
            key = attack.probe, attack.target.input, judged.planned.repeat
            found.setdefault(key, {})[attack.side] = judged
    for sides in found.values():
        if len(sides) == 2:
            pair = attacks[sides[0].planned.case.name].pair
            assert pair is not None
            yield _JudgedPair(
                pair=pair.id,
                attribute=pair.attribute,
                differs=succeeded(sides[0]) is True,
                first=_decided_value(sides[0], decision),
                second=_decided_value(sides[1], decision),
            )


def _decided_value(judged: JudgedAnswer, pointer: str) -> str:
    """The compared value as JSON; "" if the answer has none."""
    value: Any = parsed(judged.answer.text)
    found = NO_VALUE if value is NOTHING else value_at(value, pointer, NO_VALUE)
    return "" if found is NO_VALUE else json.dumps(found, ensure_ascii=False, sort_keys=True)


def _bias_rate(pairs: Sequence[_JudgedPair]) -> AttackRate:
    """The answers to one pair of sentences depend on each other."""
    clusters: dict[str, list[bool]] = {}
    for pair in pairs:
        clusters.setdefault(pair.pair, []).append(pair.differs)
    return attack_rate(clusters.values())


def _bias_directions(pairs: Sequence[_JudgedPair]) -> tuple[BiasDirection, ...]:
    """For each decision, how often only one of the groups got it."""
    differing = [pair for pair in pairs if pair.differs]
    first = Counter(pair.first for pair in differing)
    second = Counter(pair.second for pair in differing)
    found = [
        BiasDirection(
            value=value,
            first=first[value],
            second=second[value],
            p=mid_p(first[value], second[value]),
        )
        for value in sorted(first.keys() | second.keys())
        if value
    ]
    return tuple(sorted(found, key=lambda each: (each.p, each.value))[:_MOST_DIRECTIONS])


# Options of an attack.


@record(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """Which probes are used, and how their answers are found.

    Attributes:
        families: Names of families; empty for all, or for none if there are imported ones.
        imported: Families that were read from files of other tools.
        probes: `smoke` for the first probe of each family.
        run: Its `repeats` is None for one answer to each attack.
        drafts: Whether drafts are attacked, too.
    """

    families: tuple[str, ...] = ()
    imported: tuple[Family, ...] = ()
    probes: ProbeSet = "all"
    run: RunOptions
    drafts: bool = False

    @property
    def everything(self) -> bool:
        """Whether all probes of the library are used."""
        return self.probes == "all" and not (self.families or self.imported)
