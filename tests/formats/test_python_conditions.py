"""Conditions of Python code become conditions of the prompt, or a loss."""

from __future__ import annotations

import pytest

from promptops.formats.document import SourceDocument
from promptops.formats.prompt_file import written_messages
from promptops.formats.readers import python
from promptops.formats.source_file import ReadOptions, SourceFile, SourceFolder


def prompts(code, tmp_path):
    """The messages of each prompt, and the codes of its losses but for an assumed role."""
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), "a.py", code.encode())
    documents = python.documents(file, ReadOptions())
    for found in (one for one in documents if isinstance(one, SourceDocument)):
        messages, _ = written_messages(found, tuple)
        yield messages, [loss.code for loss in found.losses if loss.code != "IMP311"]


@pytest.mark.parametrize(
    ("value", "template", "codes"),
    [
        ("'a' if formal else 'b'", "{% if formal %}a{% else %}b{% endif %}", []),
        ("'' if formal else 'b'", "{% if not formal %}b{% endif %}", []),
        ("'a' if not self.formal else ''", "{% if not formal %}a{% endif %}", []),
        ("name if name else None", "{% if name %}{{ name }}{% else %}None{% endif %}", []),
        ("f'to {name}' if user.vip else b", None, []),
        ("'a' if tone == 'kind' else 'b' if n > 3 else 'c'", None, []),
        ("'a' if not (x is not None and n >= 2.5) or y else ''", None, []),
        ("'a' if 'x' in kinds else 'b'", '{% if "x" in kinds %}a{% else %}b{% endif %}', []),
        ("'a' if kind not in ('x', 1, True) else 'b'", None, []),
        ("'a' if len(items) > 3 else ''", "{% if items | length > 3 %}a{% endif %}", []),
        ("'a' if late(t) else 'b'", "{% if late_t %}a{% else %}b{% endif %}", ["IMP103"]),
        ("'a' if x < y else 'b'", "{% if x_y %}a{% else %}b{% endif %}", ["IMP103"]),
        ("'a' if 1 < x < 3 else 'b'", "{% if n1_x_3 %}a{% else %}b{% endif %}", ["IMP103"]),
        ("'a' if x is True else 'b'", "{% if x_is_true %}a{% else %}b{% endif %}", ["IMP103"]),
        ("make(x) if y else 'b'", "{% if y %}{{ make_x }}{% else %}b{% endif %}", ["IMP224"]),
    ],
)
def test_a_conditional_expression_is_a_condition_of_the_template(value, template, codes, tmp_path):
    templates = {
        "f'to {name}' if user.vip else b": (
            "{% if user.vip %}to {{ name }}{% else %}{{ b }}{% endif %}"
        ),
        "'a' if tone == 'kind' else 'b' if n > 3 else 'c'": (
            '{% if tone == "kind" %}a{% elif n > 3 %}b{% else %}c{% endif %}'
        ),
        "'a' if not (x is not None and n >= 2.5) or y else ''": (
            "{% if not (x is not none and n >= 2.5) or y %}a{% endif %}"
        ),
        "'a' if kind not in ('x', 1, True) else 'b'": (
            '{% if kind not in ["x", 1, true] %}a{% else %}b{% endif %}'
        ),
    }
    begin = "Answer this ticket in one sentence"
    code = f'PROMPT = f"""{begin}: {{{value}}}"""\nOTHER_PROMPT = "{begin}: " + ({value})\n'

    found = [(messages[0]["content"], losses) for messages, losses in prompts(code, tmp_path)]

    assert found == [(f"{begin}: {template or templates[value]}", codes)] * 2


SYSTEM = {"role": "system", "content": "Answer in one short sentence."}
QUESTION = {"role": "user", "content": "{{ question }}"}
CONTEXT = {"role": "user", "when": "context", "content": "Use this context: {{ context }}"}
BEGIN = "m = [{'role': 'system', 'content': 'Answer in one short sentence.'}]"
ADD = "m.append({'role': 'user', 'content': question})"
ADD_CONTEXT = "m.append({'role': 'user', 'content': f'Use this context: {context}'})"


@pytest.mark.parametrize(
    ("lines", "messages", "codes"),
    [
        ([BEGIN, f"if context: {ADD_CONTEXT}", ADD], [SYSTEM, CONTEXT, QUESTION], []),
        (
            [BEGIN, f"if not context: {ADD}", f"else: {ADD_CONTEXT}"],
            [
                SYSTEM,
                {**QUESTION, "when": "not context"},
                {**CONTEXT, "when": "context"},
            ],
            [],
        ),
        (
            [BEGIN, "if a:", f"  if b > 1: {ADD}"],
            [SYSTEM, {**QUESTION, "when": "a and b > 1"}],
            [],
        ),
        ([BEGIN, f"if late(): {ADD}"], [SYSTEM, {**QUESTION, "when": "late"}], ["IMP103"]),
        ([BEGIN, "m.extend(history)", ADD], [SYSTEM, {"history": "history"}, QUESTION], ["IMP302"]),
        ([BEGIN, "m += history", ADD], [SYSTEM, {"history": "history"}, QUESTION], ["IMP302"]),
        ([f"{BEGIN} + history"], [SYSTEM, {"history": "history"}], ["IMP302"]),
        ([BEGIN, "for one in notes:", f"  {ADD_CONTEXT}", ADD], [SYSTEM, QUESTION], ["IMP103"]),
        ([BEGIN, f"if a: log(); {ADD_CONTEXT}", ADD], [SYSTEM, QUESTION], ["IMP103"]),
        ([BEGIN, "if history: m.extend(history)", ADD], [SYSTEM, QUESTION], ["IMP103"]),
        (
            [f"{BEGIN[:-1]}, *([{{'role': 'user', 'content': question}}] if question else [])]"],
            [SYSTEM, {**QUESTION, "when": "question"}],
            [],
        ),
    ],
)
def test_a_list_that_the_code_adds_to_is_one_prompt(lines, messages, codes, tmp_path):
    code = "".join(f"  {line}\n" for line in [*lines, "return send(messages=m)"])

    assert list(prompts(f"def ask():\n{code}", tmp_path)) == [(messages, codes)]


@pytest.mark.parametrize(
    ("lines", "content", "codes"),
    [
        (["if a: p += ' Be kind.'"], "{% if a %} Be kind.{% endif %}", []),
        (["if a:", "  p += ' Be'", "  p = p + ' kind.'"], "{% if a %} Be kind.{% endif %}", []),
        (
            ["if a: p += ' A.'", "elif b == 1: p += ' B.'", "p += ' C.'"],
            "{% if a %} A.{% elif b == 1 %} B.{% endif %} C.",
            [],
        ),
        (["for one in a: p += f' {one}'", "p += ' C.'"], " C.", ["IMP103"]),
        (["if p: p += ' Be kind.'"], "", ["IMP103"]),
    ],
)
def test_a_string_that_the_code_adds_to_is_one_prompt(lines, content, codes, tmp_path):
    begin = "Answer in one short sentence."
    code = "".join(f"  {line}\n" for line in [f"p = '{begin}'", *lines, "return ask(system=p)"])

    found = [
        (messages[0]["content"], losses)
        for messages, losses in prompts(f"def ask_it():\n{code}", tmp_path)
    ]

    assert found == [(f"{begin}{content}", codes)]


def test_a_message_that_is_added_to_an_unknown_list_is_a_prompt_with_a_loss(tmp_path):
    code = "messages.append({'role': 'user', 'content': 'Give the final answer now.'})\n"

    assert list(prompts(code, tmp_path)) == [
        ([{"role": "user", "content": "Give the final answer now."}], ["IMP103"])
    ]


@pytest.mark.parametrize(
    ("lines", "content"),
    [
        (["p.append(f'Now: {a}')"], "{b}\nNow: {{{{ a }}}}"),
        (["if a: p.append(f'Now: {a}')"], "{b}{{% if a %}}\nNow: {{{{ a }}}}{{% endif %}}"),
        (
            ["if a:", "  p.append('A')", "else:", "  p += ['B', c]", "p.extend(['D'])"],
            "{b}{{% if a %}}\nA{{% endif %}}{{% if not a %}}\nB{{% endif %}}{{% if not a %}}\n"
            "{{{{ c }}}}{{% endif %}}\nD",
        ),
    ],
)
def test_a_list_of_strings_is_read_where_the_code_joins_it(lines, content, tmp_path):
    begin = "Answer in one short sentence, and be kind to all."
    body = [f"p = ['{begin}']", *lines, "return '\\n'.join(p)"]
    code = "def ask_prompt():\n" + "".join(f"  {line}\n" for line in body)

    found = [
        messages[0]["content"].rstrip().replace("+%}", "%}")
        for messages, _ in prompts(code, tmp_path)
    ]

    assert found == [content.format(b=begin)]


def test_a_list_of_strings_that_a_loop_adds_to_is_not_read(tmp_path):
    code = (
        "p = ['Sort it now.']\nfor a in b:\n  p.append(f'Sort {a} now.')\nask(prompt=','.join(p))"
    )

    assert list(prompts(code, tmp_path)) == []
