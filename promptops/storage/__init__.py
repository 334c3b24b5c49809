"""Files on disk: atomic writes, locks, eviction; and the pause of the garbage collector."""
