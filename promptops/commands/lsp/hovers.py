"""What an editor shows over a name, a key or a finding, and beside the role of a message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from lsprotocol import types

from promptops.analysis.models import find
from promptops.commands.lint.rules import markdown_page
from promptops.commands.lsp import scope
from promptops.commands.lsp.cursor import (
    PROFILE_POINTER,
    Here,
    argument_docs,
    assertion_summary,
    path_kind,
)
from promptops.commands.lsp.documents import OpenFile
from promptops.commands.lsp.offers import input_summary, locals_at, target_of, text_at
from promptops.commands.lsp.prompt_schema import key_at
from promptops.commands.lsp.scope import (
    INPUT_PROPERTIES,
    Named,
    Typed,
    in_expression,
    in_template,
    inputs,
    macros_of,
    properties,
    properties_below,
    steps_in_case,
)
from promptops.commands.lsp.symbols import contains, facts_of, readable_places
from promptops.json_pointer import tokens
from promptops.lint.passages import literal_passage
from promptops.lint.prompt_model import prompt_model
from promptops.lint.registry import built_in
from promptops.lint.request_size import cost_usd, estimate, request_tokens
from promptops.model.config import ModelProfile
from promptops.model.loaded import LoadedPrompt
from promptops.model.prompt import Message, Prompt, TextPart, messages_of
from promptops.patterns import lazy_pattern
from promptops.plurals import counted, some, usd
from promptops.report.markdown_text import fenced
from promptops.report.visible import visible, visible_line
from promptops.source.document import MAX_BYTES


def hover(file: OpenFile, params: types.HoverParams) -> types.Hover | None:
    """The findings at a position, and what the word there means; None if there is neither."""
    if len(file.text) > MAX_BYTES:
        return None  # nothing in it is read
    here = Here(file, params.position)
    text, start, end = _meaning(here)
    parts = [*finding_texts(here), *([text] if text else [])]
    if not parts:
        return None
    shown = types.MarkupContent(kind=types.MarkupKind.Markdown, value="\n\n---\n\n".join(parts))
    return types.Hover(contents=shown, range=here.range(start, end) if text else None)


def _meaning(here: Here) -> tuple[str, int, int]:
    """What the word at the position means, with its columns."""
    cursor = here.cursor
    _, start, end = here.word()
    if here.is_other or cursor.part in ("", "comment"):
        return "", start, end
    if here.in_template or here.in_when:
        return _in_tag(here)
    value, start, end = here.scalar()
    if not value:
        return "", start, end
    text = key_text(here) if cursor.part == "key" else value_text(here, value)
    return text, start, end


def _in_tag(here: Here) -> tuple[str, int, int]:
    """A word in a tag, as if it were just typed to its end."""
    word, start, end = here.word()
    written = here.cursor.typed + here.lines[here.line - 1][here.column - 1 : end - 1]
    typed = in_expression(written) if here.in_when else in_template(written)
    if typed is not None and typed.kind == "path":
        word, start, end = here.path()
    if typed is None or not word:
        return "", start, end
    return template_text(here, typed, word), start, end


# The findings at a position, with the pages of their rules.

_MOST_FINDINGS = 3


def finding_texts(here: Here) -> Iterator[str]:
    """A text for each finding whose place includes the position."""
    findings = here.file.live.findings(here.file.path)
    here_alone = (each for each in findings if contains(each.place, here.line, here.column))
    for finding in islice(here_alone, _MOST_FINDINGS):
        hint = f"  \n{sentence(finding.hint)}" if finding.hint else ""
        yield f"**{code(finding.code)}** {sentence(finding.message)}{hint}"
        rule = built_in().get(finding.code)
        if rule is not None:
            yield f"##{markdown_page(rule).strip()}"  # a smaller heading than that of a page


# An input: its schema, its default, and what uses it.

_MOST_PLACES = 8
_SHOWN_KEYWORDS = (
    *("default", "minLength", "maxLength", "minimum", "maximum", "pattern", "format", "maxItems"),
)


def input_text(here: Here, named: Named) -> str:
    """What is known about an input."""
    return _named_text("input ", named, _input_facts(here, named))


def property_text(named: Named) -> str:
    """What is known about a property of an input."""
    return _named_text("", named, _schema_keywords(named))


def _named_text(what: str, named: Named, facts: Iterable[str]) -> str:
    kind = f": {prose(input_summary(named))}" if input_summary(named) else ""
    about = named.schema.get("description")
    parts = [
        f"{what}**{code(named.name)}**{kind}",
        prose(about) if isinstance(about, str) else "",
        bullets(facts),
    ]
    return "\n\n".join(part for part in parts if part)


def _input_facts(here: Here, named: Named) -> Iterator[str]:
    yield from _schema_keywords(named)
    places = list(
        dict.fromkeys(each for loaded in here.loaded for each in _use_places(here, loaded, named))
    )
    if places:
        yield f"used in {some(places, _MOST_PLACES, name=code)}"
    elif here.loaded:
        yield "not used"
    cases = [case for prompt in here.prompts for case in prompt.cases]
    given = sum(named.name in case.inputs for case in cases)
    if cases:
        yield f"given in {given} of {counted(len(cases), 'case')}"


def _schema_keywords(named: Named) -> Iterator[str]:
    for key in _SHOWN_KEYWORDS:
        if key in named.schema:
            yield f"{key}: {code(json.dumps(named.schema[key], ensure_ascii=False))}"


def _use_places(here: Here, loaded: LoadedPrompt, named: Named) -> Iterator[str]:
    """The places that read an input, in the prompt and in what it includes."""
    facts = facts_of(here.file.live.catalog, loaded)
    for each in facts.scopes:
        for use in each.scope.uses:
            if use.name == named.name:
                place = use.site.place
                yield f"{place.path}:{place.line}"


# The size of a prompt, its model, and the files it names.

_SMALLEST_SHARE = 0.001
"""The smallest share of a context window that is shown as a number."""

_FILE_LANGUAGES = {"yaml": "yaml", "yml": "yaml", "json": "json", "jsonl": "json", "csv": "csv"}


def _size(here: Here, loaded: LoadedPrompt) -> str:
    """The tokens of the requests of all cases, and their share of the budget."""
    prompt = loaded.prompt
    if prompt is None:
        return ""
    renders = facts_of(here.file.live.catalog, loaded).renders
    sizes = [request_tokens(each.traced.request) for each in renders if each.traced is not None]
    if not sizes:
        return "no case can be rendered: the tokens of the request are unknown"
    least, most = min(sizes), max(sizes)
    tokens = f"{least:,} to {most:,}" if least < most else f"{most:,}"
    first = f"{tokens} tokens in {counted(len(sizes), 'rendered case')} (estimated)"
    return bullets([first, *_size_limits(here, prompt, most)])


def _size_limits(here: Here, prompt: Prompt, tokens: int) -> Iterator[str]:
    """The share of the budget, the price, and the share of the context window."""
    budget = prompt.budget.get("input_tokens")
    if budget:
        yield f"{tokens / budget:.0%} of the budget of {budget:,.0f} tokens"
    model = prompt_model(prompt, here.file.live.catalog.config)
    cost = cost_usd(model, tokens, 0) if model is not None else None
    if cost is not None:
        yield f"{usd(cost)} for the largest request, without the answer"
    if model is not None and model.context_window:
        share = tokens / model.context_window
        shown = f"{share:.1%}" if share >= _SMALLEST_SHARE else f"less than {_SMALLEST_SHARE:.1%}"
        yield f"{shown} of the context window of {code(model.id)}"


def _profile_text(profile: ModelProfile) -> str:
    """A profile of the configuration: its model with price and retirement."""
    head = f"profile **{code(profile.name)}**: {code(f'{profile.provider} {profile.id}')}"
    address = [f"address {code(profile.base_url)}"] if profile.base_url else []
    facts = list(_model_facts(profile.provider, profile.id, profile))
    return f"{head}\n\n{bullets([*address, *facts])}"


def _model_facts(provider: str, model: str, profile: ModelProfile | None) -> Iterator[str]:
    facts = find(provider, model)
    price = dict(profile.price) if profile is not None else {}
    dollars = price.get("input", facts.input_usd if facts else None)
    if dollars is not None:
        out = price.get("output", facts.output_usd if facts else None)
        answers = f", output {usd(out)}" if out is not None else ""
        yield f"input {usd(dollars)}{answers} for a million tokens"
    window = (profile.context_window if profile else None) or (
        facts.context_window if facts else None
    )
    if window:
        yield f"context window {window:,} tokens"
    if facts is None:
        yield "not in the table of known models"
    elif facts.retires_on:
        successor = f"; use {code(facts.successor)}" if facts.successor else ""
        yield f"retires on {facts.retires_on}{successor}"
    if facts is not None and facts.floating:
        yield "refers to newer models over time"


def file_text(here: Here, path: str) -> str:
    """The beginning of a file that is named at the position, and its tokens."""
    found = here.file.live.catalog.files.text(path)
    if found is None:
        return ""
    language = _FILE_LANGUAGES.get(path.rpartition(".")[2], "jinja")
    size = f"{estimate(found.value):,} tokens (estimated)"
    return f"**{code(path)}**: {size}\n\n{excerpt(language, found.value)}"


# A word in a tag of a template: an input, a local name, a filter, a test, a statement, a path.


def template_text(here: Here, typed: Typed, word: str) -> str:
    """What a word means, given what is typed up to its end; "" if it is unknown."""
    if typed.kind == "path":
        return file_text(here, target_of(here, "template", word))
    if typed.kind == "property":
        return _property_meaning(here, typed, word)
    if typed.kind == "import":
        return _macro_meaning(here, typed.owner, word)
    if typed.kind == "name":
        return _name_meaning(here, typed, word)
    words = {
        "filter": ("filter", scope.filters()),
        "test": ("test", scope.tests()),
        "statement": ("statement", scope.STATEMENTS),
        "operator": ("operator", scope.OPERATORS),
    }
    kind, known = words.get(typed.kind, ("", {}))
    return f"{kind} **{code(word)}**: {known[word]}" if known.get(word) else ""


def _name_meaning(here: Here, typed: Typed, word: str) -> str:
    local = locals_at(here, typed.before).get(word)
    if local is not None:
        source = " ".join(local.source.split())
        meaning = {
            "item": f"item of {code(source)}",
            "set": f"set to {code(source)}" if source else "set",
            "macro": f"macro {code(f'{word}({source})')}",
            "argument": "an argument or one of several items",
            "module": f"the macros of {code(source)}",
            "imported": f"a macro of {code(source)}",
            "loop": "the loop around",
        }
        return f"**{code(word)}**: {meaning[local.kind]}"
    known = inputs(here).get(word)
    if known is not None:
        return input_text(here, known)
    about = scope.GLOBALS.get(word) or scope.OPERATORS.get(word)
    return f"**{code(word)}**: {about}" if about else ""


def _property_meaning(here: Here, typed: Typed, word: str) -> str:
    names = locals_at(here, typed.before)
    owner = names.get(typed.owner)
    if owner is not None and owner.kind == "loop":
        about = scope.LOOP.get(word)
        return f"**{code(f'loop.{word}')}**: {about}" if about else ""
    if owner is not None and owner.kind == "module":
        return _macro_meaning(here, owner.source, word)
    found = properties(here, typed.owner, names).get(word)
    return property_text(found) if found is not None else ""


def _macro_meaning(here: Here, template: str, word: str) -> str:
    macro = macros_of(text_at(here, template)).get(word)
    return f"macro {code(f'{word}({macro.source})')} of {code(template)}" if macro else ""


# A key or a value of a prompt file.

_INPUT_POINTER = lazy_pattern(rf"{INPUT_PROPERTIES}/([^/]+)")


def key_text(here: Here) -> str:
    """What the key at the position means."""
    pointer = here.pointer
    name = tokens(pointer)[-1]
    declared = inputs(here).get(name) if _INPUT_POINTER.fullmatch(pointer) else None
    found = _case_input_text(here, pointer) or (input_text(here, declared) if declared else "")
    if found:
        return found
    key = key_at(pointer)
    kind = here.cursor.siblings.get("type", "") if here.assertion else ""
    about = argument_docs(kind).get(name, "") or (key.description if key else "")
    described = f"**{code(name)}**: {about}" if about else ""
    has_size = pointer in ("/messages", "/budget")
    sizes = "\n\n".join(_size(here, loaded) for loaded in here.loaded) if has_size else ""
    return "\n\n".join(part for part in (described, sizes) if part)


def _case_input_text(here: Here, pointer: str) -> str:
    """An input in a case, or what is below it."""
    given = steps_in_case(pointer)
    if not given:
        return ""
    *owner, name = given
    found = (properties_below(here, tuple(owner)) if owner else inputs(here)).get(name)
    if found is None:
        return ""
    return property_text(found) if owner else input_text(here, found)


def value_text(here: Here, value: str) -> str:
    """What a value at the position refers to; "" if it is only a value."""
    pointer = here.pointer
    if re.fullmatch(PROFILE_POINTER, pointer):
        profile = here.file.live.catalog.config.models.get(value)
        return _profile_text(profile) if profile is not None else ""
    if pointer == "/model/id":
        provider = here.cursor.siblings.get("provider", "")
        facts = _model_facts(provider, value, None) if find(provider, value) is not None else None
        return f"**{code(value)}**\n\n{bullets(facts)}" if facts is not None else ""
    if here.assertion and here.assertion[1] == "/type":
        about = assertion_summary(value)
        return f"assertion **{code(value)}**: {prose(about)}" if about else ""
    kind = path_kind(pointer)
    if kind is None:
        return ""
    return file_text(here, target_of(here, kind, value.partition("#")[0] or "."))


# Text of the repository in the Markdown of an editor, which must stay text.
#
# A file could otherwise show links and commands in a pop-up that the reader takes for ours.

_MARKDOWN_STRUCTURE = lazy_pattern(r"[\\`*_{}\[\]<>()!|~&:@$#]|(?<=[wW])\.")
_LINE_BEGINNING = lazy_pattern(r"^(\d*)([-+=.)])")
_BACKTICKS = lazy_pattern("`+")

_LONGEST_TEXT = 600
_EXCERPT_LINES = 20
_EXCERPT_COLUMNS = 200


def prose(text: str) -> str:
    """One line of plain text: no structure, no links."""
    shown = visible(" ".join(text.split()), _LONGEST_TEXT)
    escaped = _MARKDOWN_STRUCTURE.sub(lambda found: f"\\{found[0]}", shown)
    return _LINE_BEGINNING.sub(lambda found: f"{found[1]}\\{found[2]}", escaped)


def sentence(text: str) -> str:
    """As `prose`, with the parts between backticks as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return prose(text)
    parts = [
        code(piece) if index % 2 else _spaced(piece) for index, piece in enumerate(pieces) if piece
    ]
    return "".join(parts)


def _spaced(piece: str) -> str:
    """Escaped text between two pieces of code, with the blanks at its ends."""
    start = " " if piece[:1].isspace() else ""
    end = " " if piece[-1:].isspace() and piece.strip() else ""
    return f"{start}{prose(piece)}{end}"


def code(text: str) -> str:
    """A text as inline code."""
    shown = visible(text, _LONGEST_TEXT)
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    ticks, space = "`" * (longest + 1), " " if "`" in shown or not shown.strip() else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def excerpt(language: str, text: str) -> str:
    """The first lines of a text as a block of code."""
    lines = text.split("\n")
    shown = [visible_line(line[:_EXCERPT_COLUMNS]) for line in lines[:_EXCERPT_LINES]]
    return fenced(language, [*shown, *(["…"] if len(lines) > _EXCERPT_LINES else [])]).rstrip("\n")


def bullets(lines: Iterable[str]) -> str:
    """A list; each line is Markdown."""
    return "\n".join(f"- {line}" for line in lines)


# Inlay hints: the estimated tokens of each message.


def inlay_hints(file: OpenFile, params: types.InlayHintParams) -> list[types.InlayHint]:
    """After the role of each message in a range, the tokens of its literal text.

    Included templates count; inserted values don't.
    """
    loaded = file.live.readable(file.path)
    if loaded is None or loaded.prompt is None:
        return []
    lines = range(params.range.start.line, params.range.end.line + 1)
    hints = _message_hints(file, loaded.prompt)
    return [hint for hint in hints if hint.position.line in lines]


def _message_hints(file: OpenFile, prompt: Prompt) -> Iterator[types.InlayHint]:
    current = readable_places(file)
    for message in messages_of(prompt.messages):
        place = current(prompt.locate(f"{message.at}/role", False))
        tokens = sum(map(estimate, _literals(file, message)))
        if place is not None and place.path == file.path and tokens:
            end = file.range_of(place).end
            yield types.InlayHint(position=end, label=f"~{tokens:,} tokens", padding_left=True)


def _literals(file: OpenFile, message: Message) -> Iterator[str]:
    """The literal text of a message and of the templates that it includes."""
    catalog = file.live.catalog
    for part in message.parts:
        if isinstance(part, TextPart):
            for text in (part.text, *catalog.included(part.text)):
                yield literal_passage(text, catalog.template(text), message.role).text
