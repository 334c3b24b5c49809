"""Commands of Gemini CLI: TOML with a text, `{{args}}`, and what the command line puts in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.document import ExpressionPart, Loss, SourceDocument, TemplatePart, TextPart
from promptops.formats.model_fields import described
from promptops.formats.plain_texts import identity, parts_message, stem_steps
from promptops.formats.source_file import ReadOptions, SourceFile, UnreadableSource, other_format
from promptops.patterns import lazy_pattern
from promptops.source.toml_places import TomlPlaces

NAME = "gemini"
MARKS = "TOML with `prompt`: a command of Gemini CLI"
RANK = 460

_MAX_BYTES = 100_000
"""The time of Python's reader grows with the square of the length of a dotted key."""
_ARGUMENTS = "{{args}}"
_PUT_IN = lazy_pattern(r"[!@]\{[^{}]*\}")


def recognises(file: SourceFile) -> bool:
    """Whether it is TOML with a text as `prompt`."""
    return file.suffix == ".toml" and isinstance(_table(file).get("prompt"), str)


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """One prompt, with the input `args` where the text has `{{args}}`."""
    table = _table(file)
    text = table.get("prompt")
    if not isinstance(text, str):
        yield other_format(file, NAME, MARKS)
        return
    place = TomlPlaces(file.shown, file.text.value).place("/prompt")
    losses = [
        Loss(
            code="IMP124",
            message=f"Gemini CLI fills in `{put_in}`, promptops does not",
            place=place,
        )
        for put_in in dict.fromkeys(_PUT_IN.findall(text))
    ]
    yield SourceDocument(
        id=identity(*stem_steps(file.path)),
        format=NAME,
        place=place,
        fields=described(table, title=()),
        messages=(parts_message("user", tuple(_parts(text))),),
        samples=options.samples,
        losses=tuple(losses),
    )


def _parts(text: str) -> Iterator[TemplatePart]:
    before, *others = text.split(_ARGUMENTS)
    yield TextPart(before)
    for other in others:
        yield ExpressionPart("args")
        yield TextPart(other)


def _table(file: SourceFile) -> Mapping[str, Any]:
    """The keys of the file. Raises UnreadableSource."""
    import tomllib

    if len(file.data) > _MAX_BYTES:
        message = f"TOML of more than {_MAX_BYTES // 1000} kB is not read"
        raise UnreadableSource(Loss(code="IMP002", message=message, place=file.place()))
    try:
        return tomllib.loads(file.text.value)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        loss = Loss(code="IMP002", message=f"it is not TOML: {error}", place=file.place())
        raise UnreadableSource(loss) from None
