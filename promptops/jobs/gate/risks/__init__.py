"""What makes the gate milder in a change."""
