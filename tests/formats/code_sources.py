"""For each code of an import, files that lead to it."""

from __future__ import annotations

import json

_CONFIGURATION = "providers: [openai:gpt-5]\nprompts: ['Say {{a}} to {{b}}']\n"
_FLOW = "---\nmodel: openai/gpt-5\n---\n"
_PARAGRAPH = "Answer in short and plain sentences, name the source of each fact, and say it if you"
_PARAGRAPH += " do not know the answer to a question of the user.\n"
_SECRET = "sk-" + "a1B2c3D4e5F6g7H8i9J0" * 2


def _json(**value):
    return json.dumps(value)


def _test(**value):
    """A configuration with one test."""
    return _CONFIGURATION + "tests: " + json.dumps([{"vars": {"a": "x", "b": "y"}, **value}])


def _asserted(**value):
    return _test(**{"assert": [value]})


def _dotprompt(header, body="Hi."):
    return f"---\nmodel: openai/gpt-5\n{header}---\n{body}\n"


def _prompty(header, body="Hi {{ x }}.", model="openai/gpt-5"):
    return f"---\nname: a\nmodel: {model}\n{header}---\nuser:\n{body}\n"


def _markdown(header):
    return f"---\nmodel: openai/gpt-5\n{header}---\nBe kind.\n"


def _langchain(**value):
    return _json(_type="prompt", input_variables=["b"], **{"template": "{b}", **value})


def _hub(kind, **keywords):
    return {"lc": 1, "type": "constructor", "id": ["langchain", kind], "kwargs": keywords}


SOURCES = {
    "IMP001": {"a.promptl": "text\n"},
    "IMP002": {"a.md": b"---\nx: \xff\n---\n"},
    "IMP003": {"a.md": "---\nmodel: openai/gpt-5\n---\n\n"},
    "IMP004": {"prompts.json": json.dumps([{"text": f"Row {n}."} for n in range(31)])},
    "IMP005": {"a.txt": "Be kind.\n"},
    "IMP006": {"a b.txt": "Be kind.\n", "a-b.txt": "Be brief.\n"},
    "IMP101": {"a.json": json.dumps([{"role": "robot", "content": "Hi."}])},
    "IMP102": {"a.j2": "{{ x.append(1) }}\n"},
    "IMP103": {"a.json": _langchain(partial_variables={"b": {"lc": 1}})},
    "IMP104": {"a.j2": '{% include "none.j2" %}\n'},
    "IMP105": {"a.json": _json(messages=[{"role": "user", "content": [{"type": "video"}, "Hi."]}])},
    "IMP106": {"a.json": _json(messages=[], input="Hi.", tools=[{"type": "web_search"}])},
    "IMP107": {"a.md": "---\nmodel: sonnet\n---\nBe kind.\n"},
    "IMP108": {"a.md": _markdown("temperature: 3\n")},
    "IMP110": {"a.prompt": _dotprompt("", '{{section "code"}}Hi.')},
    "IMP111": {"a.prompty": _prompty("", model="{id: m, provider: azure, connection: {key: k}}")},
    "IMP112": {"a.prompty": _prompty("", model="{id: m, provider: openai, apiType: image}")},
    "IMP113": {"a.prompty": _prompty("sample: none.json\n")},
    "IMP114": {"a.prompt": _dotprompt("output: {format: json, schema: {a: string}, b: 1}\n")},
    "IMP115": {"a.prompty": _prompty("sample: {x: a, y: b}\n")},
    "IMP116": {"a.yaml": _asserted(type="webhook", value="https://example.com")},
    "IMP117": {"a.prompt": _dotprompt("input: {schema: Recipe}\n")},
    "IMP118": {"a.prompt": _dotprompt("input: {schema: string}\n")},
    "IMP119": {"a.prompt": _dotprompt("output: {format: csv}\n")},
    "IMP120": {"a.json": _langchain(output_parser={"_type": "default"})},
    "IMP121": {
        "a.json": json.dumps(
            _hub("RunnableSequence", first=_hub("PromptTemplate", template="{b}"), last={})
        )
    },
    "IMP124": {"a.toml": 'prompt = "Read @{a.md} now."\n'},
    "IMP127": {"a.yaml": "redteam: {plugins: []}\ntargets: [x]\n"},
    "IMP128": {"a.yaml": f"{_CONFIGURATION}tests: file://make.py\n"},
    "IMP129": {"a.yaml": f"{_CONFIGURATION}env: {{A: b}}\n"},
    "IMP130": {"a.yaml": "providers: [openai:gpt-5, openai:gpt-6]\nprompts: ['Say {{a}}']\n"},
    "IMP131": {"a.txt": f"Use the key {_SECRET} now.\n"},
    "IMP132": {"a.prompty": _prompty("sample: {x: 1}\n", "Hi {{ x.a.b }}.")},
    "IMP201": {"a.prompt.yml": "messages: [{role: user, content: 'Hi {{user-name}}'}]\n"},
    "IMP202": {"a.json": _json(input="Hi.", messages=[], service_tier="flex")},
    "IMP203": {"a.md": _markdown("mode: agent\n")},
    "IMP204": {"a.md": _markdown("temperature: '0.5'\n")},
    "IMP205": {"a.md": _markdown("max_tokens: -1\n")},
    "IMP206": {"a.prompty": _prompty("inputs: [{name: x, kind: matrix}]\n")},
    "IMP207": {"a.j2": "{{ x | safe }}\n"},
    "IMP208": {
        "a.json": json.dumps(
            [{"role": role, "content": text} for role, text in (("system", ""), ("user", "Hi."))]
        )
    },
    "IMP210": {"a.json": _langchain(template="{{b}}", template_format="mustache")},
    "IMP211": {"a.prompt": _dotprompt("", "Hi.\n  {{> b}}\nBye."), "_b.prompt": "One.\nTwo."},
    "IMP213": {"a.yaml": _test(vars={"a": {"c": 1}, "b": "y"})},
    "IMP214": {"a.prompty": _prompty("sample: {x: a}\noutputs: {y: {type: string}}\n")},
    "IMP215": {"a.prompty": _prompty("template: nunjucks\n")},
    "IMP216": {"a.prompty": _prompty("inputs: {x: {type: number}}\nsample: {x: a}\n")},
    "IMP218": {"a.prompt.yml": "messages: [{role: user, content: 'Hi {{ name }}'}]\n"},
    "IMP219": {
        "a.prompt.yml": "messages: [{role: user, content: 'Hi {{n}}'}]\ntestData: [{n: x}]\n"
        "evaluators: [{name: a, uses: github/coherence}]\n"
    },
    "IMP220": {"a.prompt": _dotprompt("", "Hi {{@state.name}}.")},
    "IMP221": {
        "a.json": _json(
            _type="few_shot",
            input_variables=["b"],
            examples=[{"c": "1"}],
            example_prompt={"template": "{c}"},
            suffix="{b}",
        )
    },
    "IMP223": {"a.md": "---\nname: a: b: c\n---\nBe kind.\n"},
    "IMP224": {
        "prompts.py": "SYSTEM_PROMPT = f'Be kind to everyone who asks you. Today is {today()}.'\n"
    },
    "IMP225": {
        "a.jsonl": _json(messages=[{"role": "user", "content": "Hi."}])
        + "\n"
        + _json(
            messages=[
                {"role": "user", "content": "Hi."},
                {"role": "assistant", "content": "Yes?"},
                {"role": "user", "content": "Why?"},
            ]
        )
    },
    "IMP227": {"a.yaml": _asserted(type="levenshtein", value="abc", threshold=1)},
    "IMP228": {"a.yaml": _asserted(type="contains", value="a", weight=2)},
    "IMP229": {"a.yaml": "providers: [openai:gpt-5]\nprompts: ['Say {{ a']\n"},
    "IMP230": {"a.yaml": _test(vars={"a": "{% c %}", "b": "y"})},
    "IMP231": {
        "a.yaml": "providers: [openai:gpt-5]\nprompts: ['{% if a %}{% for c in a %}{{c}}"
        "{% endfor %}{% endif %}']\n"
        "tests: [{vars: {a: [x]}, options: {disableVarExpansion: true}}]\n"
    },
    "IMP232": {"a.json": _langchain(template="{{#a}}{{b}}{{/a}}", template_format="mustache")},
    "IMP233": {"a.json": _json(name="a", version=1, template="{{a}} {{b}}")},
    "IMP301": {"a.md": "---\nmodel: gpt-5\n---\nBe kind.\n"},
    "IMP302": {"a.json": _json(messages=[{"type": "placeholder", "name": "talk"}])},
    "IMP303": {"in/a.j2": '{% include "style.j2" %}\n', "style.j2": "Be kind.\n"},
    "IMP304": {"a.prompty": _prompty("sample: {x: a}\n", "![a](photo.png)\n{{ x }}")},
    "IMP305": {"a.j2": "{{ x }}\n"},
    "IMP306": {"a.j2": "{% if x %}Hi.{% endif %}\n"},
    "IMP307": {"a.json": _json(name="a", prompt="Be kind.", type="text")},
    "IMP308": {"a.txt": "Greet [NAME] now.\n"},
    "IMP309": {"a.txt": "Greet {name} now.\n"},
    "IMP310": {"a.txt": "system:\nBe kind.\nuser:\nHi.\n"},
    "IMP311": {"a.txt": "Be kind.\n"},
    "IMP312": {
        "a.yaml": _CONFIGURATION
        + "tests: "
        + json.dumps([{"vars": {"a": str(number), "b": "y"}} for number in range(21)])
    },
    "IMP313": {"a.j2": "Write {% if %} like this.\n"},
    "IMP314": {f"{name}.txt": _PARAGRAPH + f"\n{name}\n" for name in "abc"},
    "IMP315": {"prompts.json": _json(a="Sort {b} now.", c=["Sort {b}."] * 11)},
}

ELSEWHERE = {
    "IMP016": "commands/import_/test_import_command.py",
    "IMP212": "commands/import_/test_options.py",
    "IMP316": "commands/import_/test_import_command.py",
    "IMP320": "commands/import_/test_options.py",
    **{
        f"EXP{number}": "formats/test_exports.py"
        for number in (
            "002",
            "003",
            "005",
            101,
            102,
            103,
            104,
            106,
            107,
            108,
            109,
            110,
            111,
            112,
            113,
            114,
        )
    },
}
"""The test files of the codes that need options, plug-ins or prompts."""
