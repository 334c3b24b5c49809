"""Test cases run: planned, answered from what is kept or asked, judged, decided."""
