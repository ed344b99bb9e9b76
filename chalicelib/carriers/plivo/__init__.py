"""Plivo: webhooks, recordings and call history."""
