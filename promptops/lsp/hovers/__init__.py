"""What hovering shows; each module explains one kind of thing, as Markdown."""
