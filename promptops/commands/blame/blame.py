"""Find who wrote each line of a rendered request, through includes and values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from promptops.errors import UsageError
from promptops.lint.passages import Passage, included_from_frames, rendered_passages
from promptops.model.history import Blame, BlamedLine, BlameOptions, LineOrigin
from promptops.model.place import Place
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.repo.blaming import MOVED, SPACES, Authors, blame_content
from promptops.repo.blaming import blame as blame_file
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.runtime.template.scope import Piece
from promptops.workspace.named_prompts import required_prompt
from promptops.workspace.render import AnnotatedRequest, RenderedLine, render_case, rendered_lines
from promptops.workspace.workspace import Workspace, workspace_at

_UNCOMMITTED = (INDEX, WORKTREE)


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
    if name == INDEX or (name == WORKTREE and not repository.bare):
        return name
    return repository.resolve("HEAD" if name == WORKTREE else name)


def _rendered(workspace: Workspace, path: str, case: str | None) -> AnnotatedRequest:
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
        self._workspace = workspace
        self._options = (*(MOVED if options.moved else ()), *(() if options.spaces else SPACES))
        self._authors: dict[str, Authors] = {}

    def origins(self, places: Iterable[Place]) -> tuple[LineOrigin, ...]:
        """The commits of each line, each once."""
        return tuple(dict.fromkeys(map(self.origin, places)))

    def origin(self, place: Place) -> LineOrigin:
        if place.path not in self._authors:
            self._authors[place.path] = self._blame_file(place.path)
        authors = self._authors[place.path]
        author = authors[place.line - 1] if place.line <= len(authors) else None
        return LineOrigin(path=place.path, line=place.line, author=author)

    def _blame_file(self, path: str) -> Authors:
        repository, files = self._workspace.repository, self._workspace.catalog.files
        if self._workspace.revision not in _UNCOMMITTED:
            return blame_file(repository, self._workspace.revision, path, self._options)
        content = files.data(path)
        if content is None or not files.entries[path].tracked or repository.find("HEAD") is None:
            return ()
        return blame_content(repository, path, content, self._options)


def _blamed(row: _BlamedLine, number: int, files: _BlamedFiles) -> BlamedLine:
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
