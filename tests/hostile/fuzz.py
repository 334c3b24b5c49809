"""Looks at hostile files in large numbers: nothing crashes, hides another finding, or takes long.

    python tests/hostile/fuzz.py --files 50000 --pairs 20000 --changes 4000 --commands 500 --seed 1

Each file is made from the seed and its number: `--only files:17` looks at one of them again, with a
traceback, and `--keep DIR` writes it. With `--progress FILE` a run that ended early goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from fuzzing.checks import CHECKS, FINE, Wrong, generator  # noqa: E402
from fuzzing.files import hostile  # noqa: E402

MAX_CPU_S = 10.0
MAX_GROWTH_MB = 200.0
STOPPED_AFTER_S = 60
MAX_MEMORY = 4 * 2**30
SHOWN = 40
AT_ONCE = {"files": 250, "pairs": 250, "changes": 25, "commands": 10}


@dataclass(slots=True)
class Part:
    """Some items of one kind, and what became of them.

    Attributes:
        slowest: Processor seconds and number of the slowest item.
        largest: Megabytes by which the process grew, and the number of that item.
        failures: Number and reason of each item of which something does not hold.
    """

    kind: str
    start: int
    count: int
    cpu_s: float = 0.0
    slowest: tuple[float, int] = (0.0, -1)
    largest: tuple[float, int] = (0.0, -1)
    failures: list[tuple[int, str]] = field(default_factory=list)


def main() -> int:
    options = _options()
    os.environ |= {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "HOME": "/nonexistent",
    }
    os.environ.pop("PROMPTOPS_DEBUG", None)
    if options.only:
        return _again(options)
    done = _known(options)
    _run(list(_parts(options, done)), options, done)
    return _summary(done, options.seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for kind in CHECKS:
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--progress", metavar="FILE", help="a line for each part; parts in it are not run again"
    )
    parser.add_argument("--only", metavar="KIND:NUMBER")
    parser.add_argument("--keep", metavar="DIR", help="with --only: write the files there")
    return parser.parse_args()


def _parts(options: argparse.Namespace, done: list[Part]) -> Iterator[Part]:
    """What is asked for and not done yet."""
    for kind, size in AT_ONCE.items():
        known = {
            n
            for each in done
            if each.kind == kind
            for n in range(each.start, each.start + each.count)
        }
        left = [index for index in range(getattr(options, kind)) if index not in known]
        while left:
            count = next((n for n in range(1, size) if left[n : n + 1] != [left[0] + n]), size)
            yield Part(kind, left[0], count)
            del left[:count]


def _known(options: argparse.Namespace) -> list[Part]:
    if not options.progress or not Path(options.progress).exists():
        return []
    rows = (json.loads(line) for line in Path(options.progress).read_text().splitlines())
    return [_part(row["part"]) for row in rows if row["seed"] == options.seed]


def _part(row: dict[str, Any]) -> Part:
    pairs = {name: tuple(row[name]) for name in ("slowest", "largest")}
    return Part(**{**row, **pairs})


def _run(parts: list[Part], options: argparse.Namespace, done: list[Part]) -> None:
    """Each part in a process of its own: one that is killed loses one item."""
    waiting, running = list(reversed(parts)), {}
    began = time.monotonic()
    while waiting or running:
        while waiting and len(running) < max(options.processes, 1):
            child = _Child(waiting.pop(), options.seed)
            running[child.pid] = child
        pid, status = os.wait()
        child = running.pop(pid, None)
        if child is None:
            continue
        part, rest = child.result(status)
        if rest is not None:
            waiting.append(rest)
        done.append(part)
        if options.progress:
            with Path(options.progress).open("a") as file:
                file.write(json.dumps({"seed": options.seed, "part": asdict(part)}) + "\n")
        if sys.stderr.isatty() or len(done) % 20 == 0:
            print(
                f"{len(done)} parts, {time.monotonic() - began:.0f} s, {part.kind} {part.start}",
                file=sys.stderr,
            )


class _Child:
    """A forked process that looks at one part; what it looks at now is in a file."""

    def __init__(self, part: Part, seed: int) -> None:
        self.part = part
        self._at = tempfile.TemporaryFile()
        self._found = tempfile.TemporaryFile()
        memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self._folder = tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory)
        self.pid = os.fork()
        if not self.pid:
            code = 1
            tempfile.tempdir = self._folder.name  # which its parent removes, even if it is killed
            try:
                _look(part, seed, self._at.fileno(), self._found.fileno())
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)

    def result(self, status: int) -> tuple[Part, Part | None]:
        """What became of the part; of one that was killed, the rest is to be done, too."""
        part, code = self.part, os.waitstatus_to_exitcode(status)
        self._folder.cleanup()
        rows = os.pread(self._found.fileno(), 1 << 26, 0).decode().splitlines()
        if code == 0:
            return _part(json.loads(rows[-1])), None
        at = int(os.pread(self._at.fileno(), 20, 0) or b"0") or part.start
        known = _part(json.loads(rows[-1])) if rows else Part(part.kind, part.start, 0)
        known.count = at - part.start + 1
        known.failures.append(
            (
                at,
                f"the process ended with {code}: killed after {STOPPED_AFTER_S} s, or a native abort",
            )
        )
        left = part.start + part.count - at - 1
        return known, Part(part.kind, at + 1, left) if left > 0 else None


def _look(part: Part, seed: int, at: int, found: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    check = CHECKS[part.kind]
    _warm(part.kind, seed)
    written = 0
    for index in range(part.start, part.start + part.count):
        os.pwrite(at, b"%-20d" % index, 0)
        limit = int(time.process_time()) + STOPPED_AFTER_S
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        began, before = _cpu_s(), _peak_mb()
        reason = ""
        try:
            check(seed, index)
        except Wrong as wrong:
            reason = str(wrong)
        except BaseException as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"{type(error).__name__} at {place.filename.rpartition('site-packages/')[2]}:{place.lineno}"
        cpu_s, growth = _cpu_s() - began, _peak_mb() - before
        part.cpu_s += cpu_s
        part.slowest = max(part.slowest, (cpu_s, index))
        part.largest = max(part.largest, (growth, index))
        if not reason and cpu_s > MAX_CPU_S:
            reason = f"{cpu_s:.1f} s of processor time"
        if not reason and growth > MAX_GROWTH_MB:
            reason = f"{growth:.0f} MB"
        if reason:
            part.failures.append((index, reason))
            written += os.pwrite(found, (json.dumps(asdict(part)) + "\n").encode(), written)
    os.pwrite(found, (json.dumps(asdict(part)) + "\n").encode(), written)


def _warm(kind: str, seed: int) -> None:
    """What is imported once is not the first item's fault."""
    for index in (-1, -2, -3):
        try:
            CHECKS["files" if kind != "pairs" else kind](seed, index)
        except BaseException:  # reported where it is counted
            continue


def _cpu_s() -> float:
    """Of this process and of those that it waited for."""
    return sum(os.times()[:4])


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _again(options: argparse.Namespace) -> int:
    kind, _, number = options.only.partition(":")
    random = generator(options.seed, kind, int(number))
    if options.keep:
        for path, data in (*hostile(random).files.items(), ("../fine.prompt.yaml", FINE.encode())):
            target = Path(options.keep, "prompts", "h", path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    os.environ["PROMPTOPS_DEBUG"] = "1"
    began, before = time.process_time(), _peak_mb()
    try:
        CHECKS[kind](options.seed, int(number))
    except BaseException:
        traceback.print_exc()
        return 1
    print(f"{time.process_time() - began:.2f} s, {_peak_mb() - before:.0f} MB")
    return 0


def _summary(parts: list[Part], seed: int) -> int:
    failures = 0
    for kind in CHECKS:
        own = [each for each in parts if each.kind == kind]
        if not own:
            continue
        count, cpu_s = sum(each.count for each in own), sum(each.cpu_s for each in own)
        slowest, largest = max(each.slowest for each in own), max(each.largest for each in own)
        print(f"{count} {kind}: {cpu_s:.0f} s; slowest {slowest[0]:.2f} s (--only {kind}:{slowest[1]}),"
              f" largest {largest[0]:.0f} MB (--only {kind}:{largest[1]})")  # fmt: skip
        by_reason: dict[str, list[int]] = {}
        for index, reason in (failure for each in own for failure in each.failures):
            by_reason.setdefault(reason, []).append(index)
        failures += sum(map(len, by_reason.values()))
        for reason, indexes in sorted(by_reason.items(), key=lambda pair: -len(pair[1]))[:SHOWN]:
            print(f"  {len(indexes)} times: {reason}  --seed {seed} --only {kind}:{indexes[0]}")
    print(f"{failures} failures with --seed {seed}")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
