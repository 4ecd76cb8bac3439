"""Authlib (PyPI) on httpx: a web service with a secret in the header, in the body, and with a private key."""

import os
import secrets
from urllib.parse import parse_qsl, urlsplit

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from person import ISSUER, SECRET, Person, is_the_member, shows

REDIRECT_URI = "http://127.0.0.1:9998/callback"
SCOPE = "openid profile email offline_access itu_membership"

metadata = httpx.get(f"{ISSUER}/.well-known/openid-configuration").raise_for_status().json()
keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).raise_for_status().json())


def session(client_id, secret, method):
    it = OAuth2Client(
        client_id,
        secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope=SCOPE,
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
    )
    if method == "private_key_jwt":
        it.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"]))
    return it


def refusal(call):
    try:
        call()
    except OAuthError as error:
        return error.error
    raise AssertionError("was not refused")


def request(client, **more):
    nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    url, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **more
    )
    return url, state, nonce, verifier


def redeem(client, back, state, verifier):
    return client.fetch_token(
        metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )


def id_token(token, client, nonce):
    """Signature by joserfc, claims by Authlib."""
    decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        options={"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": client.client_id}},
        params={"nonce": nonce, "client_id": client.client_id, "access_token": token["access_token"]},
    )
    claims.validate()
    return claims


def journey(client_id, secret, method):
    print(f"Authlib, {method}")
    member = Person("member@example.org")
    client = session(client_id, secret, method)

    url, state, nonce, verifier = request(client)
    # The library leaves the reading of a refusal to the service.
    denied = dict(parse_qsl(urlsplit(member.goes_through(url, decision="deny")).query))
    assert denied["error"] == "access_denied" and denied["state"] == state and denied["iss"] == ISSUER
    shows("who denies consent is told to the service")

    back = member.goes_through(url)
    token = redeem(client, back, state, verifier)
    claims = id_token(token, client, nonce)
    is_the_member(claims)
    shows("login, consent, code with PKCE; the ID token holds")

    told = client.get(metadata["userinfo_endpoint"]).raise_for_status().json()
    is_the_member(told)
    assert told["sub"] == claims["sub"] and told["email"] == "member@example.org"
    shows("userinfo")

    refreshed = client.refresh_token(metadata["token_endpoint"])
    assert refreshed["access_token"] != token["access_token"]
    about = client.introspect_token(metadata["introspection_endpoint"], refreshed["access_token"]).json()
    assert about["active"] and about["client_id"] == client_id
    is_the_member(about)
    shows("refresh and introspection")

    client.revoke_token(metadata["revocation_endpoint"], refreshed["refresh_token"]).raise_for_status()
    again = lambda: client.refresh_token(metadata["token_endpoint"], refresh_token=refreshed["refresh_token"])
    assert refusal(again) == "invalid_grant"
    about = client.introspect_token(metadata["introspection_endpoint"], refreshed["access_token"]).json()
    assert about == {"active": False}
    shows("revocation ends the grant")

    assert refusal(lambda: redeem(client, back, state, verifier)) == "invalid_grant"
    shows("a code is redeemed once")

    url, state, nonce, verifier = request(client, prompt="none")
    back = member.goes_through(url)
    assert refusal(lambda: redeem(client, back, state, "another-verifier-" + "x" * 40)) == "invalid_grant"
    shows("single sign-on needs no page; a wrong verifier is refused")


with open(os.environ["CLIENT_KEY"]) as file:
    private_key = file.read()
journey("authlib-basic", SECRET, "client_secret_basic")
journey("authlib-post", SECRET, "client_secret_post")
journey("authlib-key", private_key, "private_key_jwt")
