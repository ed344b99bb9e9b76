"""The tables as `create_table` arguments, read from the template: deployment, tests and benchmarks share one schema."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parent.parent / "deploy" / "template.yaml"
_SETTING = re.compile(r"(?<!^)(?=[A-Z])")


@lru_cache(maxsize=1)
def template() -> dict[str, Any]:
    """infra/deploy/template.yaml as a dictionary."""
    loaded: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text())
    return loaded


def table_definitions() -> dict[str, dict[str, Any]]:
    """Logical id (`PoolsTable`, …) → keyword arguments of DynamoDB's CreateTable, without its name."""
    taken = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    return {
        logical_id: {key: value for key, value in resource["Properties"].items() if key in taken}
        for logical_id, resource in template()["Resources"].items()
        if resource.get("Type") == "AWS::DynamoDB::Table"
    }


def environment_name(logical_id: str) -> str:
    """`PoolsTable` → `CALLPATH_POOLS_TABLE`: the setting that carries this resource's name."""
    return "CALLPATH_" + _SETTING.sub("_", logical_id).upper()


def create_tables(dynamodb: Any, prefix: str) -> dict[str, str]:
    """Create every table as `<prefix>-<LogicalId>` and answer the environment that names them."""
    environment = {}
    for logical_id, definition in table_definitions().items():
        name = f"{prefix}-{logical_id}"
        dynamodb.create_table(TableName=name, **definition)
        environment[environment_name(logical_id)] = name
    return environment
