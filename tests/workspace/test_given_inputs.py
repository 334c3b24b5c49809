"""Inputs on a command line get the types that the inputs' schema admits."""

from __future__ import annotations

import json

import pytest

from promptops.cli.main import run
from promptops.errors import InputError, UsageError
from promptops.workspace.given_inputs import parse_inputs

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "no": {"type": "integer"},
        "ratio": {"type": "number"},
        "is_new": {"type": "boolean"},
        "items": {"type": "array"},
        "known": {"type": "object"},
        "maybe": {"type": ["string", "null"]},
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "kind": {"enum": ["1", "2"]},
        "level": {"$ref": "#/$defs/level"},
        "free": {},
    },
    "$defs": {"level": {"type": "string"}},
}


def value(written, directory="."):
    (found,) = parse_inputs(SCHEMA, (written,), directory).values()
    return found


MEDIA = {
    "properties": {
        "photo": {"type": "string", "contentMediaType": "image/jpeg"},
        "any": {"type": "string"},
        "note": {"type": "string", "contentMediaType": "text/plain"},
    },
}
FILES = {"a.jpg": b"\xff\xd8\xff", "a.PNG": b"\x89PNG", "a.bin": b"\xff", "a.txt": b"hi"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("photo=@a.jpg", "/9j/"),
        ("photo=@a.bin", "/w=="),  # of the declared type
        ("photo=@a.PNG", "data:image/png;base64,iVBORw=="),
        ("any=@a.jpg", "data:image/jpeg;base64,/9j/"),
        ("any=@a.bin", "/w=="),
        ("any=@a.txt", "data:text/plain;base64,aGk="),
        ("note=@a.txt", "hi"),  # a text of a template
        ("photo=/9j/", "/9j/"),
        ("photo=aGk\n=", "aGk\n="),
        ("photo=data:image/png;base64,AAAA", "data:image/png;base64,AAAA"),
        ("photo=https://acme.example/a.jpg", "https://acme.example/a.jpg"),
        ("photo=", ""),  # the renderer reports a missing value
    ],
)
def test_a_file_of_an_image_becomes_base64_with_its_media_type(tmp_path, written, expected):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)

    (found,) = parse_inputs(MEDIA, (written,), tmp_path, {"photo", "any"}).values()

    assert found == expected


@pytest.mark.parametrize("written", ["photo=a.jpg", "photo=receipt", "photo=aGk", "photo=@@a.jpg"])
def test_text_that_is_no_image_is_refused_with_the_way_to_pass_a_file(tmp_path, written):
    with pytest.raises(InputError) as refused:
        parse_inputs(MEDIA, (written,), tmp_path, {"photo"})

    assert (refused.value.message, refused.value.hint) == (
        "`photo` is neither base64, a `data:` URL nor an address",
        "for a file, write -i photo=@FILE",
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("name=7", "7"),
        ("name=true", "true"),
        ("name={}", "{}"),
        ("name=null", "null"),
        ("name=", ""),
        ("name=a=b", "a=b"),
        ('name="7"', "7"),
        ('name=he said "no"', 'he said "no"'),
        ("no=7", 7),
        ("no=seven", "seven"),
        ('no="7"', "7"),
        ("ratio=7", 7),
        ("ratio=7.5", 7.5),
        ("ratio=NaN", "NaN"),
        ("is_new=true", True),
        ("is_new=1", 1),
        ('items=["a", 1]', ["a", 1]),
        ('known={"a": null}', {"a": None}),
        ("known=[" + "[" * 100_000, "[" * 100_001),
        ("maybe=null", None),
        ("maybe=7", "7"),
        ("either=7", 7),
        ("either=seven", "seven"),
        ("kind=1", "1"),
        ("level=3", "3"),
        ("free=7", 7),
        ("free=seven", "seven"),
        ("unknown=7", 7),
        ("name=@@ada", "@ada"),
    ],
)
def test_the_schema_decides_the_type_of_a_written_value(written, expected):
    found = value(written)

    assert (type(found), found) == (type(expected), expected)


def test_an_input_that_is_given_twice_is_refused():
    with pytest.raises(UsageError, match="`no` is given twice"):
        parse_inputs(SCHEMA, ("no=1", "name=2", "no=3"), ".")


def test_a_value_is_read_from_a_file_of_the_directory(tmp_path):
    (tmp_path / "text.txt").write_bytes("Grüße,\r\nAda\n".encode())
    (tmp_path / "items.json").write_text('["a"]\n')

    assert value("name=@text.txt", tmp_path) == "Grüße,\r\nAda\n"
    assert value("items=@items.json", tmp_path) == ["a"]
    assert value(f"items=@{tmp_path}/items.json") == ["a"]


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        (
            "nowhere",
            "can't be read: no such file or directory",
            "for text that begins with `@`, write `@@nowhere`",
        ),
        (".", "can't be read: is a directory", "for text that begins with `@`, write `@@.`"),
        ("bytes", "not UTF-8", None),
    ],
)
def test_a_file_that_can_not_be_read_is_named(tmp_path, name, message, hint):
    (tmp_path / "bytes").write_bytes(b"\xff")

    with pytest.raises(InputError) as refused:
        value(f"name=@{name}", tmp_path)

    error = refused.value
    assert (error.message, error.where, error.hint) == (message, name, hint)


def test_a_file_for_an_unknown_input_is_left_to_the_check_of_names(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\xff")

    assert value("nmae=@bytes", tmp_path) == "@bytes"


def test_a_value_without_a_name_is_wrong_usage():
    with pytest.raises(UsageError, match="'name' has no value"):
        value("name")


def test_render_takes_a_number_for_a_string_and_a_file(repo, capfd):
    repo.write(
        {
            "prompts/ask.prompt.yaml": (
                "format: promptops/1\n"
                "inputs:\n  required: [no, doc]\n"
                "  properties: {no: {type: string}, doc: {type: string}}\n"
                "messages:\n  - {role: user, content: '{{ no }}: {{ doc }}'}\n"
            ),
            "docs/a.txt": "a page",
        }
    )

    folder = str(repo.root / "docs")
    code = run(
        ["render", "-C", folder, "ask", "-i", "no=7", "-i", "doc=@a.txt", "--format", "json"]
    )

    request = json.loads(capfd.readouterr().out)["request"]
    assert (code, request["messages"]) == (0, [{"role": "user", "content": "7: a page"}])


@pytest.mark.parametrize(
    ("command", "written", "expected"),
    [
        ("render", "photo=@a.jpg", (0, "")),
        ("run", "photo=@a.jpg", (0, "")),
        ("render", "photo=a.jpg", (3, "error: `photo` is neither base64")),
        ("run", "photo=a.jpg", (3, "error: `photo` is neither base64")),
        ("run", "photo=@b.jpg", (3, "b.jpg: error: can't be read")),
    ],
)
def test_a_photo_is_read_for_each_command_that_takes_inputs(
    repo, capfd, command, written, expected
):
    repo.write(
        {
            "promptops.toml": "[models.echo]\nprovider = 'echo'\nid = 'm'\n",
            "prompts/ask.prompt.yaml": (
                "format: promptops/1\nmodel: {profile: echo}\n"
                "inputs:\n  required: [photo]\n"
                "  properties: {photo: {type: string, contentMediaType: image/jpeg}}\n"
                "messages:\n  - role: user\n    content: [{image: {input: photo}}]\n"
            ),
            "a.jpg": "a",
        }
    )

    code = run([command, "-C", str(repo.root), "ask", "-i", written])

    said = capfd.readouterr()
    assert (code, code == 0 or said.err.startswith(expected[1])) == (expected[0], True), said.err
    assert ("data:image/jpeg;base64,YQ==" in said.out) == (code == 0)
