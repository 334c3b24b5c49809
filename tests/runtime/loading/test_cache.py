"""The cache on disk: damaged, full, not there, shared, and killed while it is written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import promptops
from promptops.runtime.loading.cache import MAX_POINTERS, BundleCache, cache_folder
from tests.runtime.loading.conftest import ROOT
from tests.runtime.loading.site import bundle, digest_of
from tests.runtime.loading.site_server import ServedSite
from tests.runtime.loading.state import forget

Program = Callable[..., subprocess.CompletedProcess[str]]

DATA = bundle(text="A longer text, " * 10_000)
DIGEST = digest_of(DATA)


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def test_what_was_kept_is_found_in_another_process(tmp_path: Path) -> None:
    BundleCache(tmp_path).keep_bundle(DIGEST, DATA)

    found = BundleCache(tmp_path).bundle(DIGEST)

    assert found is not None
    assert found.digest == DIGEST


@pytest.mark.parametrize("damaged", [b"", b"{", DATA[:-1], DATA.replace(b"longer", b"shorter")])
def test_a_damaged_file_is_taken_away(tmp_path: Path, damaged: bytes) -> None:
    BundleCache(tmp_path).keep_bundle(DIGEST, DATA)
    (file,) = (each for each in tmp_path.rglob("*") if each.is_file())
    file.write_bytes(damaged)

    assert (BundleCache(tmp_path).bundle(DIGEST), files(tmp_path)) == (None, [])


def test_a_whole_bundle_under_the_name_of_another_is_not_taken(tmp_path: Path) -> None:
    BundleCache(tmp_path).keep_bundle("0" * 64, DATA)

    assert BundleCache(tmp_path).bundle("0" * 64) is None


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_damaged_pointer_is_none(tmp_path: Path, damaged: bytes) -> None:
    BundleCache(tmp_path).keep_pointer({"bundle": DIGEST}, "a", "b")
    (file,) = (tmp_path / "pointers").iterdir()
    file.write_bytes(damaged)

    assert BundleCache(tmp_path).pointer("a", "b") is None


@pytest.mark.parametrize("digest", ["", "..", "../" * 4 + "file", DIGEST.upper(), f"{DIGEST}\n"])
def test_what_is_no_digest_is_no_name_of_a_file(tmp_path: Path, digest: str) -> None:
    (tmp_path / "file.jsonl").write_bytes(b"mine")

    assert BundleCache(tmp_path / "a" / "b").bundle(digest) is None
    assert (tmp_path / "file.jsonl").read_bytes() == b"mine"


def test_no_two_keys_are_one(tmp_path: Path) -> None:
    cache = BundleCache(tmp_path)
    cache.keep_pointer({"bundle": "1"}, "a", "bc")

    assert [cache.pointer(*key) for key in (("ab", "c"), ("a", "b", "c"), ("a", "bc"))] == [
        None,
        None,
        {"bundle": "1"},
    ]


def test_a_serial_only_grows(tmp_path: Path) -> None:
    cache = BundleCache(tmp_path)

    for serial in (3, 12, 5, 0):
        cache.keep_serial(serial, "site", "production")

    assert cache.serial("site", "production") == 12


@pytest.mark.parametrize("below", ["a file", "nothing"])
def test_a_folder_that_can_not_be_is_no_error(tmp_path: Path, below: str) -> None:
    """Below a file nothing can be made, not even by root."""
    (tmp_path / "file").write_text("")
    cache = BundleCache(tmp_path / "file" / "cache" if below == "a file" else None)

    cache.keep_bundle(DIGEST, DATA)
    cache.keep_pointer({"bundle": DIGEST}, "a")
    cache.keep_serial(7, "a")

    assert (cache.bundle(DIGEST), cache.pointer("a"), cache.serial("a")) == (None, None, 0)


def test_it_is_bounded_and_what_was_not_used_for_longest_goes(tmp_path: Path) -> None:
    cache = BundleCache(tmp_path, max_bytes=3 * len(DATA))
    kept = [bundle(text=f"{number}" + "A longer text, " * 10_000) for number in range(5)]

    for number, data in enumerate(kept):
        cache.keep_bundle(digest_of(data), data)
        age(tmp_path, number)
        cache.bundle(digest_of(kept[0]))

    found = [cache.bundle(digest_of(data)) is not None for data in kept]
    assert (found[0], found[1], found[4]) == (True, False, True)


def age(folder: Path, number: int) -> None:
    """Have all that is there be older than what comes."""
    for file in folder.rglob("*.jsonl"):
        status = file.stat()
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns - 10**9))


def test_pointers_are_bounded(tmp_path: Path) -> None:
    folder = tmp_path / "pointers"
    folder.mkdir()
    for number in range(MAX_POINTERS + 10):
        (folder / f"{number}.json").touch()

    BundleCache(tmp_path).keep_pointer({"bundle": DIGEST}, "new")

    assert len(list(folder.iterdir())) == MAX_POINTERS
    assert BundleCache(tmp_path).pointer("new") == {"bundle": DIGEST}


def test_what_a_process_left_that_died_is_taken_away(tmp_path: Path) -> None:
    cache = BundleCache(tmp_path)
    cache.keep_bundle(DIGEST, DATA)
    (file,) = (each for each in tmp_path.rglob("*") if each.is_file())
    old, new = (file.with_name(f"{name}.part") for name in ("old", "new"))
    for each in (old, new):
        each.write_bytes(b"half")
    os.utime(old, (0, 0))

    cache.keep_bundle(DIGEST, DATA)

    assert (old.exists(), new.exists()) == (False, True)


WRITE = """
import sys
from pathlib import Path
from promptops.runtime.loading.cache import BundleCache
cache, data = BundleCache(Path(sys.argv[1])), Path(sys.argv[2]).read_bytes()
print("ready", flush=True)
while True:
    cache.keep_bundle(sys.argv[3], data)
    cache.keep_pointer({"bundle": sys.argv[3]}, "ref")
"""


def test_two_that_write_are_killed_while_one_reads(tmp_path: Path) -> None:
    """Whenever they die, what is found is whole."""
    (tmp_path / "bundle").write_bytes(DATA)
    cache = BundleCache(tmp_path / "cache")
    arguments = (str(tmp_path / "cache"), str(tmp_path / "bundle"), DIGEST)

    for _ in range(4):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITE, *arguments],
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
            )
            for _ in range(2)
        ]
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        pointer, reads = None, 0
        while pointer is None or reads < 200:
            pointer = cache.pointer("ref")
            assert pointer in (None, {"bundle": DIGEST})
            read = cache.bundle(DIGEST)
            assert read is None or read.digest == DIGEST
            reads += 1
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()

    assert cache.bundle(DIGEST) is not None


FULL = """
import resource, sys
from pathlib import Path
sys.dont_write_bytecode = True  # half a compiled module would break later programs
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
import promptops
for _ in range(2):
    print(promptops.load("production", source=sys.argv[1], timeout_s=60).digest)
"""


@pytest.mark.parametrize("left", [0, 100])
def test_a_full_disk_is_no_error_and_leaves_nothing_half_done(
    server: ServedSite, cache: Path, program: Program, left: int
) -> None:
    done = program(FULL, server.address, left)

    digest = promptops.load("v1.1.0", source=server.address).digest
    assert done.stdout.split() == [digest, digest]
    halves = [file for file in cache.rglob("*") if file.suffix == ".part"]
    assert halves == []


def test_a_home_that_can_not_be_written_is_no_error(
    server: ServedSite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file" / "home"))

    loaded = promptops.load("production", source=server.address)

    assert (loaded.release, loaded.stale) == ("v1.1.0", False)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"PROMPTOPS_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/promptops"),
        ({"XDG_CACHE_HOME": "not/absolute", "HOME": "/c"}, "/c/.cache/promptops"),
        ({"PROMPTOPS_CACHE": "", "HOME": "/c"}, "/c/.cache/promptops"),
    ],
)
def test_where_it_is(
    environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert cache_folder() == Path(folder)


def test_what_is_kept_is_for_nobody_else(server: ServedSite, cache: Path) -> None:
    promptops.load("production", source=server.address)
    forget()

    modes = {file.stat().st_mode & 0o077 for file in cache.rglob("*") if file.is_file()}

    assert modes == {0}
