"""Telnyx: webhooks, recordings and call history."""
