"""Whether one JSON Schema admits what another one refuses, and where."""
