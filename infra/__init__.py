"""Everything around the application: setting up, the local engines, packaging, deploying, the demo."""
