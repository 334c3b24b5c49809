"""Git: trees, differences, revisions. The git program is asked directly; history.py is slower."""
