"""The result of comparing two catalogs: changes, and the required version bump."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import Enum
from typing import Any, Final, Literal

from promptops.model.config import Waiver
from promptops.model.place import Place
from promptops.model.version import Bump
from promptops.records import record, replace
from promptops.records.outputs import hidden, output, shown

NOT_COMPARED = "CHG505"
"""The code of the change that reports a comparison that an internal error prevented."""

Level = Literal["BREAKING", "BEHAVIOR", "ADDITIVE", "NEUTRAL"]


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""The side has no value. `None` is JSON's null, which is a value."""


@record(frozen=True, slots=True, kw_only=True)
class Witness:
    """A concrete value that proves a break.

    Attributes:
        kind: `input`, accepted before and rejected now; `output` or `arguments` (of a tool call),
            impossible before and possible now.
        value: JSON data: all inputs by name, a whole output, all arguments.
        case: The test case with these inputs, or None for generated ones.
        reason: The message of the side that rejects it, or "".
    """

    kind: Literal["input", "output", "arguments"]
    value: Any
    case: str | None = None
    reason: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a prompt.

    Attributes:
        code: Of the catalogue of changes: CHG101. It never changes its meaning.
        name: The same in words: required-input-added.
        level: The effect on callers, consumers of the output and the model. BREAKING: breaks
            callers or consumers; BEHAVIOR: the model receives or does something else; ADDITIVE:
            adds something; NEUTRAL: has no effect.
        bump: The required version bump, with policies and waivers applied.
        path: JSON pointer into the resolved prompt, of the newer side if it exists there.
        message: One line: lower case, no full stop, names between backticks.
        before: The old value; missing if there is none, or if the message contains it.
        after: The new value; missing if there is none, or if the message contains it.
        witness: A concrete value that proves the break, or None.
        warning: Whether it needs attention, whatever its bump.
        risk: Why it needs a reviewer's attention; "" if it is not a risk.
        via: Paths of the partials, schemas or configuration through which it came, if the prompt
            file itself did not change so.
        waiver: What lowered the bump of a breaking change, or None.
        gated: Whether `--fail-on breaking` stops on it, if it breaks.
        basis: Other facts on which it rests, as JSON data: another basis is another fingerprint.
        place: Its place in a file of the newer side; None if that is not a single place.
        fingerprint: An id that stays the same when the change is compared again, for waivers.
    """

    code: str
    name: str
    level: Level
    bump: Bump
    path: str
    message: str
    before: Any = ABSENT
    after: Any = ABSENT
    witness: Witness | None = None
    warning: bool = False
    risk: str = ""
    via: tuple[str, ...] = ()
    waiver: Waiver | None = None
    gated: bool = True
    basis: Any = hidden(default=ABSENT)
    place: Place | None = None
    fingerprint: str = ""

    @property
    def breaking(self) -> bool:
        """Whether it breaks callers or consumers and is not waived."""
        return self.level == "BREAKING" and self.waiver is None


@record(frozen=True, slots=True, kw_only=True)
class Seen:
    """One message as the model receives it.

    Attributes:
        role: `system`, `user`, `assistant` and so on.
        text: Its content; media and tool calls as `[image …]` and `[call …]`, each on its line.
        tokens: Their number, exact or estimated, as `tokenizer` of the report says.
    """

    role: str
    text: str
    tokens: int


@record(frozen=True, slots=True)
class SeenPair:
    """A message or an answer on both sides.

    Attributes:
        before: On the older side; None if it was added, or that side can't be rendered.
        after: On the newer side; None if it was removed, or that side can't be rendered.
    """

    before: Seen | None
    after: Seen | None

    @property
    def differs(self) -> bool:
        before, after = self.before, self.after
        return (
            before is None
            or after is None
            or (before.role, before.text) != (after.role, after.text)
        )


@record(frozen=True, slots=True)
class TurnPair:
    """A message of a turn of a case, or the recorded answer to it, on both sides.

    Attributes:
        number: Of the turn, 1-based.
        pair: The message, or with the role `answer` the answer.
    """

    number: int
    pair: SeenPair

    @property
    def titled(self) -> SeenPair:
        """The pair with the turn in its roles: `turn 2 · user`."""
        before, after = (
            seen and replace(seen, role=f"turn {self.number} · {seen.role}")
            for seen in (self.pair.before, self.pair.after)
        )
        return SeenPair(before, after)


AS_IT_WAS = " (as it was)"
"""Suffix for the older one of two cases with the same name and different inputs."""


def number_of_cases(names: Iterable[str]) -> int:
    """The number of test cases with these names; both versions of a changed case count as one."""
    return len({name.removesuffix(AS_IT_WAS) for name in names})


@record(frozen=True, slots=True, kw_only=True)
class CaseDiff:
    """A test case, rendered on both sides with the same inputs.

    Attributes:
        name: Of the case; on the newer side, if it exists there.
        messages: All of them, in order, whether or not they differ.
        rest: Other parts of the request that differ: `model`, `params`, `tools`, …
        before_error: Why the older side can't be rendered with these inputs, or "".
        after_error: Why the newer side can't be rendered with these inputs, or "".
        turns: The messages of its turns, each turn with its recorded answers, in order, whether or
            not they differ; empty without turns.
        answer: The recorded answers of both sides; None without a recording, and with turns.
        verdicts: One line for each assertion on the answer whose verdict changed.
        before_usd: Price in US dollars of sending the request of the older side once, without an
            answer; None if the price of the model is not known.
        after_usd: That of the newer side.
    """

    name: str
    messages: tuple[SeenPair, ...]
    rest: tuple[str, ...] = ()
    before_error: str = ""
    after_error: str = ""
    turns: tuple[TurnPair, ...] = ()
    answer: SeenPair | None = None
    verdicts: tuple[str, ...] = ()
    before_usd: float | None = None
    after_usd: float | None = None

    @property
    def pairs(self) -> tuple[SeenPair, ...]:
        """The messages, then those of the turns, then the answer."""
        turns = tuple(turn.titled for turn in self.turns)
        return (*self.messages, *turns, *([] if self.answer is None else [self.answer]))

    @shown
    def before_tokens(self) -> int:
        """Tokens of all messages of the older side; 0 if it can't be rendered."""
        return sum(pair.before.tokens for pair in self.messages if pair.before)

    @shown
    def after_tokens(self) -> int:
        """Tokens of all messages of the newer side; 0 if it can't be rendered."""
        return sum(pair.after.tokens for pair in self.messages if pair.after)


@record(frozen=True, slots=True, kw_only=True)
class PromptDiff:
    """What changed about one prompt.

    Attributes:
        id: On the newer side; the last id of a removed prompt.
        path: Of its file, relative to the repository root, forward slashes.
        state: `unreadable` if a side can't be read; a change reports that.
        bump: The required version bump: the highest of its changes.
        changes: The worst first.
        cases: Those whose requests differ, in the order of the newer side.
        rendered: Number of cases that were rendered on both sides.
        via: Paths of the changed files that the prompt uses, without its own.
        before_id: The earlier id of a renamed prompt; else None.
        before_version: The latest released version; None if none was released.
        after_version: The version of its next release; None if none was released.
    """

    id: str
    path: str
    state: Literal["added", "removed", "renamed", "changed", "unreadable"]
    bump: Bump
    changes: tuple[Change, ...]
    cases: tuple[CaseDiff, ...] = ()
    rendered: int = 0
    via: tuple[str, ...] = ()
    before_id: str | None = None
    before_version: str | None = None
    after_version: str | None = None

    @property
    def differing(self) -> int:
        """The number of test cases whose requests differ."""
        return number_of_cases(case.name for case in self.cases)


@output("diff", version=1)
@record(frozen=True, slots=True, kw_only=True)
class DiffReport:
    """The result of `promptops diff`: the changes between two sides.

    Attributes:
        base: The older side, as a person would write it: `v1.2.0`, `main`.
        head: The newer side, as a person would write it: `HEAD`, `the index`.
        prompts: The changed ones, worst first, then by id.
        compared: The number of compared prompts.
        tokenizer: The name of the exact tokenizer that counted tokens, or "" for the estimate.
        hidden: Prompts that may have changed, too, but were not selected.
        before_version: The last release of the catalog; None if nothing was released, or nothing
            changed.
        after_version: The next release that the changes require; None if nothing was released, or
            nothing changed.
    """

    base: str
    head: str
    prompts: tuple[PromptDiff, ...]
    compared: int
    tokenizer: str = ""
    hidden: int = 0
    before_version: str | None = None
    after_version: str | None = None

    @shown
    def bump(self) -> Bump:
        """The highest bump of all prompts, without the shift for versions before 1.0.0."""
        return max((prompt.bump for prompt in self.prompts), default=Bump.NONE)

    @property
    def failed(self) -> bool:
        """Whether a bug in promptops prevented a comparison."""
        codes = (change.code for prompt in self.prompts for change in prompt.changes)
        return NOT_COMPARED in codes

    @property
    def risks(self) -> tuple[tuple[PromptDiff, Change], ...]:
        """Each risk with its prompt, in the order of the prompts."""
        return tuple(
            (prompt, change) for prompt in self.prompts for change in prompt.changes if change.risk
        )

    @shown
    def risk_codes(self) -> tuple[str, ...]:
        """Codes of the changes that are risks, each once, sorted."""
        return tuple(sorted({change.code for _, change in self.risks}))

    def stopping(self, kinds: Collection[str]) -> Iterator[tuple[PromptDiff, Change]]:
        """The changes of these kinds, `breaking` and `risk`, in the order of the prompts."""
        for prompt in self.prompts:
            for change in prompt.changes:
                breaks = "breaking" in kinds and change.breaking and change.gated
                if breaks or ("risk" in kinds and change.risk):
                    yield prompt, change
