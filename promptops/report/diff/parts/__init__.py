"""What formats of a diff share."""
