"""What other systems and people receive of a call: outbox, alerts and destinations."""
