"""The places of the configuration's keys, for what is wrong with a catalog as configured."""

from __future__ import annotations

from functools import lru_cache

from promptops.catalog.catalog import Catalog
from promptops.source.config import SHARED
from promptops.source.toml_places import TomlPlaces


def toml_places(catalog: Catalog) -> TomlPlaces | None:
    """Those of the file at the catalog's revision; None where there is no configuration."""
    path = catalog.config.path
    text = catalog.files.text(path) if path is not None else None
    if path is None or text is None:
        return None
    return _scanned(path, text.value, "/tool/promptops" if path == SHARED else "")


_scanned = lru_cache(maxsize=4)(TomlPlaces)
