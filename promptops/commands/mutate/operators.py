"""The ways to break a prompt, each with a name, and the sentences that they break."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

from promptops.analysis.schemas.inclusion import SchemaDifference, differences
from promptops.analysis.spans import expression, test_of_tag
from promptops.catalog.catalog import Catalog
from promptops.catalog.schema_places import schema_locator
from promptops.commands.mutate.tested_prompt import (
    POISON,
    PromptEdit,
    TemplateText,
    TextEdit,
    TextOperator,
    Witness,
    shortened,
)
from promptops.diff.sentences import HEADING, ITEM, bare_line, line_joint, sentence_parts
from promptops.errors import UsageError
from promptops.evals.json_values import NOTHING, parsed
from promptops.json_pointer import escaped, tokens, with_part
from promptops.model.answer import Answer
from promptops.model.change import ABSENT
from promptops.model.mutant import OPERATORS, Operator
from promptops.model.place import Offsets, Text
from promptops.model.prompt import ConversationHistory, ForEach, Message, Prompt, Schema, Tool, Turn
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.runtime.request.schema_check import validator
from promptops.runtime.template import nodes
from promptops.runtime.template.template import (
    Template,
    TemplateError,
    is_template,
    parse,
    token_at,
)
from promptops.suggestions import did_you_mean


def named_operators(names: Collection[str]) -> tuple[Operator, ...]:
    """The operators of these names, in their usual order; all without names.

    Raises UsageError for an unknown name, with the nearest one.
    """
    for name in names:
        if name not in OPERATORS:
            hint = did_you_mean(name, OPERATORS) or f"one of: {', '.join(OPERATORS)}"
            raise UsageError(f"there is no operator {name!r}", hint=hint)
    return tuple(operator for operator in OPERATORS if not names or operator in names)


def text_edits(
    of: TemplateText, operators: Collection[Operator]
) -> Iterator[tuple[Operator, TextEdit]]:
    """All ways to break a text; two operators never do the same."""
    seen: set[tuple[int, int, str]] = set()
    for name, edits in _TEXT_OPERATORS.items():
        for edit in edits(of) if name in operators else ():
            key = edit.start, edit.end, edit.after
            if key not in seen:
                seen.add(key)
                yield name, edit


def prompt_edits(
    prompt: Prompt, catalog: Catalog, operators: Collection[Operator]
) -> Iterator[tuple[Operator, PromptEdit]]:
    """All ways to break a prompt other than in its texts."""
    for name, edits in _PROMPT_OPERATORS.items():
        if name in operators:
            yield from ((name, edit) for edit in edits(prompt, catalog))


# Delete a sentence.


def sentence_edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each sentence, with the values in it.

    Not for headings, for what has no words besides values, and for a list item of one sentence,
    which the operator `item` deletes.
    """
    for block in blocks(of.flat):
        sentences = [] if block.is_heading else list(sentences_of(of.flat, block))
        if block.is_item and len(sentences) < 2:
            continue
        for start, end in sentences:
            if has_words(of.flat[start:end]):
                written = of.text.value[start:end]
                change = f'delete "{shortened(written)}"'
                yield TextEdit(start=start, end=end, change=change)


# Delete a list item.


def item_edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each item with a word besides values; its line is deleted with its newline."""
    for block in blocks(of.flat):
        if block.is_item and _WORD.search(of.flat[block.start : block.end]):
            span = block.start, block.end
            change = f'delete the item "{shortened(of.text.value[slice(*span)])}"'
            yield TextEdit(start=block.first, end=block.last, change=change, subject=span)


# Reverse an obligation: must → may, never → sometimes, at most → at least, not → nothing.

_OBLIGATION_WORD = lazy_pattern(r"[^\W\d_]+(?:['’][^\W\d_]+)*|[❌🚫⛔]")
_BETWEEN_WORDS = lazy_pattern(r"\s+|-")


def obligation_edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each phrase that obliges or forbids, in six languages."""
    source = of.text.value
    sentences = [span for block in blocks(of.flat) for span in sentences_of(of.flat, block)]
    for start, end, replacement in _phrases(of.flat):
        written = source[start:end]
        after = _in_case_of(written, replacement)
        change = f'"{written}" → "{after}"' if after else f'delete "{written}"'
        blank = int(not after and source[end : end + 1] == " ")
        subject = next((span for span in sentences if span[0] <= start < span[1]), None)
        yield TextEdit(start=start, end=end + blank, after=after, change=change, subject=subject)


def _phrases(flat: str) -> Iterator[tuple[int, int, str]]:
    """The span of each phrase, and its replacement."""
    words = list(_OBLIGATION_WORD.finditer(flat))
    index = 0
    while index < len(words):
        length = 1
        for phrase, replacement in reversals().get(_plain_word(words[index]), ()):
            found = words[index : index + len(phrase)]
            if tuple(map(_plain_word, found)) == phrase and _is_apart(flat, found):
                yield found[0].start(), found[-1].end(), replacement
                length = len(phrase)
                break
        index += length


def _plain_word(word: re.Match[str]) -> str:
    return word[0].lower().replace("’", "'")


def _is_apart(flat: str, words: Sequence[re.Match[str]]) -> bool:
    """Whether they are words of one phrase, and not part of `read-only` or `must_have`."""
    gaps = (flat[word.end() : after.start()] for word, after in pairwise(words))
    if not all(_BETWEEN_WORDS.fullmatch(gap) for gap in gaps):
        return False
    before, after = flat[: words[0].start()][-1:], flat[words[-1].end() :][:1]
    return before not in ("-", "_", "{", "/") and after not in ("-", "_", "(", "/")


def _in_case_of(written: str, replacement: str) -> str:
    """The replacement in the case of the phrase: `NEVER`, `Never`, `never`."""
    if len(written) > 1 and written.isupper():
        return replacement.upper()
    return replacement[:1].upper() + replacement[1:] if written[:1].isupper() else replacement


# The phrases that oblige or forbid, each with one that does not.
#
# They are the phrases of `promptops.diff.sentences` whose reversal is a word for word
# replacement, and their contractions.

Reversal = tuple[tuple[str, ...], str]
"""The words of a phrase in lower case, and the replacement; "" deletes the phrase."""

_MUST_BECOMES_MAY = """
    must: may, always: sometimes, only: also, shall: may, required: optional, mandatory: optional,
    ensure: consider, make sure: consider, be sure: feel free, have to: may, has to: may,
    need to: may, needs to: may, at all times: sometimes, no matter what: if possible,
    without exception: with exceptions, at all costs: if possible, exclusively: preferably,
    strictly: loosely, solely: partly, exactly: about, nothing but: anything besides,
    nothing else: anything else, is essential: is optional,
    muss: darf, musst: darfst, müssen: dürfen, müsst: dürft, soll: kann, sollst: kannst,
    sollen: können, immer: manchmal, stets: manchmal, nur: auch, ausschließlich: auch,
    lediglich: auch, unbedingt: möglichst, zwingend: möglichst, stelle sicher: versuche,
    stellen sie sicher: versuchen sie, achte darauf: überlege, erforderlich: optional,
    verpflichtend: optional, in jedem fall: manchmal, auf jeden fall: manchmal,
    ausnahmslos: meistens,
    doit: peut, dois: peux, doivent: peuvent, devez: pouvez, toujours: parfois, seulement: aussi,
    uniquement: aussi, exclusivement: aussi, obligatoire: facultatif,
    obligatoirement: facultativement, impérativement: éventuellement, assure toi: essaie,
    assurez vous: essayez, veille à: essaie de, veillez à: essayez de, il faut: on peut,
    debe: puede, debes: puedes, deben: pueden, siempre: a veces, solo: también, sólo: también,
    solamente: también, únicamente: también, exclusivamente: también, obligatorio: opcional,
    obligatoria: opcional, asegúrate: intenta, asegúrese: intente, hay que: se puede,
    tienes que: puedes, tiene que: puede, sin excepción: con excepciones,
    deve: può, devi: puoi, devono: possono, sempre: a volte, soltanto: anche,
    esclusivamente: anche, obbligatorio: facoltativo, assicurati: prova, bisogna: si può,
    deves: podes, devem: podem, apenas: também, somente: também, só: também,
    obrigatório: opcional, certifique se: tente, assegure se: tente, tem que: pode
"""

_NEVER_BECOMES_SOMETIMES = """
    never: sometimes, must not: may, may not: may, shall not: may, do not: do, can not: can,
    will not: will, not allowed: allowed, not permitted: permitted, are not to: are to,
    nothing: anything, under no circumstances: under any circumstances, in no case: in any case,
    on no account: on any account, at no time: at any time, ❌: ✅, 🚫: ✅, ⛔: ✅,
    cannot: can, can't: can, don't: do, doesn't: does, won't: will, mustn't: must, isn't: is,
    aren't: are,
    nie: manchmal, niemals: manchmal, nicht: , kein: ein, keine: eine, keinen: einen,
    keinem: einem, keiner: einer, keinerlei: beliebige, keinesfalls: gegebenenfalls,
    auf keinen fall: auf jeden fall, unter keinen umständen: unter umständen,
    jamais: parfois, pas: , aucun: un, aucune: une,
    en aucun cas: en tout cas,
    nunca: a veces, jamás: a veces, ningún: algún, ninguna: alguna,
    en ningún caso: en algún caso, bajo ninguna circunstancia: bajo cualquier circunstancia,
    nessun: un, nessuna: una, in nessun caso: in ogni caso,
    não: , nenhum: algum, nenhuma: alguma, em hipótese alguma: em qualquer hipótese
"""

_REFUSE_BECOMES_ACCEPT = """
    refuse: accept, forbidden: allowed, prohibited: allowed, disallowed: allowed,
    refrain from: consider, refrain: hesitate, decline: accept, off limits: allowed,
    verboten: erlaubt, untersagt: erlaubt, verweigere: erlaube, unterlasse: erlaube,
    interdit: permis, interdite: permise, refusez: acceptez,
    prohibido: permitido, prohibida: permitida, rechaza: acepta, rechace: acepte,
    vietato: permesso, vietata: permessa, proibito: permesso, rifiuta: accetta,
    proibido: permitido, proibida: permitida, recuse: aceite,
    should not: should, shouldn't: should, ought not to: ought to,
    avoid: use, avoiding: using, vermeide: verwende, vermeiden: verwenden, évite: utilise,
    évitez: utilisez, éviter: utiliser, evita: usa, evite: use, evitar: usar, evitare: usare
"""

_MOST_BECOMES_LEAST = """
    at most: at least, no more than: no less than, not more than: not less than,
    maximum: minimum, höchstens: mindestens, maximal: mindestens, au plus: au moins,
    au maximum: au minimum, como máximo: como mínimo, máximo: mínimo, al massimo: almeno,
    massimo: minimo, no máximo: no mínimo,
    at least: at most, no less than: no more than, no fewer than: no more than,
    not less than: not more than, minimum: maximum, mindestens: höchstens, au moins: au plus,
    al menos: como máximo, como mínimo: como máximo, almeno: al massimo,
    pelo menos: no máximo, no mínimo: no máximo
"""

_NOT_IS_DROPPED = "not: , nor: or, neither: either, nobody: anybody"


@lru_cache(maxsize=1)
def reversals() -> dict[str, list[Reversal]]:
    """All of them by the first word of the phrase, the longest phrase first."""
    table: dict[str, list[Reversal]] = defaultdict(list)
    for part in (
        _MUST_BECOMES_MAY,
        _NEVER_BECOMES_SOMETIMES,
        _REFUSE_BECOMES_ACCEPT,
        _MOST_BECOMES_LEAST,
        _NOT_IS_DROPPED,
    ):
        for entry in part.split(","):
            phrase, _, replacement = entry.partition(":")
            words = tuple(phrase.split())
            table[words[0]].append((words, " ".join(replacement.split())))
    return {first: sorted(found, key=lambda each: -len(each[0])) for first, found in table.items()}


# Drop a `{{ value }}`.


def value_edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each value that the template prints."""
    start = -1
    for token in of.template.tokens if of.template is not None else ():
        if token.kind == "variable_begin":
            start = token.start
        elif token.kind == "variable_end":
            written = of.text.value[start : token.end]
            yield TextEdit(start=start, end=token.end, change=f"drop `{shortened(written)}`")


# Negate a condition.


def condition_edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each `if`, `elif`, `a if b else c` and `when`, in order."""
    found = [(0, len(of.text.value))] if of.is_expression else []
    if of.template is not None:
        tags = list(of.template.tree.find_all(nodes.If))
        chained = {id(branch) for tag in tags for branch in tag.elif_}
        tests = [test_of_tag(of.template, tag, elif_=id(tag) in chained) for tag in tags]
        choices = of.template.tree.find_all(nodes.CondExpr)
        found += sorted((*tests, *(expression(of.template, each.test) for each in choices)))
    for start, end in found:
        written = of.text.value[start:end]
        yield TextEdit(
            start=start,
            end=end,
            after=f"not ({written})",
            change=f"negate `{shortened(written)}`",
            poison=POISON,
        )


# Empty a loop.


def loop_edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each `for`, in order."""
    template = of.template
    loops = template.tree.find_all(nodes.For) if template is not None else ()
    for start, end in sorted(expression(template, loop.iter) for loop in loops if template):
        written = of.text.value[start:end]
        change = f"empty the loop over `{shortened(written)}`"
        yield TextEdit(start=start, end=end, after="[]", change=change, poison=POISON)


def loop_message_edits(prompt: Prompt) -> Iterator[PromptEdit]:
    """One for each list of messages that is repeated for the items of an input."""
    for turn in prompt.messages:
        if isinstance(turn, ForEach):
            left = tuple(other for other in prompt.messages if other is not turn)
            yield _without_turns(prompt, (turn.at,), left, f"empty the loop over `{turn.source}`")


# Drop an `{% include %}`.


def include_edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each include, in order."""
    template = of.template
    found = template.tree.find_all(nodes.Include) if template is not None else ()
    for start, end in sorted(_tag_at(template, include.at) for include in found if template):
        written = of.text.value[start:end]
        yield TextEdit(start=start, end=end, change=f"drop `{shortened(written)}`")


def _tag_at(template: Template, offset: int) -> Offsets:
    """The span of the tag that contains an offset."""
    index = token_at(template, offset)
    begin = next(token for token in template.tokens[index::-1] if token.kind == "block_begin")
    end = next(token for token in template.tokens[index:] if token.kind == "block_end")
    return begin.start, begin.start + len(template.source[begin.start : end.end].rstrip("\n"))


# Drop a message.

_T = TypeVar("_T")


def message_edits(prompt: Prompt) -> Iterator[PromptEdit]:
    """One for each message that is not part of an example, and for a conversation history.

    Not for the only one: a request without messages is no request.
    """
    if len(prompt.messages) < 2:
        return
    shown = {turn.at for example in examples(prompt) for turn in example}
    for index, turn in enumerate(prompt.messages):
        before, after = prompt.messages[:index], prompt.messages[index + 1 :]
        if not isinstance(turn, ForEach):
            if turn.at not in shown:
                yield _without_message(prompt, turn, (*before, *after))
        elif len(turn.messages) > 1:  # for a single one, the operator `loop` does the same
            for inner, message in enumerate(turn.messages):
                loop = replace(turn, messages=_all_but(turn.messages, inner))
                yield _without_message(prompt, message, (*before, loop, *after))


def _without_message(
    prompt: Prompt, turn: Message | ConversationHistory, messages: tuple[Turn, ...]
) -> PromptEdit:
    name = f"{turn.role} message" if isinstance(turn, Message) else "history"
    is_fixed = all(isinstance(each, Message) and each.when is None for each in prompt.messages)
    count = str(len(prompt.messages)) if is_fixed else "N"
    return _without_turns(prompt, (turn.at,), messages, f"drop the {name}", count)


def _without_turns(
    prompt: Prompt, dropped: tuple[str, ...], left: tuple[Turn, ...], change: str, count: str = "N"
) -> PromptEdit:
    """`count` is the number of messages before; `N` if it depends on the inputs."""
    return PromptEdit(
        prompt=replace(prompt, messages=left),
        place=prompt.locate(dropped[0], False),
        dropped=dropped,
        change=change,
        suggestion=f"count the messages: `{{type: message-count, value: {count}}}`",
    )


def _all_but(items: tuple[_T, ...], index: int) -> tuple[_T, ...]:
    return (*items[:index], *items[index + 1 :])


# Drop an example.

_EXAMPLE_ELEMENT = lazy_pattern(
    r"(?is)(?:(?<=\n)|(?<![\s\S]))[ \t]*<(example)\b[^<>\n]*>(?:(?!<example\b).)*?</\1>[ \t]*\n?"
)


def example_edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each `<example>` element and each block of fenced code, in order."""
    if of.is_expression:
        return
    tagged = [match.span() for match in _EXAMPLE_ELEMENT.finditer(of.text.value)]
    fenced = [
        (start, end)
        for start, end in of.fences
        if not any(first <= start < last for first, last in tagged)
    ]
    for start, end in sorted((*tagged, *fenced)):
        written = of.text.value[start:end]
        change = f'drop the example "{shortened(written)}"'
        yield TextEdit(start=start, end=end, change=change)


def example_message_edits(prompt: Prompt) -> Iterator[PromptEdit]:
    """One for each question with the answers that follow it."""
    for example in examples(prompt):
        dropped = tuple(turn.at for turn in example)
        kept = tuple(turn for turn in prompt.messages if turn.at not in dropped)
        yield _without_turns(prompt, dropped, kept, f"drop an example of {len(example)} messages")


def examples(prompt: Prompt) -> list[tuple[Message, ...]]:
    """Each user message with the answers after it, unless nothing follows them.

    An answer at the end is not an example: the model continues it.
    """
    found: list[tuple[Message, ...]] = []
    current: list[Message] = []
    for turn in prompt.messages:
        if isinstance(turn, Message) and turn.role in ("assistant", "tool") and current:
            current.append(turn)
            continue
        found += [tuple(current)] if len(current) > 1 else []
        current = [turn] if isinstance(turn, Message) and turn.role == "user" else []
    return found


# Drop a condition of the output schema: a required property, an enum, a bound or a pattern.

_SCHEMA_POINTER = "/output/schema"
_DROPPED_KEYWORDS = (
    *("enum", "const", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties"),
)
_SCHEMAS_BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_SCHEMA_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE_SCHEMAS = ("items", "additionalProperties", "contains", "then", "else")


def schema_edits(prompt: Prompt, defines: Callable[[str], bool]) -> Iterator[PromptEdit]:
    """One for each condition whose absence admits another value; each with that value.

    `defines` returns whether a name under `$defs` is that of a file of the catalog.
    """
    schema = prompt.output.schema
    if schema is None:
        return
    locate = schema_locator(prompt.locate, _SCHEMA_POINTER, schema, defines)
    for dropped in _schema_conditions(schema, ""):
        weaker = _without_condition(schema, dropped)
        admitted = (each for each in differences(weaker, schema) if each.witness is not ABSENT)
        found = next(admitted, None)
        if found is None:
            continue
        yield PromptEdit(
            prompt=replace(prompt, output=replace(prompt.output, schema=weaker)),
            place=locate(f"{_SCHEMA_POINTER}{dropped.pointer}", not dropped.is_name),
            change=f"drop `{dropped}` of the output",
            suggestion=_schema_suggestion(dropped),
            witness=schema_witness(found, weaker, schema),
            on_request=False,
        )


@record(frozen=True, slots=True, kw_only=True)
class _SchemaCondition:
    """A condition of a schema.

    Attributes:
        owner: JSON pointer of the schema that has it.
        name: The property, of a `required`; else "".
        pointer: Of the keyword; of a `required`, of the name in its list.
    """

    owner: str
    keyword: str
    value: Any
    name: str = ""
    pointer: str

    @property
    def is_name(self) -> bool:
        return self.keyword == "required"

    def __str__(self) -> str:
        shown = self.name or json.dumps(self.value, ensure_ascii=False)
        return f"{self.keyword}: {shown if len(shown) <= 60 else shown[:59] + '…'}"


def _schema_conditions(schema: Any, at: str) -> Iterator[_SchemaCondition]:
    """The conditions of a schema and its parts, in order."""
    if not isinstance(schema, Mapping):
        return
    required = schema.get("required")
    for index, name in enumerate(required if isinstance(required, list) else ()):
        yield _SchemaCondition(
            owner=at, keyword="required", value=name, name=name, pointer=f"{at}/required/{index}"
        )
    for keyword in schema:
        if keyword in _DROPPED_KEYWORDS:
            yield _SchemaCondition(
                owner=at, keyword=keyword, value=schema[keyword], pointer=f"{at}/{keyword}"
            )
    for pointer, part in _subschemas(schema):
        yield from _schema_conditions(part, f"{at}{pointer}")


def _subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for keyword, value in schema.items():
        if keyword in _SCHEMAS_BY_NAME and isinstance(value, Mapping):
            yield from ((f"/{keyword}/{escaped(name)}", part) for name, part in value.items())
        elif keyword in _SCHEMA_LISTS and isinstance(value, list):
            yield from ((f"/{keyword}/{index}", part) for index, part in enumerate(value))
        elif keyword in _SINGLE_SCHEMAS:
            yield f"/{keyword}", value


def _without_condition(schema: Schema, dropped: _SchemaCondition) -> dict[str, Any]:
    def weaken(part: Mapping[str, Any]) -> dict[str, Any]:
        if not dropped.name:
            return {key: value for key, value in part.items() if key != dropped.keyword}
        return {**part, "required": [name for name in part["required"] if name != dropped.name]}

    weaker: dict[str, Any] = _changed_at(schema, tokens(dropped.owner), weaken)
    return weaker


def _changed_at(value: Any, path: list[str], change: Callable[[Any], Any]) -> Any:
    """A copy in which the part at a path is changed; other parts are shared."""
    if not path:
        return change(value)
    first, rest = path[0], path[1:]
    if isinstance(value, list):
        index = int(first)
        return [*value[:index], _changed_at(value[index], rest, change), *value[index + 1 :]]
    return {**value, first: _changed_at(value[first], rest, change)}


def _schema_suggestion(dropped: _SchemaCondition) -> str:
    """The assertion on answers that notices it, with the path of the value where there is one."""
    path = _value_path(dropped.owner)
    shown = json.dumps(dropped.value, ensure_ascii=False)
    if path is None:
        return "an assertion on the output, such as `{type: json-schema, …}`"
    if dropped.is_name:
        steps = ["output", *tokens(path), dropped.name]
        is_plain = all(step.isidentifier() for step in steps)
        value = ".".join(steps) if is_plain else f"output[{json.dumps(dropped.name)}]"
        return f"`{{type: expr, value: '{value} is defined'}}`"
    if dropped.keyword in ("enum", "const"):
        values = shown if dropped.keyword == "enum" else f"[{shown}]"
        return f"`{{type: one-of, path: {path}, value: {values}}}`"
    if dropped.keyword == "pattern":
        return f"`{{type: regex, path: {path}, value: {shown}}}`"
    return f"`{{type: json-schema, path: {path}, value: {{{dropped.keyword}: {shown}}}}}`"


def _value_path(owner: str) -> str | None:
    """From the pointer of a schema to that of its value; None below anything but properties."""
    steps = tokens(owner)
    if any(step != "properties" for step in steps[::2]) or len(steps) % 2:
        return None
    return "".join(f"/{escaped(name)}" for name in steps[1::2])


# Drop a tool, or make a required parameter of a tool optional.


def tool_edits(prompt: Prompt) -> Iterator[PromptEdit]:
    """Per tool: without it, unless `tool_choice` names it; then without each required parameter."""
    for index, tool in enumerate(prompt.tools):
        choice = prompt.tool_choice
        is_chosen = isinstance(choice, Mapping) and tool.name in str(choice)
        if choice != tool.name and not is_chosen:
            yield _without_tool(prompt, index)
        required = tool.parameters.get("required")
        for name in required if isinstance(required, list) else ():
            yield _with_optional_parameter(prompt, index, name)


def _without_tool(prompt: Prompt, index: int) -> PromptEdit:
    tool = prompt.tools[index]
    return PromptEdit(
        prompt=replace(prompt, tools=_all_but(prompt.tools, index)),
        place=prompt.locate(tool.at, False),
        dropped=(tool.at,),
        change=f"drop the tool `{tool.name}`",
        reworded=_with_tool(prompt, index, replace(tool, name="x")),
        suggestion=f"a case that needs it: `{{type: tool-call, name: {tool.name}}}`",
        witness=call_witness(tool.name),
        on_request=False,
    )


def _with_optional_parameter(prompt: Prompt, index: int, name: str) -> PromptEdit:
    tool = prompt.tools[index]
    left = [other for other in tool.parameters["required"] if other != name]
    renamed = ["x" if other == name else other for other in tool.parameters["required"]]
    at = f"{tool.at}/parameters/required/{tool.parameters['required'].index(name)}"
    return PromptEdit(
        prompt=_with_required(prompt, index, left),
        reworded=_with_required(prompt, index, renamed),
        place=prompt.locate(at, False),
        change=f"make `{name}` of the tool `{tool.name}` optional",
        suggestion=f"`{{type: tool-call, name: {tool.name}, arguments: {{{name}: …}}}}`",
        witness=call_witness(tool.name, name),
        on_request=False,
    )


def _with_required(prompt: Prompt, index: int, names: list[str]) -> Prompt:
    tool = prompt.tools[index]
    parameters = {**tool.parameters, "required": names}
    return _with_tool(prompt, index, replace(tool, parameters=parameters))


def _with_tool(prompt: Prompt, index: int, tool: Tool) -> Prompt:
    return replace(prompt, tools=(*prompt.tools[:index], tool, *prompt.tools[index + 1 :]))


# Answers that only a broken prompt allows.

ValuePath = tuple[str | int, ...]
"""The way to a part of a JSON value."""


def schema_witness(found: SchemaDifference, weaker: Schema, schema: Schema) -> Witness:
    """A recorded answer with the differing part of the witness; else the witness itself."""
    lazy: list[Any] = []

    def proves(value: Any) -> bool:
        if not lazy:
            lazy.extend((validator(weaker), validator(schema)))
        try:
            return lazy[0].is_valid(value) and not lazy[1].is_valid(value)
        except ValueError:
            return False

    def witness(answer: Answer | None) -> Answer | None:
        recorded = parsed(answer.text) if answer is not None else NOTHING
        candidates = _merged_values(recorded, found) if recorded is not NOTHING else iter(())
        value = next(filter(proves, candidates), found.witness)
        text = json.dumps(value, ensure_ascii=False)
        return Answer(text=text) if answer is None else replace(answer, text=text)

    return witness


def _merged_values(recorded: Any, found: SchemaDifference) -> Iterator[Any]:
    """The recorded value with one part replaced as in the witness, wherever that is possible."""
    for path in _value_paths(found.witness, tokens(found.pointer)):
        part = _part_at(found.witness, path)
        for at in _value_paths(recorded, tokens(found.pointer)):
            if found.keyword == "required" and isinstance(_part_at(recorded, at), Mapping):
                yield with_part(recorded, at, _without_key(_part_at(recorded, at), found.name))
            yield with_part(recorded, at, part)


def _value_paths(value: Any, schema_steps: list[str], at: ValuePath = ()) -> Iterator[ValuePath]:
    """The parts of a value that a pointer into its schema describes."""
    if not schema_steps:
        yield at
    elif schema_steps[0] == "properties" and len(schema_steps) > 1:
        name = schema_steps[1]
        if isinstance(value, Mapping) and name in value:
            yield from _value_paths(value[name], schema_steps[2:], (*at, name))
    elif schema_steps[0] == "items" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _value_paths(item, schema_steps[1:], (*at, index))
    elif schema_steps[0] in ("anyOf", "oneOf", "allOf") and len(schema_steps) > 1:
        yield from _value_paths(value, schema_steps[2:], at)


def _part_at(value: Any, path: ValuePath) -> Any:
    for step in path:
        value = value[step]
    return value


def _without_key(value: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    return {key: part for key, part in value.items() if key != name}


def call_witness(tool: str, argument: str | None = None) -> Witness:
    """A recorded answer without the calls of a tool, or without an argument of them.

    None for an answer without such a call.
    """

    def witness(answer: Answer | None) -> Answer | None:
        calls = answer.tool_calls if answer is not None else ()
        changed = tuple(_changed_calls(calls, tool, argument))
        if answer is None or changed == calls:
            return None
        return replace(answer, tool_calls=changed)

    return witness


def _changed_calls(
    calls: tuple[Mapping[str, Any], ...], tool: str, argument: str | None
) -> Iterator[Mapping[str, Any]]:
    for call in calls:
        arguments = call.get("arguments")
        if call.get("name") != tool:
            yield call
        elif argument is not None:
            changed = isinstance(arguments, Mapping) and _without_key(arguments, argument)
            yield call if changed is False else {**call, "arguments": changed}


# All operators by name; on equal edits, the first one counts.

_TEXT_OPERATORS: Mapping[Operator, TextOperator] = {
    "sentence": sentence_edits,
    "item": item_edits,
    "obligation": obligation_edits,
    "value": value_edits,
    "condition": condition_edits,
    "loop": loop_edits,
    "include": include_edits,
    "example": example_edits,
}

_PROMPT_OPERATORS: Mapping[Operator, Callable[[Prompt, Catalog], Iterator[PromptEdit]]] = {
    "loop": lambda prompt, _: loop_message_edits(prompt),
    "message": lambda prompt, _: message_edits(prompt),
    "example": lambda prompt, _: example_message_edits(prompt),
    "schema": lambda prompt, catalog: schema_edits(prompt, catalog.files.defines),
    "tool": lambda prompt, _: tool_edits(prompt),
}


# The prose of a template: blocks of lines, and sentences, with their offsets.

VALUE = "\ufffc"
"""Replaces each character of a `{{ value }}`."""

_LINE = lazy_pattern(r"[^\n]*\n?")
_FENCE = lazy_pattern(r"[ \t]*(?:```|~~~)")
_WORD = lazy_pattern(r"[^\W\d_]+")
_WITHOUT_BLANKS = lazy_pattern(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4}")
_SEMICOLONS = (";", "；")


@record(frozen=True, slots=True)
class ProseBlock:
    """A paragraph, a heading or a list item.

    Attributes:
        start, end: Its text, without the bullet of an item.
        first, last: Its whole lines, the newline included; where a tag begins or ends within a
            line, only its part of the line.
    """

    start: int
    end: int
    first: int
    last: int
    is_item: bool
    is_heading: bool


def template_text(text: Text) -> TemplateText | None:
    """A text prepared for the operators; None for an invalid template."""
    try:
        template = parse(text.value) if is_template(text.value) else None
    except TemplateError:
        return None
    flat = _without_tags(text.value, template) if template is not None else text.value
    fences = tuple(_fences(flat))
    for start, end in fences:
        flat = flat[:start] + "\n" * (end - start) + flat[end:]
    return TemplateText(text=text, template=template, flat=flat, fences=fences)


def _without_tags(source: str, template: Template) -> str:
    parts = []
    at = 0
    for start, end, filler in _tags(template):
        parts += [source[at:start], filler * (end - start)]
        at = end
    return "".join((*parts, source[at:]))


def _tags(template: Template) -> Iterator[tuple[int, int, str]]:
    """The span of each tag and comment, with the character that replaces it."""
    start, filler = -1, ""
    for token in template.tokens:
        if token.kind in ("raw_begin", "raw_end"):
            yield token.start, token.end, "\n"
        elif token.kind in ("variable_begin", "block_begin", "comment_begin"):
            start, filler = token.start, VALUE if token.kind == "variable_begin" else "\n"
        elif token.kind in ("variable_end", "block_end", "comment_end") and start >= 0:
            yield start, token.end, filler
            start = -1


def _fences(flat: str) -> Iterator[Offsets]:
    opened = -1
    for line in _LINE.finditer(flat):
        if _FENCE.match(line[0]):
            if opened >= 0:
                yield opened, line.end()
            opened = line.start() if opened < 0 else -1


def blocks(flat: str) -> Iterator[ProseBlock]:
    """The blocks of a flat text, in order; lines that wrap a sentence are one block."""
    current: ProseBlock | None = None
    length = 0
    for match in _LINE.finditer(flat):
        raw = match[0].rstrip("\n")
        line, is_item, begins = bare_line(raw)
        if current is not None and not begins and line_joint(line, length):
            end = match.start() + len(raw.rstrip())
            current = replace(current, end=end, last=match.end())
        else:
            if current is not None:
                yield current
            current = _block(raw, match.start(), match.end(), is_item) if line else None
        length = 0 if HEADING.match(line) or line.endswith(":") else len(line)
    if current is not None:
        yield current


def _block(raw: str, first: int, last: int, is_item: bool) -> ProseBlock:
    indent = len(raw) - len(raw.lstrip())
    item = ITEM.match(raw, indent) if is_item else None
    start = item.end() if item is not None else indent
    heading = HEADING.match(raw, indent) is not None
    return ProseBlock(first + start, first + len(raw.rstrip()), first, last, is_item, heading)


def sentences_of(flat: str, block: ProseBlock) -> Iterator[Offsets]:
    """The sentences of a block, without the white space around them.

    A semicolon ends none: the part behind it is seldom a rule of its own.
    """
    start = at = block.start
    for part in sentence_parts(flat[block.start : block.end]):
        at += len(part)
        if at == block.end or not part.rstrip().endswith(_SEMICOLONS):
            written = flat[start:at]
            if written.strip():
                yield start + len(written) - len(written.lstrip()), start + len(written.rstrip())
            start = at


def has_words(flat: str) -> bool:
    """Whether there are two words besides values, or as much in a script without blanks."""
    return len(_WORD.findall(flat)) > 1 or _WITHOUT_BLANKS.search(flat) is not None
