"""One file for each command; its `command` is the click command of the file's name."""
