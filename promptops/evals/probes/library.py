"""The packaged probes, one YAML file a family; a file is read when its family is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from promptops.errors import UsageError
from promptops.model.finding import Problem
from promptops.model.probe import BiasPair, Family, Probe
from promptops.source.config_errors import refuse
from promptops.source.document import Document, read_any
from promptops.source.shape import check_value
from promptops.suggestions import did_you_mean

LIBRARY = 1
"""The version of the library. It is a part of every marker, so another one needs new recordings."""

SCHEMA = "probe-library.schema.json"
_FOLDER = Path(__file__).parent
_ENDING = ".yaml"
_ANYWHERE = ("resists", "obeyed", "refused")
"""Keys that each probe needs, its own or those of its family."""
_DEFAULTS = ("owasp", "slot", "place", "transform", "rubric", *_ANYWHERE)
"""Keys of a family that are the defaults of its probes."""


@cache
def family_names() -> tuple[str, ...]:
    """The names of all families, sorted. Reads no file."""
    return tuple(sorted(file.stem for file in _FOLDER.iterdir() if file.suffix == _ENDING))


@cache
def family(name: str) -> Family:
    """A family by its name.

    Raises UsageError for a name that does not exist, and InputError as `read_family` does.
    """
    if name not in family_names():
        hint = did_you_mean(name, family_names()) or f"families: {', '.join(family_names())}"
        raise UsageError(f"there is no family of probes {name!r}", hint=hint)
    file = _FOLDER / f"{name}{_ENDING}"
    return read_family(f"promptops/evals/probes/{file.name}", file.read_bytes())


def probes(families: Iterable[str] | None = None) -> tuple[Probe, ...]:
    """The probes of some families, in the order given; without `families`, of all."""
    names = family_names() if families is None else dict.fromkeys(families)
    return tuple(probe for name in names for probe in family(name).probes)


def smoke_probes(families: Iterable[str] | None = None) -> tuple[Probe, ...]:
    """The first probe of each family; a family without probes is left out."""
    names = family_names() if families is None else dict.fromkeys(families)
    return tuple(probe for name in names for probe in family(name).probes[:1])


def bias_pairs() -> tuple[BiasPair, ...]:
    """The pairs of the family `bias`."""
    return family("bias").pairs


def read_family(path: str, data: bytes) -> Family:
    """The family in a file, whose name without the ending is the name of the family.

    Raises InputError, with the place, for a file that is not valid or belongs to a newer library.
    """
    document = read_any(path, data)
    refuse(document.problems, document.text)
    _refuse_newer(document)
    refuse(check_value(SCHEMA, document.value, document.place), document.text)
    refuse(tuple(_unusable(document)), document.text)
    return _family(Path(path).stem, document.value)


def _refuse_newer(document: Document) -> None:
    written = document.value
    version = written.get("library") if isinstance(written, Mapping) else None
    if isinstance(version, int) and version > LIBRARY:
        message = f"the probe library has version {version}; this promptops reads {LIBRARY}"
        problem = Problem(message, at=document.place("/library"), hint="upgrade promptops")
        refuse((problem,), document.text)


def _unusable(document: Document) -> Iterator[Problem]:
    """Problems that the schema can't find."""
    yield from _repeated(document)
    for index, probe in enumerate(document.value.get("probes", ())):
        for key in _ANYWHERE:
            if key not in probe and key not in document.value:
                hint = "write it here, or for all probes of the family"
                place = document.place(f"/probes/{index}")
                yield Problem(f"`{key}` is missing", at=place, hint=hint)


def _repeated(document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for key in ("probes", "pairs"):
        for index, written in enumerate(document.value.get(key, ())):
            if written["id"] in seen:
                place = document.place(f"/{key}/{index}/id")
                yield Problem(f"there are two with the id `{written['id']}`", at=place)
            seen.add(written["id"])


def _family(name: str, written: Mapping[str, Any]) -> Family:
    defaults = {key: written[key] for key in _DEFAULTS if key in written}
    return Family(
        name=name,
        title=written["title"],
        attacks=written["attacks"],
        owasp=written["owasp"],
        probes=tuple(_probe(name, {**defaults, **probe}) for probe in written.get("probes", ())),
        pairs=tuple(_pair(pair) for pair in written.get("pairs", ())),
        needs_tools=written.get("needs_tools", False),
    )


def _probe(name: str, written: Mapping[str, Any]) -> Probe:
    return Probe(
        id=written["id"],
        family=name,
        owasp=written["owasp"],
        slot=written.get("slot", "any"),
        place=written.get("place", "replace"),
        text=written["text"],
        transform=written.get("transform"),
        resists=tuple(written["resists"]),
        obeyed=written["obeyed"],
        refused=written["refused"],
        rubric=written.get("rubric"),
    )


def _pair(written: Mapping[str, Any]) -> BiasPair:
    first, second = written["texts"]
    return BiasPair(id=written["id"], attribute=written["attribute"], texts=(first, second))
