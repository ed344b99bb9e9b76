"""The routes of the manage API: one decorator, one line of docstring and one call each. app.py registers them.

All of them are one Lambda function. A module is imported when one of its routes is asked for.
"""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.runtime.http import Request, answers, request_of

routes = Blueprint(__name__)
TABLE = ["application/json", "text/csv", "text/plain", "application/octet-stream"]


def _request() -> Request:
    return request_of(routes)


@routes.route("/v1/health", methods=["GET"])
@answers("manage")
def health() -> Any:
    """Say whether this stage answers."""
    from chalicelib.api import health as task

    return task.health()


@routes.route("/v1/manage/accounts", methods=["GET", "POST"])
@answers("manage")
def manage_accounts() -> Any:
    """List accounts or open one (operator only)."""
    from chalicelib.api import accounts

    return accounts.collection(_request())


@routes.route("/v1/manage/keys", methods=["GET", "POST"])
@answers("manage")
def manage_keys() -> Any:
    """List an account's API keys or make one."""
    from chalicelib.api import keys

    return keys.collection(_request())


@routes.route("/v1/manage/keys/{key_id}", methods=["DELETE"])
@answers("manage")
def manage_key(key_id: str) -> Any:
    """Revoke an API key."""
    from chalicelib.api import keys

    return keys.revoke(_request(), key_id)


@routes.route("/v1/manage/sites", methods=["GET", "POST"])
@answers("manage")
def manage_sites() -> Any:
    """List an account's sites or add one."""
    from chalicelib.api import sites

    return sites.collection(_request())


@routes.route("/v1/manage/sites/{site_id}", methods=["GET", "PATCH"])
@answers("manage")
def manage_site(site_id: str) -> Any:
    """Read or change a site."""
    from chalicelib.api import sites

    return sites.item(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/rotate-key", methods=["POST"])
@answers("manage")
def manage_site_key(site_id: str) -> Any:
    """Give a site a new publishable key; the old one stops working."""
    from chalicelib.api import sites

    return sites.rotate_key(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/pools", methods=["GET", "POST"])
@answers("manage")
def manage_pools(site_id: str) -> Any:
    """List a site's pools or add one."""
    from chalicelib.api import pools

    return pools.collection(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/pools/{pool_id}", methods=["GET", "PATCH"])
@answers("manage")
def manage_pool(site_id: str, pool_id: str) -> Any:
    """Read a pool with its use, or change it."""
    from chalicelib.api import pools

    return pools.item(_request(), site_id, pool_id)


@routes.route("/v1/manage/sites/{site_id}/pools/{pool_id}/health", methods=["GET"])
@answers("manage")
def manage_pool_health(site_id: str, pool_id: str) -> Any:
    """Show how a pool is used, how accurate it is, how many numbers it needs."""
    from chalicelib.api import pools

    return pools.health(_request(), site_id, pool_id)


@routes.route("/v1/manage/sites/{site_id}/numbers", methods=["GET", "POST"], content_types=TABLE)
@answers("manage")
def manage_numbers(site_id: str) -> Any:
    """List a site's tracking numbers or import some (JSON or CSV)."""
    from chalicelib.api import numbers

    return numbers.collection(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/numbers/{number}", methods=["GET", "PATCH"])
@answers("manage")
def manage_number(site_id: str, number: str) -> Any:
    """Read a tracking number or change its state."""
    from chalicelib.api import numbers

    return numbers.item(_request(), site_id, number)


@routes.route("/v1/manage/channel-rules", methods=["GET", "PUT"])
@answers("manage")
def manage_channel_rules() -> Any:
    """Read or replace an account's channel rules."""
    from chalicelib.api import channel_rules

    return channel_rules.item(_request())


@routes.route("/v1/manage/channel-rules/test", methods=["POST"])
@answers("manage")
def manage_channel_rules_test() -> Any:
    """Try an address and a referrer: which rule decides, and why."""
    from chalicelib.api import channel_rules

    return channel_rules.test(_request())


@routes.route("/v1/manage/answer-rules", methods=["GET", "PUT"])
@answers("manage")
def manage_self_reported_rules() -> Any:
    """Read or replace how the account reads what customers say brought them."""
    from chalicelib.api import self_reported_rules

    return self_reported_rules.item(_request())


@routes.route("/v1/manage/sites/{site_id}/campaigns", methods=["GET", "POST"], content_types=TABLE)
@answers("manage")
def manage_campaigns(site_id: str) -> Any:
    """List a site's campaigns, add one or import a table of them (JSON or CSV)."""
    from chalicelib.api import campaigns

    return campaigns.collection(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/campaigns/{campaign_id}", methods=["GET", "PATCH"])
@answers("manage")
def manage_campaign(site_id: str, campaign_id: str) -> Any:
    """Read, change or archive a campaign."""
    from chalicelib.api import campaigns

    return campaigns.item(_request(), site_id, campaign_id)


@routes.route("/v1/manage/sites/{site_id}/endpoints", methods=["GET", "POST"])
@answers("manage")
def manage_endpoints(site_id: str) -> Any:
    """List a site's carrier and CRM endpoints or make one; its URL is shown once."""
    from chalicelib.api import endpoints

    return endpoints.collection(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/endpoints/{endpoint_id}", methods=["PATCH", "DELETE"])
@answers("manage")
def manage_endpoint(site_id: str, endpoint_id: str) -> Any:
    """Renew an endpoint's credentials, or close it."""
    from chalicelib.api import endpoints

    return endpoints.item(_request(), site_id, endpoint_id)


@routes.route("/v1/manage/sites/{site_id}/calls", methods=["GET"])
@answers("manage")
def manage_calls(site_id: str) -> Any:
    """List a day's calls with their evidence."""
    from chalicelib.api import calls

    return calls.collection(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/calls", methods=["POST"], content_types=TABLE)
@answers("manage")
def manage_calls_import(site_id: str) -> Any:
    """Import calls from a carrier's history, CSV or JSON."""
    from chalicelib.api import uploads

    return uploads.calls(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/calls/{call_id}", methods=["GET", "PATCH"])
@answers("manage")
def manage_call(site_id: str, call_id: str) -> Any:
    """Show one call: its events, lease, touches and credit; note what the caller said brought them."""
    from chalicelib.api import calls

    return calls.item(_request(), site_id, call_id)


@routes.route("/v1/manage/sites/{site_id}/calls/{call_id}/explain", methods=["GET"])
@answers("manage")
def manage_call_explained(site_id: str, call_id: str) -> Any:
    """Explain one call in sentences, from the carrier's webhooks to the proof."""
    from chalicelib.api import explain

    return explain.item(_request(), site_id, call_id)


@routes.route("/v1/manage/sites/{site_id}/spend", methods=["POST"], content_types=TABLE)
@answers("manage")
def manage_spend(site_id: str) -> Any:
    """Upload spend as CSV."""
    from chalicelib.api import uploads

    return uploads.spend(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/deals", methods=["POST"], content_types=TABLE)
@answers("manage")
def manage_deals(site_id: str) -> Any:
    """Upload deals as CSV."""
    from chalicelib.api import uploads

    return uploads.deals(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/deals", methods=["GET"])
@answers("manage")
def manage_deals_list(site_id: str) -> Any:
    """List a day's deals, each with what it comes from."""
    from chalicelib.api import deals

    return deals.collection(_request(), site_id)


@routes.route("/v1/manage/sites/{site_id}/deals/{source}/{external_id}", methods=["GET"])
@answers("manage")
def manage_deal(site_id: str, source: str, external_id: str) -> Any:
    """Show one deal, why it comes from where it does, and what else it might have come from."""
    from chalicelib.api import deals

    return deals.item(_request(), site_id, source, external_id)


@routes.route("/v1/manage/sites/{site_id}/deals/{source}/{external_id}/unjoin", methods=["POST"])
@answers("manage")
def manage_deal_unjoin(site_id: str, source: str, external_id: str) -> Any:
    """Take a deal apart from what it was joined to."""
    from chalicelib.api import deals

    return deals.take_apart(_request(), site_id, source, external_id)


@routes.route("/v1/manage/sites/{site_id}/deals/{source}/{external_id}/join", methods=["POST"])
@answers("manage")
def manage_deal_join(site_id: str, source: str, external_id: str) -> Any:
    """Join a deal to a call or contact by hand, or by the rules again."""
    from chalicelib.api import deals

    return deals.join_by_hand(_request(), site_id, source, external_id)


@routes.route("/v1/manage/sites/{site_id}/reports", methods=["GET", "POST"])
@answers("manage")
def manage_reports(site_id: str) -> Any:
    """List a site's report files with fresh links, or order a report."""
    from chalicelib.api import reports

    return reports.collection(_request(), site_id)
