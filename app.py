"""The index of callpath's tasks: every route, schedule and queue is one decorator, one line of docstring and one call.

One task is one Lambda function (infra/template.yaml points each route at its own). Tasks are imported when they run:
all functions share this file, and a cold start must not load what it does not use.
"""

from __future__ import annotations

from typing import Any

from chalice.app import CloudWatchEvent, CORSConfig, Rate, SQSEvent

from chalicelib.core import clock
from chalicelib.runtime import sqs
from chalicelib.runtime.http import Application, Request, answers, request_of
from chalicelib.runtime.tracing import traced

app = Application(app_name="callpath")
ANY_ORIGIN = CORSConfig(allow_origin="*", allow_headers=["Content-Type", "X-Callpath-Time"], max_age=86400)
PAGE = ["application/json", "text/plain", "application/x-www-form-urlencoded"]  # text/plain needs no preflight
HOOK = ["application/json", "application/x-www-form-urlencoded", "text/plain"]
TABLE = ["application/json", "text/csv", "text/plain", "application/octet-stream"]


def _request() -> Request:
    return request_of(app)


# ---- issue_number: the websites' own function ------------------------------------------------------------------


@app.route("/v1/sites/{site_key}/number", methods=["POST"], cors=ANY_ORIGIN, content_types=PAGE, name="issue_number")
@answers("issue_number")
def issue_number(site_key: str) -> Any:
    """Lend a number to a visitor, or renew his lease."""
    from chalicelib.pool.lending import issue_number as task

    return task.issue(_request(), site_key)


@app.route("/v1/sites/{site_key}/release", methods=["POST"], cors=ANY_ORIGIN, content_types=PAGE)
@answers("release_number")
def release_number(site_key: str) -> Any:
    """Give a number back when its visitor leaves."""
    from chalicelib.pool.lending import release_number as task

    return task.release(_request(), site_key)


@app.route("/v1/sites/{site_key}/events", methods=["POST"], cors=ANY_ORIGIN, content_types=PAGE)
@answers("record_event")
def record_event(site_key: str) -> Any:
    """Take what a visitor did on the page: a form, a chat, a tel: click, a reveal."""
    from chalicelib.contacts import record_event as task

    return task.record(_request(), site_key)


@app.route("/v1/sites/{site_key}/promo", methods=["POST"], cors=ANY_ORIGIN, content_types=PAGE)
@answers("mint_promo")
def mint_promo(site_key: str) -> Any:
    """Show a visitor the promo code of his page."""
    from chalicelib.contacts import mint_promo as task

    return task.show(_request(), site_key)


@app.route("/v1/sites/{site_key}/snippet.js", methods=["GET"], cors=ANY_ORIGIN)
@answers("serve_snippet")
def serve_snippet(site_key: str) -> Any:
    """The script a website includes."""
    from chalicelib.pool import serve_snippet as task

    return task.serve(_request(), site_key)


# ---- receive_call and receive_outcome: webhooks ------------------------------------------------------------------


@app.route("/v1/carriers/{carrier}/{endpoint_secret}", methods=["GET", "POST"], content_types=HOOK)
@answers("receive_call")
def receive_call(carrier: str, endpoint_secret: str) -> Any:
    """A carrier's webhook: keep the event, connect the caller."""
    from chalicelib.carriers import receive_call as task

    return task.receive(_request(), carrier, endpoint_secret, ())


@app.route("/v1/carriers/{carrier}/{endpoint_secret}/{event}", methods=["GET", "POST"], content_types=HOOK)
@answers("receive_call")
def receive_call_event(carrier: str, endpoint_secret: str, event: str) -> Any:
    """The same, for carriers that are given one URL per kind of event."""
    from chalicelib.carriers import receive_call as task

    return task.receive(_request(), carrier, endpoint_secret, (event,))


@app.route("/v1/carriers/{carrier}/{endpoint_secret}/{event}/{part}", methods=["GET", "POST"], content_types=HOOK)
@answers("receive_call")
def receive_call_part(carrier: str, endpoint_secret: str, event: str, part: str) -> Any:
    """The same, for carriers that append two path parts of their own."""
    from chalicelib.carriers import receive_call as task

    return task.receive(_request(), carrier, endpoint_secret, (event, part))


@app.route("/v1/crm/{crm}/{endpoint_secret}", methods=["POST"], content_types=HOOK)
@answers("receive_outcome")
def receive_outcome(crm: str, endpoint_secret: str) -> Any:
    """A CRM's webhook: what became of a lead."""
    from chalicelib.deals import receive_outcome as task

    return task.receive(_request(), crm, endpoint_secret)


@app.route(
    "/v1/carriers/{carrier}/{endpoint_secret}/{event}/{part}/{detail}", methods=["GET", "POST"], content_types=HOOK
)
@answers("receive_call")
def receive_call_detail(carrier: str, endpoint_secret: str, event: str, part: str, detail: str) -> Any:
    """The same, for Mango Office, which appends three."""
    from chalicelib.carriers import receive_call as task

    return task.receive(_request(), carrier, endpoint_secret, (event, part, detail))


# ---- queues ------------------------------------------------------------------------------------------------------


@app.on_sqs_message(queue="attribute-call", batch_size=10, name="attribute_call")
def attribute_call(event: SQSEvent) -> Any:
    """Find the visitor and the touches behind a call."""
    from chalicelib.attribution import attribute_call as task

    return sqs.consume("attribute_call", event, task.attribute)


@app.on_sqs_message(queue="take-contact", batch_size=10, name="take_contact")
def take_contact(event: SQSEvent) -> Any:
    """Store what a visitor did with what had brought him, and join the deals that come from it."""
    from chalicelib.deals import take_contact as task

    return sqs.consume("take_contact", event, task.take)


@app.on_sqs_message(queue="deliver", batch_size=1, name="deliver")  # one slow receiver delays no other call's alert
def deliver(event: SQSEvent) -> Any:
    """Tell the account's other systems about a finished call."""
    from chalicelib.delivery import deliver as task

    return sqs.consume("deliver", event, task.deliver)


@app.on_sqs_message(queue="kept-events", batch_size=1, name="recover_event")
def recover_event(event: SQSEvent) -> Any:
    """Take in a carrier event that was kept while storage failed."""
    from chalicelib.carriers import recover_event as task

    return sqs.consume("recover_event", event, task.recover)


@app.on_sqs_message(queue="fetch-recording", batch_size=1, name="fetch_recording")
def fetch_recording(event: SQSEvent) -> Any:
    """Fetch a recording from its carrier into the bucket."""
    from chalicelib.recordings import fetch_recording as task

    return sqs.consume("fetch_recording", event, task.fetch)


@app.on_sqs_message(queue="read-transcript", batch_size=1, name="read_transcript")
def read_transcript(event: SQSEvent) -> Any:
    """Take in what Amazon Transcribe wrote down of a recording."""
    from chalicelib.recordings.transcripts import read_transcript as task

    return sqs.consume("read_transcript", event, task.read)


@app.on_sqs_message(queue="spend-drops", batch_size=1, name="import_spend")
def import_spend(event: SQSEvent) -> Any:
    """A spend file dropped into the bucket."""
    from chalicelib.reports.spend import import_spend as task

    return sqs.consume("import_spend", event, task.from_drop)


@app.on_sqs_message(queue="deal-drops", batch_size=1, name="import_deals")
def import_deals(event: SQSEvent) -> Any:
    """A file of deals dropped into the bucket."""
    from chalicelib.deals import import_deals as task

    return sqs.consume("import_deals", event, task.from_drop)


@app.on_sqs_message(queue="call-drops", batch_size=1, name="import_calls")
def import_calls(event: SQSEvent) -> Any:
    """A carrier's history of calls dropped into the bucket."""
    from chalicelib.carriers import import_calls as task

    return sqs.consume("import_calls", event, task.from_drop)


# ---- schedules ---------------------------------------------------------------------------------------------------


@app.schedule(Rate(1, unit=Rate.MINUTES), name="census")
@traced("census")
def census(event: CloudWatchEvent) -> Any:
    """Count each pool's leases."""
    from chalicelib.pool.statistics import census as task

    return task.count(clock.parse_time(event.time, field="time"))


@app.schedule(Rate(30, unit=Rate.MINUTES), name="close_calls")
@traced("close_calls")
def close_calls(event: CloudWatchEvent) -> Any:
    """Close the calls whose end no carrier has told."""
    from chalicelib.calls import close_calls as task

    return task.close(clock.parse_time(event.time, field="time"))


@app.schedule(Rate(5, unit=Rate.MINUTES), name="close_day")
@traced("close_day")
def close_day(event: CloudWatchEvent) -> Any:
    """Rebuild the facts of every day that changed."""
    from chalicelib.reports import close_day as task

    return task.close(clock.parse_time(event.time, field="time"))


@app.schedule(Rate(1, unit=Rate.HOURS), name="forget_callers")
@traced("forget_callers")
def forget_callers(event: CloudWatchEvent) -> Any:
    """Finish what is being erased; forget callers their site keeps no longer."""
    from chalicelib.privacy import forget_callers as task

    return task.forget(clock.parse_time(event.time, field="time"))


@app.schedule(Rate(1, unit=Rate.HOURS), name="build_report")
@traced("build_report")
def build_report(event: CloudWatchEvent) -> Any:
    """Write the report files that are due and each site's index page."""
    from chalicelib.reports import build_report as task

    return task.build(clock.parse_time(event.time, field="time"), event.detail)


# ---- erase_person: its own function, which alone may take things away ---------------------------------------------


@app.route("/v1/manage/sites/{site_id}/erase", methods=["POST"])
@answers("erase_person")
def erase_person(site_id: str) -> Any:
    """Forget a person, by phone or visitor; figures stay as they are."""
    from chalicelib.api import people

    return people.erase(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/export", methods=["POST"])
@answers("export_person")
def export_person(site_id: str) -> Any:
    """All that is known of a person, by phone or visitor."""
    from chalicelib.api import people

    return people.export(_request(), site_id)


# ---- manage: the operator's side ---------------------------------------------------------------------------------


@app.route("/v1/health", methods=["GET"])
@answers("manage")
def health() -> Any:
    """Whether this stage answers."""
    from chalicelib.api import health as task

    return task.health()


@app.route("/v1/manage/accounts", methods=["GET", "POST"])
@answers("manage")
def manage_accounts() -> Any:
    """List accounts or open one (operator only)."""
    from chalicelib.api import accounts

    return accounts.collection(_request())


@app.route("/v1/manage/keys", methods=["GET", "POST"])
@answers("manage")
def manage_keys() -> Any:
    """List an account's API keys or make one."""
    from chalicelib.api import keys

    return keys.collection(_request())


@app.route("/v1/manage/keys/{key_id}", methods=["DELETE"])
@answers("manage")
def manage_key(key_id: str) -> Any:
    """Revoke an API key."""
    from chalicelib.api import keys

    return keys.revoke(_request(), key_id)


@app.route("/v1/manage/sites", methods=["GET", "POST"])
@answers("manage")
def manage_sites() -> Any:
    """List an account's sites or add one."""
    from chalicelib.api import sites

    return sites.collection(_request())


@app.route("/v1/manage/sites/{site_id}", methods=["GET", "PATCH"])
@answers("manage")
def manage_site(site_id: str) -> Any:
    """Read or change a site."""
    from chalicelib.api import sites

    return sites.item(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/rotate-key", methods=["POST"])
@answers("manage")
def manage_site_key(site_id: str) -> Any:
    """Give a site a new publishable key; the old one stops working."""
    from chalicelib.api import sites

    return sites.rotate_key(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/pools", methods=["GET", "POST"])
@answers("manage")
def manage_pools(site_id: str) -> Any:
    """List a site's pools or add one."""
    from chalicelib.api import pools

    return pools.collection(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/pools/{pool_id}", methods=["GET", "PATCH"])
@answers("manage")
def manage_pool(site_id: str, pool_id: str) -> Any:
    """Read a pool with its use, or change it."""
    from chalicelib.api import pools

    return pools.item(_request(), site_id, pool_id)


@app.route("/v1/manage/sites/{site_id}/pools/{pool_id}/health", methods=["GET"])
@answers("manage")
def manage_pool_health(site_id: str, pool_id: str) -> Any:
    """How a pool is used, how accurate it is, how many numbers it needs."""
    from chalicelib.api import pools

    return pools.health(_request(), site_id, pool_id)


@app.route("/v1/manage/sites/{site_id}/numbers", methods=["GET", "POST"], content_types=TABLE)
@answers("manage")
def manage_numbers(site_id: str) -> Any:
    """List a site's tracking numbers or import some (JSON or CSV)."""
    from chalicelib.api import numbers

    return numbers.collection(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/numbers/{number}", methods=["GET", "PATCH"])
@answers("manage")
def manage_number(site_id: str, number: str) -> Any:
    """Read a tracking number or change its state."""
    from chalicelib.api import numbers

    return numbers.item(_request(), site_id, number)


@app.route("/v1/manage/channel-rules", methods=["GET", "PUT"])
@answers("manage")
def manage_channel_rules() -> Any:
    """Read or replace an account's channel rules."""
    from chalicelib.api import channel_rules

    return channel_rules.item(_request())


@app.route("/v1/manage/channel-rules/test", methods=["POST"])
@answers("manage")
def manage_channel_rules_test() -> Any:
    """Try an address and a referrer: which rule decides, and why."""
    from chalicelib.api import channel_rules

    return channel_rules.test(_request())


@app.route("/v1/manage/answer-rules", methods=["GET", "PUT"])
@answers("manage")
def manage_answer_rules() -> Any:
    """Read or replace how the account reads what customers say brought them."""
    from chalicelib.api import answer_rules

    return answer_rules.item(_request())


@app.route("/v1/manage/sites/{site_id}/campaigns", methods=["GET", "POST"], content_types=TABLE)
@answers("manage")
def manage_campaigns(site_id: str) -> Any:
    """List a site's campaigns, add one or import a table of them (JSON or CSV)."""
    from chalicelib.api import campaigns

    return campaigns.collection(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/campaigns/{campaign_id}", methods=["GET", "PATCH"])
@answers("manage")
def manage_campaign(site_id: str, campaign_id: str) -> Any:
    """Read, change or archive a campaign."""
    from chalicelib.api import campaigns

    return campaigns.item(_request(), site_id, campaign_id)


@app.route("/v1/manage/sites/{site_id}/endpoints", methods=["GET", "POST"])
@answers("manage")
def manage_endpoints(site_id: str) -> Any:
    """List a site's carrier and CRM endpoints or make one; its URL is shown once."""
    from chalicelib.api import endpoints

    return endpoints.collection(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/endpoints/{endpoint_id}", methods=["PATCH", "DELETE"])
@answers("manage")
def manage_endpoint(site_id: str, endpoint_id: str) -> Any:
    """Renew an endpoint's credentials, or close it."""
    from chalicelib.api import endpoints

    return endpoints.item(_request(), site_id, endpoint_id)


@app.route("/v1/manage/sites/{site_id}/calls", methods=["GET"])
@answers("manage")
def manage_calls(site_id: str) -> Any:
    """List a day's calls with their evidence."""
    from chalicelib.api import calls

    return calls.collection(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/calls", methods=["POST"], content_types=TABLE)
@answers("manage")
def manage_calls_import(site_id: str) -> Any:
    """Import calls from a carrier's history, CSV or JSON."""
    from chalicelib.api import uploads

    return uploads.calls(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/calls/{call_id}", methods=["GET", "PATCH"])
@answers("manage")
def manage_call(site_id: str, call_id: str) -> Any:
    """One call: its events, lease, touches and credit; note what the caller said brought him."""
    from chalicelib.api import calls

    return calls.item(_request(), site_id, call_id)


@app.route("/v1/manage/sites/{site_id}/calls/{call_id}/explain", methods=["GET"])
@answers("manage")
def manage_call_explained(site_id: str, call_id: str) -> Any:
    """One call's chain in sentences, from the carrier's webhooks to the proof."""
    from chalicelib.api import explain

    return explain.item(_request(), site_id, call_id)


@app.route("/v1/manage/sites/{site_id}/spend", methods=["POST"], content_types=TABLE)
@answers("manage")
def manage_spend(site_id: str) -> Any:
    """Upload spend as CSV."""
    from chalicelib.api import uploads

    return uploads.spend(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/deals", methods=["POST"], content_types=TABLE)
@answers("manage")
def manage_deals(site_id: str) -> Any:
    """Upload deals as CSV."""
    from chalicelib.api import uploads

    return uploads.deals(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/deals", methods=["GET"])
@answers("manage")
def manage_deals_list(site_id: str) -> Any:
    """A day's deals, each with what it comes from."""
    from chalicelib.api import deals

    return deals.collection(_request(), site_id)


@app.route("/v1/manage/sites/{site_id}/deals/{source}/{external_id}", methods=["GET"])
@answers("manage")
def manage_deal(site_id: str, source: str, external_id: str) -> Any:
    """One deal, why it comes from where it does, and what else it might have come from."""
    from chalicelib.api import deals

    return deals.item(_request(), site_id, source, external_id)


@app.route("/v1/manage/sites/{site_id}/deals/{source}/{external_id}/unjoin", methods=["POST"])
@answers("manage")
def manage_deal_unjoin(site_id: str, source: str, external_id: str) -> Any:
    """Take a deal apart from what it was joined to."""
    from chalicelib.api import deals

    return deals.take_apart(_request(), site_id, source, external_id)


@app.route("/v1/manage/sites/{site_id}/deals/{source}/{external_id}/join", methods=["POST"])
@answers("manage")
def manage_deal_join(site_id: str, source: str, external_id: str) -> Any:
    """Join a deal to a call or contact by hand, or by the rules again."""
    from chalicelib.api import deals

    return deals.join_by_hand(_request(), site_id, source, external_id)


@app.route("/v1/manage/sites/{site_id}/reports", methods=["GET", "POST"])
@answers("manage")
def manage_reports(site_id: str) -> Any:
    """List a site's report files with fresh links, or order a report."""
    from chalicelib.api import reports

    return reports.collection(_request(), site_id)
