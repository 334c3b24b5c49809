"""What files name, kept by content id in git's directory: a commit reads only what is new.

After a line of facts about the file: the files whose names are all known, as git lists them in an
index, then the lines of `stored_facts`.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Container, Iterator
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.catalog.graph import FORMAT, SILENT_ENDINGS, Graph, last_part
from promptops.catalog.stored_facts import StoredFacts, by_word, lines_of_facts, lines_of_words

MAX_FACTS = 100_000
SAVED_FROM = 32
"""Writing the file takes as long as reading so many prompts."""
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
    """Save the facts for the next run, unless they are only few."""
    graph = catalog.graph
    if not graph.parsed_count or (graph.has_stored and graph.parsed_count < SAVED_FROM):
        return
    from promptops.storage.atomic import keep

    facts, words, seen = graph.facts, _words(graph), {*graph.stored.keys_with_words, *graph.words}
    if len(facts) + len(seen) > MAX_FACTS:
        facts = {key: facts[key] for key in graph.sources.values() if key in facts}
        words, seen = {}, set()
    listing = b"".join(_listed(catalog, graph, facts.keys() | seen))
    lines = (*lines_of_facts(facts, last_part), *lines_of_words(words, seen - facts.keys()))
    rest = listing + "\n".join(("", *lines, "")).encode()
    keep(_file(common_dir), b"%b %d %d\n%b" % (_TITLE, len(listing), crc32(rest), rest))


def _words(graph: Graph) -> dict[str, str]:
    words = dict(graph.stored.words)
    for word, beginnings in by_word(graph.words).items():
        words[word] = f"{words[word]} {beginnings}" if word in words else beginnings
    return words


def _listed(catalog: Catalog, graph: Graph, seen: Container[str]) -> Iterator[bytes]:
    """As `Listing` takes them; those of executable files differ, and are looked at."""
    for path, entry in catalog.files.entries.items():
        is_seen = path.endswith(SILENT_ENDINGS) or graph.sources.get(path) in seen
        if entry.kind == "file" and is_seen:
            yield f"100644 {entry.blob} 0\t{path}\0".encode("utf-8", "surrogateescape")


def _file(common_dir: Path) -> Path:
    return common_dir / "promptops" / "graph"
