"""Mango: webhooks, recordings and call history."""
