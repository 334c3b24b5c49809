"""The gate: decide whether a change may be merged, or a push received."""
