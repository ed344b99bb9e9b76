"""One day's contacts as facts: what visitors did on pages, given to sources as calls are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chalicelib.attribution.credit import Path, path_of_visit, shared_by
from chalicelib.attribution.models import MODELS
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.contacts.types import OF_A_DEAL, Contact
from chalicelib.deals.types import Deal
from chalicelib.registry.types import Site
from chalicelib.reports.fact_rows import ContactFact, ContactPathFact, columns_of


def counted(contacts: Iterable[Contact], deals: Iterable[Deal]) -> list[Contact]:
    """Return the contacts that are evidence of their day: events of pages, and what one of the day's deals names."""
    named = {deal.contact_id for deal in deals}
    return [contact for contact in contacts if contact.kind not in OF_A_DEAL or contact.contact_id in named]


def facts_of_contacts(
    site: Site, rulebook: Rulebook, contacts: Sequence[Contact]
) -> tuple[list[ContactFact], list[ContactPathFact]]:
    """Count a day's contacts under every model, with the paths that other models need."""
    counted: list[ContactFact] = []
    steps: list[ContactPathFact] = []
    for contact in contacts:
        path = path_of_visit(contact.touches, contact.at, site, rulebook)
        counted.extend(_credit_facts(contact, site, path))
        steps.extend(_path_facts(contact, path))
    return counted, steps


def _credit_facts(contact: Contact, site: Site, path: Path) -> Iterator[ContactFact]:
    local = site.local(contact.at)
    for spec, model in MODELS.items():
        for part in shared_by(model, [path]):
            yield ContactFact(
                site_id=contact.site_id,
                contact_id=contact.contact_id,
                day=contact.day,
                model=spec,
                **columns_of(part.source),
                region=part.region,
                landing_page=part.landing_page,
                weight=part.weight,
                kind=contact.kind,
                form=contact.form,
                hour=local.hour,
                weekday=local.isoweekday(),
            )


def _path_facts(contact: Contact, path: Path) -> Iterator[ContactPathFact]:
    for position, step in enumerate(path.steps):
        yield ContactPathFact(
            site_id=contact.site_id,
            contact_id=contact.contact_id,
            day=contact.day,
            candidate=0,
            share=path.share,
            position=position,
            came_at=step.at,
            direct=step.direct,
            **columns_of(step.source),
            region=step.region,
            landing_page=step.landing_page,
        )
