"""What the HTML page of a diff is made of: its parts in Python, its template, style and script."""
