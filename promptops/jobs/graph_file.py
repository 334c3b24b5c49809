"""What files name, kept by content id in git's directory: a commit reads only what is new.

After a line of facts about the file: the records of files whose names are all known, then the lines
of `kept_facts`.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Container, Iterator
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.catalog.graph import FORMAT, SILENT_ENDINGS, Graph, last_part
from promptops.catalog.kept_facts import KeptFacts, written
from promptops.jobs.kept import keep

MAX_FACTS = 100_000
SAVED_FROM = 32
"""Writing the file takes as long as reading so many prompts."""
_TITLE = f"promptops include graph {FORMAT}".encode()


def read_graph(common_dir: Path) -> KeptFacts:
    """The facts that were kept; none where there is no such file, or it is another's or damaged."""
    try:
        header, _, rest = _file(common_dir).read_bytes().partition(b"\n")
        title, size, checksum = header.rsplit(b" ", 2)
        if title != _TITLE or crc32(rest) != int(checksum):
            return KeptFacts()
        at = int(size)
    except (OSError, ValueError):
        return KeptFacts()
    return KeptFacts(rest[at:], lambda: frozenset(rest[:at].split(b"\0")))


def save_graph(catalog: Catalog, common_dir: Path) -> None:
    """Keep what was learnt for the next run; of a few files, they are read again instead."""
    graph = catalog.graph
    if not graph.learnt or (graph.was_kept and graph.learnt < SAVED_FROM):
        return
    facts = graph.facts
    words = {**graph.kept_words, **graph.words}
    words = {key: some for key, some in words.items() if key not in facts}
    if len(facts) + len(words) > MAX_FACTS:
        needed = frozenset(graph.sources.values())
        facts = {key: names for key, names in facts.items() if key in needed}
        words = {key: some for key, some in words.items() if key in needed}
    records = b"\0".join(_records(catalog, graph, facts.keys() | words.keys()))
    rest = records + written(facts, words, last_part)
    keep(_file(common_dir), b"%b %d %d\n%b" % (_TITLE, len(records), crc32(rest), rest))


def _records(catalog: Catalog, graph: Graph, known: Container[str]) -> Iterator[bytes]:
    """As `Listing.records` has them; those of executable files differ, and are looked at."""
    for path, entry in catalog.files.entries.items():
        if entry.kind == "file" and _names_are_known(path, graph, known):
            yield f"100644 {entry.blob}\t{path}".encode("utf-8", "surrogateescape")


def _names_are_known(path: str, graph: Graph, known: Container[str]) -> bool:
    return path.endswith(SILENT_ENDINGS) or graph.sources.get(path) in known


def _file(common_dir: Path) -> Path:
    return common_dir / "promptops" / "graph"
