"""The states of groups in a response, parsed without botocore.

botocore walks a response value by value along its model, and a state is some two hundred values deep in lists: that
walk was most of what a lease takes beyond the bare write, and nearly all of a read of history. msgspec reads the same
JSON at once. So states are taken out of the body before botocore parses it, and added to what botocore makes of the
rest, under the name botocore would use.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.pool.lending.group_codec import StoredGroup

EVENT = "before-parse.dynamodb."
# Where states are in an operation's answer. Of an update: of one that was made, and of one whose condition failed.
ANSWERS: dict[str, dict[str, Any]] = {
    "UpdateItem": {"Attributes": StoredGroup, "Item": StoredGroup},
    "GetItem": {"Item": StoredGroup},
    "Query": {"Items": list[StoredGroup]},
    "BatchGetItem": {"Responses": dict[str, list[StoredGroup]]},
}
DECODERS = {
    operation: {name: msgspec.json.Decoder(shape, strict=False) for name, shape in parts.items()}
    for operation, parts in ANSWERS.items()
}
_body = msgspec.json.Decoder(dict[str, msgspec.Raw])


def register_parser(client: Any) -> None:
    """Make this client return groups as `StoredGroup`, other items as before. The same again changes nothing."""
    for operation in ANSWERS:
        client.meta.events.register(EVENT + operation, _parse_states, unique_id=EVENT + operation)


def _parse_states(
    operation_model: Any, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    try:
        body = _body.decode(response_dict["body"])
    except msgspec.DecodeError:
        return  # not an answer of DynamoDB's: botocore knows how to complain
    states = {}
    for name, decoder in DECODERS[operation_model.name].items():
        try:
            if name in body:
                states[name] = decoder.decode(body[name])
        except msgspec.ValidationError:
            continue  # items of another table
    if states:
        response_dict["body"] = msgspec.json.encode({name: part for name, part in body.items() if name not in states})
        customized_response_dict.update(states)
