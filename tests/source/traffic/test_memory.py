"""Memory for files of any size, measured in a process of its own."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source.traffic.reading import EXPORTS

PROGRAM = """\
import resource, sys
from collections import Counter
from pathlib import Path
from promptops.source.traffic.files import opened
from promptops.source.traffic.parts import parts
from promptops.source.traffic.parts import samples

with opened(sys.argv[1:]) as files:
    found = Counter(type(each).__name__ for part in parts(files) for each in samples(part))
status = Path("/proc/self/status")
if status.exists():  # on Linux, ru_maxrss includes the peak of the process that started this one
    mb = int(status.read_text().split("VmHWM:")[1].split()[0]) // 2**10
else:
    mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
print(found["Sample"], found["BrokenLine"], mb)
"""
MOST_MB = 110
GOOD = b'{"prompt": "p", "output": "yes"}\n'
MB = 1024 * 1024


def _one_line(mb: int) -> Iterator[bytes]:
    yield GOOD
    yield b'{"prompt": "'
    yield from [b"x" * MB] * mb
    yield b'"}\n' + GOOD


def _many_lines(mb: int) -> Iterator[bytes]:
    line = json.dumps({"prompt": "p", "output": "x" * 2000, "inputs": {"n": 1}}).encode() + b"\n"
    yield from [line * 500] * mb


def _long_keys(mb: int) -> Iterator[bytes]:
    """Compressed, so that it is one part; each line has another unknown key."""
    for number in range(mb):
        key = b"%d" % number + b"x" * MB
        yield gzip.compress(b'{"prompt": "p", "output": "yes", "%s": 1}\n' % key, 1)


def _spans(mb: int) -> Iterator[bytes]:
    """Each line has almost as many spans as are read."""
    batch = json.loads((EXPORTS / "otlp-instrumentation.jsonl").read_text())
    scope = batch["resourceSpans"][0]["scopeSpans"][0]
    length = len(json.dumps(scope["spans"][0]))
    scope["spans"] *= int(7.9 * MB) // (length + 2)
    line = json.dumps(batch).encode() + b"\n"
    yield from [line] * (mb // 8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "mb", "broken"),
    [(_one_line, 100, 1), (_many_lines, 200, 0), (_long_keys, 150, 0), (_spans, 32, 0)],
    ids=["a line of 100 MB", "200 MB of lines", "long keys", "lines of 8 MB with spans"],
)
def test_files_of_any_size_are_read_in_little_memory(tmp_path: Path, data, mb, broken) -> None:
    path = tmp_path / "s.jsonl"
    with path.open("wb") as file:
        file.writelines(data(mb))

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    samples, found_broken, used_mb = map(int, done.stdout.split())
    assert (samples > 1, found_broken) == (True, broken)
    assert used_mb <= MOST_MB
