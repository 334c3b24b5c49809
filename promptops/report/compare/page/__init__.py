"""The page of a comparison: the picture, and the views of its template."""
