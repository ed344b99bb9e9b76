"""UIS / CoMagic: webhooks, recordings and call history."""
