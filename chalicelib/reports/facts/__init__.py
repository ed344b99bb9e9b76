"""A day, counted into facts."""
