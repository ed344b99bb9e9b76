"""What visitors do on the page besides calling: forms, chats, e-mail clicks, reveals, tel: clicks, promo codes shown.

record.py takes an event and queues it, take.py finds what had brought the visitor and stores both as a contact,
table.py holds contacts, origins.py finds those a deal may have come from.
"""
