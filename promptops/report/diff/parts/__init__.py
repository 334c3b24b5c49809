"""Code that the formats of a diff share."""
