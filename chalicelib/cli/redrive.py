"""`redrive`: dead letters, back to the task that gave them up."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.cli.console import show
from chalicelib.core.errors import BadInput
from chalicelib.runtime import dead_letters

QUEUES = {  # name on the command line → output of the stack
    "attribute": "AttributeDeadLettersUrl",
    "deliver": "DeliverDeadLettersUrl",
    "kept": "KeptDeadLettersUrl",
    "recording": "RecordingDeadLettersUrl",
    "transcript": "TranscriptDeadLettersUrl",
    "contact": "ContactDeadLettersUrl",
    "spend-drops": "SpendDropDeadLettersUrl",
    "deal-drops": "DealDropDeadLettersUrl",
    "call-drops": "CallDropDeadLettersUrl",
}


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "redrive",
        help="put dead letters back into their queue",
        description="Move the messages a task gave up on back to its queue, once their cause is mended.",
    )
    command.add_argument("queue", metavar="QUEUE", help=f"{', '.join(QUEUES)}, or the URL of a dead-letter queue")
    command.add_argument("--limit", type=int, metavar="N", help="move at most N messages, e.g. 1 to try; else all")
    command.set_defaults(run=_run, needs_stack=False)


def _run(options: argparse.Namespace) -> bool:
    show({"redriven": dead_letters.redrive(_url(options), options.limit)})
    return True


def _url(options: argparse.Namespace) -> str:
    queue: str = options.queue
    if queue.startswith(("http://", "https://")):
        return queue
    if queue not in QUEUES:
        raise BadInput("QUEUE", f"not one of {', '.join(QUEUES)}, nor a URL")
    if not options.stack:
        raise BadInput("--stack", "name the deployed stack, or give the queue's URL")
    outputs: dict[str, str] = options.outputs
    return outputs[QUEUES[queue]]
