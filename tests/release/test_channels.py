"""`channels.yaml`: what it says, and how it is changed without touching anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import InputError
from promptops.release.channels import HEAD, read_channels, with_channel
from promptops.runtime.loading.source import Pointer, wrong_name

A, B = "a" * 64, "b" * 64
UNCLEAR = "`main` must set `release` and `serial`"
NEW = Pointer(release="v2.0.0", digest=B, serial=13)

BLOCK = f"""\
# who may promote: see CODEOWNERS
x-note: {{kept: [as, it, is]}}

production:            # customers
  release: "v1.8.0"    # since Monday
  x-ticket: OPS-7
  serial: 12
  bundle: sha256:{A}

staging: {{release: 'v1.9.0', serial: 3}}   # everybody else
# the end"""


def test_the_channels_of_a_file_are_read_in_its_order():
    beta = f"beta: {{release: v1.0.0, bundle: sha256:{A}, serial: 2}}\n"

    found = read_channels(f"{beta}main: {{release: v2, serial: 1}}\n".encode())

    assert list(found.items()) == [
        ("beta", Pointer(release="v1.0.0", digest=A, serial=2)),
        ("main", Pointer(release="v2", digest=None, serial=1)),
    ]


def test_a_block_is_changed_and_all_else_stays():
    data = BLOCK.replace("x-note: {kept: [as, it, is]}\n", "").encode()

    changed = with_channel(data, "production", NEW)

    expected = data.replace(b'"v1.8.0"', b'"v2.0.0"').replace(b"12", b"13")
    assert changed == expected.replace(A.encode(), B.encode())


def test_braces_get_the_digest_that_they_lack():
    changed = with_channel(b"main: {release: 'v1.9.0', serial: 3}   # all\n", "main", NEW)

    expected = f"main: {{release: 'v2.0.0', bundle: sha256:{B}, serial: 13}}   # all\n"
    assert changed.decode() == expected


def test_a_block_gets_the_digest_that_it_lacks_behind_its_release():
    changed = with_channel(b"main:\n   release: v1.9.0 # so\n   serial: 3", "main", NEW)

    expected = f"main:\n   release: v2.0.0 # so\n   bundle: sha256:{B}\n   serial: 13"
    assert changed.decode() == expected


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ("", HEAD),
        ("# only a comment", "# only a comment\n"),
        ("main: {release: v1, serial: 1}", "main: {release: v1, serial: 1}\n"),
        (
            "main:\n  release: v1\n  serial: 1\n# end\n",
            "main:\n  release: v1\n  serial: 1\n# end\n",
        ),
    ],
)
def test_a_new_channel_is_added_at_the_end(before, kept):
    added = f"production:\n  release: v2.0.0\n  bundle: sha256:{B}\n  serial: 13\n"

    assert with_channel(before.encode(), "production", NEW).decode() == kept + added


def test_line_endings_stay():
    data = b"main:\r\n  release: v1 # one\r\n  serial: 1\r\n"

    changed = with_channel(data, "main", NEW)

    lines = [
        b"main:",
        b"  release: v2.0.0 # one",
        b"  bundle: sha256:" + B.encode(),
        b"  serial: 13",
    ]
    assert changed == b"".join(line + b"\r\n" for line in lines)


def test_what_others_take_for_a_boolean_is_quoted():
    assert b'\n"on":\n' in with_channel(b"# x", "on", NEW)
    assert b'\n"true":\n' in with_channel(b"# x", "true", NEW)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("main: [", "channels.yaml:1:8", "a value is missing here"),
        ("- a\n", "channels.yaml", "expected a mapping from channels to releases"),
        (
            "main: 7\n",
            "channels.yaml",
            UNCLEAR,
        ),
        (
            "main: {release: v1, serial: 0}",
            "channels.yaml",
            UNCLEAR,
        ),
        (
            "v1.2.3: {release: v1, serial: 1}",
            "channels.yaml",
            "`v1.2.3` can't be the name of a channel: it could be a version",
        ),
        ("main: &x {release: v1, serial: 1}\nbeta: *x\n", None, None),
        ("main: {release: v1, serial: 1}\nmain: {release: v2, serial: 2}\n", None, None),
        ("\ufeffmain: {release: v1, serial: 1}\n", "channels.yaml:1:1", None),
        ("main: \0", "channels.yaml:1:7", "a NUL character"),
    ],
)
def test_a_file_that_is_wrong_is_neither_read_nor_changed(text, place, message):
    for attempt in (
        lambda: read_channels(text.encode()),
        lambda: with_channel(text.encode(), "main", NEW),
    ):
        with pytest.raises(InputError) as raised:
            attempt()

        assert place in (None, raised.value.where)
        assert message in (None, raised.value.message)


@pytest.mark.parametrize(
    "text",
    [
        "{main: {release: v1, serial: 1}}",
        "main:\n  bundle:\n  release: v1\n  serial: 1\n",
        "---\nbeta: {release: v1, serial: 1}\n...\n",
    ],
)
def test_what_can_not_be_changed_by_places_is_refused_and_not_rewritten(text):
    name = "main" if "bundle" in text else "new"

    with pytest.raises(InputError, match=f"`{name}` can't be changed as it is written"):
        with_channel(text.encode(), name, NEW)


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True).filter(
    lambda name: wrong_name(name) is None
)
POINTERS = st.builds(
    Pointer,
    release=st.one_of(st.sampled_from(["v1.0.0", "1.2.3", "a'b", 'c"d#e', "no", "rel/v1.0"])),
    digest=st.sampled_from([A, B]),
    serial=st.integers(1, 2**62),
)


@given(st.lists(st.tuples(NAMES, POINTERS), min_size=1, max_size=8))
def test_whatever_is_written_is_read_again(writes):
    data = b""
    for name, pointer in writes:
        data = with_channel(data, name, pointer)

    assert dict(read_channels(data)) == dict(writes)


@pytest.mark.parametrize("canary", ["5", "{release: v2, percent: 5}", "null"])
def test_a_canary_is_refused_at_its_place(canary: str) -> None:
    data = f"main:\n  release: v1\n  serial: 1\n  canary: {canary}\n".encode()

    for use in (
        read_channels,
        lambda d: with_channel(d, "other", Pointer(release="v1", digest=A, serial=1)),
    ):
        with pytest.raises(InputError) as raised:
            use(data)
        assert (raised.value.message, raised.value.where) == (
            "`canary` is not supported yet: no reader would serve it",
            "channels.yaml:4:3",
        )
