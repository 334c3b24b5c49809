"""Several models compared on recorded answers, next to as many replays of the tests of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cases import make
from mock_server import mock_server
from recording import asking, record
from repositories import commit, write
from scene import Scene
from table import Row, compare
from timing import prove

ARMS = ("second", "third", "fourth")
"""The profiles besides that of the prompts."""

_PROFILE = """
[models.{name}]
provider = "openai"
id = "mock-{name}"
base_url = "http://127.0.0.1:1/v1"
price = {{input = 1.0, output = 4.0}}
"""
_COMPARE = ("compare", "--repeats", "1", *(word for arm in ARMS for word in ("--model", arm)))
_FIT = f"(?m)^{len(ARMS)} of {len(ARMS)} arms are fit"


def rows_of_arms(scene: Scene) -> Iterator[Row]:
    """The CPU time of a comparison of four models."""
    count, arms = scene.sizes.cases[0], len(ARMS) + 1
    repository = scene.repository(f"arms-{count}", lambda folder: _make(scene, folder, count))
    what = f"{arms} models compared on {count} recorded cases, CPU"
    beside = f"ours, {arms} replays in one process"
    programs = [
        scene.environment.ours(*_COMPARE, says=_FIT),
        scene.environment.script(beside, "replay_often.py", str(arms)),
    ]
    timings = scene.measure(what, programs, repository)
    yield from compare(what, timings, "s", of="cpu_s", at_most_times={beside: 1.2})


def _make(scene: Scene, folder: Path, count: int) -> None:
    """Cases with an answer of every model."""
    make(folder, count)
    configuration = (folder / "promptops.toml").read_text("utf-8")
    profiles = "".join(_PROFILE.format(name=name) for name in ARMS)
    write(folder, "promptops.toml", f"{configuration}{profiles}")
    record(scene.environment, folder, "cases and answers")
    with mock_server() as address:
        addresses = [word for arm in ARMS for word in _address(arm, address)]
        calls = ("--record", "-j", "64", *asking(address), *addresses)
        prove(scene.environment.ours(*_COMPARE, *calls, says=_FIT), folder)
    commit(folder, "answers of the other models")


def _address(profile: str, address: str) -> tuple[str, str]:
    return "--config", f'models.{profile}.base_url="{address}"'
