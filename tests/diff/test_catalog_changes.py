"""The table of CHG5xx, CHG6xx and CHG7xx: names, files, tests, and what no model sees."""

import pytest

A, B = "prompts/a.prompt.yaml", "prompts/b.prompt.yaml"
PLAIN: dict = {}
INCLUDES = {"messages": [{"role": "user", "content": "{% include 'x.md.j2' %} {{ question }}"}]}
ELSEWHERE = {"messages": [{"role": "user", "content": "{% include 'y.md.j2' %} {{ question }}"}]}
REFERS = {"inputs": {"properties": {"question": {"$ref": "text.json"}}, "required": ["question"]}}
REFERS_ELSEWHERE = {
    "inputs": {"properties": {"question": {"$ref": "string.json"}}, "required": ["question"]}
}


def asserts(*assertions, **more):
    inputs = {"question": "why"}
    return {"tests": [{"name": "one", "inputs": inputs, "rendered": list(assertions)}], **more}


CONTAINS = {"type": "contains", "value": "why"}

WITH_AN_INPUT: dict = {
    "inputs": {"properties": {"a": {"type": "string"}}, "required": []},
    "messages": [{"role": "user", "content": "Answer."}],
    "tests": None,
}

TABLE = {
    # CHG501, CHG502, CHG504
    "a prompt is gone": ({A: PLAIN, B: {"title": "B"}}, {A: PLAIN}, "CHG501 major"),
    "a prompt has another id": (
        {A: PLAIN},
        {B: PLAIN},
        "CHG501 major, CHG502 minor",
    ),
    "a prompt has another id and keeps its name": (
        {A: PLAIN},
        {B: {"aliases": ["a"]}},
        "CHG502 minor",
    ),
    "a name that a prompt had is gone": (
        {A: {"aliases": ["old"]}},
        {A: PLAIN},
        "CHG501 major",
    ),
    "a prompt is a draft again": ({A: PLAIN}, {A: {"status": "draft"}}, "CHG501 major"),
    "a prompt is added": ({A: PLAIN}, {A: PLAIN, B: PLAIN}, "CHG502 minor"),
    "a draft is added": ({A: PLAIN}, {A: PLAIN, B: {"status": "draft"}}, "CHG502 none"),
    "a prompt is no draft any more": ({A: {"status": "draft"}}, {A: PLAIN}, "CHG502 minor"),
    "a draft is gone": ({A: PLAIN, B: {"status": "draft"}}, {A: PLAIN}, "CHG701 none"),
    "a name is added": ({A: PLAIN}, {A: {"aliases": ["old"]}}, "CHG502 minor"),
    "a variant is added": (
        {A: PLAIN},
        {A: PLAIN, "prompts/a.de.prompt.yaml": "format: promptops/1\nextends: a.prompt.yaml\n"},
        "CHG502 minor",
    ),
    "a variant is gone": (
        {A: PLAIN, "prompts/a.de.prompt.yaml": "format: promptops/1\nextends: a.prompt.yaml\n"},
        {A: PLAIN},
        "CHG504 major",
    ),
    # CHG503
    "a partial moved": (
        {A: INCLUDES, "prompts/x.md.j2": "Hello."},
        {A: ELSEWHERE, "prompts/y.md.j2": "Hello."},
        "CHG503 patch",
    ),
    "a partial moved and says something else": (
        {A: INCLUDES, "prompts/x.md.j2": "Hello."},
        {A: ELSEWHERE, "prompts/y.md.j2": "Hi."},
        "CHG301 minor",
    ),
    "a schema file moved": (
        {A: REFERS, "schemas/text.json": {"type": "string"}},
        {A: REFERS_ELSEWHERE, "schemas/string.json": {"type": "string"}},
        "CHG503 patch",
    ),
    "a schema file moved and accepts less": (
        {A: REFERS, "schemas/text.json": {"type": "string"}},
        {A: REFERS_ELSEWHERE, "schemas/string.json": {"type": "string", "maxLength": 9}},
        "CHG112 major",
    ),
    # CHG601, CHG602
    "a case is added": (
        {"tests": None},
        asserts(CONTAINS),
        "CHG601 none",
    ),
    "a case is gone": (asserts(CONTAINS), {"tests": None}, "CHG602 none"),
    "an assertion is added": (
        asserts(CONTAINS),
        asserts(CONTAINS, {"type": "max-chars", "value": 90}),
        "CHG601 none",
    ),
    "an assertion is gone": (
        asserts(CONTAINS, {"type": "max-chars", "value": 90}),
        asserts(CONTAINS),
        "CHG602 none",
    ),
    "a limit is lower": (
        asserts({"type": "max-chars", "value": 90}),
        asserts({"type": "max-chars", "value": 80}),
        "CHG601 none",
    ),
    "a limit is higher": (
        asserts({"type": "max-chars", "value": 90}),
        asserts({"type": "max-chars", "value": 95}),
        "CHG602 none",
    ),
    "a contract is a measure": (
        asserts({**CONTAINS, "must": True}),
        asserts(CONTAINS),
        "CHG602 none",
    ),
    "another value is asserted": (
        asserts(CONTAINS),
        asserts({**CONTAINS, "value": "wh"}),
        "CHG602 none",
    ),
    "assertions in another order": (
        asserts(CONTAINS, {"type": "max-chars", "value": 90}),
        asserts({"type": "max-chars", "value": 90}, CONTAINS),
        "",
    ),
    "more repeats": (
        asserts(CONTAINS, evaluation={"repeats": 3}),
        asserts(CONTAINS, evaluation={"repeats": 5}),
        "CHG601 none",
    ),
    "a wider margin": (
        asserts(CONTAINS, evaluation={"margin": 0.03}),
        asserts(CONTAINS, evaluation={"margin": 0.05}),
        "CHG602 none",
    ),
    "the output contract is switched off": (
        asserts(CONTAINS),
        asserts(CONTAINS, evaluation={"output": False}),
        "CHG602 none",
    ),
    "the output contract is switched on": (
        asserts(CONTAINS, evaluation={"output": False}),
        asserts(CONTAINS),
        "CHG601 none",
    ),
    "the output contract is written out": (
        asserts(CONTAINS),
        asserts(CONTAINS, evaluation={"output": True}),
        "",
    ),
    "rules for attacks where there were none": (
        asserts(CONTAINS),
        asserts(CONTAINS, evaluation={"probes": {"max": 5, "must": ["persona"]}}),
        "CHG601 none",
    ),
    "more attacks are accepted": (
        asserts(CONTAINS, evaluation={"probes": {"max": 5}}),
        asserts(CONTAINS, evaluation={"probes": {"max": 4, "accept": ["persona-unbound"]}}),
        "CHG602 none",
    ),
    "no limit for attacks any more": (
        asserts(CONTAINS, evaluation={"probes": {"max": 5}}),
        asserts(CONTAINS, evaluation={"probes": {"must": ["persona"]}}),
        "CHG602 none",
    ),
    # CHG701, CHG702
    "a description": ({}, {"description": "Answers."}, "CHG701 patch"),
    "owners and tags": ({}, {"owners": ["@a"], "tags": ["x"]}, "CHG701 patch, CHG701 patch"),
    "a prompt is deprecated": ({}, {"status": "deprecated"}, "CHG702 minor"),
    "a prompt is deprecated no more": ({"status": "deprecated"}, {}, "CHG701 patch"),
    "what nobody reads": ({"x-note": "a"}, {"x-note": "b"}, ""),
    "a profile that is not there": (
        {
            "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "gpt-4.1-2025-04-14"\n',
            "prompts/a.prompt.yaml": {"model": {"profile": "fast"}},
        },
        {"promptops.toml": "", "prompts/a.prompt.yaml": {"model": {"profile": "fast"}}},
        "CHG402 major",
    ),
    "an address of a profile": (
        {
            "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "x"\nbase_url = "http://a.example"\n',
            "prompts/a.prompt.yaml": {"model": {"profile": "fast"}},
        },
        {
            "promptops.toml": '[models.fast]\nprovider = "openai"\nid = "x"\nbase_url = "http://b.example"\n',
            "prompts/a.prompt.yaml": {"model": {"profile": "fast"}},
        },
        "CHG701 patch",
    ),
    "what a draft that is released now required": (
        {**WITH_AN_INPUT, "status": "draft"},
        {**WITH_AN_INPUT, "inputs": {**WITH_AN_INPUT["inputs"], "required": ["a"]}},
        "CHG502 minor, CHG102 none",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_change_of_the_catalog_has_its_codes(codes, name):
    before, after, expected = TABLE[name]

    found = codes(before, after)

    assert found == expected


def test_a_change_through_a_partial_belongs_to_every_prompt_that_reaches_it(compared):
    files = {A: INCLUDES, B: INCLUDES, "prompts/c.prompt.yaml": PLAIN}

    found = compared(
        {**files, "prompts/x.md.j2": "Hello."}, {**files, "prompts/x.md.j2": "Good day."}
    )

    assert [(each.id, str(each.bump), each.via) for each in found] == [
        ("a", "minor", ("prompts/x.md.j2",)),
        ("b", "minor", ("prompts/x.md.j2",)),
    ]


def test_a_change_through_a_schema_names_it(compared):
    found = compared(
        {A: REFERS, "schemas/text.json": {"type": "string"}},
        {A: REFERS, "schemas/text.json": {"type": "string", "minLength": 2}},
    )

    assert [(each.id, [(c.code, c.via) for c in each.changes]) for each in found] == [
        ("a", [("CHG112", ("schemas/text.json",))])
    ]


def test_a_change_through_what_is_extended_names_it(compared):
    variant = {"prompts/a.de.prompt.yaml": "format: promptops/1\nextends: a.prompt.yaml\n"}
    other = {"messages": [{"role": "user", "content": "Reply: {{ question }}"}]}

    found = compared({A: PLAIN, **variant}, {A: other, **variant})

    assert [(each.id, [(c.code, c.via) for c in each.changes]) for each in found] == [
        ("a", [("CHG301", ())]),
        ("a.de", [("CHG301", (A,))]),
    ]


def test_a_change_through_a_model_profile_names_the_configuration(compared):
    def config(model):
        return f'[models.fast]\nprovider = "openai"\nid = "{model}"\n'

    prompt = {"model": {"profile": "fast"}}
    found = compared(
        {A: prompt, "promptops.toml": config("gpt-4.1-2025-04-14")},
        {A: prompt, "promptops.toml": config("gpt-4.1-mini-2025-04-14")},
    )

    assert [(c.code, c.via, c.before, c.after) for c in found[0].changes] == [
        (
            "CHG401",
            ("promptops.toml",),
            "openai/gpt-4.1-2025-04-14",
            "openai/gpt-4.1-mini-2025-04-14",
        )
    ]


def test_a_renamed_prompt_has_both_its_ids(compared):
    (found,) = compared({A: PLAIN}, {B: {"aliases": ["a"]}})

    assert (found.id, found.before_id, found.state) == ("b", "a", "renamed")


def test_a_prompt_that_is_gone_names_the_one_that_says_the_same(compared):
    found = compared({A: PLAIN}, {B: PLAIN})

    assert [(each.id, each.state, each.changes[0].message) for each in found] == [
        (
            "a",
            "removed",
            "the prompt was removed; `b` has the same content: give it `aliases: [a]`",
        ),
        ("b", "added", "the prompt was added"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("format: promptops/1\n", PLAIN, "CHG502 minor"),
        (PLAIN, "format: promptops/1\n", "CHG501 major"),
        ("a: [", "b: [", "CHG501 major"),
    ],
    ids=["before", "after", "both"],
)
def test_a_prompt_that_is_broken_on_a_side_says_so_and_hides_no_other(
    compared, before, after, expected
):
    found = compared(
        {A: before, B: PLAIN}, {A: after, B: {"messages": [{"role": "user", "content": "Hi."}]}}
    )

    assert [(each.id, each.state) for each in found] == [("a", "unreadable"), ("b", "changed")]
    (change,) = found[0].changes
    assert f"{change.code} {change.bump}" == expected
    assert "prompts/a.prompt.yaml:" in change.message


def test_changes_of_a_draft_require_no_release(compared):
    (found,) = compared(
        {A: {"status": "draft"}},
        {A: {"status": "draft", "messages": [{"role": "user", "content": "Hi."}]}},
    )

    assert (str(found.bump), [(c.code, str(c.bump), c.level) for c in found.changes]) == (
        "none",
        [("CHG301", "none", "NEUTRAL")],
    )


def test_a_waiver_lowers_a_breaking_change_and_stands_beside_it(compared):
    required = {
        "inputs": {
            "properties": {"question": {"type": "string"}, "more": {"type": "string"}},
            "required": ["question", "more"],
        },
        "tests": None,
    }
    (found,) = compared({A: {"tests": None}}, {A: required})
    config = (
        f'[[diff.waivers]]\nfingerprint = "{found.changes[0].fingerprint}"\n'
        'reason = "all callers pass it"\nwho = "lena"\nexpires = 2026-11-24\n'
    )

    (waived,) = compared({A: {"tests": None}}, {A: required, "promptops.toml": config})
    (late,) = compared(
        {A: {"tests": None}}, {A: required, "promptops.toml": config.replace("-24", "-23")}
    )

    assert [(c.code, str(c.bump), c.breaking) for c in waived.changes] == [
        ("CHG101", "minor", False)
    ]
    assert (waived.changes[0].waiver.reason, str(waived.bump)) == ("all callers pass it", "minor")
    assert waived.changes[0].risk == "the waiver is part of the change that it allows"
    assert (str(late.bump), late.changes[0].breaking) == ("major", True)
    assert late.changes[0].message == "`more` is now required (its waiver ended on 2026-11-23)"


def test_an_old_name_that_an_existing_prompt_takes_over_is_compared_with_it(compared):
    a, b = "prompts/a.prompt.yaml", "prompts/b.prompt.yaml"

    found = compared({a: {}, b: {}}, {b: {"aliases": ["a"]}})

    assert [(each.id, each.before_id, str(each.bump)) for each in found] == [
        ("b", "a", "minor"),
        ("b", None, "minor"),
    ]
