"""Deploy a package by its CloudFormation template, on AWS and on the local engine alike.

Upload the zips under their hashes, point the template at them, execute a change set, and then set by API what an engine
may have ignored. The public URL is known only once the API exists, so a first deployment runs twice.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from infra.deploy.package import Package

WAIT = {"Delay": 1, "MaxAttempts": 1800}
UNCHANGED = ("didn't contain changes", "No updates are to be performed")


class DeployError(Exception):
    """The stack could not be deployed, in one sentence."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to deploy, and as what."""

    session: boto3.session.Session
    stage: str
    endpoint_url: str | None = None  # of a local engine; None is AWS
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def stack(self) -> str:
        return f"callpath-{self.stage}"

    def client(self, service: str) -> Any:
        path_style = Config(signature_version="s3v4", s3={"addressing_style": "path"})
        make: Any = self.session.client  # its overloads want a literal name
        return make(service, endpoint_url=self.endpoint_url, config=path_style if service == "s3" else None)


def deploy(target: Target, package: Package, say: Callable[[str], None] = lambda _: None) -> dict[str, str]:
    """Create or update the stack; answer its outputs. Nothing happens when nothing changed. Raises DeployError."""
    bucket = _artifacts_bucket(target)
    say("uploading the package")
    template_url = _upload(target, bucket, package)
    parameters = {"Stage": target.stage, "SigningKey": _signing_key(target), **target.parameters}
    previous = outputs_of(target)
    parameters.setdefault("PublicUrl", _public_url(target, previous) if previous else "")
    say("creating the stack" if not previous else "updating the stack")
    outputs = _execute(target, template_url, parameters)
    if "PublicUrl" not in target.parameters and _public_url(target, outputs) != parameters["PublicUrl"]:
        say("giving the functions their public URL")
        outputs = _execute(target, template_url, {**parameters, "PublicUrl": _public_url(target, outputs)})
    say("checking what the template asked for")
    reconcile(target, package)
    return outputs


def outputs_of(target: Target) -> dict[str, str]:
    """Return the outputs of the stack as it is now; empty where there is none."""
    try:
        stacks = target.client("cloudformation").describe_stacks(StackName=target.stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return {}
        raise
    if stacks[0]["StackStatus"] in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE"):
        return {}
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}


def _public_url(target: Target, outputs: Mapping[str, str]) -> str:
    """Return what browsers and carriers call: API Gateway's own URL, or its local form on the engine."""
    if target.endpoint_url:
        return f"{target.endpoint_url}/restapis/{outputs['RestAPIId']}/api/_user_request_"
    return outputs["EndpointURL"].rstrip("/")


def _artifacts_bucket(target: Target) -> str:
    region = target.session.region_name
    account = target.client("sts").get_caller_identity()["Account"]
    name = f"callpath-artifacts-{account}-{region}"
    s3 = target.client("s3")
    try:
        s3.head_bucket(Bucket=name)
    except ClientError:
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **where)
        parts = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        blocked: Any = dict.fromkeys(parts, True)
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=blocked)
    return name


def _upload(target: Target, bucket: str, package: Package) -> str:
    """Upload what is not there yet; answer the template's URL."""
    template = package.template()
    places = {
        "./deployment.zip": _put(target, bucket, package.zip_file),
        "./report-layer.zip": _put(target, bucket, package.layer_file),
    }
    for resource in template["Resources"].values():
        for key in ("CodeUri", "ContentUri"):
            if key in resource.get("Properties", {}):
                resource["Properties"][key] = places[resource["Properties"][key]]
    body = json.dumps(template, separators=(",", ":")).encode()
    key = f"{hashlib.sha256(body).hexdigest()[:32]}.template.json"
    s3 = target.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    url: str = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    return url.partition("?")[0]


def _put(target: Target, bucket: str, file: Path) -> str:
    key = f"{hashlib.sha256(file.read_bytes()).hexdigest()[:32]}-{file.name}"
    s3 = target.client("s3")
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        s3.upload_file(str(file), bucket, key)
    return f"s3://{bucket}/{key}"


def _signing_key(target: Target) -> str:
    """Return the stage's signing key, made once. Without it every lease and endpoint URL breaks, so it is in SSM."""
    ssm, name = target.client("ssm"), f"/callpath/{target.stack}/signing-key"
    try:
        key: str = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        key = secrets.token_urlsafe(48)
        ssm.put_parameter(Name=name, Value=key, Type="SecureString", Description="callpath: signs tokens, keys hashes")
    return key


def _execute(target: Target, template_url: str, parameters: Mapping[str, str]) -> dict[str, str]:
    cloudformation = target.client("cloudformation")
    change_set = f"callpath-{int(time.time() * 1000)}"
    exists = bool(outputs_of(target))
    cloudformation.create_change_set(
        StackName=target.stack,
        ChangeSetName=change_set,
        ChangeSetType="UPDATE" if exists else "CREATE",
        TemplateURL=template_url,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    named = {"StackName": target.stack, "ChangeSetName": change_set}
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(**named, WaiterConfig=WAIT)
    except WaiterError:
        reason = cloudformation.describe_change_set(**named).get("StatusReason", "")
        cloudformation.delete_change_set(**named)
        if any(sign in reason for sign in UNCHANGED):
            return outputs_of(target)
        raise DeployError(f"The change set of {target.stack} failed: {reason}") from None
    cloudformation.execute_change_set(**named)
    try:
        cloudformation.get_waiter(f"stack_{'update' if exists else 'create'}_complete").wait(
            StackName=target.stack, WaiterConfig=WAIT
        )
    except WaiterError:
        raise DeployError(f"{target.stack}: {_first_failure(cloudformation, target.stack)}") from None
    return outputs_of(target)


def _first_failure(cloudformation: Any, stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    if not failed:
        return "the deployment failed; CloudFormation's events do not say why."
    first = failed[-1]
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"


def reconcile(target: Target, package: Package) -> list[str]:
    """Set by API what the template says and the engine ignored; on AWS nothing differs. Answers what was set."""
    names = _physical_names(target)
    stack = target.client("cloudformation").describe_stacks(StackName=target.stack)["Stacks"][0]
    parameters = {row["ParameterKey"]: row["ParameterValue"] for row in stack["Parameters"]}
    resources = package.template()["Resources"]
    done: list[str] = []
    for logical_id, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::DynamoDB::Table":
            done += _reconcile_table(target.client("dynamodb"), names[logical_id], properties)
        elif resource["Type"] == "AWS::S3::Bucket":
            done += _reconcile_bucket(target.client("s3"), names[logical_id], properties)
        elif "ReservedConcurrentExecutions" in properties:
            reserved = int(parameters[properties["ReservedConcurrentExecutions"]["Ref"]])
            done += _reconcile_concurrency(target.client("lambda"), names[logical_id], reserved)
    return done


def _physical_names(target: Target) -> dict[str, str]:
    pages = target.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=target.stack)
    return {
        row["LogicalResourceId"]: row["PhysicalResourceId"] for page in pages for row in page["StackResourceSummaries"]
    }


def _reconcile_table(dynamodb: Any, name: str, properties: Mapping[str, Any]) -> list[str]:
    done = []
    expires = properties.get("TimeToLiveSpecification")
    if expires:
        status = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
        if status == "DISABLED":
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expires)
            done.append(f"{name}: time to live")
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    if backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED":
        recovery = properties["PointInTimeRecoverySpecification"]
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
        done.append(f"{name}: point-in-time recovery")
    return done


def _reconcile_concurrency(functions: Any, name: str, reserved: int) -> list[str]:
    if functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") == reserved:
        return []
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    return [f"{name}: reserved concurrency"]


def _reconcile_bucket(s3: Any, name: str, properties: Mapping[str, Any]) -> list[str]:
    try:
        s3.get_bucket_lifecycle_configuration(Bucket=name)
    except ClientError:
        rules = [_lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
        return [f"{name}: lifecycle"]
    return []


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's form of a rule as the S3 API wants it."""
    asked: dict[str, Any] = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "ExpirationInDays" in rule:
        asked["Expiration"] = {"Days": rule["ExpirationInDays"]}
    return asked | {
        key: rule[key] for key in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload") if key in rule
    }
