"""One module for each command: opens the revision, asks the rooms, returns values."""
