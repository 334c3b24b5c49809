"""The inputs of a run: those of a test case, or given ones."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from promptops.errors import InputError, UsageError
from promptops.json_pointer import escaped
from promptops.model.prompt import Case, Prompt
from promptops.plurals import series
from promptops.records import record
from promptops.runtime.request.inputs import Inputs
from promptops.workspace.given_inputs import (
    media_inputs,
    parse_input_object,
    parse_inputs,
    read_input_object,
)
from promptops.workspace.render import listed_case

STDIN = "-"
_SHOWN = 5


class ReadableInput(Protocol):
    """Standard input, as bytes."""

    def isatty(self) -> bool: ...

    def read(self) -> bytes: ...


@record(frozen=True, slots=True, kw_only=True)
class CaseInputs:
    """Inputs by name, and the test case that they come from, if any.

    Inputs that `evaluation.retrieve` has to return may be missing.
    """

    inputs: Mapping[str, Any]
    case: Case | None = None


@record(frozen=True, slots=True, kw_only=True)
class GivenInputs:
    """Inputs as a command line has them.

    Attributes:
        case: The name of a test case.
        written: `NAME=VALUE`; see `parse_inputs`.
        file: A JSON file, or `-` for standard input.
        directory: What paths of files are relative to.
        stdin: Read if `file` says so, and if a required input is given nowhere else.
    """

    case: str | None
    written: tuple[str, ...]
    file: str | None
    directory: Path
    stdin: ReadableInput

    def of(self, prompt: Prompt) -> CaseInputs:
        """The inputs for a prompt.

        An input that the prompt does not have is left to the renderer. Raises UsageError for an
        unknown case, InputError for a missing input, and for a file or a standard input that is not
        a JSON object.
        """
        if self.case is not None:
            if self.written or self.file is not None:
                raise UsageError(
                    "--case and inputs exclude each other", hint="leave out --case, or the inputs"
                )
            case = listed_case(prompt, self.case)
            return CaseInputs(inputs=case.inputs, case=case)
        given = self._from_file(self.file) if self.file is not None else {}
        given |= parse_inputs(prompt.inputs, self.written, self.directory, media_inputs(prompt))
        missing = missing_inputs(prompt, given)
        if missing and not self.written and self.file is None and not self.stdin.isatty():
            given = self._from_stdin()
            missing = missing_inputs(prompt, given)
        if missing and not unknown_inputs(prompt, given):
            raise _missing(prompt, missing)
        return CaseInputs(inputs=given)

    def _from_file(self, file: str) -> dict[str, Any]:
        return self._from_stdin() if file == STDIN else read_input_object(file, self.directory)

    def _from_stdin(self) -> dict[str, Any]:
        try:
            text = self.stdin.read().decode("utf-8")
        except UnicodeDecodeError:
            raise InputError("not UTF-8", where="standard input") from None
        return parse_input_object(text, "standard input") if text.strip() else {}


def missing_inputs(prompt: Prompt, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of required inputs without a value and without a default."""
    accepted, _ = Inputs(prompt.inputs).accept(given)
    required = prompt.inputs.get("required") or ()
    return tuple(name for name in required if name not in accepted)


def unknown_inputs(prompt: Prompt, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Names that the prompt does not have; one of them may be a missing one, misspelt."""
    _, problems = Inputs(prompt.inputs).accept(given)
    found = {problem.pointer for problem in problems if problem.key}
    return tuple(name for name in given if f"/{escaped(name)}" in found)


def _missing(prompt: Prompt, names: Sequence[str]) -> InputError:
    listed = series([f"`{name}`" for name in names], "and", _SHOWN)
    verb = "is" if len(names) == 1 else "are"
    options = " ".join(f"-i {name}=…" for name in names[:_SHOWN])
    case = f", or a test case: --case {shlex.quote(prompt.cases[0].name)}" if prompt.cases else ""
    return InputError(
        f"{prompt.id}: {listed} {verb} missing",
        hint=f"pass {options}, or a JSON object: --inputs FILE{case}",
    )
