"""OpenAI's batch files: a line with the request of each test case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256

from promptops.formats.document import Loss
from promptops.formats.exported import ExportedFile, ExportSubject, NotExported, turns_left_out
from promptops.model.prompt import Case
from promptops.patterns import lazy_pattern
from promptops.records import replace
from promptops.runtime.request.openai import chat_arguments

NAME = "openai"
MARKS = "`batch.jsonl`: the request of each test case, for the batch API; a file for each model"
TAKES_CASE = True

_MAX_ID = 64
_PROVIDERS = ("openai", "azure")
_NOT_IN_NAMES = lazy_pattern(r"[^A-Za-z0-9.-]+")


def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
    """A file for each model, because a batch has one."""
    lines: dict[str, list[str]] = {}
    first: dict[str, ExportSubject] = {}
    for subject in subjects:
        for found in _lines(subject):
            if isinstance(found, Loss):
                yield found
                continue
            model = str(subject.prompt.model.id)
            lines.setdefault(model, []).append(found)
            first.setdefault(model, subject)
    names = set[str]()
    for model, found_lines in lines.items():
        name = "batch"
        if len(lines) > 1:
            name = _free(f"batch-{_NOT_IN_NAMES.sub('-', model)}", names)
        yield first[model].file(f"{name}.jsonl", "".join(f"{line}\n" for line in found_lines))


def _lines(subject: ExportSubject) -> Iterator[str | Loss]:
    """The requests of the chosen cases, and the reasons why there are none."""
    cases = [subject.case] if subject.case is not None else list(subject.prompt.cases)
    refused = _without_batch(subject)
    if refused is not None:
        yield refused
        return
    if not cases:
        message = "a prompt without test cases has no request"
        yield replace(subject.lost("EXP005", message), hint="write a case below `tests`")
    yield from subject.without_assertions()
    for case in cases:
        if case.turns:
            yield _without_turns(case)
            continue
        try:
            yield _line(subject, case)
        except NotExported as error:
            yield error.loss


def _without_turns(case: Case) -> Loss:
    hint = "promptops recordings batch asks one turn after the other"
    return replace(turns_left_out(case), hint=hint)


def _without_batch(subject: ExportSubject) -> Loss | None:
    """The reason why a prompt has no place in a batch of this API."""
    model = subject.prompt.model
    if not model.id:
        hint = "name one: `model: {provider: …, id: …}`"
        message = "a request of a batch needs a model"
        return replace(subject.lost("EXP005", message, "/model"), hint=hint)
    if model.provider in _PROVIDERS or model.any_api:
        return None
    message = f"`{model.id}` is a model of {model.provider}, which this batch API does not have"
    hint = "name a model of openai, or export to another format"
    return replace(subject.lost("EXP005", message, "/model"), hint=hint)


def _free(wanted: str, taken: set[str]) -> str:
    """The name, with a number if another model has it; it is taken from then on."""
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 2)))
    name = next(name for name in names if name not in taken)
    taken.add(name)
    return name


def _line(subject: ExportSubject, case: Case) -> str:
    line = {
        "custom_id": _identity(f"{subject.prompt.id}:{case.name}"),
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": chat_arguments(subject.request(case)),
    }
    return json.dumps(line, ensure_ascii=False)


def _identity(name: str) -> str:
    """The name; a long one is cut, and ends with a digest of the whole."""
    if len(name) <= _MAX_ID:
        return name
    digest = sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _MAX_ID - 9]}-{digest}"
