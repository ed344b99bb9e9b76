"""The demo: a made-up shop and its customers, played against the real service, and the truth its report must show."""
