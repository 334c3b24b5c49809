"""Code that the formats of mutation testing share."""
