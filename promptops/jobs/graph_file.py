"""What files name, kept by content id in git's directory: a commit reads only what is new.

One line for each file: the key of its facts and the names, with tabs between them. Names are
printable, so no tab and no newline is part of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.catalog.graph import FORMAT, Names
from promptops.jobs.kept import keep

MAX_FACTS = 100_000
_HEADER = f"promptops include graph {FORMAT}"


def read_graph(common_dir: Path) -> Mapping[str, Names]:
    """The facts that were kept; none where there is no such file, or another's."""
    try:
        header, *lines = _file(common_dir).read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError):
        return {}
    # The last line ends with a newline, too: a file that was cut off loses its last line only.
    if header != _HEADER:
        return {}
    split = (line.split("\t") for line in lines[:-1])
    return {key: tuple(names) for key, *names in split}


def save_graph(catalog: Catalog, common_dir: Path) -> None:
    """Keep what was learnt for the next run."""
    graph = catalog.graph
    if not graph.learnt:
        return
    facts = graph.facts
    if len(facts) > MAX_FACTS:
        facts = {key: facts[key] for key in graph.sources.values() if key in facts}
    lines = ("\t".join((key, *names)) for key, names in facts.items())
    keep(_file(common_dir), "\n".join((_HEADER, *lines, "")).encode())


def _file(common_dir: Path) -> Path:
    return common_dir / "promptops" / "graph"
