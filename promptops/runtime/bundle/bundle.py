"""A bundle as an application uses it: prompts by id, each parsed when it is first requested."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from operator import getitem
from typing import TYPE_CHECKING, Any

from promptops.errors import InputError, UsageError
from promptops.model.place import Text, plain_text
from promptops.plurals import counted
from promptops.runtime.bundle.format import Contents, Fields, Misshapen, read_bundle
from promptops.runtime.bundle.prompts import prompt_of
from promptops.runtime.request.rendered import PromptOrigin, RenderedRequest

if TYPE_CHECKING:
    from promptops.runtime.request.answers import Answers


class UnknownPrompt(UsageError, KeyError):
    """The bundle has no prompt with that id; another one is never substituted."""

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class Bundle(Mapping[str, "Prompt"]):
    """All prompts of one release, as a mapping from id to `Prompt`; former ids work, too.

    Attributes:
        release: The name of the tag; None for a revision that is not a release.
        channel: The channel by which it was loaded, or None.
        stale: Whether the source was unreachable or returned untrustworthy data, so that this is
            the last good bundle.
    """

    def __init__(
        self, contents: Contents, *, where: str, channel: str | None = None, stale: bool = False
    ) -> None:
        """`where` is the source, for messages."""
        self.release = contents.origin.release
        self.channel = channel
        self.stale = stale
        self._contents = contents
        self._where = where
        self._prompts: dict[str, Prompt] = {}
        self._parts: dict[str, Text] = {}

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal of the bundle; the same from every source."""
        return self._contents.digest

    @property
    def commit(self) -> str:
        """The id of the commit from which the bundle was built."""
        return self._contents.origin.commit

    def __getitem__(self, id: str) -> Prompt:  # noqa: A002  # the project's word for it
        found = self._prompts.get(id)
        return found if found is not None else self._read(id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents.prompts)

    def __len__(self) -> int:
        return len(self._contents.prompts)

    def __contains__(self, id: object) -> bool:  # noqa: A002  # as above
        return id in self._contents.prompts or id in self._contents.aliases

    def __reduce__(self) -> tuple[Any, ...]:
        """As its bytes, whose digest is checked again where it is unpickled."""
        return _unpickled, (self._contents.data, self._where, self.channel, self.stale)

    def __repr__(self) -> str:
        name = self.release or self.commit[:12]
        stale = ", stale" if self.stale else ""
        facts = f"{counted(len(self), 'prompt')}, sha256:{self.digest[:12]}{stale}"
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
        # Two threads may parse it at once: all of them get the one that is stored first.
        return self._prompts.setdefault(name, prompt)

    def _unknown(self, name: str) -> UnknownPrompt:
        from promptops.suggestions import MAX_CATALOG_CHARS, did_you_mean

        near = did_you_mean(str(name), self, max_chars=MAX_CATALOG_CHARS)
        hint = near or f"it has {counted(len(self), 'prompt')}: list(bundle)"
        release = self.release or self.commit[:12]
        return UnknownPrompt(f"there is no prompt {name!r} in {release}", hint=hint)

    def _part(self, path: str) -> Text | None:
        if path not in self._parts:
            if path not in self._contents.parts:
                return None
            try:
                line = self._contents.line(self._contents.parts[path])
                text = plain_text(path, line.text("text"), line.optional_text("program"))
            except Misshapen:
                raise self._unreadable(f"the partial {path!r}") from None
            self._parts[path] = text
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
        hint = "it was not built by promptops: build it again"
        return InputError(f"{what} can't be read from the bundle", where=self._where, hint=hint)


def _unpickled(data: bytes, where: str, channel: str | None, stale: bool) -> Bundle:
    return Bundle(read_bundle(data, where), where=where, channel=channel, stale=stale)


class Prompt:
    """A prompt of a bundle, ready to render; can be shared between threads.

    Attributes:
        id: The current id, also if the prompt was requested by a former one.
        version: The prompt's own version, which changes only when the prompt does; None if the
            bundle is not a release.
        digest: SHA-256, in hexadecimal, of the prompt's content; equal content has the same digest
            in every release.
        contract: SHA-256, in hexadecimal, of the parts on which callers rely: inputs, outputs,
            tools, roles.
    """

    def __init__(self, bundle: Bundle, line: Fields) -> None:
        """Raises `Misshapen`, and an InputError if the schema of the inputs is invalid."""
        from promptops.runtime.request.render import Renderer

        self._bundle = bundle
        self._prompt = prompt_of(line)
        self._includes = line.object("includes") if "includes" in line else {}
        self.id = self._prompt.id
        self.version = line.text_or_none("version")
        self.digest = line.text("digest")
        self.contract = line.text("contract")
        self._origin = PromptOrigin(
            release=bundle.release, channel=bundle.channel, digest=self.digest
        )
        self._renderer = Renderer(self._prompt, self._load, bundle._file)
        self._answers: Answers | None = None

    @property
    def release(self) -> str | None:
        """The name of the release's tag; None for a revision that is not a release."""
        return self._bundle.release

    @property
    def channel(self) -> str | None:
        """The channel by which the bundle was loaded, or None."""
        return self._bundle.channel

    @property
    def status(self) -> str:
        """`draft`, `active` or `deprecated`."""
        return self._prompt.status

    @property
    def description(self) -> str:
        """The purpose of the prompt; "" if the file has no description."""
        return self._prompt.description

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags, in the order of the file."""
        return self._prompt.tags

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The team's own data about the prompt; never sent to a model."""
        return self._prompt.metadata

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The JSON Schema of the inputs that `render` accepts."""
        return self._prompt.inputs

    @property
    def output(self) -> Mapping[str, Any] | None:
        """The JSON Schema of the values that `parse` returns; None if it returns a string."""
        return self._prompt.output.schema

    def render(self, /, **inputs: Any) -> RenderedRequest:
        """Render the request for these inputs, after validating them and filling in defaults.

        Raises `RenderError`, an InputError whose `inputs` attribute describes each invalid input.
        """
        return self.render_from(inputs)

    def render_from(self, inputs: Mapping[str, Any]) -> RenderedRequest:
        """Like `render`, for inputs in a mapping."""
        accepted, messages = self._renderer.messages(inputs)
        return RenderedRequest(
            messages=messages,
            prompt=self.id,
            version=self.version,
            inputs=accepted,
            _fixed=self._renderer.fixed,
            _origin=self._origin,
        )

    def parse(self, answer: Any) -> Any:
        """Parse a model's answer: JSON data that matches the output schema, or a string.

        `answer` is what the client of OpenAI (chat completion or response), Anthropic or Gemini
        returned, the same as a mapping, or its text. Raises `AnswerError` for an answer that does
        not match, and InputError if the output schema is invalid.
        """
        if self._answers is None:
            self._answers = self._reading()
        return self._answers.parse(answer)

    def __reduce__(self) -> tuple[Any, ...]:
        """With its whole bundle: it may include any partial of it."""
        return getitem, (self._bundle, self.id)

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
