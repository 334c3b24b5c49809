"""Plain texts and Jinja files: one prompt each, or one of several files with roles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from promptops.formats.document import Loss, SourceDocument, SourceTurn
from promptops.formats.input_names import InputNames
from promptops.formats.parts import TextPart
from promptops.formats.plain_texts import (
    ROLES,
    identity,
    role_in,
    stem_steps,
    text_message,
    translated,
)
from promptops.formats.registry import ReadOptions
from promptops.formats.role_lines import RoleLines, has_role_lines
from promptops.formats.source_file import SourceFile

NAME = "text"
MARKS = "`.txt`, `.md`, `.j2`, `.jinja`, `.jinja2`, `.prompt`; NAME.system.txt with NAME.user.txt"
RANK = 900

_JINJA = (".j2", ".jinja", ".jinja2")
_ENDINGS = (".txt", ".md", ".markdown", ".prompt", ".tmpl", *_JINJA)


def recognises(file: SourceFile) -> bool:
    """Whether the ending is that of a text."""
    return file.suffix in _ENDINGS


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """The prompt of one text, or of all texts of its name or folder with roles."""
    group = _group(file)
    names, losses, messages = InputNames(), list[Loss](), list[SourceTurn]()
    for role, member in group:
        found = translated(member.text, options, names, _syntax(member))
        losses += found.losses
        if role is None and _begins_with_role(member):
            roles = RoleLines(member.place, None)
            messages += roles.turns(found.parts)
            message = "its role lines begin messages"
            losses += [*roles.losses, Loss(code="IMP310", message=message, place=member.place())]
            continue
        if role is None:
            message = f"nothing defines the role: `{options.role}` is assumed"
            losses.append(Loss(code="IMP311", message=message, place=member.place()))
        messages.append(text_message(role or options.role, found))
    if not any(member.text.value.strip() for _, member in group):
        yield Loss(code="IMP003", message="there is no text in it", place=file.place())
        return
    yield SourceDocument(
        id=identity(*_id_steps(file, grouped=len(group) > 1)),
        format=NAME,
        place=file.place(),
        messages=tuple(messages),
        aliases=names.aliases,
        samples=(options.sample,) if options.sample else (),
        lenient=True,
        losses=tuple(losses),
    )


def _begins_with_role(file: SourceFile) -> bool:
    first = file.text.value.lstrip().partition("\n")[0]
    return has_role_lines((TextPart(f"{first}\n"),))


def _syntax(file: SourceFile) -> str | None:
    return "jinja" if file.suffix in _JINJA else None


def _group(file: SourceFile) -> list[tuple[str | None, SourceFile]]:
    """The files of one prompt with their roles, in the order of the roles."""
    role = role_in(_role_part(file.name))
    if role is None:
        return [(None, file)]
    stem = _group_key(file.name)
    found = {role: file}
    for name in file.folder.names_beside(file.path):
        other = role_in(_role_part(name))
        fits = name != file.name and _group_key(name) == stem
        if other is not None and other not in found and fits:
            member = file.beside(name)
            if member is not None and recognises(member):
                found[other] = member
    return [(known, found[known]) for known in ROLES if known in found]


def _role_part(name: str) -> str:
    """What may name the role: the last word before the ending."""
    plain = PurePosixPath(name)
    while plain.suffix in _ENDINGS:
        plain = PurePosixPath(plain.stem)
    return plain.name.rpartition(".")[2]


def _group_key(name: str) -> str:
    """The name without its endings and its role."""
    plain = PurePosixPath(name)
    while plain.suffix in _ENDINGS:
        plain = PurePosixPath(plain.stem)
    return plain.name.rpartition(".")[0]


def _id_steps(file: SourceFile, *, grouped: bool) -> list[str]:
    steps = list(stem_steps(file.path))
    is_role = role_in(steps[-1]) is not None and not _group_key(file.name)
    return steps[:-1] if grouped and is_role and len(steps) > 1 else steps
