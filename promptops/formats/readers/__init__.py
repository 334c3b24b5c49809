"""One file for each format that `import` reads; `registry.py` finds them."""
