"""Access to git by running the git program; only history.py uses GitPython."""

from promptops.errors import refuse_windows

# Here, because importing the modules of this package fails on Windows already.
refuse_windows("reading a git repository")
