"""Access to git by running the git program; only history.py uses GitPython."""
