"""The settings of a deployed stack for what runs outside it: the command line, the demo, a benchmark.

Inside Lambda the template fills the environment. Outside, it is filled from the stack's outputs, which are named after
the environment (`CallpathPoolsTable` → `CALLPATH_POOLS_TABLE`), and the signing key from its SSM parameter.
"""

from __future__ import annotations

import os
import re

from chalicelib.core.errors import BadInput, NotFound
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

SIGNING_KEY_PARAMETER = "/callpath/{stack}/signing-key"  # a SecureString, written once by the deployment
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def use_stack(stack: str) -> dict[str, str]:
    """Fill the environment from the stack's outputs and return them all. Raises NotFound, StorageUnavailable."""
    outputs = _outputs(stack)
    os.environ.update({_variable(key): value for key, value in outputs.items() if key.startswith("Callpath")})
    os.environ["CALLPATH_SIGNING_KEY"] = _signing_key(stack)
    settings.cache_clear()
    return outputs


def require_settings() -> None:
    """Raise BadInput where neither a stack was named nor the environment names the tables."""
    if not os.environ.get("CALLPATH_DIRECTORY_TABLE"):
        raise BadInput("--stack", "name the deployed stack, or set the CALLPATH_* environment")


def _outputs(stack: str) -> dict[str, str]:
    from botocore.exceptions import ClientError

    with aws.storage_errors():
        try:
            stacks = aws.cloudformation().describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":  # what CloudFormation calls a missing stack
                raise NotFound(f"There is no stack {stack}.") from None
            raise
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}


def _signing_key(stack: str) -> str:
    from botocore.exceptions import ClientError

    name = SIGNING_KEY_PARAMETER.format(stack=stack)
    try:
        answer = aws.ssm().get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        raise NotFound(f"The signing key {name} cannot be read: {error.response['Error']['Code']}.") from None
    return str(answer["Parameter"]["Value"])


def _variable(output: str) -> str:
    return _WORD.sub("_", output).upper()
