"""One file for each template language: a text becomes parts."""
