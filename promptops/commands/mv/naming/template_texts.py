"""The templates that are written in a file, and the prompts that use a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from promptops.catalog.build import texts
from promptops.catalog.catalog import Catalog
from promptops.model.place import Text
from promptops.source.paths import may_be_template

MAX_PROMPTS = 20
"""Of the prompts that use a partial, so many are searched for the meaning of its names."""


def texts_of(catalog: Catalog, path: str) -> Iterator[Text]:
    """The templates in a file: the messages of a prompt, or the whole of a partial."""
    if path not in catalog.ids:
        text = catalog.files.text(path) if may_be_template(path) else None
        if text is not None:
            yield text
        return
    loaded = catalog.loaded(path)
    prompt = loaded.prompt or loaded.templates
    for text in texts(prompt) if prompt is not None else ():
        if text.path == path:
            yield text


def prompts_using(catalog: Catalog, path: str) -> tuple[str, ...]:
    """A prompt file itself; else the first prompt files that need a file."""
    if path in catalog.ids:
        return (path,)
    found = sorted(catalog.dependent_prompts(path))
    return tuple(islice((each for each in found if catalog.reaches(each, path)), MAX_PROMPTS))
