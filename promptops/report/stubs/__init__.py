"""Typed prompts, as a Python module: the output of `promptops stubs`.

Each module except those below is a format with the name of the module.

`syntax` writes names, literals and long types, `types` converts JSON Schemas to Python types, and
`preamble` is the common start of every generated module.
"""
