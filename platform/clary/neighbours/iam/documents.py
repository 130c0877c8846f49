"""Policy documents: checked for form when they come in, URL-encoded when they go out.

Source: AWS IAM User Guide, "Grammar of the IAM JSON policy language".
"""

import json
from typing import Any
from urllib.parse import quote

from clary.neighbours.iam.errors import MalformedPolicyDocument

_VERSIONS = ("2008-10-17", "2012-10-17")


def check_policy(document: str) -> None:
    """A policy of an identity: each statement says what it allows or denies on which resources."""
    for statement in _read_statements(document, not_json="Syntax errors in policy."):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise MalformedPolicyDocument("Policy document should not specify a principal.")
        if not ("Action" in statement or "NotAction" in statement):
            raise MalformedPolicyDocument("Policy statement must contain actions.")
        if not ("Resource" in statement or "NotResource" in statement):
            raise MalformedPolicyDocument("Policy statement must contain resources.")


def check_trust_policy(document: str) -> None:
    """A role's trust policy: each statement says who may assume it."""
    for statement in _read_statements(document, not_json="This policy contains invalid Json"):
        if "Resource" in statement or "NotResource" in statement:
            raise MalformedPolicyDocument("Has prohibited field Resource")
        if not ("Principal" in statement or "NotPrincipal" in statement):
            raise MalformedPolicyDocument("AssumeRole policy must contain principals.")
        if not all(name.lower().startswith("sts:") for name in _read_actions(statement)):
            raise MalformedPolicyDocument("AssumeRole policy may only specify STS AssumeRole actions.")


def encode_document(document: str) -> str:
    """A document as IAM answers with it: percent-encoded."""
    return quote(document, safe="")


def _read_statements(document: str, *, not_json: str) -> list[dict[str, Any]]:
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise MalformedPolicyDocument(not_json) from error
    if not isinstance(policy, dict):
        raise MalformedPolicyDocument("Syntax errors in policy.")
    if policy.get("Version", "2008-10-17") not in _VERSIONS:
        raise MalformedPolicyDocument("Policy document must be version 2012-10-17 or greater.")
    statements = policy.get("Statement")
    listed = [statements] if isinstance(statements, dict) else statements
    if not isinstance(listed, list) or not listed:
        raise MalformedPolicyDocument("Syntax errors in policy.")
    for statement in listed:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise MalformedPolicyDocument("Syntax errors in policy.")
    return listed


def _read_actions(statement: dict[str, Any]) -> list[str]:
    actions = statement.get("Action")
    listed = [actions] if isinstance(actions, str) else actions
    if not isinstance(listed, list) or not listed or not all(isinstance(name, str) for name in listed):
        raise MalformedPolicyDocument("Syntax errors in policy.")
    return listed
