"""What completion offers; each module has the offers for one kind of position."""
