"""Plain files for the report without AWS: tables, rows, and which deal belongs to which call."""
