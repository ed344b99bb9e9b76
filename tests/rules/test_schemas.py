"""Every table's pynamodb model has the keys, indexes and expiry that the template gives the table."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
import yaml
from pynamodb.models import Model

from tests.rules.test_architecture import CODE, ROOT

MODELS = {
    "DirectoryTable": "registry.directory_table:Entry",
    "PoolsTable": "pool.groups_schema:Item",
    "VisitorsTable": "visits.visits_schema:Item",
    "CallsTable": "calls.calls_schema:Item",
    "SubjectsTable": "calls.callers_schema:Item",
    "DealsTable": "deals.deals_schema:Item",
    "ContactsTable": "contacts.contacts_schema:Item",
    "SpendTable": "reports.spend.spend_table:SpendItem",
    "DaysTable": "calls.days_schema:Item",
    "OutboxTable": "delivery.outbox_schema:Item",
}
TABLES: dict[str, Any] = {
    name: resource["Properties"]
    for name, resource in yaml.safe_load((ROOT / "infra" / "deploy" / "template.yaml").read_text())["Resources"].items()
    if resource.get("Type") == "AWS::DynamoDB::Table"
}


def model_of(table: str) -> type[Model]:
    module, _, name = MODELS[table].partition(":")
    found: type[Model] = getattr(import_module(f"chalicelib.{module}"), name)
    return found


def keys(schema: list[dict[str, str]]) -> dict[str, str]:
    return {each.get("AttributeName", ""): each.get("KeyType", "") for each in schema}


def test_every_table_has_a_model_and_every_schema_a_table() -> None:
    assert set(TABLES) == set(MODELS)
    schemas = {str(file.relative_to(CODE))[:-3].replace("/", ".") for file in CODE.rglob("*_schema.py")}
    assert schemas <= {model.partition(":")[0] for model in MODELS.values()}


@pytest.mark.parametrize("table", MODELS)
def test_a_model_is_what_the_template_makes(table: str) -> None:
    made, model = TABLES[table], model_of(table)
    schema: Any = model._get_schema()
    assert keys(schema["key_schema"]) == keys(made["KeySchema"])
    types = {each["AttributeName"]: each["AttributeType"] for each in schema["attribute_definitions"]}
    assert types == {each["AttributeName"]: each["AttributeType"] for each in made["AttributeDefinitions"]}
    found = {
        each["index_name"]: (keys(each["key_schema"]), each["projection"]["ProjectionType"])
        for each in schema["global_secondary_indexes"]
    }
    assert found == {
        each["IndexName"]: (keys(each["KeySchema"]), each["Projection"]["ProjectionType"])
        for each in made.get("GlobalSecondaryIndexes", [])
    }
    expiry = model._ttl_attribute()  # type: ignore[no-untyped-call]
    assert (expiry.attr_name if expiry else None) == made.get("TimeToLiveSpecification", {}).get("AttributeName")
