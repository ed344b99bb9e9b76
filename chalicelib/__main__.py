"""The operator's command line: `python -m chalicelib --help`.

Ends with 0 when all was done, 1 when something failed or was refused, 2 when the command or its input is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from chalicelib.cli import (
    calls,
    campaigns,
    carriers,
    channel_rules,
    deals,
    endpoint,
    imports,
    numbers,
    people,
    pool,
    proof,
    provision,
    recover,
    redrive,
    replay,
    report,
    self_reported,
)
from chalicelib.core.errors import BadInput, CallpathError
from chalicelib.runtime import log, stack_settings

DONE, FAILED, WRONG = 0, 1, 2
COMMANDS = (
    provision,
    numbers,
    campaigns,
    channel_rules,
    pool,
    endpoint,
    carriers,
    calls,
    self_reported,
    imports,
    deals,
    report,
    proof,
    people,
    replay,
    redrive,
    recover,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Return its exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.stack:
            options.outputs = stack_settings.use_stack(options.stack)
        elif options.needs_stack:
            stack_settings.require_settings()
        with log.about(function="cli"):
            return DONE if options.run(options) else FAILED
    except BadInput as error:
        return _failed(error.message, WRONG)
    except CallpathError as error:
        return _failed(error.message, FAILED)
    except OSError as error:  # a file that cannot be read or written
        return _failed(f"{error.filename or 'file'}: {error.strerror or error}", WRONG)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands with their arguments."""
    root = argparse.ArgumentParser(prog="python -m chalicelib", description="Operate callpath from the command line.")
    stack = "name of the deployed stack, e.g. callpath-prod; without it the CALLPATH_* environment names the tables"
    root.add_argument("--stack", metavar="NAME", help=stack)
    commands = root.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return root


def _failed(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
