"""Check the packaged template: cfn-lint, and what only the whole shows. Part of `make check`.

python -m infra.deploy.lint_template
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.deploy.package import PackageError, build
from infra.setup.bootstrap import ROOT

REGION = "eu-central-1"


def main() -> int:
    """Print what is wrong; answer the exit code."""
    try:
        package = build()
    except PackageError as error:
        print(error)
        return 1
    linter = str(Path(sys.executable).with_name("cfn-lint"))
    ran = subprocess.run([linter, "--regions", REGION, "--", str(package.template_file)], cwd=ROOT, check=False)  # noqa: S603
    found = too_open(package.template())
    for sentence in found:
        print(sentence)
    return 1 if ran.returncode or found else 0


def too_open(template: dict[str, Any]) -> list[str]:
    """Statements of roles that allow a whole service, or anything but X-Ray on every resource without a condition."""
    found = []
    for name, resource in template["Resources"].items():
        for policy in resource["Properties"].get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
            for statement in policy["PolicyDocument"]["Statement"]:
                found += [f"{name} allows {action}" for action in statement["Action"] if action.endswith(":*")]
                everywhere = statement["Resource"] == "*" and "Condition" not in statement
                everywhere = everywhere and not all(a.startswith("xray:") for a in statement["Action"])
                found += [f"{name} allows {statement['Action']} on every resource"] if everywhere else []
    return found


if __name__ == "__main__":
    sys.exit(main())
