"""The texts of prompts, each once, with the prompts that use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from promptops.analysis.template_tags import place_of
from promptops.catalog.catalog import Catalog
from promptops.jobs.mutating.mutated_prompt import Variant, laid_over
from promptops.jobs.mutating.tested_prompt import TestedPrompt
from promptops.model.place import Text
from promptops.model.prompt import Prompt, TextPart, messages_of
from promptops.records import field, record


@record(slots=True, kw_only=True)
class Source:
    """A text of one or several prompts.

    Attributes:
        whole: It is a whole file: a partial, or the body of a message.
        is_expression: It is a `when`.
        users: The selected prompts that use it, its own prompt first.
    """

    text: Text
    whole: bool
    is_expression: bool
    users: list[TestedPrompt] = field(default_factory=list)
    _originals: dict[str, set[int]] = field(default_factory=dict)

    def use(self, user: TestedPrompt, text: Text) -> None:
        """Note that a prompt uses the text, as a Text of its own."""
        if user not in self.users:
            own = user.prompt.path == self.text.path
            self.users.insert(0 if own else len(self.users), user)
        self._originals.setdefault(user.prompt.path, set()).add(id(text))

    def variant(self, user: TestedPrompt, text: Text) -> Variant:
        """The prompt of a user, with another text in its place."""
        path = self.text.path if self.whole else ""
        return laid_over(user.original, self._originals[user.prompt.path], path, text)

    def roles(self, user: TestedPrompt) -> tuple[str, ...]:
        """The roles of the user's messages that have it as their own text."""
        originals = self._originals[user.prompt.path]
        return tuple(
            message.role
            for message in messages_of(user.prompt.messages)
            if any(isinstance(p, TextPart) and id(p.text) in originals for p in message.parts)
        )


def sources_of(catalog: Catalog, tested: Iterable[TestedPrompt]) -> list[Source]:
    """The texts of prompts in the order of their places; empty ones are left out."""
    found: dict[tuple[str, int, int, bool], Source] = {}
    for user in tested:
        for text, is_expression in _texts(catalog, user.prompt):
            if text.value:
                key = (*place_of(text, 0), is_expression)
                whole = text.path not in catalog.ids
                new = Source(text=text, whole=whole, is_expression=is_expression)
                found.setdefault(key, new).use(user, text)
    return [found[key] for key in sorted(found)]


def _texts(catalog: Catalog, prompt: Prompt) -> Iterator[tuple[Text, bool]]:
    for message in messages_of(prompt.messages):
        for part in (message, *message.parts):
            if part.when is not None:
                yield part.when, True
            if isinstance(part, TextPart):
                yield part.text, False
    for text in catalog.reached(prompt):
        if text.path not in catalog.ids:
            yield text, False


def is_shared_with_others(catalog: Catalog, path: str, users: Sequence[TestedPrompt]) -> bool:
    """Whether prompts that are not selected use a file."""
    known = {user.prompt.path for user in users}
    others = catalog.dependent_prompts(path)
    return any(other not in known for other in others)
