"""Exolve: webhooks, recordings and call history."""
