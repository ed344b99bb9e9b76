"""One day's evidence as the tables hold it, what is counted from it, and what proves it.

Who closes a day and who checks it later both use it, so that both do the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.attribution.rulebook import Rulebook
from chalicelib.audit import leaves
from chalicelib.audit.hash_chain import Leaf
from chalicelib.calls import call_item, callback_lookup, calls_table, self_reported_digest
from chalicelib.calls.evidence import AttributedCall
from chalicelib.contacts import contacts_table
from chalicelib.contacts.types import Contact
from chalicelib.deals import deals_table
from chalicelib.deals.types import Deal
from chalicelib.registry.types import Site
from chalicelib.reports.fact_rows import Fact
from chalicelib.reports.facts import count_contacts
from chalicelib.reports.facts.count_day import facts_of_day
from chalicelib.reports.spend import spend_table
from chalicelib.reports.spend.row import SpendRow
from chalicelib.runtime.settings import settings


@dataclass(frozen=True, slots=True)
class DayEvidence:
    """What is known of a site's day, before anything is counted."""

    site_id: str
    day: date
    items: Sequence[call_item.Item]  # calls, as they are stored
    deals: Sequence[Deal]
    spend: Mapping[str, SpendRow]
    contact_items: Sequence[call_item.Item] = ()  # as they are stored, those that no deal names among them

    @property
    def calls(self) -> list[AttributedCall]:
        """The calls that attribution has come to."""
        found = (call_item.attributed_of(item) for item in self.items)
        return [call for call in found if call is not None]

    @property
    def contacts(self) -> list[Contact]:
        """What visitors did on pages, and what the day's deals name."""
        return count_contacts.counted(map(contacts_table.contact_of, self.contact_items), self.deals)


def read(site_id: str, day: date) -> DayEvidence:
    """Read a day, which is of the site's zone, from the tables. Raises StorageUnavailable."""
    return DayEvidence(
        site_id,
        day,
        calls_table.items_of_day(site_id, day),
        deals_table.deals_of_day(site_id, day),
        spend_table.rows_of_day(site_id, day),
        contacts_table.items_of_day(site_id, day),
    )


def facts_of(evidence: DayEvidence, site: Site, rulebook: Rulebook) -> dict[str, Iterable[Fact]]:
    """Return the day's facts by kind. Raises StorageUnavailable.

    Other days decide two things: when a buyer first called, and whether a missed caller was rung back.
    """
    calls = evidence.calls
    found = facts_of_day(
        site,
        rulebook,
        calls,
        evidence.deals,
        lambda caller_key: _first_call(site.site_id, caller_key),
        reached=callback_lookup.reached(site, [attributed.call for attributed in calls]),
    )
    spend = spend_table.facts_of_rows(site.site_id, evidence.spend.values(), rulebook)
    contacts, contact_paths = count_contacts.facts_of_contacts(site, rulebook, evidence.contacts)
    facts: dict[str, Iterable[Fact]] = {"calls": found.calls, "credits": found.credits, "paths": found.paths}
    facts |= {"contacts": contacts, "contact_paths": contact_paths}
    return facts | {"deals": found.deals, "spend": spend}


def leaves_of(evidence: DayEvidence) -> list[Leaf]:
    """Return the leaves of the day's root: one for each call, contact and deal, and one for all spend."""
    salt = self_reported_digest.salt_of(evidence.site_id, settings().signing_key)
    found = [leaves.call_leaf(item, salt) for item in evidence.items]
    counted = {contact.contact_id for contact in evidence.contacts}
    found += [
        leaves.contact_leaf(item, salt)
        for item in evidence.contact_items
        if contacts_table.contact_of(item).contact_id in counted
    ]
    found += [leaves.deal_leaf(deal, salt) for deal in evidence.deals]
    return [*found, leaves.rows_leaf("spend", list(evidence.spend.values()))]


def _first_call(site_id: str, caller_key: str) -> datetime | None:
    return min((call.started_at for call in calls_table.calls_of_caller(site_id, caller_key)), default=None)
