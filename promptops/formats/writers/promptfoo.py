"""A configuration of promptfoo whose prompts are functions, so that promptops renders them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from keyword import kwlist
from typing import Any

from promptops.evals.parse import parse
from promptops.formats.document import Loss
from promptops.formats.exported import ExportedFile, ExportSubject, turns_left_out
from promptops.formats.prompt_file import yaml_file
from promptops.formats.promptfoo import conversations
from promptops.formats.promptfoo.tests import NO_TEMPLATES, is_template, with_values
from promptops.json_pointer import tokens
from promptops.model.place import Place
from promptops.model.prompt import Case, Request
from promptops.patterns import lazy_pattern
from promptops.records import replace
from promptops.runtime.request.openai import chat_arguments

NAME = "promptfoo"
MARKS = "`promptfooconfig.yaml` for each prompt, and a Python module, which renders them"
TAKES_CASE = False

_NOT_IN_NAMES = lazy_pattern(r"[^A-Za-z0-9]+")
_OPENING = lazy_pattern(r"\{[{%#]")
_OF_MODULE = frozenset((*kwlist, "holds", "os", "promptops", "Path"))
_OF_REQUEST = ("response_format", "tools", "tool_choice")
_PROVIDERS = {"openai": "openai:chat:", "anthropic": "anthropic:messages:", "gemini": "google:"}

_MODULE = '''\
"""Prompts for promptfoo, rendered by promptops from the files of this repository.

Written by `promptops export promptfoo`. The configurations beside it turn off promptfoo's own
templates (PROMPTFOO_DISABLE_TEMPLATING), so that a value such as `{{ x }}` stays as it is.
promptfoo runs the Python that PROMPTFOO_PYTHON names; promptops must be installed there.
"""

import os
from pathlib import Path

_FOLDERS = Path(__file__).resolve().parents
_ROOT = next(folder for folder in _FOLDERS if (folder / ".git").exists())
os.environ.setdefault("PROMPTOPS_OVERRIDE", str(_ROOT))

import promptops


{rendering}

def holds(output, context):
    from promptops.formats.promptfoo.checking import checked

    return checked(output, context["config"]["assertion"], _inputs(context))
{functions}'''
_RENDERING = '''\
def _rendered(identity, context):
    prompt = promptops.load("git:HEAD")[identity]
    return prompt.render(**_inputs(context)).openai()["messages"]


def _inputs(context):
    """The inputs of the case: promptfoo adds variables of its own, such as `__evalId`."""
    return {name: value for name, value in context["vars"].items() if name[:2] != "__"}

'''
_FUNCTION = """

def {name}(context):
    return _rendered({identity!r}, context)
"""


def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
    """A configuration for each prompt; a module for those with conversations, and one for others.

    promptfoo asks one test after another where a module mentions conversations.
    """
    named = list(distinctly_named(subjects))
    yield from (one for one in named if isinstance(one, Loss))
    modules: dict[str, list[ExportSubject]] = {}
    for subject in (one for one in named if isinstance(one, ExportSubject)):
        losses: list[Loss] = []
        value = configuration(subject, losses)
        yield from losses
        name = function_name(subject)
        module = value["prompts"][0]["id"].removeprefix(_FILE).partition(":")[0]
        modules.setdefault(module, []).append(subject)
        yield subject.file(f"{name}.promptfooconfig.yaml", yaml_file(value))
    for module, written in modules.items():
        yield written[0].file(module, _module(module, written))


def _module(name: str, subjects: Sequence[ExportSubject]) -> str:
    functions = "".join(
        _FUNCTION.format(name=function_name(subject), identity=subject.prompt.id)
        for subject in subjects
    )
    rendering = conversations.RENDERING if name == conversations.MODULE else _RENDERING
    return _MODULE.replace("{rendering}\n", rendering).replace("{functions}", functions)


def configuration(
    subject: ExportSubject, losses: list[Loss], *, native: bool = False
) -> dict[str, Any]:
    """The configuration; adds what is lost to `losses`.

    Args:
        native: Only assertions of promptfoo itself, whose values are templates there.
    """
    prompt = subject.prompt
    name = function_name(subject)
    shared = [
        (one, prompt.locate(f"/evaluation/assertions/{index}", False))
        for index, one in enumerate(prompt.evaluation.get("assertions", ()))
    ]
    asserted = _assertions(shared, losses, native=native)
    losses += (
        *subject.without("title", "owners", "tags", "metadata", "budget"),
        *subject.without_provider_options(),
        *subject.without_message_keys("cache", *(("name",) if native else ())),
        *subject.without_expected(),
        *subject.without_rendered(),
        *subject.without_scores(),
    )
    tests = list(_tests(subject, losses, native=native))
    module = _PROMPTS
    if any("metadata" in test for test in tests):
        module = conversations.MODULE
        _check_in(module, [*asserted, *(one for test in tests for one in test.get("assert", ()))])
    return {
        "description": prompt.description or prompt.id,
        "env": NO_TEMPLATES,
        "prompts": [{"id": f"{_FILE}{module}:{name}", "label": prompt.id}],
        "providers": [promptfoo_provider(subject)],
        "defaultTest": {
            "options": {"disableVarExpansion": True},
            **({"assert": asserted} if asserted else {}),
        },
        "tests": tests,
    }


def _tests(subject: ExportSubject, losses: list[Loss], *, native: bool) -> Iterator[dict[str, Any]]:
    for case in subject.prompt.cases:
        if not case.turns:
            yield _test(subject, case, losses, native=native)
        elif native:
            losses.append(turns_left_out(case))
        elif (refused := conversations.refused(subject, case)) is not None:
            losses.append(refused)
        else:
            losses += conversations.lost(case)
            yield from _turns(subject, case, losses)


def _test(
    subject: ExportSubject, case: Case, losses: list[Loss], *, native: bool
) -> dict[str, Any]:
    accepted, _ = subject.renderer.accept(case.inputs)
    if native:
        losses += _templated(case, accepted)
    return {
        "description": case.name,
        "vars": accepted,
        **_asserted(case, case.at, case.output, losses, native=native),
    }


def _turns(subject: ExportSubject, case: Case, losses: list[Loss]) -> Iterator[dict[str, Any]]:
    """A test for each turn; promptfoo hands the answers of those before on."""
    for test, turn in zip(conversations.tests(subject, case), case.turns, strict=True):
        yield test | _asserted(case, turn.at, turn.output, losses, native=False)


def _asserted(
    case: Case,
    at: str,
    output: Sequence[Mapping[str, Any]],
    losses: list[Loss],
    *,
    native: bool,
) -> dict[str, Any]:
    """The key `assert` of a test, unless there are no assertions."""
    given = [(one, case.locate(f"{at}/output/{index}", False)) for index, one in enumerate(output)]
    asserted = _assertions(given, losses, native=native)
    return {"assert": asserted} if asserted else {}


def _check_in(module: str, asserted: Sequence[dict[str, Any]]) -> None:
    """Let assertions that promptops checks call this module."""
    for one in asserted:
        if one.get("value") == CHECK:
            one["value"] = CHECK.replace(_PROMPTS, module)


def _templated(case: Case, inputs: Mapping[str, Any]) -> Iterator[Loss]:
    """A loss for each input whose value promptfoo renders."""
    resolved = with_values(inputs)
    for name, value in inputs.items():
        inner = _OPENING.search(str(value)) if isinstance(value, list | Mapping) else None
        if inner or is_template(value) or resolved[name] != value:
            message = f"promptfoo renders the value of `{name}`, which looks like a template"
            hint = "export promptfoo without --templates"
            place = case.locate(f"{case.at}/inputs/{name}", False)
            yield Loss(code="EXP110", message=message, place=place, hint=hint)


def _assertions(
    given: Sequence[tuple[Mapping[str, Any], Place]], losses: list[Loss], *, native: bool
) -> list[dict[str, Any]]:
    found = []
    for assertion, place in given:
        written = native_assertion(assertion) if native else promptfoo_assertion(assertion)
        if written is None:
            message = f"the assertion `{assertion.get('type')}` is not exported"
            losses.append(Loss(code="EXP106", message=message, place=place))
        else:
            found.append(_as_data(written) if native else written)
    return found


def _as_data(value: Any) -> Any:
    """The value with the texts that promptfoo would take for templates as such texts."""
    if isinstance(value, str):
        return _OPENING.sub(lambda match: f'{{{{ "{match[0]}" }}}}', value)
    if isinstance(value, list):
        return [_as_data(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _as_data(one) for key, one in value.items()}
    return value


def promptfoo_provider(subject: ExportSubject) -> Any:
    """The provider with its parameters; `echo`, which repeats the prompt, if no model is named."""
    model = subject.prompt.model
    if not model.id or model.provider == "echo":
        return "echo"
    name = f"{_PROVIDERS.get(model.provider or '', f'{model.provider}:')}{model.id}"
    names = {"max_output_tokens": "max_tokens"}
    config = {names.get(key, key): value for key, value in model.params.items()}
    config |= _of_request(subject)
    return {"id": name, "config": config} if config else name


def _of_request(subject: ExportSubject) -> dict[str, Any]:
    """The output format and the tools, as the API takes them."""
    arguments = chat_arguments(Request(messages=(), **subject.renderer.fixed))
    return {key: arguments[key] for key in _OF_REQUEST if key in arguments}


def function_name(subject: ExportSubject) -> str:
    """The name of the prompt's function and of its files: a name that Python can define."""
    name = _NOT_IN_NAMES.sub("_", subject.prompt.id)
    return f"prompt_{name}" if not name.isidentifier() or name in _OF_MODULE else name


def distinctly_named(subjects: Iterable[ExportSubject]) -> Iterator[ExportSubject | Loss]:
    """The prompts; an EXP005 in place of one whose name another has: `a-b` and `a/b`."""
    taken: dict[str, str] = {}
    for subject in subjects:
        name, identity = function_name(subject), subject.prompt.id
        other = taken.setdefault(name, identity)
        if other == identity:
            yield subject
        else:
            message = f"its files would have the same names as those of `{other}`: `{name}`"
            hint = "export one of the two to another folder with --to"
            yield replace(subject.lost("EXP005", message), hint=hint)


# Assertions of test cases as assertions of promptfoo.

_FILE, _PROMPTS = "file://", "promptops_prompts.py"
CHECK = f"{_FILE}{_PROMPTS}:holds"
"""Checks an assertion that promptfoo does not have, or decides in another way."""

_OF_MODELS = {
    "llm-rubric": "llm-rubric",
    "factual": "factuality",
    "similar": "similar",
    "moderation": "moderation",
    "finish-reason": "finish-reason",
}
_TRANSFORMS = {
    "(value | trim)": "output.trim()",
    "(value | lower)": "output.toLowerCase()",
    "(value | upper)": "output.toUpperCase()",
}
_NOT_OF_JAVASCRIPT = lazy_pattern(r"\(\?[a-zA-Z-]|\\[AzZpPQC]|\[\[:|\(\?P")
_OF_SCHEMAS = frozenset(
    str.split(
        "type required properties items enum const additionalProperties minimum maximum minLength"
        " maxLength minItems maxItems description title"
    )
)


def promptfoo_assertion(assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    """The assertion there, with the same verdict but for those that a model judges.

    None for one that needs more than the answer and the inputs.
    """
    kind = str(assertion.get("type", ""))
    plain = _plain(assertion)
    narrowed = any(key in assertion for key in ("path", "role", "transform"))
    found = None if narrowed or _is_measure(assertion) else _native(plain, assertion)
    if found is None and plain in _OF_MODELS and not narrowed:
        found = _judged(plain, assertion)
    if found is not None:
        found["type"] = f"{kind.removesuffix(plain)}{found['type']}"
    elif _is_checked_here(assertion):
        kept = {key: value for key, value in assertion.items() if key != "weight"}
        found = {"type": "python", "value": CHECK, "config": {"assertion": kept}}
    else:
        return None
    if "score" in assertion:
        found["metric"] = assertion["score"]
    if "weight" in assertion:
        found["weight"] = assertion["weight"]
    return found


def native_assertion(assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    """As `promptfoo_assertion`, without the functions of promptops.

    A refusal is recognised by other words there. A measure has the weight 0, so that it can't fail.
    """
    found = promptfoo_assertion(assertion)
    if found is None or found["type"] != "python":
        return found
    kind, plain = str(assertion["type"]), _plain(assertion)
    bare = {key: assertion[key] for key in ("type", "value", "threshold") if key in assertion}
    native = {"type": "is-refusal"} if plain == "refuses" else _native(plain, bare)
    transform = _TRANSFORMS.get(str(assertion.get("transform")))
    if native is None or "role" in assertion or ("transform" in assertion and transform is None):
        return None
    if transform is not None and "path" in assertion:
        return None
    native["type"] = f"{kind.removesuffix(plain)}{native['type']}"
    if transform is not None:
        native["transform"] = transform
    if "path" in assertion:
        native["transform"] = _transform(str(assertion["path"]))
    if "score" in assertion:
        native["metric"] = assertion["score"]
    weight = 0 if _is_measure(assertion) else assertion.get("weight")
    return {**native, **({} if weight is None else {"weight": weight})}


def _transform(path: str) -> str:
    """`/a/0` as an expression of JavaScript over the parsed answer."""
    steps = tokens(path)
    written = "".join(f"[{step}]" if step.isdecimal() else f'["{step}"]' for step in steps)
    return f"(typeof output === 'string' ? JSON.parse(output) : output){written}"


def _plain(assertion: Mapping[str, Any]) -> str:
    return str(assertion.get("type", "")).removeprefix("not-")


def _is_measure(assertion: Mapping[str, Any]) -> bool:
    return "score" in assertion and assertion.get("must") is not True


def _native(kind: str, assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    write = _WRITERS.get(kind)
    return write(assertion.get("value"), assertion) if write is not None else None


def _text(value: Any, assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"type": _plain(assertion), "value": value} if _is_text(value) else None


def _texts(value: Any, assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    fits = isinstance(value, list) and all(map(_is_text, value))
    return {"type": _plain(assertion), "value": value} if fits else None


def _regex(value: Any, _assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    fits = _is_text(value) and not _NOT_OF_JAVASCRIPT.search(value)
    return {"type": "regex", "value": value} if fits else None


def _schema(value: Any, _assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"type": "is-json", "value": value} if _is_simple(value) else None


def _set(value: Any, assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    inner = [promptfoo_assertion(one) for one in value]
    if assertion["type"] != "all" or any(one is None or one["type"] == "python" for one in inner):
        return None
    threshold = assertion.get("threshold")
    extra = {"threshold": threshold} if isinstance(threshold, int | float) else {}
    return {"type": "assert-set", "assert": inner, **extra}


_WRITERS: Mapping[str, Callable[[Any, Mapping[str, Any]], dict[str, Any] | None]] = {
    **dict.fromkeys(("equals", "contains", "icontains", "starts-with"), _text),
    **dict.fromkeys(("contains-all", "contains-any"), _texts),
    "regex": _regex,
    "is-json": lambda _value, _assertion: {"type": "is-json"},
    "json-schema": _schema,
    "max-cost": lambda value, _assertion: {"type": "cost", "threshold": value},
    "max-latency": lambda value, _assertion: {"type": "latency", "threshold": value * 1000},
    "all": _set,
}


def _judged(kind: str, assertion: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": _OF_MODELS[kind],
        **{key: assertion[key] for key in ("value", "threshold") if key in assertion},
    }


def _is_checked_here(assertion: Mapping[str, Any]) -> bool:
    """Whether the answer and the inputs decide, without a model and without code of the user."""
    read, _ = parse(assertion, "answer")
    if read is None or read.judged or _plain(assertion) in _ELSEWHERE:
        return False
    inner = assertion.get("value")
    parts = inner if isinstance(inner, list) and assertion["type"][-3:] in ("all", "any") else ()
    return all(_is_checked_here(part) for part in parts if isinstance(part, Mapping))


_ELSEWHERE = frozenset(
    str.split("python max-cost max-latency max-tokens tool-call tool-calls counterfactual pairwise")
)
"""They need what a function of promptfoo does not get."""


def _is_simple(schema: Any) -> bool:
    """Whether promptfoo's validator, which is strict, accepts a schema and decides the same."""
    if not isinstance(schema, Mapping):
        return isinstance(schema, bool)
    inner = [*_mapping(schema.get("properties")).values()]
    inner += [schema[key] for key in ("items", "additionalProperties") if key in schema]
    known = _OF_SCHEMAS.issuperset(schema) and isinstance(schema.get("type", ""), str)
    return known and all(map(_is_simple, inner))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""
