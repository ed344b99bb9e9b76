"""The image of a group that comes home with an update, read past botocore.

botocore walks a response value by value along its model, and a head is some two hundred values deep in lists: of a
lease's time over the bare write, most was that walk. msgspec reads the same JSON at once. So the image is taken out of
the body before botocore parses it, and put beside what botocore makes of the rest, under the name botocore would use.
"""

from __future__ import annotations

from typing import Any

import msgspec

EVENT = "before-parse.dynamodb.UpdateItem"
IMAGES = ("Attributes", "Item")  # of an update that was made, and of one whose condition failed
KEY = {"k", "e"}  # of a group's item: the images of other tables are none of ours


def put_images_aside(client: Any) -> None:
    """Let this client read groups' images so; binary values in them are base64 text. Again is as good as once."""
    client.meta.events.register(EVENT, _aside, unique_id=EVENT)


def _aside(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    try:
        body = msgspec.json.decode(response_dict["body"], type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return  # not an answer of DynamoDB's: botocore knows how to complain
    images = {name: body.pop(name) for name in IMAGES if set(body.get(name) or ()) >= KEY}
    if images:
        response_dict["body"] = msgspec.json.encode(body)
        customized_response_dict.update(images)
