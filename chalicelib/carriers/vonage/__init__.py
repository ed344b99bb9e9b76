"""Vonage: webhooks, recordings and call history."""
