"""Code that the formats of the gate share."""
