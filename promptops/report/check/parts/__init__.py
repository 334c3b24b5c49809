"""What the formats of the gate share."""
