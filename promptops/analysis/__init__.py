"""Templates as text with places and scopes: what they read, from where, and under which guard."""
