"""For each row of the formats' tables, files of the format that have it."""

from __future__ import annotations

import json


def _json(**value):
    return json.dumps(value)


def _prompty(header, body="Hi {{ x }}."):
    return f"---\n{header}---\nuser:\n{body}\n"


def _dotprompt(header, body="Hi {{x}}."):
    return f"---\nmodel: googleai/gemini-3-pro\n{header}---\n{body}\n"


def _markdown(header, body="Be kind."):
    return f"---\n{header}---\n{body}\n"


def _foo(prompts="['Say {{a}}']", rest="", providers="[openai:gpt-5]"):
    return f"providers: {providers}\nprompts: {prompts}\n{rest}"


def _flow(node, inputs="{}", template="user:\nHi {{x}}.\n"):
    flow = f"inputs: {inputs}\noutputs: {{}}\nnodes:\n- {node}\n"
    return {"flow.dag.yaml": flow, "t.jinja2": template}


def _hub(kind, **keywords):
    return {"lc": 1, "type": "constructor", "id": ["langchain", kind], "kwargs": keywords}


def _said(text, kind="HumanMessagePromptTemplate", **others):
    return _hub(kind, prompt=_hub("PromptTemplate", template=text, **others))


_CHAT = [{"role": "user", "content": "Hi {{x}}."}]
_LONG = "You answer questions of customers about their orders."
_NODE = "name: n, type: llm, source: {type: code, path: t.jinja2}"

ROWS = {
    "map: messages are one prompt": {"prompts.json": _json(messages=_CHAT, temperature=0)},
    "map: a system and a user text are one prompt": {
        "prompts.yaml": f"system_prompt: {_LONG}\nuser: 'Hi {{x}}.'\nmodel: openai/gpt-5\n"
        "temperature: 0\ndescription: Greets.\nowner: me\n"
    },
    "map: every other text is one prompt": {
        "prompts.yaml": f"a: {{system_b: {_LONG}}}\nc: 'Hi {{x}}.'\nshort: no\n"
    },
    "map: a prompt and others beside it": {
        "prompts.yaml": f"system_prompt: {_LONG}\nuser_template: 'Hi {{x}}.'\ntemperature: 0\n"
        f"modes:\n  fast: {{instructions: {_LONG}}}\nfallback: {_LONG}\n"
        "question_template: 'Do you mean {y}?'\n",
        "more_prompts.yaml": f"system_template: {_LONG}\ncategories: [a, b]\n",
    },
    "map: data is left out": {
        "prompts.json": _json(
            greet=_LONG,
            system_prompt="Be kind.",
            description=_LONG,
            rows=[{"id": number, "text": _LONG} for number in range(11)],
            names=[_LONG] * 11,
            qa=[{"question": _LONG, "answer": _LONG}] * 2,
            examples=[{"text": _LONG}, {"text": _LONG, "more": _LONG}],
            prompts=[{"name": "one", "text": _LONG}, {"name": "two", "text": _LONG}],
        )
    },
    "map: a file of examples has no prompts": {
        "few_shot_prompts.json": _json(greet={"text": _LONG}, other=_LONG),
        "prompts.json": json.dumps([{"id": number, "text": _LONG} for number in range(11)]),
    },
    "text: NAME.system and NAME.user are one prompt": {
        "a.system.md": "Be kind.\n",
        "a.user.txt": "Hi {x}.\n",
    },
    "text: a folder of roles is one prompt": {
        "a/system.txt": "Be kind.\n",
        "a/user.txt": "Hi.\n",
        "a/assistant.txt": "Yes?\n",
    },
    "text: role lines": {"a.txt": "system:\nBe kind.\nuser:\nHi.\n"},
    "text: Jinja by its ending": {"a.jinja": "Hi {{ x }}.\n", "b.txt": "Hi {{x}}.\n"},
    "text: front matter as in Markdown": {"a.j2": "---\ntitle: T\n---\nHi {{ x }}.\n"},
    "text: includes become partials": {"a.j2": "{% include 'b.j2' %}\n", "b.j2": "Be kind.\n"},
    "text: extends and computed names": {"a.j2": "{% extends 'b.j2' %}\n", "b.j2": "{{ x }}\n"},
    "text: the guess is jinja, double, single or dollar": {
        "a.txt": "{% if x %}Hi.{% endif %}\n",
        "b.txt": "Hi {{x}}.\n",
        "c.txt": "Hi {x}.\n",
        "d.txt": "Hi ${x}.\n",
    },
    "text: words in brackets stay": {"a.txt": "Hi [NAME].\n"},
    "text: what is guessed Jinja and does not parse is text": {"a.txt": "Write {% if %} so.\n"},
    "markdown: title, description, tags, owners": {
        "a.md": _markdown("title: T\ndescription: D.\ntags: [t]\nauthor: me\n"),
        "b.md": _markdown("name: N\nauthors: [me, you]\n"),
    },
    "markdown: model and parameters": {"a.md": _markdown("model: openai/gpt-5\ntop_p: 0.5\n")},
    "markdown: tools": {
        "a.md": _markdown("tools: [read]\n"),
        "b.md": _markdown("allowed-tools: r\n"),
    },
    "markdown: everything else is metadata": {"a.md": _markdown("mode: agent\napplyTo: '*'\n")},
    "markdown: what an editor fills in": {
        "commands/fix.md": "Fix $ARGUMENTS with $1.\n@docs/a.md\n!`git diff`\n",
        "review.prompt.md": _markdown(
            "mode: agent\n", "Review ${input:part:the part to review} for $5, ${input:tone}."
        ),
        "c.txt": "Fix $ARGUMENTS now.\n",
        "d.prompt.md": _markdown("mode: agent\n", "Review ${selection} of ${file} for {team}.\n"),
        "e.md": _markdown("mode: agent\n", "Review ${selection} of ${file}.\n"),
    },
    "markdown: other braces in files of an editor are text": {
        "a.prompt.md": "Fix {part} of `{{x}}` in ${y}.\n",
        "b.agent.md": _markdown("model: [a, b]\n", "{% if x %}Be kind.{% endif %}"),
        "c.prompt.md": _markdown("variables: [x]\n", "Fix {{x}}."),
        "d.md": _markdown("argument-hint: part\n", "Fix $1 of {part}."),
        "agents/e.md": _markdown("description: D.\n", "Fix {part}."),
        "agents/f.md": "Fix {part}.\n",
        "commands/g.md": "Fix {part}.\n",
    },
    "markdown: arguments of a command": {
        "commands/a.md": _markdown(
            "arguments: [issue, 'the-branch']\n",
            "Fix $issue on $the-branch, $issues: $ARGUMENTS[1], $0, ${CLAUDE_SKILL_DIR}/a.sh.",
        ),
        "c.prompt.md": _markdown("argument-hint: part\n", "Fix it for $5."),
        "commands/d.md": _markdown("arguments: 5\n", "Fix $1."),
        "commands/b.md": _markdown("arguments: part\n", "Fix $part, see #file:docs/a.md."),
    },
    "markdown: a header that is not YAML": {
        "a.md": _markdown("description: a: b\n  and more\nowner: me\n"),
        "b.md": "---\nBe kind.\nNote: always.\n---\nHi.\n",
    },
    "text: a header never is part of a message": {
        "a.txt": "---\ntitle: T\n---\nHi {x}.\n",
        "b.prompt": "---\nauthor: me\n---\nHi {{x}}.\n",
        "c.prompt": "name: N\nversion: 2\n---\nHi.\n",
        "d.txt": "---\n---\nHi.\n",
        "e.prompt": "# Copyright\n---\nauthor: me\n---\nHi.\n",
        "f.prompt": "Note: this is a text.\n---\nHi.\n",
    },
    "text: a section between rules is no header": {
        "a.md": "# Title\n\n---\n\n## Section\n\n---\nHi.\n",
        "b.md": "# Title\n\n---\nGoal: be kind\n\n---\nHi.\n",
        "c.prompt": "# Title\n---\nGoal: be kind\n- always\n---\nHi.\n",
    },
    "map: a .prompt file in YAML": {
        "a.prompt": "title: T\nprompt: |\n  Hi {{x}}.\nengine: davinci\n",
        "d.prompt": "---\nprompt: Hi {{x}}.\ntitle: D\n",
        "b.prompt": "Role: editor\nTask: Greet {name} in a kind way.\n",
        "c.prompt": "system: Be kind.\nuser: {question}\n",
    },
    "markdown: the role": {
        "agents/a.md": _markdown("title: T\n"),
        "b/SKILL.md": _markdown("title: T\n"),
        "c.md": _markdown("title: T\n"),
    },
    "promptfoo prompts: text, raw, label": {
        "promptfooconfig.yaml": _foo("['Say {{a}}', {raw: 'Tell {{a}}', label: tell}]")
    },
    "promptfoo prompts: functions only": {"promptfooconfig.yaml": _foo("[file://a.py]")},
    "promptfoo prompts: files": {
        "promptfooconfig.yaml": _foo("[file://one.txt, 'file://more/*.md', file://chat.json]"),
        "one.txt": "First {{a}}\n---\nSecond {{a}}\n",
        "more/a.md": "Third\n",
        "chat.json": json.dumps([{"role": "system", "content": "Be {{a}}."}]),
    },
    "promptfoo prompts: a chat in YAML": {
        "a.yaml": _foo("['- {role: system, content: \"Be {{a}}.\"}']")
    },
    "promptfoo prompts: code and registries": {
        "a.yaml": _foo("[file://p.py, 'langfuse://a:1', 'Say {{a}}']")
    },
    "promptfoo prompts: the conversation": {
        "a.yaml": "providers: [openai:gpt-5]\nprompts:\n- |\n  [{% for m in _conversation %}"
        '{"role": "user", "content": "{{m.input}}"},{% endfor %}'
        '{"role": "user", "content": "{{a}}"}]\n'
    },
    "promptfoo providers": {
        "a.yaml": _foo(
            providers="[{id: 'openai:chat:gpt-5', config: {temperature: 0, response_format: "
            "{type: json_object}, tools: [{type: function, function: {name: f}}]}}, openai:gpt-6]"
        ),
        "b.yaml": _foo(providers="[echo]"),
    },
    "promptfoo tests: inline, lists, files, descriptions": {
        "a.yaml": _foo(
            rest="tests:\n- {description: one, vars: {a: [x, y], unread: 1}}\n"
            "- {vars: {a: [x]}, options: {disableVarExpansion: true}}\n- {vars: {a: file://v.txt}}\n"
            "- file://more.csv\n"
        ),
        "v.txt": "from a file\n",
        "more.csv": "a,__expected,__description\nz,contains:z,row\n",
    },
    "promptfoo tests: scenarios": {
        "a.yaml": _foo(
            rest="scenarios:\n- config: [{vars: {a: x}}, {vars: {a: y}}]\n"
            "  tests: [{description: s, vars: {}}]\n"
        )
    },
    "promptfoo tests: templates in values and code": {
        "a.yaml": _foo(rest="tests:\n- {vars: {a: '{% b %}'}}\n- file://t.py\n")
    },
    "promptfoo defaultTest": {
        "a.yaml": _foo(
            "['Say {{a}} {{b}}']",
            "defaultTest: {vars: {b: z}, assert: [{type: contains, value: z}]}\n"
            "tests: [{vars: {a: x}}]\n",
        )
    },
    "promptfoo variables in assertions": {
        "a.yaml": _foo(
            rest="tests: [{vars: {a: x}, assert: [{type: contains, value: '{{a}}!'}, "
            "{type: contains, value: '{{a | upper}}'}]}]\n"
        )
    },
    "promptfoo metric, weight, threshold, transform": {
        "a.yaml": _foo(
            rest="tests: [{vars: {a: x}, assert: [{type: contains, value: y, metric: m, "
            "weight: 2}, {type: assert-set, threshold: 0.5, assert: [{type: contains, value: y}, "
            "{type: contains, value: z}]}, "
            "{type: equals, value: y, transform: 'JSON.parse(output).a[0]'}, "
            "{type: equals, value: y, transform: output.trim()}, "
            "{type: equals, value: y, transform: 'for (;;) {}'}]}]\n"
        )
    },
    "promptfoo prompts: a text that promptfoo ignores": {
        "promptfooconfig.yaml": _foo("[{id: helper, label: tell, prompt: 'Tell {{a}}'}]")
    },
    "promptfoo tests: attacks of a red team": {
        "promptfooconfig.yaml": _foo(
            rest="redteam: {plugins: [ssrf]}\ntests:\n"
            "- {vars: {a: 1}, metadata: {pluginId: ssrf}}\n"
            "- {vars: {a: 2}, assert: [{type: 'promptfoo:redteam:pii'}]}\n"
            "- {vars: {a: 3}, provider: {id: 'promptfoo:redteam:iterative'}}\n"
            "- {vars: {a: 4}, metadata: {owner: me}}\n"
        )
    },
    "promptfoo red teams and other keys": {
        "a.yaml": "redteam: {plugins: []}\ntargets: [x]\n",
        "b.yaml": _foo(rest="derivedMetrics: []\nextensions: []\nenv: {A: b}\n"),
    },
    "prompty: the version": {
        "a.prompty": _prompty("name: a\nauthors: [me]\n"),
        "b.prompty": _prompty("name: b\n"),
    },
    "prompty: name, description, owners, tags, metadata": {
        "a.prompty": _prompty(
            "name: a\ndisplayName: T\ndescription: D.\nmetadata: {authors: [me], tags: [t], k: v}\n"
            "version: '1'\n"
        )
    },
    "prompty: the model": {
        "a.prompty": _prompty(
            "name: a\nmodel:\n  configuration: {type: azure_openai, azure_deployment: d,"
            " azure_endpoint: e}\n  parameters: {temperature: 0, tools: [{type: function,"
            " function: {name: f}}], tool_choice: f}\n"
        ),
        "b.prompty": _prompty(
            "name: b\nmodel: {id: gpt-5, provider: openai, apiType: image, options: "
            "{maxOutputTokens: 9, additionalProperties: {store: true}}}\n"
        ),
    },
    "prompty: inputs": {
        "a.prompty": _prompty(
            "name: a\ninputs:\n- {name: x, kind: string, required: true, enumValues: [k],"
            " description: D.}\n- {name: y, kind: integer, default: 1}\n"
            "- {name: talk, kind: thread}\n- {name: z, kind: matrix}\n",
            "Hi {{ x }} {{ y }} {{ z }}\n\nuser:\n{{ talk }}",
        )
    },
    "prompty: the sample": {
        "a.prompty": _prompty("name: a\nsample: {x: k}\n"),
        "b.prompty": _prompty("name: b\nsample: none.json\n"),
    },
    "prompty: outputs": {
        "a.prompty": _prompty("name: a\nsample: {}\noutputs: {y: {type: string}}\n")
    },
    "prompty: tools": {
        "a.prompty": _prompty(
            "name: a\ntools: [{name: f, kind: function, description: F.}, {name: m, kind: mcp}]\n"
        )
    },
    "prompty: the template": {
        "a.prompty": _prompty("name: a\ntemplate: nunjucks\n"),
        "b.prompty": _prompty("name: b\ntemplate: mustache\n", "Hi {{x}}."),
        "c.prompty": _prompty("name: c\ntemplate: liquid\n"),
    },
    "prompty: images": {
        "a.prompty": _prompty("name: a\nauthors: [me]\n", "![a]({{x}})\nLook."),
        "b.prompty": _prompty("name: b\n", "![a]({{x}})\nLook."),
    },
    "promptflow: the model, the connection, the response format": _flow(
        f"{{{_NODE}, connection: c, inputs: {{deployment_name: d, temperature: 0, max_tokens: 9,"
        " response_format: {type: json_object}, x: y}}",
        template="user:\nJSON for {{x}}.\n",
    ),
    "promptflow: inputs of the flow": _flow(
        f"{{{_NODE}, inputs: {{deployment_name: d, x: '${{inputs.q}}'}}}}",
        "{q: {type: int, default: 3, description: D.}}",
    ),
    "promptflow: a text before the first role": _flow(
        f"{{{_NODE}, inputs: {{deployment_name: d}}}}", template="Hi.\nuser:\nYes\n"
    ),
    "promptflow: a node without a template": _flow("{name: n, type: llm, inputs: {}}"),
    "promptflow: an image": _flow(
        f"{{{_NODE}, inputs: {{deployment_name: d}}}}", template="user:\n![image]({{x}})\nLook.\n"
    ),
    "promptflow: only code": _flow("{name: n, type: python, source: {path: t.jinja2}}"),
    "dotprompt: model and configuration": {
        "a.prompt": _dotprompt("config: {temperature: 0, topK: 3}\ndescription: D.\n")
    },
    "dotprompt: tools": {
        "a.prompt": _dotprompt(
            "tools: [t]\ntoolDefs: [{name: f, description: F., inputSchema: {type: object}}]\n"
        )
    },
    "dotprompt: Picoschema and defaults": {
        "a.prompt": _dotprompt(
            "input:\n  schema:\n    x: string, the name\n    y?(array): integer\n"
            "    k(enum, the kind): [A, B]\n    o(object): {p: boolean}\n  default: {x: d}\n"
        )
    },
    "dotprompt: JSON Schema": {
        "a.prompt": _dotprompt(
            "input: {schema: {type: object, properties: {x: {type: string}}, required: [x]}}\n"
        )
    },
    "dotprompt: the output": {
        "a.prompt": _dotprompt("output: {format: json, schema: {a: string}, k: 1}\n"),
        "b.prompt": _dotprompt("output: {schema: {a: string}}\n"),
        "c.prompt": _dotprompt("output: {format: array, schema: {a: string}}\n"),
        "d.prompt": _dotprompt("output: {format: csv}\n"),
        "e.prompt": _dotprompt("output: {format: text}\n"),
    },
    "dotprompt: dotted keys and metadata": {"a.prompt": _dotprompt("ext.k: v\nmetadata: {m: n}\n")},
    "dotprompt: variants stand alone": {
        "a.prompt": _dotprompt(""),
        "a.short.prompt": _dotprompt("", "Yo {{x}}."),
    },
    "dotprompt: partials": {
        "a.prompt": _dotprompt("", "{{>b}} {{x}}"),
        "_b.prompt": "Be kind.",
        "c.prompt": _dotprompt("", "{{>d}}"),
        "_d.prompt": '{{role "system"}}Be kind.',
    },
    "dotprompt: media, sections, state": {
        "a.prompt": _dotprompt("", "{{media url=x}}Look."),
        "b.prompt": _dotprompt("", "{{#if y}}{{media url=x}}{{/if}}Look."),
        "c.prompt": _dotprompt("", '{{section "code"}}Hi.'),
        "d.prompt": _dotprompt("", "Hi {{@state.name}} {{@auth.id}}."),
    },
    "dotprompt: roles and history": {
        "a.prompt": _dotprompt("", '{{role "system"}}Be kind.{{history}}{{role "user"}}Hi {{x}}.')
    },
    "chat: messages, input, instructions, system": {
        "a.json": _json(messages=_CHAT),
        "b.json": _json(input=_CHAT, instructions="Be kind."),
        "c.json": _json(messages=_CHAT, system="Be kind."),
        "d.json": _json(input="Hi.", instructions="Be kind.", model="openai/m"),
        "e.json": json.dumps(_CHAT),
    },
    "chat: parts": {
        "a.json": json.dumps(
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Hi."},
                        {"type": "input_text", "text": "You."},
                        {"type": "image_url", "image_url": {"url": "{{x}}", "detail": "low"}},
                        {"type": "input_image", "image_url": "https://example.com/a.png"},
                        {
                            "type": "input_audio",
                            "input_audio": {"data": "AAAA", "format": "mp3"},
                        },
                        {"type": "file", "file": {"file_data": "{{y}}"}},
                        {"type": "image_url", "image_url": {"url": "https://a/{{z}}"}},
                        {"text": "Bedrock."},
                    ],
                }
            ]
        )
    },
    "chat: tools, calls and names": {
        "a.json": _json(
            model="openai/m",
            tools=[{"type": "function", "function": {"name": "f", "strict": True}}],
            tool_choice={"type": "function", "function": {"name": "f"}},
            messages=[
                {"role": "user", "content": "Hi.", "name": "ann"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}],
                },
                {"role": "tool", "tool_call_id": "1", "content": "{}"},
            ],
        ),
        "b.json": _json(
            model="anthropic/m",
            messages=_CHAT,
            tools=[{"name": "f", "input_schema": {"type": "object"}}],
        ),
    },
    "chat: placeholders": {"a.json": json.dumps([{"type": "placeholder", "name": "talk"}, *_CHAT])},
    "chat: output formats and parameters": {
        "a.json": _json(
            model="openai/m",
            messages=_CHAT,
            max_completion_tokens=9,
            stop="x",
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "n", "strict": True, "schema": {"type": "object"}},
            },
        ),
        "b.json": _json(input="JSON.", messages=[], text={"format": {"type": "json_object"}}),
    },
    "chat: JSON lines": {
        "a.jsonl": "\n".join(
            _json(
                messages=[
                    {"role": "system", "content": "Be kind."},
                    {"role": "user", "content": question},
                    {"role": "assistant", "content": "Yes."},
                ]
            )
            for question in ("One?", "Two?")
        )
    },
    "chat: ideal answers of evals": {
        "a.jsonl": "\n".join(
            _json(input=[{"role": "user", "content": text}], ideal=ideal)
            for text, ideal in (("One?", "1"), ("Two?", ["2", "two"]))
        )
    },
    "chat: more than 20 rows are a case file": {
        "a.jsonl": "\n".join(
            _json(messages=[{"role": "user", "content": f"Question {number}"}])
            for number in range(21)
        )
    },
    "langfuse: production first, else the highest version": {
        "a.json": json.dumps(
            [
                {"name": "served/b", "type": "text", "prompt": "Old.", "version": 1, "labels": []},
                {
                    "name": "served/b",
                    "type": "text",
                    "prompt": "Served {{x}}.",
                    "version": 2,
                    "labels": ["production"],
                    "commitMessage": "m",
                },
                {"name": "served/b", "type": "text", "prompt": "New.", "version": 3, "labels": []},
            ]
        )
    },
    "langfuse: tags and configuration": {
        "a.json": _json(
            name="configured",
            type="chat",
            prompt=[*_CHAT, {"type": "placeholder", "name": "talk"}],
            tags=["t"],
            config={"model": "gpt-5", "temperature": 0, "k": 1},
        )
    },
    "langfuse: the text of another prompt": {
        "a.json": _json(name="referring", type="text", prompt="@@@langfusePrompt:name=b|label=c@@@")
    },
    "mlflow: a prompt": {
        "a.json": _json(
            name="registered.b",
            version=2,
            template="Hi {{x}}.",
            tags={"t": "u"},
            aliases=["live"],
            response_format={"type": "object"},
            model_config={"provider": "openai", "model_name": "gpt-5", "temperature": 0},
        )
    },
    "langchain: a prompt, its defaults and its parser": {
        "a.json": _json(
            _type="prompt",
            input_variables=["x"],
            template="Hi {x} {y}.",
            partial_variables={"y": "d"},
            output_parser={"_type": "default"},
        )
    },
    "langchain: a template file": {
        "a.json": _json(_type="prompt", input_variables=["x"], template_path="t.txt"),
        "t.txt": "Hi {x}.",
    },
    "langchain: few shots": {
        "a.json": _json(
            _type="few_shot",
            input_variables=["x"],
            prefix="Answer.",
            examples=[{"q": "1", "r": "2"}],
            example_prompt={"template": "{q} is {r}"},
            suffix="{x}",
        )
    },
    "langchain: template formats": {
        "a.json": json.dumps(_hub("PromptTemplate", template="{{ x }}", template_format="jinja2")),
        "b.json": json.dumps(_hub("PromptTemplate", template="{{x}}", template_format="mustache")),
    },
    "langchain: chats of the hub": {
        "a.json": json.dumps(
            _hub(
                "ChatPromptTemplate",
                messages=[
                    _said("Be {x}.", "SystemMessagePromptTemplate"),
                    _hub("MessagesPlaceholder", variable_name="talk"),
                    _hub("HumanMessage", content="Not {a} template."),
                    _said("Hi."),
                ],
            )
        )
    },
    "langchain: structured prompts and chains": {
        "a.json": json.dumps(
            _hub(
                "RunnableSequence",
                first=_hub("StructuredPrompt", messages=[_said("Hi.")], schema_={"type": "object"}),
                last=_hub("ChatOpenAI", model="gpt-5", temperature=0),
            )
        )
    },
    "semantic-kernel: a text and its configuration": {
        "joke/skprompt.txt": 'Tell {{"a"}} joke about {{$topic}} for {{ $reader }}.\n',
        "joke/config.json": _json(
            schema=1,
            description="D.",
            completion={"max_tokens": 9, "temperature": 0.5, "top_p": 0.0},
            input={"parameters": [{"name": "topic", "description": "T.", "defaultValue": "cats"}]},
        ),
    },
    "semantic-kernel: YAML, settings, inputs, output": {
        "a.yaml": "name: n\ndescription: D.\ntemplate_format: semantic-kernel\n"
        "template: 'Hi {{$x}}.'\nexecution_settings:\n  gpt: {model_id: gpt-4}\n"
        "  default: {model_id: gpt-5, temperature: 0, function_choice_behavior: {type: auto}}\n"
        'input_variables:\n- {name: x, is_required: true, json_schema: \'{"type": "integer"}\'}\n'
        "output_variable: {json_schema: {type: object}}\n",
        "b.yaml": "template: Hi.\ntemplate_format: jinja2\noutput_variable: {description: D.}\n",
    },
    "semantic-kernel: roles": {
        "a.yaml": "template_format: handlebars\ntemplate: |\n"
        '  <message role="system" name="s">Be &lt;kind&gt;.</message>\n'
        '  <message role="user">Hi {{x}}.</message>\n',
        "b.yaml": "template_format: jinja2\ntemplate: |\n"
        '  {% for x in y %}<message role="user">{{ x }}</message>{% endfor %}\n',
    },
    "semantic-kernel: functions and other languages": {
        "a.yaml": "template_format: semantic-kernel\ntemplate: 'Hi {{time.now}}.'\n",
        "b.yaml": "template_format: liquid\ntemplate: 'Hi {{x}}.'\n",
    },
    "llm: a template": {
        "a.yaml": "name: greet\nmodel: gpt-5\nsystem: Be $tone.\nprompt: Greet ${name} for $$5.\n"
        "defaults: {tone: kind}\noptions: {temperature: 0, k: 1}\n"
        "schema_object: {type: object}\nextract: true\nfunctions: 'def f(): pass'\n"
    },
    "llm: without a prompt": {"a.yaml": "system: Be $tone.\n"},
    "gemini: a command": {
        "a.toml": 'description = "D."\nprompt = """\nGreet {{args}} {{now}}.\n'
        'Read @{a.md} and !{git diff}.\n"""\n'
    },
    "github-models: name, model, parameters": {
        "a.prompt.yml": "name: T\ndescription: D.\nmodel: openai/gpt-5\n"
        "modelParameters: {maxTokens: 9, topP: 0.5}\n"
        "messages: [{role: user, content: 'Hi {{x}}.'}]\n"
    },
    "github-models: the output": {
        "a.prompt.yml": "messages: [{role: user, content: Hi.}]\nresponseFormat: json_schema\n"
        'jsonSchema: \'{"name": "n", "strict": true, "schema": {"type": "object"}}\'\n'
    },
    "github-models: test data and evaluators": {
        "a.prompt.yml": "messages: [{role: user, content: 'Hi {{x}}.'}]\n"
        "testData: [{x: k, expected: e}]\nevaluators:\n"
        "- {name: a, string: {contains: '{{x}}'}}\n- {name: b, string: {equals: '{{expected}}'}}\n"
        "- {name: c, string: {startsWith: s}}\n- {name: d, string: {endsWith: t.}}\n"
        "- {name: e, llm: {prompt: 'Is it {{x}}?', choices: [{choice: a, score: 1}]}}\n"
        "- {name: f, uses: github/similarity}\n- {name: g, uses: github/coherence}\n"
        "- {name: h, uses: github/fluency}\n- {name: i, uses: github/relevance}\n"
        "- {name: j, uses: github/groundedness}\n"
    },
}
