"""What the HTML page of the gate is made of: its parts in Python, its templates and style."""
