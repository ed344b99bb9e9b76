"""Zadarma: webhooks, recordings and call history."""
