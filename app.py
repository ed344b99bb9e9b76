"""The index of callpath's tasks: every route, schedule and queue is one decorator, one line of docstring and one call.

One task is one Lambda function (infra/deploy/template.yaml points each route at its own). Tasks are imported when they
run: all functions share this file, and a cold start must not load what it does not use.
"""

from __future__ import annotations

from typing import Any

from chalice.app import CloudWatchEvent, CORSConfig, Rate, SQSEvent

from chalicelib.api.routes import routes
from chalicelib.core import clock
from chalicelib.runtime import sqs
from chalicelib.runtime.http import Application, Request, answers, request_of
from chalicelib.runtime.tracing import traced

app = Application(app_name="callpath")
app.register_blueprint(routes)  # the manage API
ANY_ORIGIN = CORSConfig(allow_origin="*", allow_headers=["Content-Type", "X-Callpath-Time"], max_age=86400)
PAGE = ["application/json", "text/plain", "application/x-www-form-urlencoded"]  # text/plain needs no preflight
CARRIER = "/v1/carriers/{carrier}/{endpoint_secret}"
HOOK = ["application/json", "application/x-www-form-urlencoded", "text/plain"]


def _request() -> Request:
    return request_of(app)


# ---- issue_number: the websites' own function ------------------------------------------------------------------


@app.route("/v1/sites/{site_key}/number", methods=["POST"], cors=ANY_ORIGIN, content_types=PAGE, name="issue_number")
@answers("issue_number")
def issue_number(site_key: str) -> Any:
    """Lend a number to a visitor, or renew their lease."""
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
    """Show a visitor the promo code of their page."""
    from chalicelib.contacts import mint_promo as task

    return task.show(_request(), site_key)


@app.route("/v1/sites/{site_key}/snippet.js", methods=["GET"], cors=ANY_ORIGIN)
@answers("serve_snippet")
def serve_snippet(site_key: str) -> Any:
    """Serve the script a website includes."""
    from chalicelib.pool import serve_snippet as task

    return task.serve(_request(), site_key)


# ---- receive_call and receive_outcome: webhooks ------------------------------------------------------------------


@app.route(f"{CARRIER}/{{event}}/{{part}}/{{detail}}", methods=["GET", "POST"], content_types=HOOK)
@app.route(f"{CARRIER}/{{event}}/{{part}}", methods=["GET", "POST"], content_types=HOOK)
@app.route(f"{CARRIER}/{{event}}", methods=["GET", "POST"], content_types=HOOK)
@app.route(CARRIER, methods=["GET", "POST"], content_types=HOOK)
@answers("receive_call")
def receive_call(carrier: str, endpoint_secret: str, **parts: str) -> Any:
    """Keep the event of a carrier's webhook, and connect the caller; some carriers append parts to the URL."""
    from chalicelib.carriers import receive_call as task

    return task.receive(_request(), carrier, endpoint_secret, tuple(parts.values()))


@app.route("/v1/crm/{crm}/{endpoint_secret}", methods=["POST"], content_types=HOOK)
@answers("receive_outcome")
def receive_outcome(crm: str, endpoint_secret: str) -> Any:
    """Take a CRM's webhook: what became of a lead."""
    from chalicelib.deals import receive_outcome as task

    return task.receive(_request(), crm, endpoint_secret)


# ---- queues ------------------------------------------------------------------------------------------------------


@app.on_sqs_message(queue="attribute-call", batch_size=10, name="attribute_call")
def attribute_call(event: SQSEvent) -> Any:
    """Find the visitor and the touches behind a call."""
    from chalicelib.attribution import attribute_call as task

    return sqs.consume("attribute_call", event, task.attribute)


@app.on_sqs_message(queue="take-contact", batch_size=10, name="take_contact")
def take_contact(event: SQSEvent) -> Any:
    """Store what a visitor did with what brought them, and join the deals that come from it."""
    from chalicelib.deals import take_contact as task

    return sqs.consume("take_contact", event, task.take)


@app.on_sqs_message(queue="deliver", batch_size=1, name="deliver")  # one slow receiver delays no other call's alert
def deliver(event: SQSEvent) -> Any:
    """Send a finished call to the account's other systems."""
    from chalicelib.delivery import deliver as task

    return sqs.consume("deliver", event, task.deliver)


@app.on_sqs_message(queue="kept-events", batch_size=1, name="recover_event")
def recover_event(event: SQSEvent) -> Any:
    """Take in a carrier event that was spooled while storage failed."""
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
    """Import a spend file dropped into the bucket."""
    from chalicelib.reports.spend import import_spend as task

    return sqs.consume("import_spend", event, task.from_drop)


@app.on_sqs_message(queue="deal-drops", batch_size=1, name="import_deals")
def import_deals(event: SQSEvent) -> Any:
    """Import a file of deals dropped into the bucket."""
    from chalicelib.deals import import_deals as task

    return sqs.consume("import_deals", event, task.from_drop)


@app.on_sqs_message(queue="call-drops", batch_size=1, name="import_calls")
def import_calls(event: SQSEvent) -> Any:
    """Import a carrier's history of calls dropped into the bucket."""
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
    """Close the calls whose end no carrier has reported."""
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
    """Finish what is being erased; forget callers whose time at their site is over."""
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
