"""Every budget of the project, measured beside its peers and floors.

Makes an environment of its own, installs this project and its peers, measures, and writes tables in
Markdown. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import check
import diff
import editing
import formats
import history
import importing
import lint
import mutating
import runtime
import scoring
import start
import testing
from environment import Environment
from machine import facts, load, two_cores
from scene import QUICK, Scene, Sizes
from table import Section, markdown, verdict

TOPICS: dict[str, ModuleType] = {
    each.__name__: each
    for each in (
        start,
        lint,
        diff,
        check,
        history,
        testing,
        mutating,
        scoring,
        runtime,
        formats,
        importing,
        editing,
    )
}
RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> int:
    """Install, measure, write; 1 where something could not be measured."""
    options = _options()
    two_cores()
    before = load()
    with _interruptible(), _folder(options.keep) as folder:
        environment = Environment(folder, _tell)
        sizes = QUICK if options.quick else Sizes()
        sections = [_measured(name, environment, folder, sizes) for name in options.only]
        text = _text(_Done(sections, environment, before, options.quick))
    print(text, end="")
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    return int(any(each.failure for each in sections))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        type=_topics,
        default=list(TOPICS),
        metavar="TOPIC,…",
        help=f"of {', '.join(TOPICS)}",
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, one run each: to try this command itself"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="make everything here, and use it again next time"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write here, too; RESULTS.md beside this file, where everything is measured in full",
    )
    options = parser.parse_args()
    if options.output is None and not options.quick and options.only == list(TOPICS):
        options.output = RESULTS
    return options


def _topics(written: str) -> list[str]:
    names = [each.strip() for each in written.split(",") if each.strip()]
    unknown = [each for each in names if each not in TOPICS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"{written!r}: topics are {', '.join(TOPICS)}")
    return [each for each in TOPICS if each in names]


_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _interruptible() -> Iterator[None]:
    """However this process is ended, it ends in order, so that nothing is left behind."""
    for each in _ENDING:
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        _tell("interrupted")
        raise SystemExit(130) from None


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="benchmarks-")).resolve()
    try:
        yield folder
    finally:
        for each in _ENDING:  # cleaning up is not interrupted
            signal.signal(each, signal.SIG_IGN)
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():  # what was killed a moment ago was still writing
            time.sleep(1)
            shutil.rmtree(folder)


def _measured(name: str, environment: Environment, folder: Path, sizes: Sizes) -> Section:
    """A topic; what fails in it costs the rows after it, and no other topic."""
    module = TOPICS[name]
    scene = Scene(environment, folder, sizes, lambda what: _tell(f"{name}: {what}"))
    section = Section(name.capitalize(), " ".join((module.__doc__ or "").split()))
    try:
        for row in module.rows(scene):
            section.rows.append(row)
    except Exception as failure:  # noqa: BLE001  # it must not cost what was measured before
        section.failure = environment.without_paths(f"{type(failure).__name__}: {failure}")
        _tell(traceback.format_exc())
    section.notes = scene.notes
    return section


@dataclass(frozen=True, slots=True)
class _Done:
    sections: Sequence[Section]
    environment: Environment
    load_before: str
    quick: bool


def _text(done: _Done) -> str:
    versions = done.environment.versions()
    head = [f"- {name}: {fact}" for name, fact in facts(done.load_before, versions)]
    left_out = [f"- {name}: {why}" for name, why in done.environment.left_out.items()]
    parts = ["# Results", _about(done), "\n".join(head)]
    if left_out:
        parts += ["Left out:", "\n".join(left_out)]
    parts += [markdown(each, quick=done.quick) for each in done.sections]
    return "\n\n".join(parts) + "\n"


def _about(done: _Done) -> str:
    if done.quick:
        return "**Quick: small sizes, one run each. No figure here means anything.**"
    return f"Made by `python3 benchmarks`; how: [README.md](README.md). {verdict(done.sections)}."


def _tell(what: Any) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
