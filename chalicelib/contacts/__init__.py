"""What visitors do on the page besides calling: forms, chats, e-mail clicks, reveals, tel: clicks, promo codes shown.

record_event.py queues an event, mint_promo.py shows a promo code, contacts_table.py stores contacts. What had brought
the visitor is found in deals/take_contact.py, and the contacts a deal may come from in deals/find_origins.py.
"""
