"""Where parts are scored: each engine is `run(parts, pack, options) -> Iterator[Partial]`.

An engine is a file here.
"""
