"""A string that code sends to a model is a prompt, whatever its name and its length are."""

from __future__ import annotations

import pytest

from promptops.formats.document import Loss, SourceDocument
from promptops.formats.prompt_file import written_messages
from promptops.formats.readers import python, typescript
from promptops.formats.source_file import ReadOptions, SourceFile, SourceFolder

PYTHON = [
    ("RULES = 'Sort the tickets.'\nask(system=RULES)", ["rules"]),
    ("RULES = 'Sort it now: {text}'\nask(system=RULES.format(text=a))", ["rules"]),
    ("RULES = 'Sort the tickets.'\nask([{'role': 'user', 'content': RULES}])", ["messages"]),
    ("RULES = 'Sort %s by %s now'\nprompt = RULES % (a, b)", ["rules"]),
    ("Agent(name='Sorts all tickets', instructions='Sort the tickets.')", ["instructions"]),
    ("def sort(text):\n  return llm.invoke(f'Sort it now: {text}')", ["sort-prompt"]),
    ("RULES = 'Sort the tickets.'\nllm.invoke(RULES)", ["rules"]),
    ("openai.Completion.create(prompt='Sort it now: ' + text)", ["prompt"]),
    ("rules = 'Sort the tickets.'\nadd(UserMessage(content=rules))", ["rules"]),
    ("def ask(system_prompt='Sort the tickets of a shop.'): pass", ["ask-system-prompt"]),
    ("Agent(role=role, goal=goal, backstory=backstory)", []),
    ("RULES = 'Sort the tickets.'\nask(title=RULES)", []),
    ("click.prompt('Enter the name of a ticket to sort now, or an empty line')", []),
    ("click.option('--name', prompt='Enter the name of a ticket to sort, or nothing')", []),
    ("kind = 'f-string'\nPromptTemplate(template=text, template_format=kind)", []),
    ("def sort():\n  return PromptTemplate(template='Sort {text}')", ["sort"]),
    ("Chain(llm, prompt=PromptTemplate(template='Sort {text}'))", ["prompt"]),
    ("chain = Chain(PromptTemplate.from_template('Sort {text}'))", ["chain"]),
    ("sort = PromptTemplate.from_template('Sort {text}') | model", ["sort"]),
    ("x = ChatPromptTemplate.from_messages([A.from_template('Sort {text}')])", []),
    ("ask([HumanMessagePromptTemplate.from_template('Sort {text}')])", []),
    ("page = Page.from_template('a.html')\nshow(Page.from_template('b.html'))", []),
    ("SORT = PromptTemplate(template='')", []),
    ("RULES = 'tickets'\nask(system=RULES)", []),
    ("RULES = '<div>Sort the tickets now</div>'\nask(system=RULES)", []),
]
TYPESCRIPT = [
    ("const rules = 'Sort the tickets.';\nask({ system: rules });", ["rules"]),
    ("const rules = 'Sort it.' + ` Now: ${text}`;\nask({ instructions: rules });", ["rules"]),
    ("const rules = 'Sort it all.';\nlist.push({ role: 'user', content: rules });", ["rules"]),
    ("const rules = 'Sort the tickets.';\nask({ title: rules, content: rules });", []),
    ("const rules = 'Sort the tickets.';\nask({ system: rules.length });", []),
]


@pytest.mark.parametrize(
    ("reader", "code", "names"),
    [
        *((python, code, names) for code, names in PYTHON),
        *((typescript, code, names) for code, names in TYPESCRIPT),
    ],
)
def test_a_string_that_code_sends_to_a_model_is_a_prompt(reader, code, names, tmp_path):
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), "a.py", code.encode())

    found = [
        one.id for one in reader.documents(file, ReadOptions()) if isinstance(one, SourceDocument)
    ]

    assert found == [f"a/{name}" for name in names]


LIST = (
    "[{'role': 'system', 'content': 'Sort these tickets.'},"
    " {'role': 'user', 'content': 'Text: {text}'}]"
)
FILLED, LITERAL = "Text: {{ text }}", "Text: {text}"


@pytest.mark.parametrize(
    ("code", "content", "codes"),
    [
        ("MESSAGES = LIST", FILLED, ["IMP309"]),
        ("class Bot:\n  messages = LIST", FILLED, ["IMP309"]),
        ("M = LIST\nx = [{**m, 'content': m['content'].format(text=t)} for m in M]", FILLED, []),
        ("m = LIST\nx = [{k: v.format(text=t) for k, v in a.items()} for a in m]", FILLED, []),
        ("M = LIST\nfor i, m in enumerate(copy(M)):\n  m['content'].format_map(d)", FILLED, []),
        ("M = LIST\nM[1]['content'] = M[1]['content'].format(text=t)", FILLED, []),
        ("def f():\n  m = LIST\n  m[1]['content'] = m[1]['content'].format(text=t)", FILLED, []),
        ("M = LIST\nclient.chat.completions.create(messages=M)", LITERAL, []),
        ("client.chat.completions.create(messages=LIST)", LITERAL, []),
        ("def f():\n  m = LIST\n  return m", LITERAL, []),
    ],
)
def test_braces_in_a_list_of_messages_are_inputs_if_code_fills_them_in(
    code, content, codes, tmp_path
):
    source = code.replace("LIST", LIST)
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), "a.py", source.encode())

    (found,) = python.documents(file, ReadOptions())

    messages, _ = written_messages(found, tuple)
    assert messages[1]["content"] == content
    assert [loss.code for loss in found.losses] == codes


SYSTEM = "You sort the tickets of a shop into groups."
TYPESCRIPT_MESSAGES = [
    (
        f"function f() {{ const s = '{SYSTEM}';\n"
        "ask([new SystemMessage(s), new HumanMessage(q)]) }",
        ["{{ q }}"],
    ),
    (f"function f(s) {{ ask([new SystemMessage(s), new HumanMessage('{SYSTEM}')]) }}", [SYSTEM]),
    (
        f"ChatPromptTemplate.fromMessages([[R.SYSTEM, '{SYSTEM}'], [R.USER, `${{q}} {{x}}`]])",
        ["{{ q }} {{ x }}"],
    ),
    (
        f"ai.definePrompt({{ system: '{SYSTEM}', prompt: '{{{{x}}}}', input: {{ a: b }} }})",
        ["{{ x }}"],
    ),
    (f"const p = ask`{SYSTEM} ${{q}}`;\nlog({{ system: p }});", []),
    (
        f"ask([new SystemMessage({{ content: s }}), new HumanMessage({{ content: '{SYSTEM}' }})])",
        [SYSTEM],
    ),
    (
        "ChatPromptTemplate.fromMessages([['human', [{ type: 'text', text: 'Sort {x}' }]]])",
        ["Sort {{ x }}"],
    ),
]


@pytest.mark.parametrize(("code", "users"), TYPESCRIPT_MESSAGES)
def test_messages_of_typescript_have_constants_expressions_and_templates(code, users, tmp_path):
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), "a.ts", code.encode())

    (found,) = (
        one for one in typescript.documents(file, ReadOptions()) if isinstance(one, SourceDocument)
    )

    messages, _ = written_messages(found, tuple)
    assert [one["content"] for one in messages if one["role"] == "user"][: len(users)] == users


@pytest.mark.parametrize(
    "system",
    [
        f"system: {{ role: 'system', content: '{SYSTEM}' }}",
        f"systemInstruction: '{SYSTEM}'",
    ],
)
def test_a_call_with_a_system_message_and_a_prompt_loses_nothing(system, tmp_path):
    code = f"generateText({{ {system}, prompt: q }})"
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), "a.ts", code.encode())

    (found,) = typescript.documents(file, ReadOptions())

    assert isinstance(found, SourceDocument)
    messages, losses = written_messages(found, tuple)
    assert list(messages) == [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": "{{ q }}"},
    ]
    assert [*found.losses, *losses] == []


@pytest.mark.parametrize(
    ("argument", "codes"), [("parts", []), ("messages=parts", []), ("others", ["IMP103"])]
)
def test_a_chat_template_of_a_list_that_is_read_is_no_loss(argument, codes, tmp_path):
    code = (
        f"parts = [('system', '{SYSTEM}')]\nchat = ChatPromptTemplate.from_messages({argument})\n"
    )
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), "a.py", code.encode())

    found = list(python.documents(file, ReadOptions()))

    assert [one.id for one in found if isinstance(one, SourceDocument)] == ["a/parts"]
    assert [one.code for one in found if isinstance(one, Loss)] == codes


@pytest.mark.parametrize(
    ("reader", "code"),
    [
        (python, f"def ask(text):\n  send(system='{SYSTEM}', user_prompt=f'Text: {{text}}')"),
        (typescript, f"ask({{ system: '{SYSTEM}', user_prompt: `Text: ${{text}}` }})"),
    ],
)
def test_a_user_text_of_a_label_belongs_to_its_system_text(reader, code, tmp_path):
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), "a.py", code.encode())

    (found,) = reader.documents(file, ReadOptions())

    messages, _ = written_messages(found, tuple)
    assert [one["content"] for one in messages] == [SYSTEM, "Text: {{ text }}"]


@pytest.mark.parametrize(
    ("value", "content", "codes"),
    [
        ("a ? 'x' : 'y'", "{% if a %}x{% else %}y{% endif %}", []),
        ("!a.b ? `x ${c}` : ''", "{% if not a.b %}x {{ c }}{% endif %}", []),
        ("a === 'k' ? 'x' : b", '{% if a == "k" %}x{% else %}{{ b }}{% endif %}', []),
        ("a.length > 3 ? 'x' : ''", "{% if a | length > 3 %}x{% endif %}", []),
        ("a != null ? 'x' : ''", "{% if a is not none %}x{% endif %}", []),
        (
            "a ? 'x' : b ? 'y' : 'z'",
            "{% if a %}x{% else %}{% if b %}y{% else %}z{% endif %}{% endif %}",
            [],
        ),
        ("late(a) ? 'an x' : 'y'", "{{ late_a_an_x_y }}", ["IMP103"]),
        ("a ?? 'an x'", "{{ a_an_x }}", ["IMP224"]),
        ("late(a) ? b : c", "{{ late_a_b_c }}", ["IMP224"]),
    ],
)
def test_a_conditional_expression_of_typescript_is_a_condition(value, content, codes, tmp_path):
    code = f"ask({{ system: `{SYSTEM} ${{{value}}}` }})"
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), "a.ts", code.encode())

    (found,) = typescript.documents(file, ReadOptions())

    messages, _ = written_messages(found, tuple)
    assert messages[0]["content"] == f"{SYSTEM} {content}"
    assert [loss.code for loss in found.losses] == codes
