// oidc-client-ts (npm): an application that lives in the browser alone, in a real Chromium. This file
// serves its page and the library's own bundle, and asks the page what it knows.
import { Chromium } from "./chromium.js";
import { issuer, shows } from "./person.js";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const home = `http://127.0.0.1:${process.env.PAGE_PORT}/`;
const library = readFileSync("node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js");
const page = `<!doctype html><meta charset="utf-8"><title>page</title><p id="state">loading</p>
<script src="/library.js"></script>
<script>
  const manager = new oidc.UserManager({
    authority: ${JSON.stringify(issuer.origin)},
    client_id: "oidc-client-ts",
    redirect_uri: ${JSON.stringify(home)},
    post_logout_redirect_uri: ${JSON.stringify(`${home}?left`)},
    scope: "openid profile email offline_access itu_membership",
    loadUserInfo: true,
    automaticSilentRenew: false,
    revokeTokensOnSignout: false,
  });
  const heard = [];
  manager.events.addUserLoaded((user) => heard.push(user.profile.sub));
  const show = (id, text) => { const it = document.querySelector("p"); it.id = id; it.textContent = text; };
  (async () => {
    if (location.search === "?left") return show("left", "logged out");
    if (!location.search) return show("ready", "nobody");
    try {
      const user = await manager.signinCallback();
      show("came-back", user.profile.email);
    } catch (error) {
      show("refused", error.error ?? String(error));
    }
  })();
</script>`;
const site = createServer((request, answer) => {
  const [type, body] = request.url === "/library.js" ? ["text/javascript", library] : ["text/html", page];
  answer.writeHead(200, { "content-type": type });
  answer.end(body);
});
await new Promise((resolve) => site.listen(process.env.PAGE_PORT, "127.0.0.1", resolve));

const chromium = await Chromium.open(process.env.DRIVER_PORT);
// Leaving the page ends the script in it, so its promise is not waited for.
const leaves = (call) => chromium.runs(`manager.${call}.catch((error) => show("failed", String(error)));`);
const member = "member@example.org";
try {
  console.log("oidc-client-ts in Chromium, a public client");
  let back;

  await shows("who denies consent is told to the page", async () => {
    await chromium.goesTo(home);
    await chromium.sees("#ready");
    await leaves("signinRedirect()");
    await chromium.goesThrough(member, "#refused", "deny");
    assert.equal(await chromium.reads("#refused"), "access_denied");
  });
  await shows("signinRedirect, login, consent, callback; the user is loaded with userinfo", async () => {
    await chromium.goesTo(home);
    await chromium.sees("#ready");
    await leaves("signinRedirect()");
    await chromium.goesThrough(member, "#came-back");
    assert.equal(await chromium.reads("#came-back"), member);
    back = await chromium.url();
    const user = await chromium.runs("const it = await manager.getUser(); return { heard, expired: it.expired, ...it.profile };");
    assert.deepEqual(user.heard, [user.sub]);
    assert.equal(user.expired, false);
    assert.equal(user.organization_id, "example-telecom");
    assert.equal(user.membership_type, "sector_member");
    assert.deepEqual(user.ties_rights, ["documents"]);
  });
  await shows("the callback opened again gets nothing: its state is spent", async () => {
    await chromium.goesTo(back);
    assert.match(await chromium.reads("#refused"), /No matching state/);
  });
  await shows("signinSilent by refresh token, without a cookie", async () => {
    const tokens = await chromium.runs(`
      const before = await manager.getUser(), after = await manager.signinSilent();
      return [before.access_token, after.access_token, before.profile.sub, after.profile.sub];`);
    assert.notEqual(tokens[0], tokens[1]);
    assert.equal(tokens[2], tokens[3]);
  });
  await shows("revokeTokens: neither token is good for anything", async () => {
    const [userinfo, refresh] = await chromium.runs(`
      const before = await manager.getUser();
      await manager.revokeTokens();
      const endpoints = await manager.metadataService.getMetadata();
      const userinfo = await fetch(endpoints.userinfo_endpoint, { headers: { authorization: "Bearer " + before.access_token } });
      const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "oidc-client-ts", refresh_token: before.refresh_token });
      const refresh = await fetch(endpoints.token_endpoint, { method: "POST", body });
      return [userinfo.status, (await refresh.json()).error];`);
    assert.equal(userinfo, 401);
    assert.equal(refresh, "invalid_grant");
  });
  await shows("signoutRedirect comes back and ends single sign-on", async () => {
    await leaves("signoutRedirect()");
    assert.equal(await chromium.reads("#left"), "logged out");
    assert.equal(await chromium.url(), `${home}?left`);
    await chromium.goesTo(home);
    await chromium.sees("#ready");
    await leaves(`signinRedirect({ prompt: "none" })`);
    assert.equal(await chromium.reads("#refused"), "login_required");
  });
} finally {
  await chromium.closes();
  site.closeAllConnections();
  site.close();
}
