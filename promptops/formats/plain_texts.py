"""The text of a file: included templates become partials, variables of editors become inputs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, cast
from unicodedata import combining, normalize

from promptops.formats.document import (
    ExpressionPart,
    Loss,
    SourceMessage,
    TagPart,
    TemplatePart,
    TextContent,
    TextPart,
    include_tag,
)
from promptops.formats.languages.by_syntax import (
    TRANSLATIONS,
    first_variable,
    guessed_syntax,
    has_bracketed_names,
)
from promptops.formats.languages.mustache import mustache_with
from promptops.formats.source_file import (
    ReadOptions,
    SourceFile,
    Syntax,
    UnreadableSource,
    front_matter,
)
from promptops.formats.translation import InputNames, Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import record, replace

_INCLUDING_TAG = lazy_pattern(r"(include|import|from|extends)\b\s*")
_MISSING_HINT = "import the folder that contains both files"
JINJA_ENDINGS = (".j2", ".jinja", ".jinja2")


@record(frozen=True, slots=True, kw_only=True)
class TranslatedFile:
    """The text of a file.

    Attributes:
        translation: With all losses, also those of its partials.
        partials: The parts of each partial, by its path in `include` tags.
        inputs: The schemas of inputs that the text describes.
    """

    translation: Translation
    partials: Mapping[str, tuple[TemplatePart, ...]]
    inputs: Mapping[str, Mapping[str, Any]]


def translated_file(
    file: SourceFile, text: Text, options: ReadOptions, names: InputNames
) -> TranslatedFile:
    """The text of a file, whole or without its header, with the templates that it includes.

    The ending of a Jinja file names its language, and a file of an editor has none; else it is
    that of the options, or a guess.
    """
    editor = _EditorVariables(file, text, names)
    by_ending = {**dict.fromkeys(JINJA_ENDINGS, "jinja"), ".liquid": "liquid"}
    syntax = by_ending.get(file.suffix, "none" if editor.known else None)
    found = translated(text, options, names, syntax)
    used = options.syntax or syntax or guessed_syntax(text.value)
    partials = _Partials(replace(options, syntax=cast(Syntax, used)), names)
    parts = partials.included(file, text, found.parts)
    if options.syntax != "none":
        parts = editor.replaced(parts)
    if options.syntax is None:
        editor.note_other_variables()
    losses = (*found.losses, *editor.losses, *partials.losses)
    translation = replace(found, parts=parts, losses=losses)
    return TranslatedFile(translation=translation, partials=partials.found, inputs=editor.inputs)


class _Partials:
    """The partials of one prompt.

    Attributes:
        found: The parts of each partial, by its path in `include` tags.
        losses: An IMP104 for each template that can't be read.
    """

    def __init__(self, options: ReadOptions, names: InputNames) -> None:
        """`options` have the syntax of all texts of the prompt."""
        self.found: dict[str, tuple[TemplatePart, ...]] = {}
        self.losses: list[Loss] = []
        self._options = options
        self._names = names

    def included(
        self, file: SourceFile, text: Text, parts: Sequence[TemplatePart]
    ) -> tuple[TemplatePart, ...]:
        """The parts of a file, with the paths of its partials in their tags."""
        return tuple(self._part(file, text, part) for part in parts)

    def _part(self, file: SourceFile, text: Text, part: TemplatePart) -> TemplatePart:
        if not isinstance(part, TagPart) or not _INCLUDING_TAG.match(part.source):
            return part
        tag = include_tag(part)
        if tag is None:
            message = f"`{part.source}` does not include a template by a constant name"
            self._lost(message, text, part.source, "copy the other template into this one")
            return part
        member = next(_members(file, tag.name), None)
        if member is not None and member.path != _beside(file, tag.name):
            message = f"the template `{tag.name}` is taken from `{member.path}`"
            self.losses.append(Loss(code="IMP303", message=message, place=file.place()))
        if member is None:
            self._lost(f"the included template `{tag.name}` is missing", text, tag.name)
            return part
        path = self._partial(member)
        return tag.renamed(path)

    def _partial(self, member: SourceFile) -> str:
        """The path of a partial; its text is read once."""
        *folders, name = member.path.split("/")
        path = "/".join([*folders, "partials", f"{identity(name.partition('.')[0])}.md.j2"])
        if path not in self.found:
            self.found[path] = ()  # so that a template that includes itself ends
            read = translated(member.text, self._options, self._names)
            self.losses += read.losses
            parts = self.included(member, member.text, read.parts)
            self.found[path] = tuple(_without_last_newline(parts))
        return path

    def _lost(self, message: str, text: Text, named: str, hint: str = _MISSING_HINT) -> None:
        at = max(text.value.find(named), 0)
        place = text.place(at, at + len(named))
        self.losses.append(
            Loss(code="IMP104", message=message, place=place, hint=hint, refuses=True)
        )


def _beside(file: SourceFile, name: str) -> str:
    """The path of a name in the folder of a file."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file.path), name))


def _members(file: SourceFile, name: str) -> Iterator[SourceFile]:
    """The files that a name can mean: beside the file, or below one of the folders around it."""
    steps = file.path.split("/")[:-1]
    for up in range(len(steps) + 1):
        try:
            found = file.beside("/".join([*[".."] * up, name]))
        except UnreadableSource:
            continue
        if found is not None and found.path != file.path:
            yield found


def _without_last_newline(parts: Sequence[TemplatePart]) -> Iterator[TemplatePart]:
    """As Jinja reads a template; promptops keeps the newline."""
    *before, last = parts or (TextPart(""),)
    yield from before
    yield TextPart(last.text.removesuffix("\n")) if isinstance(last, TextPart) else last


# What an editor or a coding agent fills in when it runs a prompt, a command or an agent in Markdown

_MARKDOWN_ENDINGS = (".md", ".markdown", ".mdc")
_VS_CODE_FILE = lazy_pattern(r".*\.(?:prompt|instructions|chatmode|agent)\.md")
_AGENT_FILE = lazy_pattern(r"SKILL\.md|AGENTS\.md|CLAUDE\.md|.*\.mdc")
_EDITOR_FOLDERS = frozenset(
    ("commands", ".claude", ".codex", ".cursor", ".kiro", ".opencode", ".roo", ".windsurf")
)
_AGENT_FOLDERS = frozenset(("agents", "chatmodes"))
_EDITOR_KEYS = frozenset(
    ("allowed-tools", "alwaysApply", "applyTo", "argument-hint", "globs", "handoffs")
)
_INPUT_KEYS = frozenset(("input", "inputs", "variables", "parameters"))
"""Keys of a header that declare inputs, which no editor knows."""
_EDITOR_INPUT = r"\$\{input:(?P<name>[A-Za-z_][\w-]{0,99})(?::(?P<hint>[^}\n]{0,500}))?\}"
_ALL_ARGUMENTS = r"\$ARGUMENTS\b(?:\[(?P<index>\d)\])?"
_ARGUMENT = r"(?<![\w$])\$(?:(?P<number>\d)\b|(?P<argument>NAMES)\b)"
_EDITOR_SYNTAX = lazy_pattern(rf"\$\{{input:|{_ALL_ARGUMENTS}")
_EDITOR_CONTEXT = lazy_pattern(
    r"(?m)!`[^`\n]+`|^@[\w./*-]+$|(?<!\S)@[\w./*-]*[\w-]\.\w+|#(?:file|tool):[\w./:-]*\w"
    r"|\$\{CLAUDE_\w+\}"
)
_EDITOR_VALUE = lazy_pattern(
    r"\$\{(?:selection|selectedText|file|fileBasename|fileBasenameNoExtension|fileDirname"
    r"|workspaceFolder|workspaceFolderBasename)\}"
)
"""What VS Code fills in: other files may have variables with such names."""


class _EditorVariables:
    """The variables of one file, which an editor or a coding agent fills in.

    Attributes:
        known: Whether the file is one of an editor: its variables are known, and all other braces
            and dollars are text.
        inputs: The schemas of those that have a hint, by their names in templates.
        losses: An IMP220 for each input, an IMP124 for each part that only an editor can fill in,
            an IMP218 if something else looks like a variable.
    """

    def __init__(self, file: SourceFile, text: Text, names: InputNames) -> None:
        self.inputs: dict[str, Mapping[str, Any]] = {}
        self.losses: list[Loss] = []
        self._text = text
        self._names = names
        self._header = front_matter(file).value
        self._is_markdown = file.suffix in _MARKDOWN_ENDINGS
        self.known = self._is_markdown and self._is_of_editor(file)
        self._variables = self._pattern(file)

    def replaced(self, parts: Iterable[TemplatePart]) -> tuple[TemplatePart, ...]:
        """The parts with inputs in place of the variables; context stays as text."""
        if not self._is_markdown:
            return tuple(parts)
        found = [piece for part in parts for piece in self._pieces(part)]
        contexts = {match[0]: match for match in self._contexts()}
        for written, match in contexts.items():
            message = f"an editor fills in `{written}`, promptops does not"
            self._note("IMP124", message, match.start())
        return tuple(found)

    def note_other_variables(self) -> None:
        """Note what looks like a variable of another syntax, and is text in a file of an editor."""
        if not self.known:
            return
        known = (self._variables, _EDITOR_VALUE, _EDITOR_CONTEXT)
        text = self._text.value
        for pattern in known:
            text = pattern.sub(lambda match: " " * len(match[0]), text)
        syntax = guessed_syntax(text)
        variable = first_variable(text, syntax)
        if variable is not None:
            message = f"`{variable[0]}` stays text: editors have no such variables"
            hint = f"if your application fills it in: --syntax {syntax}"
            self._note("IMP218", message, variable.start(), hint)

    def _is_of_editor(self, file: SourceFile) -> bool:
        if _INPUT_KEYS & self._header.keys():
            return False
        in_agents = bool(_AGENT_FOLDERS & set(file.folders)) and "description" in self._header
        return (
            _VS_CODE_FILE.fullmatch(file.name) is not None
            or _AGENT_FILE.fullmatch(file.name) is not None
            or bool(_EDITOR_FOLDERS & set(file.folders))
            or bool(_EDITOR_KEYS & self._header.keys())
            or in_agents
            or _EDITOR_SYNTAX.search(self._text.value) is not None
        )

    def _pattern(self, file: SourceFile) -> re.Pattern[str]:
        """The variables of the file. Elsewhere than in a command, `$5` is an amount of money."""
        given = self._header.get("arguments")
        names = (
            given.split() if isinstance(given, str) else given if isinstance(given, list) else ()
        )
        named = [re.escape(one) for one in names if isinstance(one, str)] or [r"(?!)"]
        has_hint = bool({"argument-hint", "arguments"} & self._header.keys())
        is_command = (
            "commands" in file.folders
            or (has_hint and _VS_CODE_FILE.fullmatch(file.name) is None)
            or "$ARGUMENTS" in self._text.value
        )
        argument = [_ARGUMENT.replace("NAMES", "|".join(named))] if is_command else []
        return re.compile("|".join((_EDITOR_INPUT, _ALL_ARGUMENTS, *argument)))

    def _contexts(self) -> Iterator[re.Match[str]]:
        yield from _EDITOR_CONTEXT.finditer(self._text.value)
        if self.known:
            yield from _EDITOR_VALUE.finditer(self._text.value)

    def _pieces(self, part: TemplatePart) -> Iterator[TemplatePart]:
        if not isinstance(part, TextPart):
            yield part
            return
        position = 0
        for match in self._variables.finditer(part.text):
            yield TextPart(part.text[position : match.start()])
            yield ExpressionPart(self._input(match[0], match.groupdict()))
            position = match.end()
        yield TextPart(part.text[position:])

    def _input(self, written: str, found: Mapping[str, str | None]) -> str:
        """The name of an input; it is reported once."""
        number = found.get("index") or found.get("number")
        named = found.get("name") or found.get("argument")
        name = self._names.name(named or (f"arg{number}" if number else "arguments"))
        self._note("IMP220", f"`{written}` becomes the input `{name}`", self._offset(written))
        if found.get("hint"):
            self.inputs[name] = {"type": "string", "description": found["hint"]}
        return name

    def _offset(self, written: str) -> int:
        return max(self._text.value.find(written), 0)

    def _note(self, code: str, message: str, offset: int, hint: str | None = None) -> None:
        place = self._text.place(offset)
        loss = Loss(code=code, message=message, place=place, hint=hint)
        if loss not in self.losses:
            self.losses.append(loss)


# Texts of sources that are no more than texts: their language, their role, their id.

ROLES = ("system", "developer", "user", "assistant", "tool")
_ROLE_WORDS = {
    "system": "system",
    "sys": "system",
    "instructions": "system",
    "persona": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "developer": "developer",
}
_WRITTEN = {
    "jinja": "in Jinja",
    "double": "`{{x}}`",
    "single": "`{x}`",
    "format": "`{x}`, with `{{` for one brace",
    "dollar": "`${x}`",
    "mustache": "in Mustache",
    "nunjucks": "in Nunjucks",
}
"""How each syntax writes a variable, for people."""
_NOT_IN_IDS = lazy_pattern(r"[^a-z0-9_]+")
_WORDS = lazy_pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def translated(
    text: Text, options: ReadOptions, names: InputNames, syntax: str | None = None
) -> Translation:
    """The text as parts, in the language of the options, of `syntax`, or the guessed one.

    A guess is an IMP309, words such as `[NAME]` are an IMP308.
    """
    chosen = options.syntax or syntax
    losses: list[Loss] = []
    if chosen is None:
        chosen = guessed_syntax(text.value)
        if chosen != "none":
            losses.append(guess_note(chosen, text))
        elif has_bracketed_names(text.value):
            message = "words such as `[NAME]` stay as text"
            hint = "if they are variables, write them as `{{ name }}`"
            losses.append(Loss(code="IMP308", message=message, place=text.place(0), hint=hint))
    language = mustache_with(options.sample) if chosen == "mustache" else TRANSLATIONS[chosen]
    found = language(text, names)
    return replace(found, losses=(*losses, *found.losses))


def guess_note(syntax: str, text: Text) -> Loss:
    """An IMP309: how the variables of a text are assumed to be written."""
    message = f"variables are assumed to be written as {_WRITTEN[syntax]}"
    hint = "if they are not: --syntax"
    return Loss(code="IMP309", message=message, place=text.place(0), hint=hint)


def role_in(name: str) -> str | None:
    """The role that a name contains as a word, such as `triage.system` or `SYSTEM_PROMPT`."""
    for word in _WORDS.findall(PurePosixPath(name).name):
        if word.lower() in _ROLE_WORDS:
            return _ROLE_WORDS[word.lower()]
    return None


def text_message(role: str, found: Translation) -> SourceMessage:
    """A message of one text."""
    return parts_message(role, found.parts)


def parts_message(role: str, parts: tuple[TemplatePart, ...]) -> SourceMessage:
    """A message of one text as its parts."""
    return SourceMessage(role=role, content=(TextContent(parts=parts),))


def identity(*steps: str) -> str:
    """An id from the folders and names of a source: lower case, `-` for any other character."""
    return "/".join(written for step in steps if (written := id_step(step))) or "prompt"


def id_step(text: str) -> str:
    """A text as a step of an id; "" if it has no letter, digit or `_` that an id can have.

    Letters lose their accents.
    """
    plain = text if text.isascii() else _without_accents(text)
    return _NOT_IN_IDS.sub("-", plain.lower()).strip("-")


def _without_accents(text: str) -> str:
    return "".join(char for char in normalize("NFKD", text) if not combining(char))


def stem_steps(path: str) -> Sequence[str]:
    """The folders of a path, and the name of its file without all endings."""
    *folders, name = path.split("/")
    return [*folders, name.split(".")[0] or name.strip(".")]
