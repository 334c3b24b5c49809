"""A bundle as an application sees it: prompts by id, each read when it is asked for."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from promptops.errors import InputError, UsageError
from promptops.model.place import Text, plain_text
from promptops.runtime.bundle.format import Contents
from promptops.runtime.bundle.prompts import prompt_of
from promptops.runtime.bundle.reading import Fields, Misshapen
from promptops.runtime.request.rendered import RenderedRequest

if TYPE_CHECKING:
    from promptops.runtime.request.answers import Answers


class UnknownPrompt(UsageError, KeyError):
    """A bundle has no prompt of that id; never replaced by another one."""

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class Bundle(Mapping[str, "Prompt"]):
    """All prompts of one release: a mapping from id to `Prompt`; old ids lead to the new ones.

    Attributes:
        release: The name of the tag; None for a revision that is no release.
        channel: The channel it was loaded by, or None.
        stale: The source could not be reached, or gave what can't be trusted: this is the last
            that was known to be good.
    """

    def __init__(
        self, contents: Contents, *, where: str, channel: str | None = None, stale: bool = False
    ) -> None:
        """`where` is where it came from, for messages."""
        self.release = contents.origin.release
        self.channel = channel
        self.stale = stale
        self._contents = contents
        self._where = where
        self._prompts: dict[str, Prompt] = {}
        self._parts: dict[str, Text] = {}

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal: the same from every source."""
        return self._contents.digest

    @property
    def commit(self) -> str:
        """Id of the commit that it was built from."""
        return self._contents.origin.commit

    def __getitem__(self, id: str) -> Prompt:  # noqa: A002  # what the whole project calls it
        found = self._prompts.get(id)
        return found if found is not None else self._read(id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents.prompts)

    def __len__(self) -> int:
        return len(self._contents.prompts)

    def __contains__(self, id: object) -> bool:  # noqa: A002
        return id in self._contents.prompts or id in self._contents.aliases

    def __repr__(self) -> str:
        name = self.release or self.commit[:12]
        stale = ", stale" if self.stale else ""
        facts = f"{_counted(len(self))}, sha256:{self.digest[:12]}{stale}"
        return f"<promptops.Bundle {name!r}: {facts}>"

    def _read(self, name: str) -> Prompt:
        known = name if name in self._contents.prompts else self._contents.aliases.get(name)
        if type(known) is not str or known not in self._contents.prompts:
            raise self._unknown(name)
        try:
            prompt = Prompt(self, self._contents.line(self._contents.prompts[known]))
            if prompt.id != known:
                raise Misshapen("the line of another prompt")
        except Misshapen:
            raise self._unreadable(f"the prompt {known!r}") from None
        # Two threads may both read it: the first to be stored is the one that all get.
        return self._prompts.setdefault(name, prompt)

    def _unknown(self, name: str) -> UnknownPrompt:
        from difflib import get_close_matches

        near = get_close_matches(str(name), self, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {len(self)} prompts: list(bundle)"
        release = self.release or self.commit[:12]
        return UnknownPrompt(f"there is no prompt {name!r} in {release}", hint=hint)

    def _part(self, path: str) -> Text | None:
        if path not in self._parts:
            if path not in self._contents.parts:
                return None
            try:
                value = self._contents.line(self._contents.parts[path]).text("text")
            except Misshapen:
                raise self._unreadable(f"the partial {path!r}") from None
            self._parts[path] = plain_text(path, value)
        return self._parts[path]

    def _file(self, path: str) -> bytes | None:
        if path not in self._contents.files:
            return None
        try:
            line = self._contents.line(self._contents.files[path])
            return b64decode(line.text("base64"), validate=True)
        except ValueError:
            raise self._unreadable(f"the file {path!r}") from None

    def _unreadable(self, what: str) -> InputError:
        hint = "it was built by something other than promptops: build it again"
        return InputError(f"{what} can't be read from the bundle", where=self._where, hint=hint)


def _counted(prompts: int) -> str:
    return "1 prompt" if prompts == 1 else f"{prompts} prompts"


class Prompt:
    """A prompt of a bundle, ready to be rendered; safe to share between threads.

    Attributes:
        id: As it is called now, also where it was asked for by an alias.
        version: Its own, which changes only when it does; None where the bundle is no release.
        digest: SHA-256, in hexadecimal, of what it says: equal in two releases for the same prompt.
        contract: SHA-256, in hexadecimal, of what callers rely on: inputs, outputs, tools, roles.
    """

    def __init__(self, bundle: Bundle, line: Fields) -> None:
        """Raises `bundles.reading.Misshapen`, an InputError where the inputs' schema is none."""
        from promptops.runtime.request.render import Renderer

        self._bundle = bundle
        self._prompt = prompt_of(line)
        self._includes = line.object("includes") if "includes" in line else {}
        self.id = self._prompt.id
        self.version = line.text_or_none("version")
        self.digest = line.text("digest")
        self.contract = line.text("contract")
        self._renderer = Renderer(self._prompt, self._load, bundle._file)
        self._answers: Answers | None = None

    @property
    def release(self) -> str | None:
        """The name of the release's tag; None for a revision that is no release."""
        return self._bundle.release

    @property
    def channel(self) -> str | None:
        """The channel it was loaded by, or None."""
        return self._bundle.channel

    @property
    def status(self) -> str:
        """`draft`, `active` or `deprecated`."""
        return self._prompt.status

    @property
    def description(self) -> str:
        """What it is for; "" where the file does not say."""
        return self._prompt.description

    @property
    def tags(self) -> tuple[str, ...]:
        """In the order of the file."""
        return self._prompt.tags

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the team keeps there; nothing of it is sent."""
        return self._prompt.metadata

    @property
    def inputs(self) -> Mapping[str, Any]:
        """JSON Schema of what `render` takes."""
        return self._prompt.inputs

    @property
    def output(self) -> Mapping[str, Any] | None:
        """JSON Schema of what `parse` gives; None for a text."""
        return self._prompt.output.schema

    def render(self, /, **inputs: Any) -> RenderedRequest:
        """The request for these inputs; they are checked, and defaults filled in.

        Raises `RenderError`, an InputError: `inputs` says what is wrong with each.
        """
        return self.render_from(inputs)

    def render_from(self, inputs: Mapping[str, Any]) -> RenderedRequest:
        """The same for inputs in a mapping."""
        accepted, messages = self._renderer.messages(inputs)
        return RenderedRequest(
            messages=messages,
            prompt=self.id,
            version=self.version,
            inputs=accepted,
            _fixed=self._renderer.fixed,
        )

    def parse(self, answer: Any) -> Any:
        """What a model answered: JSON data that fits the output schema, or a text.

        `answer` is what the `openai` client returned for a chat completion or a response, the same
        as a mapping, or its text. Raises `AnswerError`, and InputError where the
        output's schema is none.
        """
        if self._answers is None:
            self._answers = self._reading()
        return self._answers.parse(answer)

    def __repr__(self) -> str:
        return f"<promptops.Prompt {self.id} {self.version or self._bundle.commit[:12]}>"

    def _reading(self) -> Answers:
        from promptops.runtime.request.answers import Answers

        try:
            return Answers(self.id, self._prompt.output)
        except ValueError as error:
            message = f"the output schema is invalid: {error}"
            raise InputError(message, where=self._prompt.path) from None

    def _load(self, origin: str, name: str) -> Text | None:
        named = self._includes.get(origin)
        path = named.get(name) if type(named) is dict else None
        return self._bundle._part(path) if type(path) is str else None
