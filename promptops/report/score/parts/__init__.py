"""Code that the formats of scored samples share."""
