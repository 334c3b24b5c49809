"""Where attacks are written: every untrusted text, at any depth, of a case that has one."""

from promptops.commands.probe.attacks import Target, targets
from promptops.model.probe import SkippedProbe
from promptops.workspace.workspace import workspace

PROMPT = """\
format: promptops/1
model: {{profile: fast}}
inputs:
  properties:
{inputs}
messages: [{{role: user, content: hello}}]
tests:
{tests}
"""


def found(repo, inputs, *tests):
    """Of each target its input, case, text and slots; of each other input why it is left out."""
    text = PROMPT.format(
        inputs="\n".join(f"    {each}" for each in inputs),
        tests="\n".join(f"  - {each}" for each in tests),
    )
    repo.write({"prompts/ask.prompt.yaml": text})
    with workspace(repo.root) as opened:
        prompt = opened.catalog.loaded("prompts/ask.prompt.yaml").prompt
        return list(map(shown, targets(prompt)))


def shown(target: Target | SkippedProbe):
    if isinstance(target, SkippedProbe):
        return target.input, target.why
    return target.input, target.case.name, target.text, sorted(target.slots)


def test_texts_below_lists_and_objects_are_found_with_the_first_item(repo):
    inputs = [
        "a: {type: string, maxLength: 50, x-untrusted: true}",
        "b: {type: array, x-untrusted: true, items: {type: string, maxLength: 2000}}",
        "c: {type: array, items: {properties: {d: {type: string, x-untrusted: true}}}}",
        "e: {type: object, properties: {f: {type: string, maxLength: 300, x-untrusted: true}}}",
        "g: {type: string}",
    ]
    values = "{a: one, b: [two, three], c: [{d: four}], e: {f: five}, g: six}"

    assert found(repo, inputs, f"{{name: n, inputs: {values}}}") == [
        ("a", "n", "one", ["any"]),
        ("b.0", "n", "two", ["any", "document", "list"]),
        ("c.0.d", "n", "four", ["any", "document", "list"]),
        ("e.f", "n", "five", ["any"]),
    ]


def test_the_first_long_text_of_an_item_is_attacked_and_not_its_id(repo):
    inputs = [
        "hits:",
        "  type: array",
        "  x-untrusted: true",
        "  items:",
        "    type: object",
        "    properties:",
        "      id: {type: string, maxLength: 20}",
        "      url: {type: string, format: uri}",
        "      kind: {type: string, enum: [faq]}",
        "      title: {type: string, maxLength: 100}",
        "      body: {type: string, maxLength: 900}",
        "      more: {type: string}",
    ]
    whole = "{id: a, url: 'https://b.example', kind: faq, title: c, body: d, more: e}"

    assert found(repo, inputs, f"{{name: n, inputs: {{hits: [{whole}]}}}}") == [
        ("hits.0.body", "n", "d", ["any", "list"])
    ]
    assert found(repo, inputs, "{name: n, inputs: {hits: [{id: a, title: c}]}}") == [
        ("hits.0.title", "n", "c", ["any", "list"])
    ]


def test_the_tagged_case_is_the_base_if_it_fills_the_input_and_else_the_first_that_does(repo):
    inputs = [
        "a: {type: string, x-untrusted: true}",
        "b: {type: string, x-untrusted: true}",
    ]
    tests = [
        "{name: empty, inputs: {a: ''}}",
        "{name: first, inputs: {a: one, b: two}}",
        "{name: base, tags: [probe-base], inputs: {a: three}}",
    ]

    assert [each[:3] for each in found(repo, inputs, *tests)] == [
        ("a", "base", "three"),
        ("b", "first", "two"),
    ]


def test_an_input_that_no_case_fills_or_that_is_no_free_text_is_left_out_with_the_reason(repo):
    inputs = [
        "a: {type: string, x-untrusted: true}",
        "b: {type: string, contentMediaType: image/png, x-untrusted: true}",
        "c: {type: integer, x-untrusted: true}",
        "d: {type: string, enum: [e], x-untrusted: true}",
    ]

    assert found(repo, inputs, "{name: n, inputs: {b: aGk=, c: 1, d: e}}") == [
        ("a", "no test case fills it"),
        ("b", "it can't hold free text"),
        ("c", "it can't hold free text"),
        ("d", "it can't hold free text"),
    ]
