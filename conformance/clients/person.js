// A person at the provider's pages, by plain HTTP: a cookie jar and a filler of forms.
// Beside it what the journeys in JavaScript share.
import { webcrypto } from "node:crypto";

// Node.js 18, which Debian 12 has, knows the Web Crypto API but does not make it global.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

export const issuer = new URL(process.env.ISSUER);
export const secret = process.env.CLIENT_SECRET;
export const password = "Correct-horse-battery-42";

/** Says what was shown; a journey that throws ends the run. */
export async function shows(sentence, proof) {
  await proof();
  console.log(`  ok  ${sentence}`);
}

const entities = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#x27": "'", "#x2f": "/" };
const unescape = (text) => text.replace(/&(#?\w+);/g, (all, name) => entities[name.toLowerCase()] ?? all);

function attributes(tag) {
  const found = {};
  for (const [, name, value] of tag.matchAll(/([\w-]+)(?:="([^"]*)")?/g)) found[name] = unescape(value ?? "");
  return found;
}

/** The form that has this id: its action and what it sends unless something is typed. */
function formOf(page, id) {
  for (const [, head, body] of page.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
    if (attributes(head).id !== id) continue;
    const fields = new URLSearchParams();
    for (const [, tag] of body.matchAll(/<input([^>]*)>/g)) {
      const { name, value, type } = attributes(tag);
      if (name && type !== "checkbox") fields.set(name, value ?? "");
    }
    return { action: attributes(head).action, fields };
  }
  return null;
}

export class Person {
  #cookies = new Map();

  constructor(email) {
    this.email = email;
  }

  /** One request; the cookies of the provider are kept, redirects are not followed. */
  async asks(url, body) {
    const cookie = [...this.#cookies].map((it) => it.join("=")).join("; ");
    const answer = await fetch(url, {
      method: body ? "POST" : "GET", body, redirect: "manual",
      headers: { cookie, ...(body && { origin: issuer.origin }) },
    });
    for (const line of answer.headers.getSetCookie?.() ?? answer.headers.get("set-cookie")?.split(/, (?=[\w-]+=)/) ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === "" || /max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
  }

  /** Goes from a service to the provider, through its pages, and ends where the provider sends back to. */
  async goesThrough(url, decision = "allow") {
    let answer = await this.asks(url);
    for (let steps = 0; steps < 15; steps += 1) {
      const location = answer.headers.get("location");
      if (location) {
        url = new URL(location, url);
        if (url.origin !== issuer.origin) return url;
        answer = await this.asks(url);
        continue;
      }
      const page = await answer.text();
      const typed = {
        "login-form": { email: this.email, password },
        "terms-form": { accept_terms: "yes" },
        "consent-form": { decision },
        "logout-form": { decision: "logout" },
      };
      const id = Object.keys(typed).find((it) => formOf(page, it));
      if (!id) throw new Error(`${answer.status} at ${url}: no form to fill in\n${page.replace(/<[^>]*>|\s+/g, " ")}`);
      const form = formOf(page, id);
      for (const [name, value] of Object.entries(typed[id])) form.fields.set(name, value);
      url = new URL(form.action, url);
      answer = await this.asks(url, form.fields);
    }
    throw new Error(`fifteen steps and no end: ${url}`);
  }
}
