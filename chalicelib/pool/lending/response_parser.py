"""The images of groups that come home with an answer, read past botocore.

botocore walks a response value by value along its model, and an image is some two hundred values deep in lists: of a
lease's time over the bare write, most was that walk, and of a look into history nearly all. msgspec reads the same JSON
at once. So images are taken out of the body before botocore parses it, and put beside what botocore makes of the rest,
under the name botocore would use.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.pool.lending.group_codec import StoredGroup

EVENT = "before-parse.dynamodb."
# Where images are in an operation's answer. Of an update: of one that was made, and of one whose condition failed.
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
    """Let this client give groups' images as wire.Stored, other items as ever. Again is as good as once."""
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
