"""Offers in the header of a table of test cases: its columns."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol.types import CompletionItemKind as Kind

from promptops.lsp.at_cursor.here import Here
from promptops.lsp.at_cursor.input_names import Named, inputs
from promptops.lsp.at_cursor.prompt_schema import keys_at, types_of
from promptops.lsp.offers.input_offers import summary
from promptops.lsp.offers.offer import Offer, Offers
from promptops.report.parts.visible import visible
from promptops.source.csv_cases import COLUMNS, CsvField, rows
from promptops.source.lines import Lines


def csv_offers(here: Here) -> Offers:
    """The columns that the header can have besides those that it has; nothing in other rows."""
    own = here.lines[here.line - 1]
    above = "".join(here.lines[: here.line - 1])
    fields = rows(Lines("", own))[0] if own.strip() else [[CsvField("", 0, len(own))]]
    at = here.column - 1
    field = next((each for row in fields for each in row if each.start <= at <= each.end), None)
    if above or field is None:
        return Offers(start=here.column, end=here.column, offers=())
    present = {each.value for row in fields for each in row if each is not field}
    quotes = 1 if own[field.start : field.start + 1] == '"' else 0
    return Offers(
        start=field.start + 1 + quotes,
        end=field.end + 1 - quotes,
        offers=tuple(each for each in _columns(here) if each.label not in present),
    )


def _columns(here: Here) -> Iterator[Offer]:
    for named in inputs(here).values():
        about = visible(str(named.schema.get("description", "")))
        label = f"inputs.{named.name}{_form(named)}"
        yield Offer(label=label, kind=Kind.Field, detail=summary(named), about=about, rank=2)
    keys = keys_at("/tests/0", ())
    for name in COLUMNS:
        yield Offer(label=name, kind=Kind.Property, about=keys[name].description, rank=3)


def _form(named: Named) -> str:
    """`:json` for an input that is not text."""
    types = types_of([named.schema])
    return "" if not types or "string" in types else ":json"
