from __future__ import annotations

import json
import os
from typing import Any

import pytest

from chalicelib.core.errors import BadInput, NotFound
from chalicelib.runtime.settings import settings
from chalicelib.runtime.stack_settings import require_settings, use_stack

TEMPLATE = {
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
    "Outputs": {
        "CallpathPoolsTable": {"Value": "the-pools"},
        "CallpathPublicUrl": {"Value": "https://calls.example/api"},
        "KeptDeadLettersUrl": {"Value": {"Ref": "Queue"}},
    },
}


@pytest.fixture
def described(aws: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """A deployed stack; the environment is put back afterwards."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    aws.client("cloudformation").create_stack(StackName="callpath-x", TemplateBody=json.dumps(TEMPLATE))
    return "callpath-x"


def test_outputs_and_the_signing_key_become_settings(described: str, aws: Any) -> None:
    aws.client("ssm").put_parameter(Name="/callpath/callpath-x/signing-key", Value="sesame", Type="SecureString")

    outputs = use_stack(described)

    assert (settings().pools_table, settings().public_url) == ("the-pools", "https://calls.example/api")
    assert settings().signing_key == b"sesame"
    assert outputs["KeptDeadLettersUrl"].startswith("http")
    assert "KEPT_DEAD_LETTERS_URL" not in os.environ


def test_a_stack_that_does_not_exist_is_said_so(aws: Any) -> None:
    with pytest.raises(NotFound, match="callpath-y"):
        use_stack("callpath-y")


def test_a_missing_signing_key_is_said_so(described: str) -> None:
    with pytest.raises(NotFound, match=r"/callpath/callpath-x/signing-key.*ParameterNotFound"):
        use_stack(described)


def test_without_a_stack_the_environment_must_name_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLPATH_DIRECTORY_TABLE")
    with pytest.raises(BadInput, match="--stack"):
        require_settings()
