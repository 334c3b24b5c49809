"""Typed prompts, as a Python module: the output of `promptops stubs`.

`python` is its format. `syntax` writes names, literals and long types, and `types` converts JSON
Schemas to Python types.
"""
