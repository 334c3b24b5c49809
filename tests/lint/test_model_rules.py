"""CFG: the model, its parameters, and the schema of its answer."""

from collections.abc import Callable
from datetime import date

import pytest

from promptops.catalog.catalog import Catalog
from promptops.lint.engine import lint_prompt
from promptops.lint.examples import MemoryTree, files, findings
from promptops.lint.registry import built_in
from promptops.lint.subject import PromptFacts
from promptops.source.config import load

Lines = Callable[[str, str], list[str]]

FAST = """[models.fast]
provider = "openai"
id = "gpt-5.4-mini"
params = {temperature = 1.5, max_output_tokens = 9999999}
"""


def with_model(model: str, *, config: str = "", more: str = "") -> str:
    return (
        f"--- promptops.toml\n{config}\n"
        f"--- prompts/a.prompt.yaml\nformat: promptops/1\n{more}model: {model}\n"
        "messages: [{role: user, content: hi}]\n"
        "tests: [{name: one}]\n"
    )


MODELS = {
    "a misspelt provider": (
        with_model("{provider: opneai, id: gpt-5.4-mini}"),
        ["the provider `opneai` is not known a.prompt.yaml:2:19-25"],
    ),
    "a misspelt id": (
        with_model("{provider: openai, id: gpt-5.4-mni}"),
        ["`gpt-5.4-mni` of openai is not known a.prompt.yaml:2:31-42"],
    ),
    "a private model that is no profile": (
        with_model("{provider: acme, id: acme-1}"),
        ["`acme-1` of acme is not known a.prompt.yaml:2:29-35"],
    ),
    "a private model that is the model of a profile": (
        with_model(
            "{provider: acme, id: acme-1}", config='[models.own]\nprovider="acme"\nid="acme-1"'
        ),
        [],
    ),
    "parameters and no model": (with_model("{params: {temperature: 1}}"), []),
    "a profile": (with_model("{profile: fast}", config=FAST), []),
    "no such profile": (with_model("{profile: fats}", config=FAST), []),
}


@pytest.mark.parametrize(("block", "expected"), MODELS.values(), ids=MODELS)
def test_the_model_is_a_known_one(found: Lines, block: str, expected: list[str]) -> None:
    assert found("CFG001", block) == expected


NO_PROFILE = with_model("{profile: fats}", config=FAST)


def test_a_profile_that_is_not_configured_is_an_error_at_its_name(found: Lines) -> None:
    assert found("CFG014", NO_PROFILE) == ["there is no profile `fats` a.prompt.yaml:2:18-22"]


def test_the_nearest_name_is_the_fix() -> None:
    blocks = [
        ("CFG014", NO_PROFILE),
        ("CFG001", with_model("{provider: openai, id: gpt-5.4-mni}")),
        ("CFG001", with_model("{provider: acme, id: acme-1}")),
    ]

    fixes = [findings(built_in()[code], files(block))[0].fix for code, block in blocks]

    texts = [[(edit.text, edit.place.column) for edit in fix.edits] if fix else [] for fix in fixes]
    assert texts == [[('"fast"', 18)], [('"gpt-5.4-mini"', 31)], []]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 10, 15), []),
        (date(2026, 10, 16), ["`gpt-4o` is retired on 2027-01-14, in 90 days"]),
        (date(2027, 1, 13), ["`gpt-4o` is retired on 2027-01-14, in 1 day"]),
        (date(2027, 1, 14), ["`gpt-4o` was retired on 2027-01-14"]),
    ],
)
def test_a_model_is_retired_on_its_day_and_near_it_before(day: date, expected: list[str]) -> None:
    contents = files(with_model("{provider: openai, id: gpt-4o}"))
    catalog = Catalog(
        MemoryTree({path: text.encode() for path, text in contents.items()}), load({})
    )

    messages = [
        finding.message
        for loaded in catalog.prompts()
        for finding in lint_prompt(PromptFacts(catalog, loaded, day), [built_in()["CFG002"]])
    ]

    assert messages == expected


def test_only_the_rules_on_retirement_depend_on_the_day() -> None:
    assert [code for code, rule in built_in().items() if rule.dated and code[:3] == "CFG"] == [
        "CFG002",
        "CFG003",
    ]


def test_the_retired_model_of_a_profile_is_reported_once_with_the_number_of_its_prompts(
    found: Lines,
) -> None:
    profile = '[models.old]\nprovider = "openai"\nid = "gpt-3.5-turbo"\n'
    prompts = "".join(
        f"--- prompts/p{number}.prompt.yaml\nformat: promptops/1\nmodel: {{profile: old}}\n"
        "messages: [{role: user, content: hi}]\n"
        for number in range(301)
    )
    block = f"--- promptops.toml\n{profile}{prompts}"

    retired = "`gpt-3.5-turbo` was retired on 2026-10-23; used by 301 prompts"
    assert found("CFG002", block) == [f"{retired} promptops.toml:3:6-21"]
    assert found("CFG003", block) == []


FLOATING = {
    "through a profile": (
        with_model("{profile: fast}", config=FAST),
        ["`gpt-5.4-mini` is an alias that moves to newer models promptops.toml:3:6-20"],
    ),
    "in a draft": (with_model("{profile: fast}", config=FAST, more="status: draft\n"), []),
    "with its date": (with_model("{provider: openai, id: gpt-5.4-mini-2026-03-17}"), []),
    "not in the table": (with_model("{provider: acme, id: acme-latest}"), []),
}


@pytest.mark.parametrize(("block", "expected"), FLOATING.values(), ids=FLOATING)
def test_an_active_prompt_names_one_version(found: Lines, block: str, expected: list[str]) -> None:
    assert found("CFG003", block) == expected


PARAMS = {
    "of a profile, at the profile": (
        with_model("{profile: fast}", config=FAST),
        ["openai/gpt-5.4-mini writes at most 128,000 tokens, not 9,999,999 a.prompt.yaml:2:18-22"],
    ),
    "of the prompt over the profile's": (
        with_model("{profile: fast, params: {temperature: 3, max_output_tokens: 9}}", config=FAST),
        [
            "`temperature` 3 is not between 0 and 2, the limits of openai/gpt-5.4-mini"
            " a.prompt.yaml:2:46-47"
        ],
    ),
    "the longest answer of the profile overrides the table": (
        with_model(
            "{profile: fast, params: {max_output_tokens: 600}}",
            config=FAST + "max_output_tokens = 500\n",
        ),
        ["openai/gpt-5.4-mini writes at most 500 tokens, not 600 a.prompt.yaml:2:52-55"],
    ),
    "only the default": (
        with_model("{provider: openai, id: o3, params: {temperature: 1, top_p: 0.5}}"),
        ["openai/o3 accepts only 1 for `top_p` a.prompt.yaml:2:67-70"],
    ),
    "not at all": (
        with_model("{provider: anthropic, id: claude-opus-4-5, params: {seed: 2, top_p: 1}}"),
        ["anthropic/claude-opus-4-5 does not accept `seed` a.prompt.yaml:2:66-67"],
    ),
    "of a model nobody knows": (
        with_model("{provider: acme, id: x, params: {temperature: 3, max_output_tokens: 99999}}"),
        ["`temperature` 3 is not between 0 and 2, the limits of acme/x a.prompt.yaml:2:54-55"],
    ),
}


@pytest.mark.parametrize(("block", "expected"), PARAMS.values(), ids=PARAMS)
def test_parameters_are_those_the_model_accepts(
    found: Lines, block: str, expected: list[str]
) -> None:
    assert found("CFG004", block) == expected


JSON_MODE = {
    "in a value of one case only": (
        with_model(
            "{}",
            more="output: {format: json}\n"
            "inputs: {properties: {n: {enum: [JSON, XML], default: XML}}}\n",
        ),
        ["no message mentions JSON in the case `one` a.prompt.yaml:2:18-22 [one]"],
    ),
    "in a branch that the case does not take": (
        "output: {format: json}\n"
        "inputs: {properties: {n: {type: boolean, default: false}}}\n"
        'messages: [{role: user, content: "{% if n %}as JSON{% endif %} colours"}]\n',
        ["no message mentions JSON in the case `one` ask.prompt.yaml:1:18-22 [one]"],
    ),
    "without a case": (
        "output: {format: json}\nmessages: [{role: user, content: hi}]\ntests: []\n",
        ["no message mentions JSON ask.prompt.yaml:1:18-22"],
    ),
    "in a partial": (
        "--- prompts/a.prompt.yaml\n"
        "format: promptops/1\n"
        "output: {format: json}\n"
        "messages: [{role: user, content: \"{% include 'p.md' %}\"}]\n"
        "--- prompts/p.md\n"
        "Answer in json.\n",
        [],
    ),
}


@pytest.mark.parametrize(("block", "expected"), JSON_MODE.values(), ids=JSON_MODE)
def test_json_mode_says_json(found: Lines, block: str, expected: list[str]) -> None:
    assert found("CFG007", block) == expected


SCHEMAS = {
    "what another file says is placed at the reference": (
        "--- prompts/a.prompt.yaml\n"
        "format: promptops/1\n"
        "output:\n"
        "  format: json\n"
        "  strict: true\n"
        "  schema: {$ref: x.schema.json}\n"
        "tools:\n"
        "  - {ref: bad.tool.json}\n"
        "  - {ref: open.tool.json}\n"
        "messages: [{role: user, content: hi}]\n"
        "--- schemas/x.schema.json\n"
        '{"type": "object", "additionalProperties": false, "required": ["q"],'
        ' "properties": {"q": {"$ref": "./y.json"}}}\n'
        "--- schemas/y.json\n"
        '{"type": "object", "properties": {"z": {}}}\n'
        "--- schemas/bad.tool.json\n"
        '{"name": "bad", "parameters": {"minimum": "x"}}\n'
        "--- schemas/open.tool.json\n"
        '{"name": "open", "strict": true, "parameters": {"type": "object"}}\n',
        [
            "`z` is not required: strict mode requires all properties a.prompt.yaml:5:18-31",
            "in strict mode an object must be closed a.prompt.yaml:5:18-31",
            "expected a number, got the text `x` a.prompt.yaml:7:11-24",
            "in strict mode an object must be closed a.prompt.yaml:8:11-25",
        ],
    ),
    "each at its own node": (
        "tools:\n"
        "  - name: q\n"
        "    strict: true\n"
        "    parameters:\n"
        "      type: object\n"
        "      properties:\n"
        '        "a/b": {type: string}\n'
        '        c: {type: [array, "null"], items: {type: object, properties: {}}}\n'
        "        d: {type: array}\n"
        "        e: {oneOf: [{type: string}]}\n"
        "        f: {type: string, maxLength: 3, enum: [x]}\n"
        "      required: [c, d, e, f]\n"
        "      additionalProperties: true\n",
        [
            "`a/b` is not required: strict mode requires all properties ask.prompt.yaml:7:9-14",
            "in strict mode an object must be closed ask.prompt.yaml:8:43-73",
            "in strict mode a list must have `items` ask.prompt.yaml:9:12-25",
            "`oneOf` is not allowed in strict mode ask.prompt.yaml:10:13-18",
            "in strict mode an object must be closed ask.prompt.yaml:13:29-33",
        ],
    ),
    "the root is an object": (
        "output: {format: json, strict: true, schema: {type: array, items: {type: string}}}\n",
        ["in strict mode the root must be an object ask.prompt.yaml:1:46-82"],
    ),
    "a strict mode of another provider's": (
        "model: {provider: anthropic, id: x}\n"
        "output: {format: json, strict: true, schema: {type: object}}\n",
        [],
    ),
    "not strict": ("output: {format: json, schema: {type: array}}\n", []),
    "a reference to nothing": (
        'output: {format: json, schema: {properties: {a: {$ref: "#/$defs/no"}}}}\n',
        ["the schema is not usable: Pointer '/$defs/no' does not exist ask.prompt.yaml:1:32-71"],
    ),
}


@pytest.mark.parametrize(("block", "expected"), SCHEMAS.values(), ids=SCHEMAS)
def test_the_schema_of_the_answer_is_one(found: Lines, block: str, expected: list[str]) -> None:
    assert found("CFG008", block) == expected


def test_a_closed_object_that_requires_what_it_refuses_is_an_error_at_the_name(
    found: Lines,
) -> None:
    block = (
        "output:\n  format: json\n  schema:\n    type: object\n"
        "    additionalProperties: false\n    required: [reason, verdict]\n"
        "    properties:\n      reason: {type: string}\n      verdcit: {type: string}\n"
        "      open: {type: object, required: [x], properties: {}}\n"
        "      some: {additionalProperties: false, patternProperties: {^x: true}, required: [x]}\n"
        "      list: {items: {additionalProperties: false, required: [id]}}\n"
    )

    no_value = "no value is valid: `{}` is required, but this closed object lacks it"
    assert found("CFG008", block) == [
        f"{no_value.format('verdict')} ask.prompt.yaml:6:24-31",
        f"{no_value.format('id')} ask.prompt.yaml:12:62-64",
    ]


def test_another_draft_of_json_schema_is_an_error_in_a_prompt_file() -> None:
    draft = "http://json-schema.org/draft-07/schema#"
    block = (
        "--- prompts/ask.prompt.yaml\nformat: promptops/1\n"
        f"inputs:\n  $schema: {draft}\n  properties:\n    d: {{type: integer, default: 1}}\n"
        f"output: {{format: json, schema: {{$schema: {draft}}}}}\n"
        "tools:\n  - name: t\n    description: Does it.\n"
        f"    parameters: {{$schema: {draft}, type: object}}\n"
        "  - {ref: u.tool.json}\n"
        "messages: [{role: user, content: Hello.}]\n"
        "--- schemas/u.tool.json\n"
        f'{{"name": "u", "description": "U.", "parameters": {{"$schema": "{draft}"}}}}\n'
    )

    message = f"SCH002 the draft `{draft}` of JSON Schema is not supported"
    assert problems_of(block)[0] == [
        f"{message} prompts/ask.prompt.yaml:3:12",
        f"{message} prompts/ask.prompt.yaml:6:42",
        f"{message} prompts/ask.prompt.yaml:10:27",
    ]


@pytest.mark.parametrize("end", ["", "#"])
def test_the_draft_that_is_supported_may_be_named(end: str) -> None:
    draft = f"https://json-schema.org/draft/2020-12/schema{end}"
    block = f"inputs:\n  $schema: {draft}\n  properties:\n    d: {{type: integer, default: 1}}\n"

    assert problems_of(block)[0] == []


def problems_of(block: str) -> tuple[list[str], object]:
    contents = files(block)
    tree = MemoryTree({path: text.encode() for path, text in contents.items()})
    loaded = next(iter(Catalog(tree, load({})).prompts()))
    found = [f"{problem.code} {problem.message} {problem.at}" for problem in loaded.problems]
    return found, loaded.prompt and loaded.prompt.inputs


def test_an_input_whose_schema_is_none_is_said_and_the_others_stay() -> None:
    block = (
        "inputs:\n"
        "  required: [d]\n"
        "  properties:\n"
        '    b: {type: string, pattern: "("}\n'
        "    c: {type: array, items: {enum: 3}}\n"
        "    d: {type: integer}\n"
    )

    problems, inputs = problems_of(block)

    assert problems == [
        'SCH002 the text `(` is not allowed: "(" is not a "regex" prompts/ask.prompt.yaml:4:32',
        "SCH002 expected a list, got the number 3 prompts/ask.prompt.yaml:5:36",
    ]
    assert inputs == {
        "type": "object",
        "required": ["d"],
        "additionalProperties": False,
        "properties": {"b": {}, "c": {}, "d": {"type": "integer"}},
    }


def test_what_is_wrong_in_a_schema_file_of_an_input_is_placed_at_the_reference() -> None:
    block = (
        "--- prompts/a.prompt.yaml\n"
        "format: promptops/1\n"
        "inputs:\n"
        "  properties:\n"
        "    a: {type: array, items: {$ref: x.schema.json}}\n"
        "messages: [{role: user, content: hi}]\n"
        "--- schemas/x.schema.json\n"
        '{"type": "object", "properties": {"q": {"$ref": "./y.json"}}}\n'
        "--- schemas/y.json\n"
        '{"minimum": "3"}\n'
    )

    problems, _ = problems_of(block)

    assert problems == ["SCH002 expected a number, got the text `3` prompts/a.prompt.yaml:4:36"]
