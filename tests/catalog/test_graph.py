"""What files name, from their content alone, and what that means where they stand."""

from __future__ import annotations

import hashlib

import pytest

from promptops.catalog.catalog import Catalog
from promptops.lint.examples import MemoryTree
from promptops.model.config import Config

HEAD = "format: promptops/1\n"


def catalog(files: dict[str, str | bytes], **config) -> Catalog:
    contents = {
        path: text.encode() if isinstance(text, str) else text for path, text in files.items()
    }
    return Catalog(MemoryTree(contents), Config(**config))


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("a.prompt.yaml", HEAD, ()),
        ("a.prompt.yaml", HEAD + "extends: ./b.prompt.yaml\n", ("p./b.prompt.yaml",)),
        ("a.prompt.yaml", HEAD + "aliases: [old, 1]\n", ("aold",)),
        (
            "a.prompt.yaml",
            HEAD + "messages:\n  - {role: user, content: {file: body.md}}\n",
            ("pbody.md",),
        ),
        (
            "a.prompt.yaml",
            HEAD + "messages:\n"
            "  - for_each: x\n    as: y\n    messages:\n"
            "      - role: user\n        content:\n"
            '          - {text: \'{% include ["a.j2", "b.j2"] %}\'}\n'
            "          - {image: {file: ./c.png}}\n",
            ("p./c.png", "pa.j2", "pb.j2"),
        ),
        (
            "a.prompt.yaml",
            HEAD + "inputs: {properties: {x: {$ref: 'a.json#/$defs/y'}, y: {$ref: '#/z'}}}\n"
            "output: {schema: {$ref: b.json}}\n"
            "tools: [{ref: c.json}, {name: d, parameters: {$ref: ./d.json}}, 1]\n"
            "tests: [{file: e.csv}, {name: f, inputs: {file: g, text: '{% include \"h\" %}'}}]\n",
            ("pe.csv", "s./d.json", "sa.json", "sb.json", "sc.json"),
        ),
        ("a.prompt.yaml", HEAD + "messages: {file: 3}\ntools: x\ntests: {}\n", ()),
        (
            "a.prompt.yaml",
            "messages: [\n '{% include \"./x/y.j2\" %}'\n",
            ("p./x/y.j2", "s./x/y.j2"),
        ),
        ("t.j2", "{% include 'a.j2' %}{% import \"b.j2\" as b %}{{ x }}", ("pa.j2", "pb.j2")),
        ("t.j2", "include 'a.j2'", ()),
        ("t.j2", "{% include 'a.j2' %}{% if %}", ("pa.j2", "sa.j2")),
        ("t.j2", "{% include name %}", ()),
        ("t.j2", "{% include 'a\\x00.j2' %}", ()),
        ("s.json", '{"a": [{"$ref": "x.json#/y"}, {"$ref": "#/z"}, {"$ref": 3}]}', ("sx.json",)),
        ("s.json", '{"$ref": "x.json"', ("p$ref", "px.json", "s$ref", "sx.json")[1::2]),
        ("s.json", "[" * 100_000, ()),
        ("c.jsonl", '{"$ref": "x.json"}', ()),
        ("c.png", b"\xff\xfe", ()),
        ("t.md", b"\xff\xfe{% include 'a.j2' %}", ()),
    ],
)
def test_what_a_file_names(path, text, names):
    assert catalog({f"prompts/{path}": text}).graph.names(f"prompts/{path}") == names


def test_a_name_means_a_path_of_each_root_it_may_start_from():
    found = catalog(
        {"a/x.prompt.yaml": HEAD + "extends: y\ntools: [{ref: ./t.json}, {ref: t.json}]\n"},
        prompts=("b", "a"),
        schemas=("s",),
    )

    assert found.graph.targets("a/x.prompt.yaml") == {"a/y", "b/y", "a/t.json", "s/t.json"}


def test_who_names_a_file_and_who_is_above_it():
    found = catalog(
        {
            "prompts/one.prompt.yaml": HEAD + "extends: ./two.prompt.yaml\n",
            "prompts/two.prompt.yaml": HEAD
            + "messages: [{role: user, content: '{% include \"a.j2\" %}'}]\n",
            "prompts/a.j2": "{% include './b.j2' %}",
            "prompts/b.j2": "{% include 'a.j2' %}",
            "prompts/c.j2": "in words: b.j2",
            "other/d.j2": "{% include 'b.j2' %}",
        }
    ).graph

    above = list(found.dependents("prompts/b.j2"))

    assert list(found.files_naming("prompts/b.j2")) == ["prompts/a.j2"]
    assert above == ["prompts/a.j2", "prompts/two.prompt.yaml", "prompts/one.prompt.yaml"]


def test_each_of_two_equal_files_names_what_they_name():
    text = "{% include 'a.j2' %}"
    found = catalog({"prompts/b.j2": text, "prompts/c.j2": text}).graph
    list(found.files_naming("prompts/a.j2"))  # the index is there, and empty

    found.parse(["prompts/b.j2", "prompts/c.j2"])

    assert list(found.files_naming("prompts/a.j2")) == ["prompts/b.j2", "prompts/c.j2"]


def test_what_is_known_is_not_read_again():
    data = b"{% include 'a.j2' %}"
    key = "t" + hashlib.sha1(data, usedforsecurity=False).hexdigest()
    tree = MemoryTree({"prompts/b.j2": data})
    found = Catalog(tree, Config(), known=lambda: {key: ("pelsewhere.j2",)}).graph

    assert (found.names("prompts/b.j2"), found.unparsed) == (("pelsewhere.j2",), [])
    assert found.parsed_count == 0


def test_the_same_bytes_name_other_files_as_a_prompt_than_as_a_template():
    text = HEAD + "extends: ./b.prompt.yaml\n"
    found = catalog({"prompts/a.prompt.yaml": text, "prompts/a.md": text}).graph

    assert found.names("prompts/a.prompt.yaml") == ("p./b.prompt.yaml",)
    assert found.names("prompts/a.md") == ()


def test_what_a_prompt_rests_on_is_all_that_it_reaches_or_lacks():
    found = catalog(
        {
            "prompts/a.prompt.yaml": HEAD
            + "extends: ./base/b.prompt.yaml\ntests: [{file: ./a.cases.jsonl}]\n",
            "prompts/base/b.prompt.yaml": HEAD
            + "inputs: {properties: {x: {$ref: s.json}}}\n"
            + "messages: [{role: user, content: '{% include \"p.j2\" %}'}]\n",
            "prompts/p.j2": "{% include 'gone.j2' %}",
            "prompts/a.cases.jsonl": "{}\n",
            "schemas/s.json": '{"$ref": "t.json"}',
            "schemas/t.json": "{}",
        }
    )

    assert found.dependencies("prompts/a.prompt.yaml") == {
        "prompts/base/b.prompt.yaml",
        "prompts/p.j2",
        "prompts/gone.j2",
        "prompts/a.cases.jsonl",
        "prompts/a.recordings.jsonl",
        "schemas/s.json",
        "schemas/t.json",
    }


def test_a_variant_reads_what_its_parent_names_beside_the_parent():
    found = catalog(
        {
            "prompts/de/a.prompt.yaml": HEAD + "extends: base/b.prompt.yaml\n",
            "prompts/base/b.prompt.yaml": HEAD
            + "aliases: [old]\nmessages: [{role: user, content: {file: ./body.md}}]\n"
            + "tests: [{file: ./b.cases.jsonl}]\ntools: [{ref: ./t.json}]\n",
            "prompts/base/body.md": "Hello.\n",
            "prompts/base/t.json": '{"name": "t"}',
            "prompts/base/b.cases.jsonl": '{"name": "one"}\n',
        }
    ).loaded("prompts/de/a.prompt.yaml")

    assert found.prompt is not None
    assert {(each.target, each.found) for each in found.references} == {
        ("prompts/base/b.prompt.yaml", True),
        ("prompts/base/body.md", True),
        ("prompts/base/t.json", True),
        ("prompts/base/b.cases.jsonl", True),
    }
    assert (found.prompt.aliases, [case.name for case in found.prompt.cases]) == ((), ["one"])


def test_ids_are_paths_below_a_root_without_their_ending():
    found = catalog(
        {
            "a/x.prompt.yaml": HEAD,
            "a/y/z.prompt.yml": HEAD,
            "a/.prompt.yaml": HEAD,
            "b/x.prompt.yaml": HEAD,
            "c/x.prompt.yaml": HEAD,
            "a/x.yaml": HEAD,
        },
        prompts=("a", "b"),
    )

    assert found.ids == {
        "a/x.prompt.yaml": "x",
        "a/y/z.prompt.yml": "y/z",
        "a/.prompt.yaml": "",
        "b/x.prompt.yaml": "x",
    }
    assert found.paths["x"] == "a/x.prompt.yaml"
    assert (found.id_of("a/new.prompt.yaml"), found.id_of("c/x.prompt.yaml")) == ("new", None)
