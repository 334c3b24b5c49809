"""LangChain's ChatPromptTemplate, which looks for missing variables."""

from functools import partial

from langchain_core.prompts import ChatPromptTemplate
from per_call import report
from templates import INPUTS, ROLES, TEMPLATES


def braces(text):
    return text.replace("{{ ", "{").replace(" }}", "}")


plain = list(zip(ROLES, map(braces, TEMPLATES["plain"]), strict=True))
logic = list(zip(ROLES, TEMPLATES["logic"], strict=True))
prompts = {
    "plain": ChatPromptTemplate.from_messages(plain),
    "logic": ChatPromptTemplate.from_messages(logic, template_format="jinja2"),
}
ways = {name: partial(prompts[name].format_messages, **INPUTS[name]) for name in prompts}
report(ways, {name: [each.content for each in way()] for name, way in ways.items()})
