"""The result of mutation testing: which broken prompts the cases notice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from promptops.model.place import Place
from promptops.records import record
from promptops.records.outputs import empty_text, hidden, output, shown

Operator = Literal[
    "sentence",
    "item",
    "obligation",
    "value",
    "condition",
    "loop",
    "include",
    "message",
    "example",
    "schema",
    "tool",
]
MutantStatus = Literal["killed", "survived", "unseen"]
KillKind = Literal["render", "rendered", "witness", "contract", "score"]

OPERATORS: tuple[Operator, ...] = get_args(Operator)
"""All operators, in the order of the reports."""


@record(frozen=True, slots=True, kw_only=True)
class Kill:
    """The first check that noticed a mutant.

    Attributes:
        kind: `render`: the case can't be rendered. `rendered`: an assertion on the request failed.
            `witness`: an assertion refused the witness of a weaker schema. With a model:
            `contract`: three of three answers violate one; `score`: the primary score fell.
        prompt: Id of the prompt whose check it was.
        case: Name of its case; "" for a score.
        assertion: Its type as written, such as `not-contains`; "" for `render`; for `score` the
            name of the score.
        reason: Why it failed, as a test reports it.
        place: Of the assertion; of the case for `render` and `score`.
        quotes: It is a `rendered` assertion that repeats the text of the prompt; no check of what
            the request does or the model answers noticed the mutant.
    """

    kind: KillKind
    prompt: str
    case: str = ""
    assertion: str = ""
    reason: str = ""
    place: Place
    quotes: bool = False


@record(frozen=True, slots=True, kw_only=True)
class LiveTrial:
    """What a model answered to a mutant.

    Attributes:
        cases: How many cases were sent.
        answers: How many answers there are, over all cases and repeats.
        changed: How many of them differ from the recorded answer to the same case.
        note: Why nothing was decided, or "".
    """

    cases: int = 0
    answers: int = 0
    changed: int = 0
    note: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A prompt with one thing broken on purpose.

    Attributes:
        operator: What kind of thing is broken.
        place: Of the replaced span. A span over several lines ends on a later line.
        before: The replaced span as in the file; never empty.
        after: The replacement; "" if the span is deleted.
        change: The change in words, such as `delete "Be brief."` or `"never" → "sometimes"`.
        status: `unseen` if no case renders the replaced text.
        by: What noticed it; None unless it is killed.
        suggestion: What to assert, for a survivor; else "". Code in backticks.
        in_changed_lines: With `--since`: a changed line contains its place. Else False.
        source_line: The first line of the place, without its newline, for display.
        live: None if no model was called.
    """

    operator: Operator
    place: Place
    before: str
    after: str = empty_text()
    change: str
    status: MutantStatus
    by: Kill | None = None
    suggestion: str = ""
    in_changed_lines: bool = False
    source_line: str = hidden(default="")
    live: LiveTrial | None = None

    @property
    def quoted(self) -> bool:
        """Whether only a quote of the text noticed it."""
        return self.by is not None and self.by.quotes


@record(frozen=True, slots=True, kw_only=True)
class MutationCount:
    """How many mutants were killed, and how many were not.

    Attributes:
        killed: How many a check noticed.
        quoted: How many of the killed ones only a quote of the text noticed.
        survived: How many no check noticed.
        unseen: How many no case renders.
    """

    killed: int = 0
    quoted: int = 0
    survived: int = 0
    unseen: int = 0

    @property
    def all(self) -> int:
        """The number of mutants."""
        return self.killed + self.survived + self.unseen

    @property
    def by_behaviour(self) -> int:
        """How many were noticed by what the request does or the model answers."""
        return self.killed - self.quoted

    @shown
    def behaviour_score(self) -> float | None:
        """By the request or the answer: (killed - quoted) / all, 0 to 1; None without a mutant."""
        return self.by_behaviour / self.all if self.all else None

    @shown
    def score(self) -> float | None:
        """With quotes: killed / all, 0 to 1; None without a mutant."""
        return self.killed / self.all if self.all else None


@record(frozen=True, slots=True, kw_only=True)
class MutationRow:
    """The mutants of one prompt, or of a partial that several prompts include.

    Attributes:
        name: The id of the prompt, or the path of the partial.
        partial: It is a partial. Its mutants count once, not for each prompt.
        prompts: Ids of the prompts whose cases were tried, sorted.
        cases: The number of those cases that could be rendered before the mutation.
        mutants: In the order of their places, then of the operators.
        failing: The number of assertions on the request that fail without any mutation; they are
            not used.
        equivalent: How many were left out because no request changed but for white space.
        ignored: How many were left out because of an ignore comment.
        nothing: Why nothing was tested, or "": no cases, a prompt that can't be read.
        unreadable: It is a prompt that can't be read.
        internal: A bug of promptops prevented some or all of it.
        place: Of the file, or of the error in it.
    """

    name: str
    partial: bool = False
    prompts: tuple[str, ...] = ()
    cases: int = 0
    mutants: tuple[Mutant, ...] = ()
    failing: int = 0
    equivalent: int = 0
    ignored: int = 0
    nothing: str = ""
    unreadable: bool = False
    internal: bool = False
    place: Place

    @shown
    def count(self) -> MutationCount:
        """The count of all its mutants."""
        return counted(self.mutants)


@output("mutate")
@record(frozen=True, slots=True, kw_only=True)
class MutationRun:
    """The result of `promptops mutate`.

    Attributes:
        rows: Prompts by id, then shared partials by path.
        sources: The text of each file with a survivor or an unseen mutant, by path.
        operators: The operators that were used.
        since: The revision of `--since`, or "".
        left_out: Paths of partials that were not mutated, because prompts that are not selected
            use them, too.
        fail_under: The required share noticed by behaviour, in percent; None for no limit.
        nothing: Why nothing was mutated or tested at all, or "".
        next: The command to type next, or "".
        live: A model was called about survivors.
        untried: Survivors that no model was called about, because of `--max-mutants` or because
            the run ended early.
        unanswered: Requests without an answer: a provider failed, or the run ended early.
        unasked: Those of them that were not sent because the run ended early.
        ended: Why it ended early, or "".
        interrupted: The user interrupted it.
        cost_usd: Of the requests of this run.
        duration_s: Of the whole run.
    """

    rows: tuple[MutationRow, ...] = ()
    sources: Mapping[str, str] = hidden(default_factory=dict)
    operators: tuple[Operator, ...] = OPERATORS
    since: str = ""
    left_out: tuple[str, ...] = ()
    fail_under: float | None = None
    nothing: str = ""
    next: str = ""
    live: bool = False
    untried: int = 0
    unanswered: int = 0
    unasked: int = 0
    ended: str = ""
    interrupted: bool = False
    cost_usd: float = 0.0
    duration_s: float = 0.0

    @property
    def mutants(self) -> tuple[Mutant, ...]:
        """All mutants, in the order of the rows."""
        return tuple(mutant for row in self.rows for mutant in row.mutants)

    @shown
    def count(self) -> MutationCount:
        """The count of all mutants."""
        return counted(self.mutants)

    @shown
    def by_operator(self) -> Mapping[Operator, MutationCount]:
        """The count of each operator that has mutants, in a fixed order."""
        found = {
            operator: [each for each in self.mutants if each.operator == operator]
            for operator in OPERATORS
        }
        return {operator: counted(mutants) for operator, mutants in found.items() if mutants}

    @property
    def survivors_in_changed_lines(self) -> tuple[Mutant, ...]:
        """The survivors to annotate in a pull request."""
        return tuple(
            mutant
            for mutant in self.mutants
            if mutant.status == "survived" and mutant.in_changed_lines
        )

    @shown
    def passed(self) -> bool:
        """False if the share noticed by behaviour is below the required one."""
        return not self.under

    @property
    def under(self) -> bool:
        """Whether the share noticed by behaviour is below the required one.

        Also if there is no mutant, although prompts are selected: nothing proves that it is
        reached.
        """
        if self.fail_under is None or not self.rows:
            return False
        score = self.count.behaviour_score
        return score is None or 100 * score < self.fail_under


def counted(mutants: Iterable[Mutant]) -> MutationCount:
    """How many of them have each status."""
    found = tuple(mutants)
    statuses = [mutant.status for mutant in found]
    return MutationCount(
        killed=statuses.count("killed"),
        quoted=sum(mutant.quoted for mutant in found),
        survived=statuses.count("survived"),
        unseen=statuses.count("unseen"),
    )
