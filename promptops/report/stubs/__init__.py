"""Typed prompts, as a Python module: the output of `promptops stubs`.

Each module but those below is a format, and its name is the format's name.

`names` are those of classes; `types` says what a JSON Schema means in Python; `layout` breaks what
is too long into lines; `preamble` is what every such module begins with.
"""
