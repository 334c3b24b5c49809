"""Plain texts and Jinja files: one prompt each, or one of several files with roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from promptops.formats.chat_messages import RoleLines, has_role_lines
from promptops.formats.document import Loss, SourceDocument, SourceTurn, TemplatePart, TextPart
from promptops.formats.plain_texts import (
    JINJA_ENDINGS,
    ROLES,
    identity,
    role_in,
    stem_steps,
    text_message,
    translated_file,
)
from promptops.formats.source_file import ReadOptions, SourceFile, front_matter, prompt_mapping
from promptops.formats.translation import InputNames
from promptops.patterns import lazy_pattern

NAME = "text"
MARKS = "`.txt`, `.md`, `.j2`, `.jinja`, `.liquid`, `.prompt`; NAME.system.txt with NAME.user.txt"
RANK = 900

_ROLE_FILE = lazy_pattern(
    r"(?i)(?:sys|system|instructions|persona|user|human|assistant|ai|developer)"
    r"(?:[-_ ]?(?:prompt|message|template))?"
)
_ENDINGS = (".txt", ".md", ".markdown", ".prompt", ".tmpl", ".liquid", *JINJA_ENDINGS)


def recognises(file: SourceFile) -> bool:
    """Whether the ending is that of a text, and the file is not a mapping in YAML."""
    return file.suffix in _ENDINGS and not prompt_mapping(file)


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """The prompt of one text, or of all texts of its name or folder with roles."""
    group = _group(file)
    if not group:
        return
    if not any(member.text.value.strip() for _, member in group):
        yield Loss(code="IMP003", message="there is no text in it", place=file.place())
        return
    reader = _Reader(options)
    messages = tuple(turn for role, member in group for turn in reader.turns(member, role))
    yield SourceDocument(
        id=identity(*_id_steps(file)),
        format=NAME,
        place=file.place(),
        messages=messages,
        inputs=reader.inputs,
        aliases=reader.names.aliases,
        samples=options.samples,
        lenient=True,
        partials=reader.partials,
        losses=tuple(reader.losses),
    )


class _Reader:
    """The texts of one prompt."""

    def __init__(self, options: ReadOptions) -> None:
        self.names = InputNames()
        self.losses: list[Loss] = []
        self.partials: dict[str, tuple[TemplatePart, ...]] = {}
        self.inputs: dict[str, Mapping[str, Any]] = {}
        self._options = options

    def turns(self, file: SourceFile, role: str | None) -> Iterator[SourceTurn]:
        """The messages of a text; None: it may have role lines."""
        text = front_matter(file).body  # whole, but for an empty header
        found = translated_file(file, text, self._options, self.names)
        self.losses += found.translation.losses
        self.partials |= found.partials
        self.inputs |= found.inputs
        if role is None and _begins_with_role(text.value):
            roles = RoleLines(file.place, None)
            yield from roles.turns(found.translation.parts)
            self.losses += roles.losses
            self._note(file, "IMP310", "its role lines begin messages")
            return
        if role is None:
            message = f"nothing defines the role: `{self._options.role}` is assumed"
            self._note(file, "IMP311", message)
        yield text_message(role or self._options.role, found.translation)

    def _note(self, file: SourceFile, code: str, message: str) -> None:
        self.losses.append(Loss(code=code, message=message, place=file.place()))


def _begins_with_role(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    return has_role_lines((TextPart(f"{first}\n"),))


def _group(file: SourceFile) -> list[tuple[str | None, SourceFile]]:
    """The files of one prompt with their roles, in the order of the roles.

    Empty for a file that belongs to the group of another one, which reads it.
    """
    names = _names_by_role(file)
    if not names:
        return [(role_in(_name_and_role(file.name)[1]), file)]
    if not file.alone and next(iter(names.values())) != file.name:
        return []
    members = [
        (role, file if name == file.name else file.beside(name)) for role, name in names.items()
    ]
    return [(role, member) for role, member in members if member is not None]


def _names_by_role(file: SourceFile) -> dict[str, str]:
    """The names of the files of a group, such as `triage.system.md` and `triage.user.md`."""
    stem, part = _name_and_role(file.name)
    if not _ROLE_FILE.fullmatch(part):
        return {}
    found = {role_in(part): file.name}
    for name in file.folder.names_beside(file.path):
        other_stem, other_part = _name_and_role(name)
        is_text = PurePosixPath(name).suffix.lower() in _ENDINGS
        if is_text and other_stem == stem and _ROLE_FILE.fullmatch(other_part):
            role = role_in(other_part)
            found[role] = min(found.get(role, name), name) if role != role_in(part) else file.name
    return {role: found[role] for role in ROLES if role in found}


def _name_and_role(name: str) -> tuple[str, str]:
    """`triage.system.md` is (`triage`, `system`), `system.md` is ("", `system`)."""
    plain = PurePosixPath(name)
    while plain.suffix in _ENDINGS:
        plain = PurePosixPath(plain.stem)
    stem, _, part = plain.name.rpartition(".")
    return stem, part


def _id_steps(file: SourceFile) -> list[str]:
    """A file that is named by its role only has the id of its folder."""
    steps = list(stem_steps(file.path))
    stem, part = _name_and_role(file.name)
    is_role = not stem and _ROLE_FILE.fullmatch(part) is not None
    return steps[:-1] if is_role and len(steps) > 1 else steps
