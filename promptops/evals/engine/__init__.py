"""Many requests asked: at once, within limits and budget, none lost, and none asked for ever."""
