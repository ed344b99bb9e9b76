"""The generic contract, for any telephone system: webhooks, recordings and call history."""
