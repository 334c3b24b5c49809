"""What a writer gets, and what it yields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from promptops.formats.document import Loss
from promptops.model.prompt import Case, Prompt
from promptops.model.request import Request
from promptops.module_discovery import module_names
from promptops.records import record
from promptops.runtime.request.render import Renderer
from promptops.runtime.template.scope import Load


@record(frozen=True, slots=True, kw_only=True)
class ExportSubject:
    """One prompt.

    Attributes:
        load: Finds included templates.
        case: With it, only inputs that messages print stay variables; all others have its values.
    """

    prompt: Prompt
    load: Load
    renderer: Renderer
    case: Case | None = None

    def request(self, inputs: Mapping[str, Any]) -> Request:
        """The rendered request. Raises RenderError."""
        return self.renderer.request(inputs)

    def lost(self, code: str, message: str, pointer: str = "", *, key: bool = True) -> Loss:
        """A loss at a key of the prompt file."""
        return Loss(code=code, message=message, place=self.prompt.locate(pointer, key))

    def without_output(self) -> Iterator[Loss]:
        """A loss if the prompt has an output format other than text."""
        if self.prompt.output.format == "json":
            yield self.lost("EXP103", "the output format is not exported", "/output")

    def without_provider_options(self) -> Iterator[Loss]:
        """A loss if the model has options of its provider."""
        if self.prompt.model.provider_options:
            message = "`provider_options` are not exported"
            yield self.lost("EXP108", message, "/model/provider_options")

    def without_evaluation(self) -> Iterator[Loss]:
        """A loss if the prompt has settings of its evaluation."""
        if self.prompt.evaluation:
            yield self.lost("EXP107", "`evaluation` is not exported", "/evaluation")


@record(frozen=True, slots=True)
class ExportedFile:
    """A file to write, by its path below the target folder."""

    path: str
    text: str


class Writer(Protocol):
    """A module that writes one format.

    Attributes:
        NAME: For the command.
        MARKS: What is written: one line.
    """

    NAME: str
    MARKS: str

    @staticmethod
    def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
        """The files for all subjects; an EXP005 for what the format can't express."""


@cache
def known_writers() -> Mapping[str, Writer]:
    """The writers by name: the modules in `writers/`."""
    from promptops.formats import writers

    names = module_names(writers)
    modules: list[Any] = [import_module(f"{writers.__name__}.{name}") for name in names]
    return {module.NAME: module for module in modules}
