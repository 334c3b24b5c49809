"""The lines that an editor can hide: blocks of YAML and of templates."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from promptops.analysis.template_blocks import template_blocks
from promptops.lsp.encoding import with_lf
from promptops.lsp.open_file import OpenFile
from promptops.source.indented_blocks import indented_blocks
from promptops.source.paths import is_yaml, may_be_template


def folding_ranges(file: OpenFile, _params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    """The blocks of a file, sorted; a half-typed file has those that can be recognised."""
    lines = {(each.start_line, each.end_line): each for each in _ranges(file.path, file.text)}
    return [lines[key] for key in sorted(lines)]


def _ranges(path: str, text: str) -> Iterator[types.FoldingRange]:
    text = with_lf(text)
    if is_yaml(path):
        for first, last in indented_blocks(text):
            yield types.FoldingRange(start_line=first - 1, end_line=last - 1)
    for block in template_blocks(text) if is_yaml(path) or may_be_template(path) else ():
        kind = types.FoldingRangeKind.Comment if block.comment else None
        yield types.FoldingRange(start_line=block.first - 1, end_line=block.last - 1, kind=kind)
