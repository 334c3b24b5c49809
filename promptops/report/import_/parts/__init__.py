"""What the formats of `promptops import` share."""
