# Calls every operation of the REST API as its OpenAPI document describes it, with what fits and with what does not
# (schemathesis): the server never fails, and every answer is one that the document has.
import base64
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

issuer, secret = os.environ["ISSUER"], os.environ["CLIENT_SECRET"]
CLIENT = "api-caller"
# Whether what fits is possible is a matter of the state; everything else is checked.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
]
# These may end the token of the caller: each has a client of its own that calls it.
ENDING = ["disableClient", "deleteClient", "revokeOfClient", "revokeEverything"]


def answer_to(request):
    with urllib.request.urlopen(request) as answer:
        body = answer.read()
        return json.loads(body) if body else None


def token(client, its_secret):
    endpoint = answer_to(f"{issuer}/.well-known/openid-configuration")["token_endpoint"]
    fields = {"grant_type": "client_credentials", "resource": f"{issuer}/api/v1"}
    basic = base64.b64encode(f"{client}:{its_secret}".encode()).decode()
    return answer_to(urllib.request.Request(
        endpoint,
        data=urllib.parse.urlencode(fields).encode(),
        headers={"Authorization": f"Basic {basic}"},
    ))["access_token"]


def call(path, bearer, body=None):
    headers = {"Authorization": f"Bearer {bearer}"}
    if body is not None:
        body = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    return answer_to(urllib.request.Request(f"{issuer}/api/v1/{path}", data=body, headers=headers))


def first(path, bearer, name):
    return call(path, bearer)["items"][0][name]


def another(bearer):
    """Registers a client like ours, and returns its identifier and its token."""
    made = call("clients", bearer, {
        "client_name": "A caller that may end itself",
        "redirect_uris": [],
        "response_types": [],
        "grant_types": ["client_credentials"],
        "resources": [f"{issuer}/api/v1"],
        "scope": "admin",
    })
    return made["client_id"], token(made["client_id"], made["client_secret"])


def settings(bearer, folder, client):
    """Names things that are there, so that operations reach more than *not found*."""
    there = {
        "accounts": first("accounts", bearer, "id"),
        "organizations": first("organizations", bearer, "id"),
        "clients": client,
        "audit-entries": str(first("audit-entries", bearer, "id")),
    }
    path = os.path.join(folder, f"{client}.toml")
    with open(path, "w") as file:
        # RFC 6585 §3: what lacks If-Match is answered with 428. What is too long for an address is refused as such.
        file.write("[checks]\n")
        file.write("missing_required_header.expected-statuses = [400, 401, 403, 406, 415, 422, 428]\n")
        file.write("negative_data_rejection.expected-statuses = ")
        file.write("[400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 422, 428, 429]\n")
        for kind, name in there.items():
            file.write(f'[[operations]]\ninclude-path-regex = "^/api/v1/{kind}/"\n')
            file.write(f'parameters = {{ "path.id" = "{name}" }}\n')
    return path


def runs(bearer, config, *which):
    tool = os.path.join(os.path.dirname(sys.executable), "st")
    done = subprocess.run([
        tool, "--no-color", "--config-file", config, "run", f"{issuer}/api/openapi.json", *which,
        "--header", f"Authorization: Bearer {bearer}",
        "--checks", ",".join(CHECKS),
        "--phases", "examples,coverage,fuzzing",
        "--max-examples", os.environ.get("API_EXAMPLES", "25"),
        "--seed", "1",
        "--generation-database", "none",
        "--suppress-health-check", "all",
        "--warnings", "off",
    ], check=False)
    return done.returncode == 0


def main():
    ours = token(CLIENT, secret)
    # A history has values of every form from the start: an office is held or not.
    organization = first("organizations", ours, "id")
    call(f"organizations/{organization}/focal-points", ours, {"email": "member@example.org"})
    with tempfile.TemporaryDirectory() as folder:
        others = [option for name in ENDING for option in ("--exclude-operation-id", name)]
        outcomes = [runs(ours, settings(ours, folder, CLIENT), *others)]
        for name in ENDING:
            client, bearer = another(ours)
            config = settings(bearer, folder, client)
            outcomes.append(runs(bearer, config, "--include-operation-id", name))
    if not all(outcomes):
        sys.exit("schemathesis: the REST API does not answer as its document says")
    print("schemathesis: every operation of the REST API answers as its document says")


main()
