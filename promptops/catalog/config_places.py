"""The places of configuration keys, for problems of a catalog with its configuration."""

from __future__ import annotations

from functools import lru_cache

from promptops.catalog.catalog import Catalog
from promptops.json_pointer import escaped
from promptops.model.place import Place
from promptops.source.config import OWN_FILE, SHARED_FILE
from promptops.source.toml_places import TomlPlaces


def toml_places(catalog: Catalog) -> TomlPlaces | None:
    """The places at the catalog's revision; None without a configuration."""
    path = catalog.config.path
    text = catalog.files.text(path) if path is not None else None
    if path is None or text is None:
        return None
    return _scanned(path, text.value, "/tool/promptops" if path == SHARED_FILE else "")


def profile_place(catalog: Catalog, name: str, key: str, word: str = "") -> Place:
    """The place of a key of a model profile; of a word of its value, if it is found."""
    places = toml_places(catalog)
    if places is None:
        return Place(catalog.config.path or OWN_FILE)
    pointer = f"/models/{escaped(name)}/{key}"
    return (places.word(pointer, word) if word else None) or places.place(pointer)


_scanned = lru_cache(maxsize=4)(TomlPlaces)
