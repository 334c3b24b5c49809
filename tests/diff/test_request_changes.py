"""The table of CHG3xx and CHG401 to CHG404: what the model sees, and which model."""

import pytest

TEXT = {"type": "string"}
SYSTEM = {"role": "system", "content": "Be brief."}


def says(*contents, **more):
    """A prompt file whose user messages say this, with the plain case."""
    return {"messages": [{"role": "user", "content": content} for content in contents], **more}


def case(name="one", **inputs):
    given = {"question": "why", **inputs}
    return {"name": name, "inputs": given, "rendered": [{"type": "contains", "value": "why"}]}


def with_tone(content, *tones):
    """A prompt with an optional input `tone`, and a case for each tone."""
    inputs = {"properties": {"question": TEXT, "tone": TEXT}, "required": ["question"]}
    tests = [case(str(tone), **({"tone": tone} if tone else {})) for tone in tones]
    return says(content, inputs=inputs, tests=tests)


def model(**more):
    base = {"provider": "openai", "id": "gpt-4.1-2025-04-14"}
    return {"model": {**base, **more}}


def shots(answer, question="{{ question }}"):
    """A few-shot prompt: one example, then the question."""
    return {
        "messages": [
            {"role": "user", "content": "2 + 2"},
            {"role": "assistant", "content": answer},
            {"role": "user", "content": question},
        ]
    }


CHOICE = "{% if tone == 'formal' %}Sir, {% endif %}{{ question }}"
PICTURE = {
    "inputs": {
        "properties": {"question": TEXT, "photo": {**TEXT, "contentMediaType": "image/png"}},
        "required": ["question"],
    },
    "tests": None,
}

TABLE = {
    # CHG301 to CHG305
    "another wording": (
        says("Answer: {{ question }}"),
        says("Reply: {{ question }}"),
        "CHG301 minor",
    ),
    "another white space": (
        says("Answer: {{ question }}"),
        says("Answer:  {{ question }}"),
        "CHG302 minor",
    ),
    "a space in a word is no other word": (
        says("a b {{ question }}"),
        says("ab {{ question }}"),
        "CHG302 minor",
    ),
    "another way to say the same, with every branch covered": (
        with_tone("{% if tone == 'formal' %}Sir, {% endif %}{{ question }}", "formal", "free"),
        with_tone("{% if 'formal' == tone %}Sir, {% endif %}{{ question }}", "formal", "free"),
        "CHG303 patch",
    ),
    "the same, with a branch that no case takes": (
        with_tone("{% if tone == 'formal' %}Sir, {% endif %}{{ question }}", "free"),
        with_tone("{% if tone == 'formal' %}Madam, {% endif %}{{ question }}", "free"),
        "CHG304 minor",
    ),
    "another wording that no case renders": (
        {**says("Answer: {{ question }}"), "tests": None},
        {**says("Reply: {{ question }}"), "tests": None},
        "CHG304 minor",
    ),
    "a comment": (
        says("Answer: {{ question }}"),
        says("{# politely #}Answer: {{ question }}"),
        "CHG305 patch",
    ),
    "white space within a tag, and other quotes": (
        with_tone(CHOICE, "formal"),
        with_tone('{%if tone=="formal"%}Sir, {%endif%}{{question}}', "formal"),
        "CHG305 patch",
    ),
    "the same text": (says("Answer: {{ question }}"), says("Answer: {{ question }}"), ""),
    # CHG306, CHG307
    "a message is added": (
        {"messages": [{"role": "user", "content": "{{ question }}"}]},
        {"messages": [SYSTEM, {"role": "user", "content": "{{ question }}"}]},
        "CHG301 minor, CHG306 minor",
    ),
    "a message has another role": (
        {"messages": [{"role": "user", "content": "{{ question }}"}]},
        {"messages": [{"role": "developer", "content": "{{ question }}"}]},
        "CHG301 minor, CHG306 minor",
    ),
    "messages in another order": (
        {"messages": [SYSTEM, {"role": "user", "content": "{{ question }}"}]},
        {"messages": [{"role": "user", "content": "{{ question }}"}, SYSTEM]},
        "CHG301 minor, CHG306 minor",
    ),
    "the conversation is passed no more": (
        {
            "inputs": {"properties": {"question": TEXT, "history": {"type": "array"}}},
            "messages": [{"history": "history"}, {"role": "user", "content": "Hello."}],
            "tests": None,
        },
        {
            "inputs": {"properties": {"question": TEXT, "history": {"type": "array"}}},
            "messages": [{"role": "user", "content": "Hello."}],
            "tests": None,
        },
        "CHG307 major, CHG306 minor",
    ),
    "a picture is passed no more": (
        {
            **PICTURE,
            "messages": [
                {"role": "user", "content": [{"image": {"input": "photo"}}, {"text": "Look."}]}
            ],
        },
        {**PICTURE, "messages": [{"role": "user", "content": [{"text": "Look."}]}]},
        "CHG307 major, CHG304 minor",
    ),
    "a mark for the cache": (
        {"messages": [{"role": "user", "content": "{{ question }}"}]},
        {"messages": [{"role": "user", "content": "{{ question }}", "cache": True}]},
        "CHG701 patch",
    ),
    # CHG308, CHG309
    "another example": (shots("4"), shots("four"), "CHG308 minor"),
    "another question behind the same examples": (
        shots("4"),
        shots("4", "So: {{ question }}"),
        "CHG301 minor",
    ),
    "the beginning of the answer differs": (
        {"messages": [*says("{{ question }}")["messages"], {"role": "assistant", "content": "{"}]},
        {"messages": [*says("{{ question }}")["messages"], {"role": "assistant", "content": "["}]},
        "CHG309 minor",
    ),
    "another sequence ends the answer": (
        model(params={"stop": ["\n"]}),
        model(params={"stop": ["END"]}),
        "CHG309 minor",
    ),
    # CHG310
    "a case that rendered does so no more": (
        says("{{ question }}"),
        says("{{ question.id.more }}"),
        "CHG310 major",
    ),
    "a case that never rendered": (
        says("{{ question.id.more }}"),
        says("{{ question.id.less }}"),
        "CHG304 minor",
    ),
    # CHG311
    "a prohibition is gone": (
        says("Never share the password.\n{{ question }}"),
        says("{{ question }}"),
        "CHG301 minor, CHG311 minor",
    ),
    "a prohibition is turned round": (
        says("Never share the password.\n{{ question }}"),
        says("Share the password.\n{{ question }}"),
        "CHG301 minor, CHG311 minor",
    ),
    "a prohibition stands elsewhere": (
        says("Never share the password.\nBe kind.\n{{ question }}"),
        says("Be kind.\nNever share the password.\n{{ question }}"),
        "CHG301 minor",
    ),
    "a prohibition is gone from a branch that no case takes": (
        with_tone("{% if tone %}Never share {{ tone }}.{% endif %}{{ question }}", None),
        with_tone("{% if tone %}Share {{ tone }}.{% endif %}{{ question }}", None),
        "CHG304 minor, CHG311 minor",
    ),
    "a prohibition is gone that no case renders": (
        {**says("Never share the password. {{ question }}"), "tests": None},
        {**says("{{ question }}"), "tests": None},
        "CHG304 minor, CHG311 minor",
    ),
    "a prohibition about a value is told once": (
        says("Never share {{ question }} with anybody.\nBe kind."),
        says("{{ question }}\nBe kind."),
        "CHG301 minor, CHG311 minor",
    ),
    "a prohibition is added": (
        says("{{ question }}"),
        says("Never share the password.\n{{ question }}"),
        "CHG301 minor",
    ),
    # CHG401 to CHG404
    "another model": (model(), model(id="gpt-4.1-mini-2025-04-14"), "CHG401 minor"),
    "another provider": (
        model(),
        model(provider="anthropic", id="claude-opus-5"),
        "CHG402 major",
    ),
    "another name of the same provider": (
        model(provider="gemini", id="gemini-2.5-pro"),
        model(provider="google", id="gemini-2.5-flash"),
        "CHG401 minor",
    ),
    "another temperature": (
        model(params={"temperature": 0}),
        model(params={"temperature": 1}),
        "CHG403 minor",
    ),
    "options for a provider": (
        model(),
        model(provider_options={"openai": {"user": "x"}}),
        "CHG403 minor",
    ),
    "the same temperature": (
        model(params={"temperature": 1}),
        model(params={"temperature": 1.0}),
        "",
    ),
    "a picture": (
        {**PICTURE, "messages": [{"role": "user", "content": [{"text": "Look."}]}]},
        {
            **PICTURE,
            "messages": [
                {"role": "user", "content": [{"text": "Look."}, {"image": {"input": "photo"}}]}
            ],
        },
        "CHG404 major, CHG304 minor",
    ),
    "another picture": (
        {
            **PICTURE,
            "messages": [
                {"role": "user", "content": [{"image": {"url": "https://a.example/a.png"}}]}
            ],
        },
        {
            **PICTURE,
            "messages": [
                {"role": "user", "content": [{"image": {"url": "https://a.example/b.png"}}]}
            ],
        },
        "CHG304 minor",
    ),
    "a template that is broken, and no case": (
        {**says("{{ question }}"), "tests": None},
        {**says("{{ question "), "tests": None},
        "CHG310 major",
    ),
    "a partial that is gone, and no case": (
        {
            "prompts/a.prompt.yaml": {**says("{% include 'x.j2' %}"), "tests": None},
            "prompts/x.j2": "Hi.",
        },
        {"prompts/a.prompt.yaml": {**says("{% include 'x.j2' %}"), "tests": None}},
        "CHG310 major",
    ),
    "messages for each item that no case has": (
        {
            "inputs": {"properties": {"question": TEXT, "l": {"type": "array"}}},
            "messages": [
                {"for_each": "l", "as": "e", "messages": [{"role": "user", "content": "{{ e }}!"}]},
                {"role": "user", "content": "{{ question }}"},
            ],
        },
        {
            "inputs": {"properties": {"question": TEXT, "l": {"type": "array"}}},
            "messages": [
                {"for_each": "l", "as": "e", "messages": [{"role": "user", "content": "{{ e }}?"}]},
                {"role": "user", "content": "{{ question }}"},
            ],
        },
        "CHG304 minor",
    ),
    "a choice within an expression": (
        says("{{ 'yes' if question else 'no' }}"),
        says("{{ 'yes' if question else 'nope' }}"),
        "CHG304 minor",
    ),
    "a conversation under another name": (
        {
            "inputs": {"properties": {"h": {"type": "array"}}},
            "messages": [{"history": "h"}, {"role": "user", "content": "Hi."}],
            "tests": None,
        },
        {
            "inputs": {"properties": {"talk": {"type": "array", "x-aliases": ["h"]}}},
            "messages": [{"history": "talk"}, {"role": "user", "content": "Hi."}],
            "tests": None,
        },
        "CHG104 minor, CHG306 minor",
    ),
    "a system message before examples": (
        {
            "messages": [
                {"role": "user", "content": "2"},
                {"role": "assistant", "content": "3"},
                {"role": "user", "content": "{{ question }}"},
            ]
        },
        {
            "messages": [
                {"role": "system", "content": "Add."},
                {"role": "user", "content": "2"},
                {"role": "assistant", "content": "3"},
                {"role": "user", "content": "{{ question }}"},
            ]
        },
        "CHG301 minor, CHG306 minor",
    ),
    "another wording beside an input that every case lacks": (
        says("Be brief. {{ question }}"),
        says(
            "Be short. {{ question }}",
            inputs={"properties": {"question": TEXT, "b": TEXT}, "required": ["question", "b"]},
        ),
        "CHG101 major, CHG304 minor",
    ),
    "calls of tools in an example": (
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "1", "name": "f", "arguments": {"a": 1}}],
                }
            ],
            "tests": None,
        },
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "1", "name": "f", "arguments": {"a": 2}}],
                }
            ],
            "tests": None,
        },
        "CHG304 minor",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_change_of_what_a_model_sees_has_its_codes(codes, name):
    before, after, expected = TABLE[name]

    found = codes(before, after)

    assert found == expected


def test_a_request_that_the_window_is_too_small_for_needs_another_model(codes):
    profile = '[models.small]\nprovider = "acme"\nid = "s-1"\ncontext_window = 20\n'
    before = {"model": {"profile": "small"}, **says("{{ question }}")}
    after = {"model": {"profile": "small"}, **says("word " * 40 + "{{ question }}")}

    found = codes(
        {"promptops.toml": profile, "prompts/a.prompt.yaml": before},
        {"promptops.toml": profile, "prompts/a.prompt.yaml": after},
    )

    assert found == "CHG404 major, CHG301 minor"


@pytest.mark.parametrize(
    ("setting", "before", "after", "expected"),
    [
        (
            'whitespace = "patch"',
            says("a  {{ question }}"),
            says("a {{ question }}"),
            "CHG302 patch",
        ),
        (
            'provider_change = "minor"',
            model(),
            model(provider="anthropic", id="claude-opus-5"),
            "CHG402 minor",
        ),
    ],
    ids=["white space", "provider"],
)
def test_a_policy_lowers_a_bump(codes, setting, before, after, expected):
    config = f"[diff]\n{setting}\n"

    found = codes(
        {"promptops.toml": config, "prompts/a.prompt.yaml": before},
        {"promptops.toml": config, "prompts/a.prompt.yaml": after},
    )

    assert found == expected


@pytest.mark.parametrize(
    ("before", "after", "is_risk"),
    [
        ("", "", False),
        ("", "risk", True),
        ("risk", "risk", True),
        ("risk", "", True),  # a change does not lower its own policy
        ("risk", "information", True),
        ("information", "information", False),
    ],
)
def test_a_lost_obligation_is_a_risk_where_the_team_asks_for_it(compared, before, after, is_risk):
    sides = [
        {
            "promptops.toml": f'[diff]\nobligations = "{setting}"\n' if setting else "",
            "prompts/a.prompt.yaml": says(text),
        }
        for setting, text in ((before, "Never guess. {{ question }}"), (after, "{{ question }}"))
    ]

    (found,) = compared(*sides)

    risk = "a guardrail was removed or reworded" if is_risk else ""
    assert {each.code: each.risk for each in found.changes} == {"CHG301": "", "CHG311": risk}


def test_a_lower_limit_of_the_answer_warns(compared):
    (found,) = compared(
        model(params={"max_output_tokens": 600}), model(params={"max_output_tokens": 300})
    )

    (change,) = found.changes
    assert (change.code, change.warning, change.before, change.after, change.message) == (
        "CHG403",
        True,
        600,
        300,
        "`max_output_tokens` is lower: longer answers are cut off",
    )


def test_both_sides_render_the_cases_of_either(compared):
    before = says("Answer: {{ question }}", tests=[case("old", question="why now")])
    after = says("Reply: {{ question }}", tests=[case("new", question="why not")])

    (found,) = compared(before, after)

    assert [
        (each.name, [(pair.before.text, pair.after.text) for pair in each.messages])
        for each in found.cases
    ] == [
        ("new", [("Answer: why not", "Reply: why not")]),
        ("old", [("Answer: why now", "Reply: why now")]),
    ]


def test_a_case_with_other_inputs_is_rendered_with_both(compared):
    before = says("Answer: {{ question }}", tests=[case("one", question="why now")])
    after = says("Reply: {{ question }}", tests=[case("one", question="why not")])

    (found,) = compared(before, after)

    assert [each.name for each in found.cases] == ["one", "one (as it was)"]


def test_a_case_that_is_rendered_with_both_inputs_is_one_case(compared):
    text = "{{ question }}"
    before = says(f"Answer: {text}", tests=[case("one", question="now"), case("two", question="a")])
    after = says(f"Reply: {text}", tests=[case("one", question="not"), case("two", question="a")])

    (found,) = compared(before, after)

    assert (len(found.cases), found.differing, found.rendered) == (3, 2, 2)


def test_tokens_and_prices_stand_beside_each_message(compared):
    before, after = model() | says("Answer. {{ question }}"), model() | says("{{ question }}")

    (found,) = compared(before, after)

    (one,) = found.cases
    assert (one.before_tokens, one.after_tokens, one.before_usd, one.after_usd) == (
        3,
        1,
        6e-06,
        2e-06,
    )


def test_a_new_input_hides_nothing_of_what_became_of_the_text(compared):
    inputs = {"properties": {"question": TEXT, "person": TEXT}, "required": ["question", "person"]}
    before = says("Never share the password. {{ question }}")
    after = says("{{ person }}: {{ question }}", inputs=inputs, tests=[case(person="Ann")])

    (found,) = compared(before, after)

    assert [(each.code, str(each.bump)) for each in found.changes] == [
        ("CHG101", "major"),
        ("CHG301", "minor"),
        ("CHG311", "minor"),
        ("CHG601", "none"),
    ]
    assert [(each.name, bool(each.messages), each.after_error) for each in found.cases] == [
        ("one", True, ""),
        ("one (as it was)", False, "`person` is missing"),
    ]
