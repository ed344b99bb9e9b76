"""A period counted again under other rules."""
