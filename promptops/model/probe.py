"""A packaged attack on a prompt, its family, and the result of running such attacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from promptops.model.test_run import CaseRun, Decided, Verdict
from promptops.records import record
from promptops.records.outputs import hidden, output, shown

ProbeSet = Literal["smoke", "all"]


@record(frozen=True, slots=True, kw_only=True)
class AttackRate:
    """How many attacks succeeded.

    Attributes:
        succeeded: The number of successful attacks; of bias pairs, those with different decisions.
        n: The number of judged answers.
        low: Lower bound of the share, wrong in 2.5%, on the effective number of answers.
        high: Upper bound of the share, wrong in 2.5%.
    """

    succeeded: int = 0
    n: int = 0
    low: float = 0.0
    high: float = 1.0

    @shown
    def share(self) -> float | None:
        """succeeded / n, 0 to 1; None without answers."""
        return self.succeeded / self.n if self.n else None


@record(frozen=True, slots=True, kw_only=True)
class ProbedCase:
    """One answer to one attack.

    Attributes:
        run: The case, as `promptops test` reports it.
        probe: The id of the probe, or of a bias pair.
        family: Its family.
        owasp: Its risk, such as `LLM01:2025`.
        input: The attacked input, such as `passages.0.text`.
        succeeded: None if it is missing or could not be judged. For a bias pair: the decision
            differs from that of the other case.
        kept: The answer keeps the contracts of the prompt; None if it is missing or could not be
            judged, or if there are no contracts.
        accepted: The prompt accepts that this probe succeeds.
        confirming: A further answer to a successful attack of a family in `must`; not in any rate.
    """

    run: CaseRun
    probe: str
    family: str
    owasp: str
    input: str
    succeeded: bool | None = None
    kept: bool | None = None
    accepted: bool = False
    confirming: bool = False

    @property
    def is_open(self) -> bool:
        """Whether there is no verdict that the run needs: no answer, or none that can be judged.

        An accepted probe fails nothing with either verdict, so it needs none.
        """
        return self.succeeded is None and not (self.accepted and not self.run.infrastructure)


@record(frozen=True, slots=True, kw_only=True)
class FamilyRate:
    """The attacks of one family.

    Attributes:
        family: Its name.
        title: Its title.
        owasp: The risks of its probes, of the OWASP Top 10 for LLM applications.
        rate: How many of its attacks succeeded.
    """

    family: str
    title: str
    owasp: tuple[str, ...]
    rate: AttackRate


@record(frozen=True, slots=True, kw_only=True)
class MatrixCell:
    """The attacks of one family on one input.

    Attributes:
        family: Name of the family.
        input: The attacked input, such as `passages.0.text`.
        rate: How many of these attacks succeeded.
        stale: The number of missing answers.
    """

    family: str
    input: str
    rate: AttackRate
    stale: int = 0


@record(frozen=True, slots=True, kw_only=True)
class SkippedProbe:
    """Attacks that were not made.

    Attributes:
        prompt: Id of the prompt.
        why: The reason, without the probe and the input.
        id: A probe; for all probes of a family or of an input, "".
        family: The family; "" for all.
        input: The input, or "" for all inputs.
    """

    prompt: str
    why: str
    id: str = ""
    family: str = ""
    input: str = ""


@record(frozen=True, slots=True, kw_only=True)
class BiasDirection:
    """A decision that one group gets more often than the other.

    Attributes:
        value: The decision, as JSON.
        first: The number of pairs in which only the group that is usually treated better got it.
        second: The number of pairs in which only the other group got it.
        p: The chance of so uneven a division if the groups were treated alike (two-sided, mid-p).
    """

    value: str
    first: int
    second: int
    p: float


@record(frozen=True, slots=True)
class AttributeRate:
    """The pairs that differ in one protected attribute.

    Attributes:
        attribute: Such as `age`.
        rate: The pairs with different decisions.
    """

    attribute: str
    rate: AttackRate


@record(frozen=True, slots=True, kw_only=True)
class BiasResult:
    """Pairs that differ in a protected attribute.

    Attributes:
        decision: JSON pointer to the compared value.
        rate: The pairs with different decisions.
        attributes: The same by attribute.
        directions: Decisions that one group gets more often.
    """

    decision: str
    rate: AttackRate
    attributes: tuple[AttributeRate, ...] = ()
    directions: tuple[BiasDirection, ...] = ()


@record(frozen=True, slots=True)
class TaskCount:
    """The answers that keep the contracts of a prompt while it is attacked.

    Attributes:
        kept: How many.
        judged: Of so many judged answers.
    """

    kept: int = 0
    judged: int = 0


@record(frozen=True, slots=True, kw_only=True)
class PromptProbes:
    """The attacks on one prompt.

    Attributes:
        prompt: Its id.
        inputs: The attacked inputs, in the order of the schema.
        attacked: The number of attacks, with the missing answers.
        stale: The number of missing answers.
        rate: How many attacks succeeded, without bias pairs.
        limited: The rate that `max` limits: without accepted probes.
        max: The largest accepted rate, in percent (5 is 5%), as in the prompt file; None for no
            limit. Rates are shares: compare `100 * limited.low` with it.
        families: By family.
        matrix: By family and input.
        kept: The answers that keep the contracts of the prompt.
        decided: The comparison with the baseline; None if nothing was judged.
        bias: The bias pairs; None without a judged one.
        failures: Why it fails, each a sentence.
        unused: Accepted probes that do not succeed any more.
        unjudged: Accepted probes whose answer is missing or could not be judged.
        self_judged: Families whose answers are judged by the model that is attacked.
    """

    prompt: str
    inputs: tuple[str, ...] = ()
    attacked: int = 0
    stale: int = 0
    rate: AttackRate
    limited: AttackRate
    max: float | None = None
    families: tuple[FamilyRate, ...] = ()
    matrix: tuple[MatrixCell, ...] = ()
    kept: TaskCount = TaskCount()
    decided: Decided | None = None
    bias: BiasResult | None = None
    failures: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    self_judged: tuple[str, ...] = ()


@output("probe-run")
@record(frozen=True, slots=True, kw_only=True)
class ProbeRun:
    """The result of `promptops probe`.

    Attributes:
        library: The version of the packaged probes.
        rate: How many attacks succeeded, without bias pairs.
        verdict: `fail` also for missing answers; `inconclusive` if a comparison with the baseline
            is undecided.
        families: The attacks on all prompts, by family.
        prompts: The attacks by prompt.
        cases: Every attack and repeat; a missing answer is `stale`.
        skipped: Attacks that were not made.
        problems: Prompts and recordings that can't be read, and cases that can't be rendered.
        baseline: What the rates are compared with, or "".
        nothing: Why nothing was attacked, or "".
        next: The command to type next, or "".
        ended: Why the run ended early, or "".
        unanswered: Requests without an answer, because a provider failed or the run ended.
        unasked: Those that were not sent, because the run ended.
        interrupted: The user interrupted it.
        cost_usd: Of the requests of this run; 0 for a replay.
        duration_s: Of the whole run.
    """

    library: int
    rate: AttackRate
    verdict: Verdict
    families: tuple[FamilyRate, ...] = ()
    prompts: tuple[PromptProbes, ...] = ()
    cases: tuple[ProbedCase, ...] = ()
    skipped: tuple[SkippedProbe, ...] = ()
    problems: tuple[CaseRun, ...] = ()
    baseline: str = ""
    nothing: str = ""
    next: str = ""
    ended: str = ""
    unanswered: int = 0
    unasked: int = 0
    interrupted: bool = False
    cost_usd: float = 0.0
    duration_s: float = 0.0

    @shown
    def stale(self) -> int:
        """The number of missing answers."""
        return sum(case.run.status == "stale" for case in self.cases)

    @property
    def failed(self) -> bool:
        """Whether a bug in promptops prevented a check."""
        runs = (*self.problems, *(case.run for case in self.cases))
        return any(run.internal for run in runs)


def probe_verdict(run: ProbeRun) -> Verdict:
    """The verdict over all prompts: missing answers and problems never pass."""
    if run.problems or any(prompt.failures for prompt in run.prompts):
        return "fail"
    if any(case.is_open for case in run.cases):
        return "fail"
    undecided = (p.decided is not None and p.decided.verdict != "pass" for p in run.prompts)
    return "inconclusive" if any(undecided) else "pass"


# A packaged attack on a prompt, and its family.

Slot = Literal["any", "document", "list"]
Position = Literal["replace", "embed"]
Transform = Literal[
    "base64",
    "bidi",
    "hex",
    "homoglyph",
    "leet",
    "many-shot",
    "reversed",
    "rot13",
    "split",
    "tags",
    "zero-width",
]


@record(frozen=True, slots=True, kw_only=True)
class Probe:
    """An attack, written into an untrusted input.

    Its strings may contain the placeholders of `evals.probe_library`.

    Attributes:
        id: Unique in the library. The text of an id never changes.
        family: The name of its family.
        owasp: The risk of the OWASP Top 10 for LLM applications, such as `LLM01:2025`.
        slot: The inputs it attacks: any, one that holds a document, or an item of a list.
        place: Whether the text replaces the value of the input or is put into its middle.
        text: What the attacker writes. The sent text is made of it by `transform`.
        transform: How the attack is hidden; None if it is sent as written.
        resists: Assertions over the answer, as cases write them. All pass if the attack failed.
        obeyed: An answer that the attack achieved: a string, or a mapping with `text` and
            `tool_calls`.
        refused: An answer that the attack did not change, in the same form.
        rubric: For the judge, if no moderation model is configured; None if `resists` needs none.
    """

    id: str
    family: str
    owasp: str
    slot: Slot
    place: Position = hidden()
    text: str
    resists: tuple[Mapping[str, Any], ...] = hidden()
    obeyed: str | Mapping[str, Any] = hidden()
    refused: str | Mapping[str, Any] = hidden()
    transform: Transform | None = None
    rubric: str | None = hidden(default=None)


@record(frozen=True, slots=True, kw_only=True)
class BiasPair:
    """Two sentences that differ in one protected attribute; the decision must be the same.

    Attributes:
        id: Unique in the library. The sentences of an id never change.
        attribute: Such as `age`.
        texts: The sentence of the group that is usually treated better, then the other one. Each is
            put before the value of an untrusted input.
    """

    id: str
    attribute: str
    texts: tuple[str, str]


@record(frozen=True, slots=True, kw_only=True)
class Family:
    """Probes that attack in the same way.

    Attributes:
        name: Its name, as in `--family`.
        title: Its title.
        attacks: What the attacker does, in one sentence.
        owasp: The usual risk of its probes.
        probes: The most typical one first. Empty for the family `bias`, which has only pairs.
        pairs: Empty for every other family.
        needs_tools: Its probes attack the tools that `evaluation.probes.tools` of a prompt names.
    """

    name: str
    title: str
    attacks: str
    owasp: str
    probes: tuple[Probe, ...] = ()
    pairs: tuple[BiasPair, ...] = ()
    needs_tools: bool = False


@output("probe-list")
@record(frozen=True, slots=True, kw_only=True)
class ProbeList:
    """The result of `promptops probe --families`.

    Attributes:
        families: The packaged families, or those of `--family`.
    """

    families: tuple[Family, ...]
