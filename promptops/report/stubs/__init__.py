"""Typed prompts, as a Python module: the output of `promptops stubs`.

Each module except those below is a format with the name of the module.

`names` creates class names, `types` converts JSON Schemas to Python types, `layout` breaks long
types into lines, and `preamble` is the common start of every generated module.
"""
