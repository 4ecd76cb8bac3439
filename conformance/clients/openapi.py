# Calls every operation of the REST API as its OpenAPI document describes it, with what fits and with what does not
# (schemathesis): the server never fails, and every answer is one that the document has.
import base64
import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request

issuer, secret = os.environ["ISSUER"], os.environ["CLIENT_SECRET"]
CLIENT = "api-caller"
# The state decides whether what fits is possible; everything else is checked.
CHECKS = ",".join([
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
])


def token():
    with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration") as answer:
        endpoint = json.load(answer)["token_endpoint"]
    fields = {"grant_type": "client_credentials", "resource": f"{issuer}/api/v1"}
    basic = base64.b64encode(f"{CLIENT}:{secret}".encode()).decode()
    request = urllib.request.Request(
        endpoint,
        data=urllib.parse.urlencode(fields).encode(),
        headers={"Authorization": f"Basic {basic}"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["access_token"]


def main():
    tool = os.path.join(os.path.dirname(sys.executable), "st")
    done = subprocess.run([
        tool, "--no-color", "run", f"{issuer}/api/openapi.json",
        "--header", f"Authorization: Bearer {token()}",
        "--checks", CHECKS,
        "--phases", "examples,coverage,fuzzing",
        "--max-examples", os.environ.get("API_EXAMPLES", "15"),
        "--seed", "1",
        "--generation-database", "none",
        "--suppress-health-check", "all",
    ], check=False)
    if done.returncode:
        sys.exit("schemathesis: the REST API does not answer as its document says")
    print("schemathesis: every operation of the REST API answers as its document says")


main()
