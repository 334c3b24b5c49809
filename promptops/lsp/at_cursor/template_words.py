"""The statements, filters, tests and other words of templates, each in one line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

STATEMENTS: Mapping[str, str] = {
    "if": "`{% if CONDITION %} … {% endif %}`: only if the condition is true.",
    "elif": "Another condition of an `if`.",
    "else": "The other branch of an `if`; of a `for`, the text for an empty list.",
    "endif": "The end of an `if`.",
    "for": "`{% for ITEM in LIST %} … {% endfor %}`: once for each item.",
    "endfor": "The end of a `for`.",
    "set": "`{% set NAME = VALUE %}`: gives a value a name.",
    "endset": "The end of a `set` with text between its tags.",
    "include": '`{% include "PATH" %}`: the text of another template.',
    "import": '`{% import "PATH" as NAME %}`: the macros of another template.',
    "from": '`{% from "PATH" import MACRO %}`: some macros of another template.',
    "macro": "`{% macro NAME(ARGUMENTS) %} … {% endmacro %}`: text to use like a function.",
    "endmacro": "The end of a `macro`.",
    "call": "`{% call MACRO() %} … {% endcall %}`: calls a macro with text.",
    "endcall": "The end of a `call`.",
    "filter": "`{% filter NAME %} … {% endfilter %}`: applies a filter to text.",
    "endfilter": "The end of a `filter`.",
    "with": "`{% with NAME = VALUE %} … {% endwith %}`: a name for a part of the template.",
    "endwith": "The end of a `with`.",
    "block": "`{% block NAME %} … {% endblock %}`: text that a variant can replace.",
    "endblock": "The end of a `block`.",
    "extends": '`{% extends "PATH" %}`: a variant of another template.',
    "raw": "`{% raw %} … {% endraw %}`: text in which braces have no meaning.",
    "endraw": "The end of `raw`.",
}

OPERATORS: Mapping[str, str] = {
    "and": "Both sides are true.",
    "or": "One of the sides is true.",
    "not": "The opposite.",
    "in": "The left side is an element or a part of the right one.",
    "is": "A test: `value is defined`.",
    "if": "`A if CONDITION else B`.",
    "else": "The value if the condition is false.",
}

GLOBALS: Mapping[str, str] = {
    "range": "`range(stop)`, `range(start, stop, step)`: numbers.",
    "namespace": "`namespace(name=value)`: an object that a loop can change with `set`.",
}

LOOP: Mapping[str, str] = {
    "index": "The number of the round, from 1.",
    "index0": "The number of the round, from 0.",
    "revindex": "The number of rounds that are left, with this one.",
    "revindex0": "The number of rounds that are left, without this one.",
    "first": "Whether this is the first round.",
    "last": "Whether this is the last round.",
    "length": "The number of items.",
    "previtem": "The item before; undefined in the first round.",
    "nextitem": "The item after; undefined in the last round.",
    "depth": "How deep a recursive loop is, from 1.",
    "depth0": "How deep a recursive loop is, from 0.",
    "cycle": '`loop.cycle("a", "b")`: its arguments in turns.',
    "changed": "`loop.changed(value)`: whether the value differs from that of the round before.",
}

_OWN: Mapping[str, str] = {
    "format": "Fills `%s` and `%d` in a format text.",
    "indent": "Indents all lines but the first.",
    "join": "The items as one text, with a separator between them.",
    "json": "The value as JSON, keys in their order.",
    "tojson": "The value as JSON.",
    "parse_json": "The value of a JSON text.",
    "replace": "The text with one part replaced by another.",
    "split": "The parts of a text between separators.",
    "striptags": "The text without tags and comments of HTML.",
    "sum": "The sum of the items.",
    "trim": "The text without blanks around it.",
    "unique": "The items without repeats.",
    "wordwrap": "The text in lines of a width.",
    "default": "Another value if this one is undefined; with `true` also if it is empty.",
    "dictsort": "The pairs of an object, sorted by key.",
    "filesizeformat": "A number of bytes such as `13 kB`.",
    "first": "The first item.",
    "last": "The last item.",
    "groupby": "The items in groups of equal values of an attribute.",
    "items": "The pairs of an object: key and value.",
    "lower": "The text in lower case.",
    "upper": "The text in upper case.",
    "map": "The items with a filter applied, or one attribute of each.",
    "reject": "The items for which a test fails.",
    "rejectattr": "The items for whose attribute a test fails.",
    "select": "The items for which a test succeeds.",
    "selectattr": "The items for whose attribute a test succeeds.",
    "reverse": "The items, or the text, in reverse order.",
    "sort": "The items in order.",
    "title": "The text with a capital letter at the start of each word.",
    "truncate": "The beginning of a text, up to a length.",
    "urlencode": "The text as a part of an address.",
    "wordcount": "The number of words.",
    "batch": "The items in lists of a length.",
    "slice": "The items in a number of lists.",
    "count": "The number of items or characters.",
    "d": "Another value if this one is undefined.",
    "e": "The text with `&`, `<`, `>` and quotes escaped for HTML.",
    "escape": "The text with `&`, `<`, `>` and quotes escaped for HTML.",
    "length": "The number of items or characters.",
    "list": "The items as a list.",
    "int": "The value as a whole number; 0 if it is not one.",
    "float": "The value as a number; 0.0 if it is not one.",
}


_OWN_TESTS: Mapping[str, str] = {
    "defined": "The value exists.",
    "undefined": "The value does not exist.",
    "divisibleby": "The number is divisible by another: `is divisibleby(3)`.",
    "even": "The number is even.",
    "odd": "The number is odd.",
    "none": "The value is null.",
    "mapping": "The value is an object.",
    "sequence": "The value is a list or a text.",
    "iterable": "The value is a list, an object or a text.",
    "in": "The value is an element or a part of another: `is in(list)`.",
}


@cache
def filters() -> Mapping[str, str]:
    """Each filter with one line about it."""
    from promptops.runtime.template.filters import allowed_filters

    return {name: _OWN.get(name) or _first_line(each) for name, each in allowed_filters().items()}


@cache
def tests() -> Mapping[str, str]:
    """Each test that has a name with one line about it."""
    from promptops.runtime.template.filters import allowed_tests

    found = {name: each for name, each in allowed_tests().items() if name.isidentifier()}
    return {name: _OWN_TESTS.get(name) or _first_line(each) for name, each in found.items()}


def _first_line(function: object) -> str:
    lines = (function.__doc__ or "").strip().partition("\n\n")[0].split("\n")
    text = " ".join(line.strip() for line in lines).replace("``", "`")
    return text.partition(". ")[0].rstrip(".:") + "." if text else ""
