"""Find samples whose id an earlier sample has, in bounded memory and for any engine.

Parts are scored in any order and in any process, so that none of them knows the ids of the others.
Therefore the files are read twice: the first time only for the ids. They are kept on disk, as
hashes. Of equal ids the first in the order of the files counts, so that every engine gives the same
result.
"""

from __future__ import annotations

import os
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby

from promptops.commands.score.picked_samples import hash_of
from promptops.errors import InputError
from promptops.model.sample import Part, Sample
from promptops.records import replace
from promptops.source.traffic.files import is_url

_CACHE_KB = 16 * 1024

_REPEATED = """
select part, number from (
    select part, number, row_number() over (partition by id order by part, number) as nth from ids
) where nth > 1 order by part, number
"""


def ids_of(values: Iterable[object], part: Part) -> array[int]:
    """A hash of the id of each sample of a part, in order; below 2⁶³."""
    samples = (value for value in values if isinstance(value, Sample))
    return array("q", (hash_of(_id(each, part, index)) >> 1 for index, each in enumerate(samples)))


def without_repeated(
    parts: Sequence[Part], ids: Iterable[tuple[Part, array[int]]]
) -> Iterator[Part]:
    """The parts in their order, with the numbers of their repeated samples.

    `ids` are those of each part, in any order. Raises InputError if the disk is full.
    """
    positions: dict[Part, list[int]] = {}
    for position, part in enumerate(parts):  # a file may be named twice
        positions.setdefault(part, []).append(position)
    with _database() as database:
        for part, found in ids:
            position = positions[part].pop()
            rows = ((id_, position, number) for number, id_ in enumerate(found))
            database.executemany("insert into ids values (?, ?, ?)", rows)
        repeated = groupby(database.execute(_REPEATED), key=lambda row: int(row[0]))
        following = next(repeated, None)
        for position, part in enumerate(parts):
            if following is None or following[0] != position:
                yield part
                continue
            yield replace(part, repeated=tuple(number for _, number in following[1]))
            following = next(repeated, None)


def _id(sample: Sample, part: Part, number: int) -> str:
    """The id of the log; for a sample without one its place, which two files never share."""
    if sample.id != f"{os.path.basename(part.path)}:{sample.offset}":
        return f"id {sample.id}"
    location = part.location if is_url(part.location) else os.path.abspath(part.location)
    return f"place {location}:{part.start}:{number}"


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    """A temporary database, on disk as soon as it is larger than its cache."""
    try:
        with closing(sqlite3.connect("")) as database:
            database.execute(f"pragma cache_size = -{_CACHE_KB}")
            database.execute("pragma journal_mode = off")
            database.execute("create table ids (id integer, part integer, number integer)")
            yield database
    except sqlite3.Error as error:
        raise InputError(
            f"cannot keep the ids of the samples: {error}",
            hint="set SQLITE_TMPDIR to a folder with more room: 30 bytes for each sample",
        ) from error
