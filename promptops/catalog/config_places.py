"""The places of configuration keys, for problems of a catalog with its configuration."""

from __future__ import annotations

from functools import lru_cache

from promptops.catalog.catalog import Catalog
from promptops.source.config import SHARED_FILE
from promptops.source.toml_places import TomlPlaces


def toml_places(catalog: Catalog) -> TomlPlaces | None:
    """The places at the catalog's revision; None without a configuration."""
    path = catalog.config.path
    text = catalog.files.text(path) if path is not None else None
    if path is None or text is None:
        return None
    return _scanned(path, text.value, "/tool/promptops" if path == SHARED_FILE else "")


_scanned = lru_cache(maxsize=4)(TomlPlaces)
