"""SCH011."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.missing_files import needed
from promptops.lint.searchable_text import Written
from promptops.model.loaded import FileReference
from promptops.model.place import Place, Text
from promptops.source.document import Document
from promptops.source.lines import CONFLICT_HINT, CONFLICT_MESSAGE, UNMERGED_HINT, conflicts


@rule("SCH011", severity=Severity.ERROR)
def conflict_marker(
    problems: Sequence[Problem],
    references: Sequence[FileReference],
    document: Document,
    written: Sequence[Written],
    catalog: Catalog,
) -> Iterator[Problem]:
    """No file of a prompt contains unresolved merge conflict markers.

    Git writes both versions of a conflict into the file, between `<<<<<<<`, `|||||||`, `=======`
    and `>>>>>>>`. Such a file is still a valid template, and the model receives both versions. The
    rule searches the prompt file, its partials, body files, schemas, tools, case files and
    recordings. Markers in the configuration and in `channels.yaml` are errors too.

    One line is enough if it starts with `<<<<<<<` or `>>>>>>>` and a name, such as `<<<<<<< HEAD`.
    In a text block of a prompt file, the line starts where the text of the block does. A single
    `=======` is not reported, because it underlines a heading in Markdown. If a prompt shows
    conflict markers on purpose, indent them or suppress this rule there.

    Bad:
        messages:
          - role: user
            content: |
              <<<<<<< HEAD
              Answer in one sentence.
              =======
              Answer in two sentences.
              >>>>>>> main

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: user
        <<<<<<< HEAD
            content: Answer in one sentence.
        =======
            content: Answer in two sentences.
        >>>>>>> main

    Bad:
        --- prompts/style.md
        <<<<<<< HEAD
        Answer in one sentence.
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: user
            content: "{% include 'style.md' %}"

    Good:
        messages:
          - role: user
            content: |
              Answer
              =======
              in one sentence.
    """
    yield from (problem for problem in problems if problem.code == "SCH011")
    for source in written:
        yield from _in_text(source.source)
    yield from _in_blocks(document)
    for recordings in filter(catalog.files.is_unmerged, catalog.recording_files(document.path)):
        message = "recordings with an unresolved merge conflict"
        yield Problem(message, at=Place(recordings), hint=UNMERGED_HINT)
    for need in needed(catalog, references):
        unmerged = catalog.files.is_unmerged(need.reference.target)
        if unmerged and not need.reference.found:
            message = f"`{need.reference.written}` has an unresolved merge conflict"
            at, related = need.reference.place, need.related
            yield Problem(message, at=at, hint=UNMERGED_HINT, related=related)


def _in_text(text: Text) -> Iterator[Problem]:
    for start, end in conflicts(text.path, text.value):
        yield Problem(CONFLICT_MESSAGE, at=text.place(start, end), hint=CONFLICT_HINT)


def _in_blocks(document: Document) -> Iterator[Problem]:
    """Markers in the blocks of a prompt file that an editor indented with the text around them."""
    if "<<<<<<<" not in document.text and ">>>>>>>" not in document.text:
        return
    for pointer, role, value in document.scalars():
        if role == "value" and "\n" in value:
            for start, end in conflicts("", value):
                at = document.template(pointer).place(start, end)
                yield Problem(CONFLICT_MESSAGE, at=at, hint=CONFLICT_HINT)
