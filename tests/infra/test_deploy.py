"""The real package, deployed by its real template on the local engine."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from infra.deploy.deploy import outputs_of, reconcile
from infra.deploy.lint_template import too_open
from infra.deploy.package import build
from infra.local.tables import environment_name

HTTP_TASKS = {"IssueNumber", "RecordEvent", "MintPromo", "ServeSnippet", "ReceiveCall", "ReceiveOutcome"}
QUEUE_TASKS = {
    *("AttributeCall", "Deliver", "RecoverEvent", "FetchRecording", "ReadTranscript"),
    *("ImportSpend", "ImportDeals", "ImportCalls", "TakeContact"),
}
MANAGE_TASKS = {"APIHandler", "ErasePerson"}
SCHEDULED_TASKS = {"Census", "CloseCalls", "CloseDay", "BuildReport", "ForgetCallers"}
TASKS = HTTP_TASKS | QUEUE_TASKS | SCHEDULED_TASKS | MANAGE_TASKS


def resources(kind: str) -> dict[str, dict[str, Any]]:
    found = build().template()["Resources"]
    return {name: resource["Properties"] for name, resource in found.items() if resource["Type"] == kind}


def test_every_task_is_a_function_of_its_own_with_its_own_role() -> None:
    functions = resources("AWS::Serverless::Function")
    assert set(functions) == TASKS
    roles = {json.dumps(properties["Role"]) for properties in functions.values()}
    assert len(roles) == len(TASKS)


def test_every_function_has_its_own_memory_and_time_limit_and_is_traced() -> None:
    for name, properties in resources("AWS::Serverless::Function").items():
        assert properties["MemorySize"] >= 512, name
        assert properties["Timeout"] != 60 or name in ("Census", "Deliver"), f"{name} has Chalice's default timeout"
        assert properties["Tracing"] == "Active", name


def test_the_public_functions_have_reserved_concurrency() -> None:
    functions = resources("AWS::Serverless::Function")
    reserved = {name for name, properties in functions.items() if "ReservedConcurrentExecutions" in properties}
    assert reserved == HTTP_TASKS


def test_no_role_may_do_everything() -> None:
    assert too_open(build().template()) == []


def test_a_role_that_may_do_everything_is_found() -> None:
    statement = {"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}
    role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [statement]}}]}}
    assert len(too_open({"Resources": {"TooOpen": role}})) == 2


def test_every_route_of_a_public_task_runs_in_its_own_function() -> None:
    paths = resources("AWS::Serverless::Api")["RestAPI"]["DefinitionBody"]["paths"]
    owners = {}
    for path, methods in paths.items():
        for method, definition in methods.items():
            if method != "options":
                uri = json.dumps(definition["x-amazon-apigateway-integration"]["uri"])
                owners[f"{method} {path}"] = uri.split("functions/${")[1].split(".Arn")[0]
    manage = {route for route, owner in owners.items() if owner in MANAGE_TASKS}
    assert all("/v1/manage/" in route or route == "get /v1/health" for route in manage)
    assert owners["post /v1/sites/{site_key}/number"] == "IssueNumber"
    assert set(owners.values()) == HTTP_TASKS | MANAGE_TASKS


def test_every_queue_has_dead_letters_and_encryption() -> None:
    queues = resources("AWS::SQS::Queue")
    for name, properties in queues.items():
        assert properties["SqsManagedSseEnabled"] is True
        assert name.endswith("DeadLetters") or "RedrivePolicy" in properties, name


def test_every_table_can_be_recovered_and_is_encrypted() -> None:
    for name, properties in resources("AWS::DynamoDB::Table").items():
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True, name
        assert properties["SSESpecification"]["SSEEnabled"] is True, name


def test_the_package_carries_compiled_modules_and_nothing_of_the_runtime() -> None:
    import zipfile

    with zipfile.ZipFile(build().zip_file) as archive:
        names = archive.namelist()
    assert any(name.startswith("chalicelib/pool/lending/__pycache__/issue_number") for name in names)
    assert not [name for name in names if name.startswith(("boto3/", "botocore/", "urllib3/"))]


@pytest.mark.engine
def test_the_deployed_service_answers_over_http(stack: Any) -> None:
    with urllib.request.urlopen(f"{stack.base_url}/v1/health") as answer:
        assert answer.status == 200
        assert json.load(answer)["status"] == "ok"


@pytest.mark.engine
def test_an_unknown_site_is_a_clear_404(stack: Any) -> None:
    request = urllib.request.Request(
        f"{stack.base_url}/v1/sites/nobody/number", data=b'{"url":"https://shop.example/"}', method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as answer:
        assert answer.code == 404
        assert json.load(answer)["error"] == "not_found"


@pytest.mark.engine
def test_tables_and_bucket_are_as_the_template_says(stack: Any) -> None:
    dynamodb, s3 = stack.client("dynamodb"), stack.client("s3")
    for logical_id in resources("AWS::DynamoDB::Table"):
        name = stack.outputs["Callpath" + logical_id]
        backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = dynamodb.describe_time_to_live(TableName=stack.outputs["CallpathPoolsTable"])["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "x")
    bucket = stack.outputs["CallpathBucket"]
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {rule["ID"] for rule in rules} >= {"old-versions", "reports", "drops"}


@pytest.mark.engine
def test_reserved_concurrency_holds_on_the_engine(stack: Any) -> None:
    functions = stack.client("lambda")
    names = [row["FunctionName"] for row in functions.list_functions(MaxItems=50)["Functions"]]
    issue = next(name for name in names if "IssueNumber" in name)
    assert functions.get_function_concurrency(FunctionName=issue)["ReservedConcurrentExecutions"] == 3


@pytest.mark.engine
def test_a_second_reconciliation_finds_nothing_to_do(stack: Any) -> None:
    assert reconcile(stack.target, build()) == []


@pytest.mark.engine
def test_every_setting_of_the_functions_is_an_output_of_the_stack(stack: Any) -> None:
    outputs = outputs_of(stack.target)
    secret = {"CALLPATH_SIGNING_KEY", "CALLPATH_TEST_CLOCK", "CALLPATH_TEST_FETCH", "CALLPATH_TEST_SEED"}
    asked = set(build().template()["Globals"]["Function"]["Environment"]["Variables"]) - secret
    given = {environment_name(key.removeprefix("Callpath")) for key in outputs if key.startswith("Callpath")}
    assert asked <= given
