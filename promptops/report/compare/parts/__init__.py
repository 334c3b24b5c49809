"""Code that the formats of a comparison share."""
