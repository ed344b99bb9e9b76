"""Twilio: webhooks, recordings and call history."""
