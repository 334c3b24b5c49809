"""The cached include graph in git's directory, by content id: a commit reads only new files.

A header line is followed by the files whose references are all known, as git lists them in an
index, then by the lines of `stored_facts`.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Container, Iterator
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.catalog.graph import FORMAT, SILENT_ENDINGS, Graph
from promptops.catalog.name_index import last_part
from promptops.catalog.stored_facts import StoredFacts, by_word, lines_of_facts, lines_of_words

MAX_FACTS = 100_000
SAVED_FROM = 32
"""Writing the file takes as long as reading this many prompts."""
_TITLE = f"promptops include graph {FORMAT}".encode()


def read_graph(common_dir: Path) -> StoredFacts:
    """The cached facts; none if the file is missing, damaged or has another format."""
    try:
        header, _, rest = _file(common_dir).read_bytes().partition(b"\n")
        title, size, checksum = header.rsplit(b" ", 2)
        if title != _TITLE or crc32(rest) != int(checksum):
            return StoredFacts()
        at = int(size)
    except (OSError, ValueError):
        return StoredFacts()
    return StoredFacts(rest[at:], rest[:at])


def save_graph(catalog: Catalog, common_dir: Path) -> None:
    """Save the facts for the next run, unless there are only a few."""
    graph = catalog.graph
    if not graph.parsed_count or (graph.has_stored and graph.parsed_count < SAVED_FROM):
        return
    from promptops.storage.atomic import keep

    facts, words, known_keys = (
        graph.facts,
        _words(graph),
        {*graph.stored.keys_with_words, *graph.words},
    )
    if len(facts) + len(known_keys) > MAX_FACTS:
        facts = {key: facts[key] for key in graph.sources.values() if key in facts}
        words, known_keys = {}, set()
    listing = b"".join(_index_lines(catalog, graph, facts.keys() | known_keys))
    lines = (*lines_of_facts(facts, last_part), *lines_of_words(words, known_keys - facts.keys()))
    rest = listing + "\n".join(("", *lines, "")).encode()
    keep(_file(common_dir), b"%b %d %d\n%b" % (_TITLE, len(listing), crc32(rest), rest))


def _words(graph: Graph) -> dict[str, str]:
    words = dict(graph.stored.words)
    for word, beginnings in by_word(graph.words).items():
        words[word] = f"{words[word]} {beginnings}" if word in words else beginnings
    return words


def _index_lines(catalog: Catalog, graph: Graph, known_keys: Container[str]) -> Iterator[bytes]:
    """The lines that `Listing` reads; executable files are left out and read again."""
    for path, entry in catalog.files.entries.items():
        is_known = path.endswith(SILENT_ENDINGS) or graph.sources.get(path) in known_keys
        if entry.kind == "file" and is_known:
            yield f"100644 {entry.blob} 0\t{path}\0".encode("utf-8", "surrogateescape")


def _file(common_dir: Path) -> Path:
    return common_dir / "promptops" / "graph"
