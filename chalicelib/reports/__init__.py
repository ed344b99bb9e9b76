"""From facts to figures to files."""
