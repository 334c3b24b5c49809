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


NO_PROFILE = with_model("{profile: fats}", config=FAST)


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


OLD = '[models.old]\nprovider = "openai"\nid = "gpt-3.5-turbo"\n'
USER = (
    "--- prompts/{}.prompt.yaml\nformat: promptops/1\nmodel: {{profile: old}}\n"
    "messages: [{{role: user, content: hi}}]\n"
)
RETIRED = (
    "its successor is `gpt-5.6-terra`"
    " (https://developers.openai.com/api/docs/deprecations, as of 2026-11-20)"
)


def hints(code: str, block: str) -> list[str | None]:
    return [each.hint for each in findings(built_in()[code], files(block))]


def test_the_next_command_compares_a_retired_profile_with_that_of_the_successor() -> None:
    new = '[models.new]\nprovider = "openai"\nid = "gpt-5.6-terra"\n'
    users = USER.format("a") + USER.format("b")

    assert hints("CFG002", f"--- promptops.toml\n{OLD}{users}") == [
        f"{RETIRED}; add a profile with it, and compare them:"
        " promptops compare --model old --model NEW"
    ]
    assert hints("CFG002", f"--- promptops.toml\n{OLD}{new}{users}") == [
        f"{RETIRED}; compare them: promptops compare --model old --model new"
    ]


def test_the_successor_of_a_model_in_a_prompt_file_is_a_fix_without_a_comparison() -> None:
    block = with_model("{provider: openai, id: gpt-3.5-turbo}")

    assert hints("CFG002", block) == [RETIRED]


def test_a_successor_that_is_retired_too_is_not_suggested() -> None:
    block = with_model("{provider: openai, id: gpt-5-chat}")

    (problem,) = findings(built_in()["CFG002"], files(block))
    assert problem.fix is not None
    assert [edit.text for edit in problem.fix.edits] == ['"gpt-5.6-sol"']


def test_the_same_model_is_retired_on_another_day_on_vertex_ai(found: Lines) -> None:
    lines = [
        found("CFG002", with_model(f"{{provider: {provider}, id: gemini-2.5-flash}}"))
        for provider in ("google", "vertex")
    ]

    assert [line[0].partition(" a.prompt")[0] for line in lines] == [
        "`gemini-2.5-flash` is retired on 2026-12-01, in 7 days",
        "`gemini-2.5-flash` was retired on 2026-10-20",
    ]


def test_the_misspelt_model_of_a_profile_is_reported_once_with_the_number_of_its_prompts(
    found: Lines,
) -> None:
    profile = '[models.old]\nprovider = "openai"\nid = "gpt-5.4-mni"\n'
    users = [USER.format(name) for name in "abc"]

    unknown = "`gpt-5.4-mni` of openai is not known"
    several, one = (f"--- promptops.toml\n{profile}{''.join(users[:n])}" for n in (3, 1))
    assert found("CFG001", several) == [f"{unknown}; used by 3 prompts promptops.toml:3:6-19"]
    assert found("CFG001", one) == [f"{unknown}; used by 1 prompt promptops.toml:3:6-19"]
    assert hints("CFG001", one) == ["did you mean `gpt-5.4-mini`?"]


@pytest.mark.parametrize(
    "profile",
    [
        'provider = "openai"\nid = "gpt-9.4-mini"\n',  # a newer version than the table has
        'provider = "openai"\nid = "acme-7b"\n',
        'provider = "acme"\nid = "gpt-5.4-mni"\n',
        'provider = "openai"\nid = "gpt-5.4-mni"\nbase_url = "https://llm.acme.example/v1"\n',
        'provider = "openai"\nid = "ft:gpt-4o-mini-2024-07-18:acme::a1B2"\n',
    ],
)
def test_a_profile_with_a_model_of_its_own_is_not_a_mistake(found: Lines, profile: str) -> None:
    block = f"--- promptops.toml\n[models.old]\n{profile}{USER.format('a')}"

    assert found("CFG001", block) == []


def test_the_misspelt_model_of_a_prompt_file_is_reported_there(found: Lines) -> None:
    block = with_model("{provider: openai, id: gpt-5.4-mni}")

    assert found("CFG001", block) == ["`gpt-5.4-mni` of openai is not known a.prompt.yaml:2:31-42"]


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
        'SCH002 the string `(` is not allowed: "(" is not a "regex" prompts/ask.prompt.yaml:4:32',
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

    assert problems == ["SCH002 expected a number, got the string `3` prompts/a.prompt.yaml:4:36"]
