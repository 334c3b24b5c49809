"""Try one mutant on the cases of all prompts that use its text."""

from __future__ import annotations

from promptops.jobs.mutating.edits import PromptEdit, TextEdit
from promptops.jobs.mutating.mutated_prompt import Variant, with_span
from promptops.jobs.mutating.sources import Source
from promptops.jobs.mutating.tested_prompt import Effect, Observation, TestedPrompt
from promptops.model.mutant import Kill
from promptops.records import record
from promptops.runtime.template.template import TemplateError, is_template, parse


@record(frozen=True, slots=True)
class Trial:
    """The result of one mutant.

    Attributes:
        effect: Of the change on all requests; WORDS for a killed mutant.
        seen: Whether a case renders the changed text; for `effect` NONE.
        kill: What noticed it; None if nothing did.
    """

    effect: Effect
    seen: bool = True
    kill: Kill | None = None


def try_text(source: Source, edit: TextEdit) -> Trial | None:
    """Replace a span of a text; None if that is not a valid template any more."""
    text = with_span(source.text, edit.start, edit.end, edit.after)
    if not source.is_expression and not _is_valid(text.value):
        return None
    found = _observed(source, edit, edit.after)
    if found.kill is not None or found.effect is not Effect.NONE:
        return Trial(found.effect, kill=found.kill)
    # Nothing changed: is the text not rendered, or is the change without an effect?
    poisoned = _observed(source, edit, edit.poison)
    return Trial(Effect.NONE, seen=poisoned.effect is not Effect.NONE)


def _observed(source: Source, edit: TextEdit, after: str) -> Observation:
    """The first kill, or else the largest effect, over all users."""
    text = with_span(source.text, edit.start, edit.end, after)
    effect = Effect.NONE
    for user in source.users:
        found = user.observe(source.variant(user, text))
        if found.kill is not None:
            return found
        effect = max(effect, found.effect)
    return Observation(effect)


def _is_valid(source: str) -> bool:
    try:
        return not is_template(source) or bool(parse(source))
    except TemplateError:
        return False


def try_prompt(tested: TestedPrompt, edit: PromptEdit) -> Trial:
    """Try a broken prompt; if the request shows nothing to assertions, with its witness."""
    variant = Variant(edit.prompt, tested.original.load)
    found = tested.observe(variant)
    kill = found.kill
    if kill is None and edit.witness is not None:
        kill = tested.refuses(edit.prompt, edit.witness)
    return Trial(found.effect, seen=found.effect is not Effect.NONE, kill=kill)
