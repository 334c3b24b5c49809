"""SCH012."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.model.loaded import FileReference
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.document import Comment, Document, read_any
from promptops.source.paths import is_yaml
from promptops.source.values import plain_value

_MAYBE = lazy_pattern(r"[^\s#][ \t]+#")
_DIRECTIVE = lazy_pattern(r"#\s*(?:promptops:|yamllint |yaml-language-server:|noqa\b)")
_ASSERTION = r"(?:/tests/\d+/(?:rendered|output)|/evaluation/assertions)/\d+"
_SENTENCES = lazy_pattern(
    r"(?:/messages/\d+(?:/messages/\d+)?(?:/content(?:/\d+/text)?|(?:/content/\d+)?/when)"
    rf"|{_ASSERTION}/value(?:/.*)?|(?:.*/)?description|/title)"
)
_WORDS = lazy_pattern(
    r"/(?:tags|owners)/\d+|/metadata/.*|/model/params/stop/\d+"
    r"|/tests/\d+/(?:name|tags/\d+|(?:inputs|expected)(?:/.*)?)"
    r"|/(?:inputs|output|tools)/.*/(?:default|const|(?:enum|examples)/\d+)"
)


@rule("SCH012", severity=Severity.ERROR)
def text_cut_by_comment(
    document: Document, references: Sequence[FileReference], catalog: Catalog
) -> Iterator[Problem]:
    """Text with ` #` is quoted: in unquoted text YAML reads the rest of the line as a comment.

    `content: Use issue #5` is the text `Use issue`. YAML reports no error, and a test that looks
    for the remaining text passes.

    In messages, descriptions and values of assertions, write a comment with two spaces before the
    `#` and one after it. In short values, such as tags, names and inputs of test cases, one space
    before the `#` is enough. A `#` on its own line always starts a comment.

    Bad:
        messages:
          - role: user
            content: Use issue #5

    Bad:
        description: Sorts tickets. # and drafts a reply

    Bad:
        tests:
          - name: one
            rendered:
              - type: contains
                value: Use issue #5

    Good:
        messages:
          - role: user
            content: "Use issue #5"

    Good:
        description: Sorts tickets.  # shown in the catalog
        tags:
          - support # the team
    """
    yield from _cut(document, "")
    for path in dict.fromkeys(each.target for each in references if each.kind == "cases"):
        data = catalog.files.data(path) if is_yaml(path) else None
        if data is not None and b"#" in data:
            yield from _cut(read_any(path, data), "/tests")


def _cut(document: Document, above: str) -> Iterator[Problem]:
    """Comments that cut a text, in a document whose pointers are below `above` in a prompt file."""
    if _MAYBE.search(document.text) is None:
        return
    for comment in document.comments:
        before = _blanks_before(document, comment)
        if before > 0 and _is_text(f"{above}{comment.cuts}", before, comment.text):
            end = comment.column + len(comment.text)
            yield Problem(
                f"` {comment.text}` is a YAML comment and not part of the text",
                at=Place(document.path, comment.line, comment.column, comment.line, end),
                hint="quote the whole text, or put the comment on its own line",
            )


def _blanks_before(document: Document, comment: Comment) -> int:
    """Spaces and tabs between unquoted text and a comment; 0 after anything else."""
    if not comment.cuts:
        return 0
    place = document.place(comment.cuts)
    text = document.template(comment.cuts).value
    if place.end_line != comment.line or not text or not isinstance(plain_value(text), str):
        return 0
    return comment.column - place.end_column


def _is_text(pointer: str, blanks: int, comment: str) -> bool:
    """Whether a comment looks like the rest of a text."""
    if _DIRECTIVE.match(comment):
        return False
    attached = comment[1:2].strip() != ""
    if _SENTENCES.fullmatch(pointer):
        return attached or blanks == 1
    return attached and _WORDS.fullmatch(pointer) is not None
