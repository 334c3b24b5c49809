"""A search for a better wording of a prompt: what was tried, and what is proved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from promptops.records import field, record
from promptops.records.outputs import empty_text, hidden, output, shown

Goal = Literal["better", "cheaper"]
"""Better: a higher score. Cheaper: fewer tokens, and a score that is not worse by the margin."""

State = Literal["proved", "unproved", "not better", "none"]
"""What is known about the best proposal; `none` if there is no proposal."""


@record(frozen=True, slots=True, kw_only=True)
class ProposedText:
    """One text of the prompt, as it is and as it is proposed.

    Attributes:
        at: JSON pointer of the text in the prompt file.
        role: Of its message.
        path: The file that contains it.
        before, after: The template.
    """

    at: str
    role: str
    path: str
    before: str = empty_text()
    after: str = empty_text()


@record(frozen=True, slots=True, kw_only=True)
class TriedProposal:
    """One proposal of the search.

    Attributes:
        reason: Why the proposer changed the text, in its words, or "".
        refused: Why it was not tried, or "".
        cases: The number of cases that a model answered with it.
        score: The mean score of the search half, 0 to 1; None if not all of its cases were
            answered, because the proposal was refused or was not better in the first few.
        tokens: Of its request, estimated: the mean over the cases; None for what is no text.
        cost_usd_1000: Of 1,000 answers like those to it; None if no model was asked, or a price is
            unknown.
    """

    reason: str = ""
    refused: str = ""
    cases: int = 0
    score: float | None = None
    tokens: int | None = None
    cost_usd_1000: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class SearchHalf:
    """What the search saw and did.

    Attributes:
        cases: Those whose inputs and answers it saw.
        score: The mean score of the prompt as it stands, 0 to 1; None if not all answers came.
        cost_usd_1000: Of 1,000 answers like those to it; None if a price is unknown.
        proposals: In their order.
        refused: From a kind of reason to the number of proposals that were refused for it.
        answers: The number of answers to cases.
    """

    cases: int
    score: float | None = None
    cost_usd_1000: float | None = None
    proposals: tuple[TriedProposal, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)
    answers: int = 0


@record(frozen=True, slots=True, kw_only=True)
class HeldOutDecision:
    """The difference of the scores on the held-out half: proposal minus prompt. Shares, not points.

    Attributes:
        proved: `low` is above what the goal requires, and there are enough independent cases.
        difference: The mean over cases.
        low, high: Each bound is wrong with the chance `alpha`.
        cases: With answers on both sides.
        sources: The independent ones of them.
        repeats: The smallest number of answers to a case on each side.
        worse, better, same: The numbers of cases with a lower, a higher and the same mean score.
        required: What `low` must be above.
        visible: The smallest true improvement that these cases would prove four times in five.
        cases_needed: About how many held-out cases would decide if the difference stays the same;
            None if no number would.
        contracts_kept: The shares of answers that keep all contracts, before and after; None
            without contracts.
        contracts_lost: Fewer answers to the proposal keep them, by more than the contract margin.
        cost_ratio: The cost of an answer to the proposal, as a multiple; None if it is unknown.
    """

    proved: bool
    difference: float
    low: float
    high: float
    cases: int
    sources: int
    repeats: int
    worse: int
    better: int
    same: int
    required: float
    visible: float
    cases_needed: int | None = None
    contracts_kept: tuple[float, float] | None = None
    contracts_lost: bool = False
    cost_ratio: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class HeldOutHalf:
    """The cases that the search did not see, and the decision on them.

    Attributes:
        cases: The number of all of them.
        looks: How often these cases were looked at before.
        alpha: The error probability of this look.
        decision: On these cases; None if they were not looked at.
        missing: The number of answers that did not come or could not be scored.
    """

    cases: int
    looks: int = 0
    alpha: float
    decision: HeldOutDecision | None = None
    missing: int = 0


@output("optimize")
@record(frozen=True, slots=True, kw_only=True)
class Optimization:
    """The result of `promptops optimize`.

    Attributes:
        prompt: Its id.
        path: Of the prompt file.
        goal: What was searched for.
        proposer: The profile that proposed.
        state: What is known about the best proposal.
        search: The half of the cases that the search saw.
        held_out: The other half.
        tokens: Of the request as it is, estimated: the mean over the cases.
        proposed_tokens: The same with the proposal; None without one.
        texts: The texts that the best proposal changes.
        contents: The files with the proposal, each before and after, by path.
        notes: What weakens the evidence, or what a reader must know.
        patch: The file with the patch, or "".
        apply: The command that applies the patch, or "".
        next: The command that does what this run left out, or "".
        problem: Why an answer did not come in the search, or "".
        unanswered: Requests without an answer: a provider failed, or the run ended early.
        unasked: Those of them that were not sent because the run ended early.
        ended: Why it ended early, or "".
        interrupted: The user interrupted it.
        cost_usd: Of the requests of this run.
        duration_s: Of the whole run.
    """

    prompt: str
    path: str
    goal: Goal = "better"
    proposer: str
    state: State = "none"
    search: SearchHalf
    held_out: HeldOutHalf
    tokens: int
    proposed_tokens: int | None = None
    texts: tuple[ProposedText, ...] = ()
    contents: Mapping[str, tuple[bytes, bytes]] = hidden(default_factory=dict)
    notes: tuple[str, ...] = ()
    patch: str = ""
    apply: str = ""
    next: str = ""
    problem: str = ""
    unanswered: int = 0
    unasked: int = 0
    ended: str = ""
    interrupted: bool = False
    cost_usd: float = 0.0
    duration_s: float = 0.0

    @shown
    def accepted(self) -> bool:
        """Whether the proposal is proved on the held-out half."""
        return self.state == "proved"
