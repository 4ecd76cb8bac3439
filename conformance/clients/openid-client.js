// openid-client (npm): a web service with a server. Three clients: a secret; a private key with signed
// requests and signed responses; pushed requests with proofs of possession.
import { Person, issuer, secret, shows } from "./person.js";
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import * as client from "openid-client";

const redirect_uri = "http://127.0.0.1:9998/callback";
const member = new Person("member@example.org");

// Plain http is for loopback; the library has to be told.
const discover = (id, authentication, ...more) =>
  client.discovery(issuer, id, undefined, authentication, { execute: [client.allowInsecureRequests, ...more] });

/** What a service keeps of a request until the person is back, and the parameters made of it. */
async function request(scope) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  const parameters = {
    redirect_uri, scope, state: checks.expectedState, nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: "S256",
  };
  return { checks: { ...checks, idTokenExpected: true }, parameters };
}

function isTheMember(claims) {
  assert.equal(claims.affiliation_status, "approved");
  assert.equal(claims.membership_type, "sector_member");
  assert.equal(claims.organization_id, "example-telecom");
  assert.deepEqual(claims.ties_rights, ["documents"]);
}

// RFC 6749 §5.2: invalid_client is a 401 with a challenge; the library tells of the challenge.
const isUnknown = (error) => error.status === 401 && error.cause[0].scheme === "basic";

console.log("openid-client, client_secret_basic");
{
  const config = await discover("openid-client-basic", client.ClientSecretBasic(secret));
  const { checks, parameters } = await request("openid profile email offline_access itu_membership");
  const url = client.buildAuthorizationUrl(config, { ...parameters, prompt: "consent" });
  let back, tokens;

  await shows("who denies consent is told to the service", async () => {
    const refused = await member.goesThrough(url, "deny");
    await assert.rejects(client.authorizationCodeGrant(config, refused, checks), { error: "access_denied" });
  });
  await shows("discovery, login, consent, code with PKCE, state and nonce", async () => {
    back = await member.goesThrough(url);
    tokens = await client.authorizationCodeGrant(config, back, checks);
    isTheMember(tokens.claims());
  });
  await shows("userinfo", async () => {
    const told = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    isTheMember(told);
    assert.equal(told.email, "member@example.org");
    assert.equal(told.email_verified, true); // A boolean; the operator says so of the imported addresses.
  });
  await shows("refresh and introspection", async () => {
    tokens = await client.refreshTokenGrant(config, tokens.refresh_token);
    const about = await client.tokenIntrospection(config, tokens.access_token);
    assert.equal(about.active, true);
    isTheMember(about);
  });
  await shows("revocation ends the grant", async () => {
    await client.tokenRevocation(config, tokens.refresh_token);
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
  });
  await shows("a code is redeemed once", async () => {
    await assert.rejects(client.authorizationCodeGrant(config, back, checks), { error: "invalid_grant" });
  });
  await shows("a wrong secret is refused", async () => {
    const wrong = await discover("openid-client-basic", client.ClientSecretBasic("guessed"));
    await assert.rejects(client.authorizationCodeGrant(wrong, back, checks), isUnknown);
  });
  await shows("logout, started by the service, comes back to it and ends single sign-on", async () => {
    const left = await member.goesThrough(client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token, post_logout_redirect_uri: "http://127.0.0.1:9998/", state: "left",
    }));
    assert.equal(left.href, "http://127.0.0.1:9998/?state=left");
    const silent = await member.goesThrough(client.buildAuthorizationUrl(config, { ...parameters, prompt: "none" }));
    await assert.rejects(client.authorizationCodeGrant(config, silent, checks), { error: "login_required" });
  });
}

console.log("openid-client, private_key_jwt, signed request and signed response");
{
  const pem = createPrivateKey(readFileSync(process.env.CLIENT_KEY));
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const pkcs8 = pem.export({ type: "pkcs8", format: "der" });
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  const config = await discover("openid-client-key", client.PrivateKeyJwt(key), client.useJwtResponseMode);
  const { checks, parameters } = await request("openid email itu_membership");

  await shows("request object, signed response, assertion", async () => {
    const back = await member.goesThrough(await client.buildAuthorizationUrlWithJAR(config, parameters, key));
    assert.deepEqual([...back.searchParams.keys()], ["response"]);
    const tokens = await client.authorizationCodeGrant(config, back, checks);
    isTheMember(await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub));
  });
  await shows("a request that is not signed is refused", async () => {
    const back = await member.goesThrough(client.buildAuthorizationUrl(config, parameters));
    await assert.rejects(client.authorizationCodeGrant(config, back, checks), { error: "invalid_request" });
  });
  await shows("an assertion by another key is refused", async () => {
    const pair = await crypto.subtle.generateKey(
      { ...algorithm, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, false, ["sign", "verify"]);
    const stranger = await discover("openid-client-key", client.PrivateKeyJwt(pair.privateKey), client.useJwtResponseMode);
    const back = await member.goesThrough(await client.buildAuthorizationUrlWithJAR(config, parameters, key));
    await assert.rejects(client.authorizationCodeGrant(stranger, back, checks), isUnknown);
  });
}

console.log("openid-client, pushed requests and DPoP");
{
  const config = await discover("openid-client-dpop", client.ClientSecretBasic(secret));
  const { checks, parameters } = await request("openid offline_access itu_membership");
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  let tokens;

  await shows("pushed request, code and tokens bound to a key, userinfo with a proof", async () => {
    const url = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
    assert.deepEqual([...url.searchParams.keys()].sort(), ["client_id", "request_uri"]);
    tokens = await client.authorizationCodeGrant(config, await member.goesThrough(url), checks, undefined, { DPoP });
    assert.equal(tokens.token_type, "dpop");
    isTheMember(await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP }));
    tokens = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  });
  await shows("what is bound is no bearer token, nor another key's", async () => {
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
    for (const options of [undefined, { DPoP: other }]) {
      await assert.rejects(client.fetchUserInfo(config, tokens.access_token, client.skipSubjectCheck, options),
        (error) => error.status === 401);
    }
  });
  await shows("a request that was not pushed is refused", async () => {
    const back = await member.goesThrough(client.buildAuthorizationUrl(config, parameters));
    await assert.rejects(client.authorizationCodeGrant(config, back, checks), { error: "invalid_request" });
  });
}
