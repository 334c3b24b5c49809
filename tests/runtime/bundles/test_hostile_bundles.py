"""Whatever somebody calls a bundle: it is refused with a reason, and quickly."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from itertools import product

import pytest

from promptops.bundles.build import bundle_of
from promptops.errors import InputError
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import bundle_bytes, read_bundle
from promptops.runtime.request.answers import AnswerError
from promptops.workspace.workspace import workspace
from tests.hanging import ends_soon
from tests.runtime.bundles.made import FILES, ORIGIN, of_line, of_value, sealed
from tests.tiers import fast_first

LINE = {
    "id": "ask",
    "path": "prompts/ask.prompt.yaml",
    "status": "active",
    "inputs": '{"type":"object"}',
    "output": {"format": "text"},
    "messages": [
        {
            "at": "/messages/0",
            "role": "user",
            "plain": True,
            "parts": [{"at": "/messages/0/content", "path": "p", "text": "hi", "starts": [1, 1]}],
        }
    ],
    "version": "1.0.0",
    "contract": "0" * 64,
    "digest": "0" * 64,
}
SECOND = {
    "aliases": {},
    "commit": "c" * 40,
    "content": "e" * 64,
    "files": {},
    "parts": {},
    "prompts": {},
    "release": None,
    "tree": "d" * 40,
}


def used(data):
    """All that an application can do with a bundle."""
    bundle = Bundle(read_bundle(data, "here"), where="here")
    for name in [*bundle, "was"]:
        if name in bundle:
            prompt = bundle[name]
            request = prompt.render_from({})
            assert request.digest
            assert request.openai()
            with suppress(AnswerError):
                prompt.parse("{}")
    return bundle


def test_the_line_that_the_others_are_made_of_is_fine():
    bundle = used(of_value(LINE))

    assert bundle["ask"].render().messages == ({"role": "user", "content": "hi"},)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b"\xff\xfe\n",
        b'{"bundle":1}\n',
        b'{"bundle":1,"sha256":1}\n',
        b'{"bundle":true,"sha256":""}\n',
        b'{"bundle":1.0,"sha256":""}\n',
        b'{"bundle":1,"bundle":1,"sha256":""}\n',
        b"[" * 100_000,
        b'{"bundle":' + b"9" * 10_000 + b',"sha256":""}\n',
        b'{"bundle":NaN,"sha256":""}\n',
        b"x" * 1_000_000,
        "\ufeff{}".encode(),
        '{"bundle":1}'.encode("utf-16"),
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_no_bundle_says_so(data):
    with pytest.raises(InputError, match=r"not a bundle|digest"):
        read_bundle(data, "here")


@pytest.mark.parametrize(
    ("number", "hint"), [(3, "install a newer promptops"), (0, "build it again")]
)
def test_another_format_is_told_by_its_number(number, hint):
    data = json.dumps({"bundle": number, "sha256": "0" * 64}).encode() + b"\n{}\n"

    with pytest.raises(
        InputError, match=f"the bundle has the unsupported format {number}"
    ) as raised:
        read_bundle(data, "here")

    assert raised.value.hint == hint


@pytest.mark.parametrize(
    ("programs", "hint"), [(2, "install a newer promptops"), (0, "build it again")]
)
def test_programs_of_another_version_are_refused_by_their_number(programs, hint):
    data = sealed({**SECOND, "programs": programs}).replace(b'{"bundle":1', b'{"bundle":2', 1)

    with pytest.raises(InputError, match=f"the unsupported programs {programs}") as raised:
        read_bundle(data, "here")

    assert raised.value.hint == hint


def test_a_byte_flipped_or_cut_off_anywhere_is_refused():
    data = of_value(LINE)
    chance = random.Random(1)

    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << chance.randrange(8)
        with pytest.raises(InputError):
            read_bundle(bytes(flipped), "here")
        with pytest.raises(InputError):
            read_bundle(data[:at], "here")


@pytest.mark.parametrize(
    "second",
    [
        b"",
        b"[]",
        b"{}",
        b'{"a":1,"a":1}',
        *({**SECOND, name: wrong} for name in SECOND for wrong in (1, [], ["x"], True)),
        *({k: v for k, v in SECOND.items() if k != name} for name in SECOND if name != "release"),
        {**SECOND, "commit": None},
        json.dumps({**SECOND, "commit": "\ud800"}).encode(),
    ],
    ids=str,
)
def test_a_table_of_another_shape_is_refused(second):
    with pytest.raises(InputError, match="not a bundle"):
        read_bundle(sealed(second), "here")


SPANS = [None, 1, [], [0], [0, 1, 2], ["0", 1], [0.0, 5], [True, 5], [-1, 5], [0, -1], {}, "00"]
SPANS += [[0, 1], [1, 1], [10**9, 5], [10**30, 10**30], [0, 10**9], [[0], 1]]


@pytest.mark.parametrize("span", SPANS, ids=str)
@pytest.mark.parametrize("kind", ["prompts", "parts", "files"])
def test_a_span_of_no_line_is_refused(kind, span):
    file = {"at": "/m", "kind": "image", "origin": "file", "value": "p"}
    text = {"at": "/m", "path": "p", "text": "{% include 'p' %}", "starts": [1, 1]}
    part = file if kind == "files" else text
    message = {"at": "/m", "role": "user", "plain": False, "parts": [part]}
    value = {**LINE, "messages": [message], "includes": {"p": {"p": "p"}}}
    name = "ask" if kind == "prompts" else "p"

    with pytest.raises(InputError, match="can't be read from the bundle"):
        used(of_line(json.dumps(value).encode(), **{kind: {name: span}}))


def test_a_number_of_400_digits_is_no_span_and_no_number():
    with pytest.raises(InputError, match="not a bundle"):
        used(of_line(json.dumps(LINE).encode(), prompts={"ask": [0, 10**400]}))


def changes(value, path=()):
    """The paths of all values within a value."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from changes(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from changes(inner, (*path, index))


def changed(value, path, to):
    if not path:
        return to
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = changed(value[path[0]], path[1:], to)
    return copied


WRONG = [None, True, 0, -1, 1.5, 10**30, "", "x", "[]", "{}", "null", "[1]", [], [1], {}, {"a": 1}]
WRONG += ['{"type":"object","type":"object"}', '{"minimum":1e999}', "[" * 5000, '{"type":5}']
WRONG += ['{"default":{"$ref":"#"}}', '{"$ref":"#/a"}', '{"$ref":"http://127.0.0.1:9/x"}']
WRONG += ['{"properties":{"a":{"default":1e400}}}', '{"a":' * 300 + "1" + "}" * 300]
WRONG += ['{"allOf":[{"$ref":"#"}]}', '{"pattern":"("}', '{"properties":[]}', '{"required":[5]}']
WRONG += ['{"properties":{"a":{"$ref":"#"}},"default":{}}', '{"items":[{"default":1}]}']


@pytest.mark.parametrize("step", fast_first([7, 1], 1))
def test_any_value_of_another_kind_is_refused_or_does_no_harm(full_value, step):
    """One change at a time, everywhere; nothing but InputError comes out, and soon.

    In the fast tier every seventh change, which is another value at each place.
    """
    for path, to in list(product(changes(full_value), WRONG))[::step]:
        value = changed(full_value, path, to)
        with ends_soon(), suppress(InputError):
            used(of_line(json.dumps(value, ensure_ascii=False).encode()))


@pytest.fixture
def full_value(repo):
    """The line of a prompt with one of everything."""
    repo.write(FILES)
    repo.commit("everything")
    with workspace(repo.root, "HEAD") as opened:
        contents = read_bundle(bundle_of(opened), "here")
    lines = contents.data.split(b"\n")
    value = next(json.loads(line) for line in lines if line.startswith(b'{"aliases":["was'))
    return {**value, "id": "ask", "aliases": []}


def test_a_line_of_another_prompt_is_refused():
    """Two entries of the table that were swapped, and a digest made anew."""
    with pytest.raises(InputError, match="the prompt 'ask' can't be read from the bundle"):
        used(of_line(json.dumps({**LINE, "id": "other"}).encode()))


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(LINE).replace('"hi"', '"\\ud800"').encode(),
        json.dumps(LINE).replace('"hi"', '"\\\\\\udfff"').encode(),
        json.dumps(LINE).encode().replace(b"hi", b"\xed\xa0\x80"),
        json.dumps(LINE).replace('"id"', '"id": "x", "id"').encode(),
        json.dumps({**LINE, "x": 1}).replace("1}", "9" * 500 + "}").encode(),
        b"[" * 50_000 + b"]" * 50_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b"",
    ],
    ids=lambda line: repr(line[:12]) + str(len(line)),
)
def test_a_line_that_is_no_plain_json_is_refused(line):
    with pytest.raises(InputError, match="can't be read from the bundle"):
        used(of_line(line))


def test_a_text_may_speak_of_surrogates():
    text = 'an escape is \\ud83d, written "\\\\ud83d"'
    message = {**LINE["messages"][0]}
    message["parts"] = [{**message["parts"][0], "text": text}]
    data = bundle_bytes(ORIGIN, [{**LINE, "messages": [message]}], {}, {})

    assert used(data)["ask"].render().messages[0]["content"] == text


def test_an_alias_to_nothing_is_no_prompt():
    line = json.dumps(LINE).encode()

    for target in ("gone", 1, ["ask"], {}, None):
        bundle = Bundle(read_bundle(of_line(line, aliases={"was": target}), "here"), where="here")
        with pytest.raises(KeyError, match="there is no prompt 'was'"):
            bundle["was"]
