"""Code that the formats of `drift` share."""
