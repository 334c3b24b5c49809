"""Go to the definition of a name."""

from __future__ import annotations

from re import fullmatch

from lsprotocol import types

from promptops.catalog.config_places import toml_places
from promptops.jobs.naming.symbols import definitions_of
from promptops.json_pointer import escaped
from promptops.lsp.at_cursor.here import PROFILE, Here
from promptops.lsp.names import names_in
from promptops.lsp.open_file import OpenFile


def definition(file: OpenFile, params: types.DefinitionParams) -> list[types.Location]:
    """Where the name at a position is defined: inputs, names of templates, files, profiles."""
    with names_in(file) as names:
        symbol = names.symbol(params.position)
        if symbol is not None:
            return names.locations(definitions_of(names.catalog, symbol))
    return _of_profile(Here(file, params.position))


def _of_profile(here: Here) -> list[types.Location]:
    """The table in the configuration of the profile that is named at a position."""
    if here.cursor.part != "value" or not fullmatch(PROFILE, here.pointer):
        return []
    name, catalog = here.scalar()[0], here.file.live.catalog
    places = toml_places(catalog)
    if places is None or name not in catalog.config.models:
        return []
    return [here.file.location_of(places.place(f"/models/{escaped(name)}"))]
