"""Git: trees, differences, revisions. Runs the git program directly; history.py is slower."""
