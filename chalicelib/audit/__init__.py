"""The hash chain over each day's evidence."""
