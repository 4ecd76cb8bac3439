"""A receiver of Shared Signals on httpx and joserfc (PyPI): finds the transmitter, makes a stream, polls it (RFC 8936), and
verifies each Security Event Token (RFC 8417) by the keys that the transmitter publishes."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from person import ISSUER, SECRET, Person, shows

REDIRECT_URI = "http://127.0.0.1:9998/callback"
CLIENT = ("signals-receiver", SECRET)
SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"

print("joserfc, a receiver of Shared Signals")
transmitter = httpx.get(f"{ISSUER}/.well-known/ssf-configuration").raise_for_status().json()
assert transmitter["issuer"] == ISSUER
keys = KeySet.import_key_set(httpx.get(transmitter["jwks_uri"]).raise_for_status().json())
provider = httpx.get(f"{ISSUER}/.well-known/openid-configuration").raise_for_status().json()


def token(**fields):
    return httpx.post(provider["token_endpoint"], data=fields, auth=CLIENT).raise_for_status().json()


access = token(grant_type="client_credentials", scope="ssf.manage")["access_token"]
receiver = httpx.Client(headers={"Authorization": f"Bearer {access}"}, timeout=20)
asked = {"events_requested": [SESSION_REVOKED], "delivery": {"method": "urn:ietf:rfc:8936"}}
stream = receiver.post(transmitter["configuration_endpoint"], json=asked)
assert stream.status_code == 201, stream.text
stream = stream.json()
assert stream["events_delivered"] == [SESSION_REVOKED] and stream["aud"] == CLIENT[0]
shows("finds the transmitter and makes a stream")


def poll(**more):
    answer = receiver.post(stream["delivery"]["endpoint_url"], json=more).raise_for_status().json()
    return {jti: verified(jti, text) for jti, text in answer["sets"].items()}


def verified(jti, text):
    decoded = jwt.decode(text, keys, algorithms=["RS256"])
    claims = decoded.claims
    assert decoded.header["typ"] == "secevent+jwt", decoded.header
    assert claims["iss"] == ISSUER and claims["aud"] == CLIENT[0] and claims["jti"] == jti
    assert "sub" not in claims and "exp" not in claims and len(claims["events"]) == 1
    head, body, signature = text.split(".")
    try:
        jws.deserialize_compact(f"{head}.{body}.{signature[:-8]}AAAAAAAA", keys, algorithms=["RS256"])
    except BadSignatureError:
        return claims
    raise AssertionError("a tampered token is accepted")


asked = {"stream_id": stream["stream_id"], "state": "of-this-run"}
assert receiver.post(transmitter["verification_endpoint"], json=asked).status_code == 204
got = poll()
[(jti, claims)] = got.items()
assert claims["events"] == {VERIFICATION: {"state": "of-this-run"}}
assert claims["sub_id"] == {"format": "opaque", "id": stream["stream_id"]}
assert poll(ack=[jti], returnImmediately=True) == {}
shows("a verification echoes the state; what is acknowledged is gone")

member = Person("member@example.org")
asked = {"response_type": "code", "client_id": CLIENT[0], "redirect_uri": REDIRECT_URI, "scope": "openid", "state": "s"}
back = member.goes_through(f"{provider['authorization_endpoint']}?{urlencode(asked)}")
code = dict(parse_qsl(urlsplit(back).query))["code"]
login = token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI)
person = jwt.decode(login["id_token"], keys, algorithms=["RS256"]).claims
assert poll(returnImmediately=True) == {}
leave = {"id_token_hint": login["id_token"], "post_logout_redirect_uri": "http://127.0.0.1:9998/", "state": "s"}
member.goes_through(f"{provider['end_session_endpoint']}?{urlencode(leave)}")
[(jti, claims)] = poll().items()
assert list(claims["events"]) == [SESSION_REVOKED], claims
assert claims["sub_id"]["user"] == {"format": "iss_sub", "iss": ISSUER, "sub": person["sub"]}
assert claims["sub_id"]["session"] == {"format": "opaque", "id": person["sid"]}
assert claims["events"][SESSION_REVOKED]["initiating_entity"] == "user"
assert list(poll(returnImmediately=True)) == [jti], "what was not acknowledged comes again"
assert poll(ack=[jti], returnImmediately=True) == {}
shows("the end of a session is told, about the session and the person of the ID token")

where = f"{transmitter['configuration_endpoint']}?stream_id={stream['stream_id']}"
assert receiver.delete(where).status_code == 204 and receiver.get(where).status_code == 404
shows("the stream is deleted")
