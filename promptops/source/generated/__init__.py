"""Made by scripts from schemas/: change those."""
