"""Values and small algorithms without AWS, I/O or domain words."""
