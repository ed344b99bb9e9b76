"""Deliver calls to other systems and alert people: outbox, alerts and destinations."""
