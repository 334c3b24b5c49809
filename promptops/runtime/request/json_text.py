"""JSON without blanks, written by an encoder that is created once."""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable
from typing import Any


def json_writer(*, sort_keys: bool, allow_nan: bool) -> Callable[[Any], str]:
    """A function that writes a value as `json.dumps` does with these options.

    `json` creates an encoder for each value, which takes longer than to write a small one.
    """
    encoder = json.JSONEncoder(
        ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys, allow_nan=allow_nan
    )
    engine = getattr(json.encoder, "c_make_encoder", None)
    quoted = getattr(json.encoder, "c_encode_basestring", None)
    if engine is None or quoted is None:
        return encoder.encode
    chunks = engine(None, encoder.default, quoted, None, ":", ",", sort_keys, False, allow_nan)

    def write(value: Any) -> str:
        try:
            return "".join(chunks(value, 0))
        except RecursionError:
            return encoder.encode(value)  # it has the error for a value that holds itself

    return write
