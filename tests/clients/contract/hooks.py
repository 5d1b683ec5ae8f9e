"""What schemathesis cannot know from the document: how one signs in, and rules that no JSON Schema can say.

Requests that are meant to be wrong are sent as they were made; only those that are meant to be right are made right.
docs/contract.md has a line for each rule.
"""

import os
import uuid

import requests
import schemathesis

TILL = os.environ["TILL_URL"]
SINK = os.environ["TILL_SINK"]
PASSWORD = "till-demo-password"
CURRENCIES = ("MYR", "JPY", "KWD")


def sign_in(email, password):
    credentials = {"email": email, "password": password}
    return requests.post(f"{TILL}/v1/auth/token", json=credentials, timeout=15).json()["accessToken"]


def somebody():
    """A customer who may be erased; the administrator is still needed."""
    email = f"{uuid.uuid4()}@example.com"
    account = {"email": email, "password": "correct horse battery", "name": "Somebody"}
    requests.post(f"{TILL}/v1/users", json=account, timeout=15)
    return sign_in(email, account["password"])


@schemathesis.auth(refresh_interval=240)
class SignedIn:
    """An administrator, whose tokens live for ten minutes."""

    def get(self, case, context):
        return sign_in("admin@example.com", PASSWORD)

    def set(self, case, data, context):
        case.headers = case.headers or {}
        if case.operation.definition.raw["operationId"] == "delete_me":
            data = somebody()
        case.headers["Authorization"] = f"Bearer {data}"


def whole(value):
    """JSON Schema takes 5.0 for an integer; money is never written so."""
    if isinstance(value, dict):
        return {name: whole(member) for name, member in value.items()}
    if isinstance(value, list):
        return [whole(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def possible(body):
    body = whole(body)
    if not isinstance(body, dict):
        return body
    # Three capital letters are not yet a currency, and a new currency needs a new amount.
    if isinstance(body.get("currency"), str):
        body["currency"] = CURRENCIES[hash(body["currency"]) % len(CURRENCIES)]
        if "amount" not in body:
            body.setdefault("unitAmount", 4900)
    # An address of a webhook endpoint must lead somewhere public; this one is allowed besides.
    if "url" in body:
        body["url"] = SINK
    # No password that anybody would try, and the own one stays as it is.
    body.pop("currentPassword", None)
    if "email" in body and "name" in body:
        body["password"] = "correct horse battery"
        body["email"] = f"{uuid.uuid4()}@example.com"
    elif "token" in body and "password" in body:
        body["password"] = "correct horse battery"
    elif "email" not in body:
        body.pop("password", None)
    # Names of events are few.
    if "events" in body:
        body["events"] = ["order.paid"]
    # A period begins before it ends.
    if "from" in body and "to" in body:
        body.update({"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"})
    # Names of scopes are few.
    if isinstance(body.get("scopes"), list):
        body["scopes"] = ["orders:read"]
    # A key ends in the future.
    if isinstance(body.get("expiresAt"), str):
        body["expiresAt"] = "2099-01-01T00:00:00Z"
    if body.get("delta") == 0:
        body["delta"] = 1
    return application(body)


def application(body):
    """What an application is registered with goes together; so a change of it says only what goes with everything."""
    registered = "kind" in body and "grants" in body
    body = {name: member for name, member in body.items() if name not in ("redirectUris", "grants", "accountId")}
    if registered:
        body.update({"redirectUris": ["https://app.example/callback"], "grants": ["authorization_code"]})
    return body


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    # One key, one request; keys and bodies are made independently of each other.
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    for name in ("If-Match", "If-None-Match"):
        # Where a text must be short, schemathesis forgets its pattern.
        if case.headers and name in case.headers and not case.headers[name].strip().startswith(('"', "W/", "*", ",")):
            case.headers[name] = '"a"'
    # A cursor is sealed: only a list makes one. Pages end with the list, and names of events, acts and operations are few.
    for name in ("cursor", "page", "type", "action", "operation"):
        if case.query:
            case.query.pop(name, None)
    # A body that may be left out is left out, not null.
    if case.body is None and case.media_type == "application/json":
        case.body = {}
    if isinstance(case.body, (dict, list)) and case.media_type == "application/json":
        case.body = possible(case.body)
