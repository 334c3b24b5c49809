"""TST008."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.passages import included_from_frames
from promptops.lint.subject import PromptFacts
from promptops.lint.undefined import is_reported_elsewhere
from promptops.model.place import Place
from promptops.model.prompt import Prompt, TextPart, messages_of
from promptops.runtime.request.render import BudgetSpent, Renderer, RenderError, TracedRequest
from promptops.runtime.request.schema_check import measured
from promptops.runtime.template.limits import PromptBudget, StrictBudget

MAX_RENDERS = 200
MAX_WORK = 120_000
"""Units of work for all boundaries of one prompt; each takes 0.2 to 0.5 µs."""

_EXPENSIVE = MAX_WORK // 4
"""Units of an expensive render."""

_OF_RENDER = 50
_OF_NODE = 4
_OF_STEP = 20
"""Units of a render, of a value in its inputs, and of a step of reading the schema.

Templates count their own work.
"""


@rule("TST008", severity=Severity.ERROR, on="opt-in")
def breaks_at_boundary(prompt: Prompt, subject: PromptFacts) -> Iterator[Problem]:
    """Every input that the schema allows renders, and leaves no message empty.

    Test cases have typical inputs. Applications also pass an empty list, a zero or a null, and then
    the render fails in production. The rule takes the inputs of each test case (without cases, the
    plainest inputs that the schema allows) and changes one value at a time: strings and lists that
    are empty, that have one character or item, or the maximum length; strings with newlines, tags,
    emoji and bidirectional controls; optional inputs that are missing; null; the bounds of numbers
    and 0; each value of an enum. It also tries the smallest and the largest inputs. It leaves out
    what the schema does not allow, and renders each prompt at most 200 times. It also counts the
    work, and stops after about 60 ms: of a prompt with hundreds of inputs, or with an expensive
    template, only the first boundaries are tried, the same ones on every machine. Only an input
    that makes a cheap template expensive is rendered up to the limit of the renderer.

    It reports a template that fails, also because of the limits of the renderer, and a message that
    becomes empty: each place once, with the first input that causes it. To fix it, handle the value
    in the template, or exclude it in the schema of the input, for example with `minLength: 1`.

    `promptops check --since` runs this rule on the prompts that changed. Elsewhere, select it with
    `extend-select = ["TST008"]`.

    Bad:
        inputs:
          required: [items]
          properties:
            items: {type: array, maxItems: 9, items: {type: string, maxLength: 90}}
        messages:
          - role: user
            content: "The first one: {{ items[0] }}"
        tests:
          - name: one item
            inputs: {items: [lamp]}
            rendered:
              - {type: contains, value: lamp}

    Bad:
        inputs:
          required: [question]
          properties:
            question: {type: string, maxLength: 900}
        messages:
          - role: system
            content: Answer in one sentence.
          - role: user
            content: "{{ question }}"
        tests:
          - name: a question
            inputs: {question: Where is my parcel?}
            rendered:
              - {type: contains, value: parcel}

    Good:
        inputs:
          required: [question, items]
          properties:
            question: {type: string, minLength: 1, maxLength: 900}
            items: {type: array, minItems: 1, maxItems: 9, items: {type: string, maxLength: 90}}
        messages:
          - role: system
            content: "Answer in one sentence. The first item: {{ items[0] }}"
          - role: user
            content: "{{ question }}"
        tests:
          - name: a question
            inputs: {question: Where is my parcel?, items: [lamp]}
            rendered:
              - {type: contains, value: parcel}
    """
    if prompt.inputs.get("properties") and isinstance(subject.renderer, Renderer):
        yield from _Search(prompt, subject, subject.renderer).problems()


class _Search:
    """Renders a prompt with boundary inputs, and reports each place once."""

    def __init__(self, prompt: Prompt, subject: PromptFacts, cases: Renderer) -> None:
        self._prompt = prompt
        self._subject = subject
        self._cases = cases
        self._budget: PromptBudget = StrictBudget(MAX_WORK)
        self._renderer = cases.within(self._budget)
        self._texts = _template_texts(prompt)
        self._seen: set[Place] = set()
        self._result: TracedRequest | RenderError = BudgetSpent()

    def problems(self) -> Iterator[Problem]:
        from promptops.lint.boundaries import boundary_inputs

        cases = [each.traced for each in self._subject.renders if each.traced is not None]
        for traced in cases:
            self._seen.update(place for place, _ in self._empty(traced))
        if self._subject.cases and not cases:
            return  # TST002 reports cases that do not render
        bases = self._bases()
        found = boundary_inputs(self._prompt.inputs, bases, self._renders, MAX_RENDERS, self._spend)
        try:
            self._weigh(bases)
            for each in found:
                yield from self._problems_of(each.change)
        except BudgetSpent:
            return

    def _weigh(self, bases: Sequence[Mapping[str, object]]) -> None:
        """Let the last render go on to the limit of the renderer, unless every render is expensive.

        Only so is it known whether an input exceeds that limit. Raises BudgetSpent if even a case
        takes more work than all boundaries may.
        """
        for inputs in bases[:1]:
            self._renderer.trace(inputs)
        if self._budget.left > MAX_WORK - _EXPENSIVE:
            left = self._budget.left
            self._budget = PromptBudget(0)
            self._budget.left = left
            self._renderer = self._cases.within(self._budget)

    def _bases(self) -> tuple[Mapping[str, object], ...]:
        """The inputs of the cases, of those that take the same branches only the first."""
        bases = {
            (each.traced.branches, frozenset(each.case.inputs)): each.case.inputs
            for each in reversed(self._subject.renders)
            if each.traced is not None
        }
        return tuple(reversed(bases.values()))

    def _spend(self, steps: int) -> None:
        self._budget.left -= _OF_STEP * steps

    def _renders(self, inputs: Mapping[str, object]) -> bool:
        """Whether inputs are valid; renders them then, because rendering checks them anyway."""
        nodes, _, chars = measured(inputs)
        self._budget.left -= _OF_RENDER + _OF_NODE * nodes + (chars >> 4)
        try:
            self._result = self._renderer.trace(inputs)
        except BudgetSpent:
            raise
        except RenderError as error:
            self._result = error
            return not error.inputs
        return True

    def _problems_of(self, change: str) -> Iterator[Problem]:
        """The problems with the inputs that were rendered last."""
        if isinstance(self._result, RenderError):
            yield from self._failure(self._result, change)
            return
        for place, what in self._empty(self._result):
            if place not in self._seen:
                self._seen.add(place)
                yield Problem(f"{what} if {change}", at=place, hint=_EMPTY)

    def _failure(self, error: RenderError, change: str) -> Iterator[Problem]:
        place = error.place
        if place is None or place in self._seen:
            return
        self._seen.add(place)
        if not is_reported_elsewhere(error, place, self._subject):
            yield Problem(
                f"does not render if {change}: {error.message}",
                at=place,
                hint=_FAILS,
                related=tuple(included_from_frames(error.frame)) if error.frame else (),
            )

    def _empty(self, traced: TracedRequest) -> Iterator[tuple[Place, str]]:
        """The places of what is empty in a request, with a description."""
        calling = {i for i, turn in enumerate(traced.request.messages) if turn.get("tool_calls")}
        for text in traced.texts:
            blank = text.message not in calling and not text.text.strip()
            if blank and self._texts.get(text.at, "").strip():
                yield self._prompt.locate(text.at, False), "the message is empty"
        for message, at in zip(traced.request.messages, traced.messages_at, strict=True):
            if message.get("content") == [] and not message.get("tool_calls"):
                yield self._prompt.locate(at, False), "the message has no parts"
        if not traced.request.messages:
            yield self._prompt.locate("/messages", False), "the request has no messages"


_FAILS = "handle the value in the template, or exclude it in the schema of the input"
_EMPTY = "leave it out with `when`, or exclude the value in the schema of the input"


def _template_texts(prompt: Prompt) -> dict[str, str]:
    """The text of each part as written, by its JSON pointer."""
    return {
        part.at: part.text.value
        for message in messages_of(prompt.messages)
        for part in message.parts
        if isinstance(part, TextPart)
    }
