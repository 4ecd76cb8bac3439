// From nothing to a login: an administrator registers a service on the page for it, and copies the settings that the page
// offers; they are the whole of what Apache with mod_auth_openidc (Debian) is told about the provider; a person logs in.
// Both use a real Chromium. Every act of theirs is counted.
import { Chromium } from "./chromium.js";
import { issuer, shows } from "./person.js";
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const longest = 10 * 60; // seconds, from the first act to the page of the person
const port = process.env.SERVICE_PORT;
const service = `http://127.0.0.1:${port}/members`;
const root = `${process.env.WORK}/apache_from_nothing`;
const isRoot = process.getuid() === 0;

// What any Apache has, and a page that writes what an application behind it would read from its environment.
const modules = ["mpm_event", "authn_core", "authz_core", "authz_user", "include", "auth_openidc"];
const claims = ["sub", "email", "name"];
const page = claims.map((it) => `<p id="claim-${it}"><!--#echo var="OIDC_CLAIM_${it}" --></p>`).join("\n");
const server = `
ServerRoot ${root}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
PidFile ${root}/pid
ErrorLog ${root}/error.log
DocumentRoot ${root}/pages
DefaultRuntimeDir ${root}
Mutex file:${root} default
${isRoot ? "User www-data\nGroup www-data" : ""}
${modules.map((it) => `LoadModule ${it}_module /usr/lib/apache2/modules/mod_${it}.so`).join("\n")}
<Directory ${root}/pages>
  Options +Includes
  SetOutputFilter INCLUDES
</Directory>
Include ${root}/copied.conf
`;

async function start(copied) {
  mkdirSync(`${root}/pages/members`, { recursive: true });
  writeFileSync(`${root}/pages/members/index.html`, page);
  writeFileSync(`${root}/copied.conf`, copied, { mode: 0o600 });
  writeFileSync(`${root}/apache.conf`, server);
  if (isRoot) execFileSync("chown", ["-R", "www-data", root]);
  const apache = spawn("/usr/sbin/apache2", ["-f", `${root}/apache.conf`, "-D", "FOREGROUND"], { stdio: "inherit" });
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      await fetch(service, { redirect: "manual" });
      return apache;
    } catch {
      assert.equal(apache.exitCode, null, "Apache does not start");
      await pause(100);
    }
  }
  throw new Error("Apache does not answer");
}

const administrator = await Chromium.open(process.env.DRIVER_PORT);
const person = await Chromium.open(process.env.PERSON_DRIVER_PORT);
let apache;
try {
  console.log("From nothing to a login: Apache with mod_auth_openidc, by what the page offers to copy");
  const begun = Date.now();
  let copied, client;

  await shows("an administrator registers the service in one form", async () => {
    await administrator.goesTo(`${issuer.origin}/admin/clients/new`);
    await administrator.goesThrough("administrator@example.org", "#new-client-form");
    await administrator.clicks("#kind-web");
    await administrator.clicks("#software option[value=mod_auth_openidc]");
    await administrator.fills("#client_name", "Members' pages");
    await administrator.fills("#client_uri", service);
    await administrator.clicks("#create");
    client = await administrator.reads("#client-id");
  });
  await shows("the settings go by the clipboard into Apache's configuration, and nothing else does", async () => {
    assert.equal(await administrator.reads("#settings-place"), "Apache");
    await administrator.clicks("[data-copy=settings-file]");
    copied = await administrator.pastes();
    assert.match(copied, new RegExp(`^OIDCClientID ${client}$`, "m"));
    apache = await start(copied);
  });
  await shows("a person is led to the login and back; the page knows who it is", async () => {
    await person.goesTo(`${service}/index.html`);
    await person.goesThrough("member@example.org", "#claim-email");
    assert.equal(await person.reads("#claim-email"), "member@example.org");
    assert.match(await person.reads("#claim-sub"), /^[\w-]{22,}$/);
    assert.equal(await person.reads("#claim-name"), "Mary Member");
  });
  const seconds = (Date.now() - begun) / 1000;
  await shows("the page of the service counts one person", async () => {
    await administrator.goesTo(`${issuer.origin}/admin/clients/${client}`);
    assert.match(await administrator.reads("#usage"), /^1 person/);
  });
  await shows("without its secret, nobody gets in", async () => {
    apache.kill();
    await new Promise((resolve) => apache.once("exit", resolve));
    apache = await start(copied.replace(/^(OIDCClientSecret .*).$/m, "$1~"));
    await person.goesTo(`${service}/index.html`);
    assert.match(await person.url(), /\/members\/redirect_uri\?/);
    assert.doesNotMatch(await person.reads("body"), /member@example\.org/);
  });
  const acts = `${administrator.acts} acts of the administrator, ${person.acts} of the person`;
  assert.ok(seconds < longest, `${seconds} s`);
  console.log(`  ${acts}; ${seconds.toFixed(1)} s from the first act to the page of the person`);
} catch (error) {
  try {
    console.error(readFileSync(`${root}/error.log`, "utf8"));
  } catch { /* Apache was not started. */ }
  throw error;
} finally {
  await administrator.closes();
  await person.closes();
  apache?.kill();
}
