"""`promptops blame`: who wrote each line of a rendered request, through includes and values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import click

from promptops.errors import UsageError
from promptops.model.place import Place
from promptops.model.report import Style, plain
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.report.visible import visible, visible_line, visible_path
from promptops.terminal.options import (
    Command,
    common,
    given_case_option,
    prompt_argument,
    select_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.lint.passages import Passage
    from promptops.model.history import Blame, BlamedLine, BlameOptions, LineOrigin
    from promptops.repo.history import Authors
    from promptops.repo.repository import Repository
    from promptops.runtime.template.text_rendering import Piece
    from promptops.workspace.render import AnnotatedRequest, RenderedLine
    from promptops.workspace.workspace import Workspace

_SPAN = lazy_pattern(r"(?P<first>\d{1,9})?(,((?P<more>\+)?(?P<last>\d{1,9}))?)?")


@click.command(cls=Command)
@prompt_argument
@given_case_option(help="The test case to render; the first by default.")
@select_option(
    "-L", "span", metavar="A,B", help="Only these lines: A,B or A,+COUNT; A, goes to the end."
)
@select_option(
    "--message",
    type=click.IntRange(min=0),
    metavar="N",
    help="Only this message, counted from 0; -L then counts its lines.",
)
@select_option("-w", "blank", is_flag=True, help="Ignore changes of white space.")
@select_option(
    "-M",
    "--moved",
    is_flag=True,
    help="Find who wrote a line, not who moved or copied it; implies -w.",
)
@select_option(
    "--at",
    "revision",
    default="HEAD",
    metavar="REV",
    help="Read a commit, tag or branch, `index` or `worktree`; HEAD by default.",
)
@common("text", "json")
def command(output: OutputOptions, identity: str, **options: Any) -> int:
    """Show who last changed each line of the request rendered for a test case.

    Each line is traced to its source file, through includes, macros and `extends`, and blamed
    there. Commits that git's `blame.ignoreRevsFile` lists are skipped. Each line also shows the
    inputs in it, other source lines that contribute to it, and a later include that added it.

    \b
    Example:
      promptops blame support/triage --case 'no known issues'
      promptops blame support/triage --message 0 -L 3,5 --at v1.4.0
    """
    from promptops.model.history import BlameOptions
    from promptops.repo.revisions import FETCH_ALL

    first, last = _lines(options["span"])
    chosen = BlameOptions(
        revision=options["revision"],
        case=options["case"],
        message=options["message"],
        first=first,
        last=last,
        moved=options["moved"],
        spaces=not options["blank"],
    )
    blamed = blame(output.directory, identity, chosen, output.overrides)
    output.write_report("blame", blamed)
    if blamed.cut:
        output.note(f"lines marked ^ may be older: {FETCH_ALL}")
    return 0


def _lines(span: str | None) -> tuple[int, int | None]:
    """The first line and the last one, or None for the end."""
    if span is None:
        return 1, None
    match = _SPAN.fullmatch(span)
    if match is None or not (match["first"] or match["last"]):
        raise UsageError(f"{span!r} is not a range of lines", hint="write -L FIRST,LAST")
    first = int(match["first"] or 1)
    last = int(match["last"]) if match["last"] else None
    if last is not None and match["more"]:
        last += first - 1
    if first < 1 or (last is not None and last < first):
        raise UsageError(
            f"{span!r} contains no line", hint="lines count from 1; write the smaller number first"
        )
    return first, last


# Who wrote each line, through includes and values.


@record(frozen=True, slots=True, kw_only=True)
class _BlamedLine:
    """A line before its author is known.

    Attributes:
        line: 1-based, in the message.
        pieces: The source pieces of the line, each cut to the line.
    """

    rendered: RenderedLine
    line: int
    pieces: tuple[Piece, ...]


def blame(
    directory: Path, identity: str, options: BlameOptions, overrides: Sequence[str] = ()
) -> Blame:
    """The lines of the request of a test case, each with its commit.

    Raises:
        UsageError: There is no such prompt, case, message or line.
        RenderError: The case can't be rendered.
        GitError: Git has no such revision, or lacks a part of its history.
    """
    from promptops.model.history import Blame
    from promptops.repo.repository import Repository
    from promptops.workspace.named_prompts import required_prompt
    from promptops.workspace.workspace import workspace_at

    with Repository.open(directory) as repository:
        workspace = workspace_at(repository, _revision(repository, options.revision), overrides)
        rendered = _rendered(workspace, required_prompt(workspace, identity), options.case)
        roles = _roles(rendered, options.message)
        rows = [row for row in _rows(rendered) if row.rendered.message in roles]
        files = _BlamedFiles(workspace, options)
        blamed = tuple(
            _blamed(row, number, files) for number, row in _requested_lines(rows, options)
        )
        if (options.first, options.last) != (1, None):
            roles = {line.message: roles[line.message] for line in blamed}
        return Blame(
            prompt=rendered.prompt.id,
            case=rendered.case or "",
            revision=workspace.revision,
            roles=roles,
            lines=blamed,
        )


def _revision(repository: Repository, name: str) -> str:
    from promptops.repo.repository import INDEX, WORKTREE

    if name == INDEX or (name == WORKTREE and not repository.bare):
        return name
    return repository.resolve("HEAD" if name == WORKTREE else name)


def _rendered(workspace: Workspace, path: str, case: str | None) -> AnnotatedRequest:
    from promptops.workspace.render import render_case

    prompt = workspace.catalog.loaded(path).prompt
    if prompt is not None and not prompt.cases:
        hint = "write one below `tests:`, with a name and inputs, and blame the work tree"
        raise UsageError(f"{prompt.id} has no test case", hint=f"{hint}: --at worktree")
    return render_case(workspace, path, case)


def _roles(rendered: AnnotatedRequest, message: int | None) -> dict[int, str]:
    roles = dict(enumerate(str(message.get("role", "")) for message in rendered.request.messages))
    if message is None:
        return roles
    if message not in roles:
        hint = f"count from 0 to {len(roles) - 1}" if roles else "the request has no message"
        raise UsageError(f"there is no message {message}", hint=hint)
    return {message: roles[message]}


def _rows(rendered: AnnotatedRequest) -> Iterator[_BlamedLine]:
    from promptops.lint.passages import rendered_passages
    from promptops.workspace.render import rendered_lines

    pieces = (row for text in rendered_passages("", rendered.traced) for row in _split(text))
    message, number = -1, 0
    for line, parts in zip(rendered_lines(rendered), pieces, strict=True):
        number = number + 1 if line.message == message else 1
        message = line.message
        yield _BlamedLine(rendered=line, line=number, pieces=parts)


def _split(text: Passage) -> Iterator[tuple[Piece, ...]]:
    start = 0
    for row in text.text.split("\n") if text.pieces else ():
        parts = text.over(start, start + len(row))
        yield tuple(_part(piece, low, high) for low, high, piece in parts)
        start += len(row) + 1


def _part(piece: Piece, low: int, high: int) -> Piece:
    text = piece.text[low:high]
    if not piece.literal:
        return replace(piece, text=text)
    return replace(piece, text=text, start=piece.start + low, end=piece.start + high)


def _requested_lines(
    rows: Sequence[_BlamedLine], options: BlameOptions
) -> Sequence[tuple[int, _BlamedLine]]:
    """The requested lines, each with its number."""
    if options.first > max(len(rows), 1):
        where = "in all" if options.message is None else f"in message {options.message}"
        hint = f"{counted(len(rows), 'line')} {where}"
        raise UsageError(f"there is no line {options.first}", hint=hint)
    return list(enumerate(rows, start=1))[options.first - 1 : options.last]


class _BlamedFiles:
    """The commits of lines; git blame runs once for each file."""

    def __init__(self, workspace: Workspace, options: BlameOptions) -> None:
        from promptops.repo.history import MOVED, SPACES

        self._workspace = workspace
        self._options = (*(MOVED if options.moved else ()), *(() if options.spaces else SPACES))
        self._authors: dict[str, Authors] = {}

    def origins(self, places: Iterable[Place]) -> tuple[LineOrigin, ...]:
        """The commits of each line, each once."""
        return tuple(dict.fromkeys(map(self.origin, places)))

    def origin(self, place: Place) -> LineOrigin:
        from promptops.model.history import LineOrigin

        if place.path not in self._authors:
            self._authors[place.path] = self._blame_file(place.path)
        authors = self._authors[place.path]
        author = authors[place.line - 1] if place.line <= len(authors) else None
        return LineOrigin(path=place.path, line=place.line, author=author)

    def _blame_file(self, path: str) -> Authors:
        from promptops.repo.history import blame as blame_file
        from promptops.repo.history import blame_content
        from promptops.repo.repository import INDEX, WORKTREE

        repository, files = self._workspace.repository, self._workspace.catalog.files
        if self._workspace.revision not in (INDEX, WORKTREE):
            return blame_file(repository, self._workspace.revision, path, self._options)
        content = files.data(path)
        if content is None or not files.entries[path].tracked or repository.find("HEAD") is None:
            return ()
        return blame_content(repository, path, content, self._options)


def _blamed(row: _BlamedLine, number: int, files: _BlamedFiles) -> BlamedLine:
    from promptops.lint.passages import included_from_frames
    from promptops.model.history import BlamedLine

    visible_pieces = [piece for piece in row.pieces if piece.text.strip()]
    first = next(
        (piece for piece in visible_pieces if piece.literal),
        visible_pieces[0] if visible_pieces else None,
    )
    origin = files.origin(row.rendered.place if first is None else next(_places(first)))
    also = files.origins(place for piece in visible_pieces for place in _places(piece))
    stack = included_from_frames(first.frame) if first is not None else ()
    through = files.origins(include.place for include in stack)
    return BlamedLine(
        message=row.rendered.message,
        line=row.line,
        number=number,
        text=row.rendered.text,
        origin=origin,
        inputs=row.rendered.inputs,
        written=first is None or first.literal,
        also=tuple(other for other in also if other != origin),
        through=tuple(other for other in through if other != origin),
    )


def _places(piece: Piece) -> Iterator[Place]:
    """One place for each source line of a piece: YAML may fold several lines into one."""
    start, end = piece.start, max(piece.end, piece.start + 1)
    if piece.literal:
        start = end - len(piece.text.lstrip())
        end = piece.start + len(piece.text.rstrip())
    place = piece.frame.text.place(start, end)
    for line in range(place.line, max(place.line, place.end_line) + 1):
        yield replace(place, line=line)


# The report of `blame`, for people and for programs: the request, each line with its commit.

_COMMIT_DIGITS = 8
_LONGEST_NAME = 40
_NO_LINES = "(not written in a template)"


def write_text(blame: Blame, *, style: Style = plain) -> str:
    """The messages, each below its index and role, line by line."""
    shown: dict[int, list[str]] = {message: [] for message in blame.roles}
    for line, facts in zip(blame.lines, _table(blame.lines), strict=True):
        text = f"{style('gutter', facts)} {visible_line(line.text)}".rstrip()
        shown[line.message].append(text + style("note", _remarks(line)))
    return "".join(
        f"{row}\n"
        for message, role in blame.roles.items()
        for row in (f"--- {message} {visible(role)}", *(shown[message] or [_NO_LINES]))
    )


def _table(lines: Sequence[BlamedLine]) -> Iterator[str]:
    """The columns before each line, padded to the same width."""
    rows = [_columns(line) for line in lines]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        commit, author, date, place, number = map(_padded, row, widths)
        yield f"{commit} ({author} {date} {place} {number.strip().rjust(widths[-1])})"


def _columns(line: BlamedLine) -> tuple[str, str, str, str, str]:
    author = line.origin.author
    name = visible(author.name, _LONGEST_NAME) if author else "not committed yet"
    date = author.date[:10] if author else ""
    return _commit(line.origin), name, date, _place(line.origin), str(line.number)


def _commit(origin: LineOrigin) -> str:
    if origin.author is None:
        return "0" * _COMMIT_DIGITS
    return ("^" if origin.author.boundary else "") + origin.author.commit[:_COMMIT_DIGITS]


def _place(origin: LineOrigin) -> str:
    return f"{visible_path(origin.path)}:{origin.line}"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _remarks(line: BlamedLine) -> str:
    """Notes on a line: the values in it, and the includes around it."""
    values = ", ".join(map(visible, line.inputs))
    later = [include for include in line.through if include.is_later(line.origin)]
    parts = (
        ("<- " if line.written else "<- only ") + values if values else "",
        *(f"also {_commit(other)} {_place(other)}" for other in line.also),
        *(f"through {_commit(other)} {_place(other)}" for other in later),
    )
    return "".join(f"   {part}" for part in parts if part)
