// A person at a real Chromium, driven through chromedriver by the W3C's WebDriver protocol.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { password } from "./person.js";

const element = "element-6066-11e4-a52e-4f735466cecf"; // WebDriver §12, the web element identifier

export class Chromium {
  /** How often the person went to an address, typed or pressed something. */
  acts = 0;

  static async open(port) {
    const it = new Chromium();
    it.profile = mkdtempSync(join(tmpdir(), "chromium-"));
    it.driver = spawn("chromedriver", [`--port=${port}`], { stdio: "ignore" });
    it.address = `http://127.0.0.1:${port}/session`;
    const args = [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en",
      `--user-data-dir=${it.profile}`,
    ];
    const capabilities = { alwaysMatch: { "goog:chromeOptions": { args }, timeouts: { script: 20000 } } };
    for (let tries = 0; ; tries += 1) {
      try {
        const { sessionId } = await it.#asks("POST", "", { capabilities });
        it.address += `/${sessionId}`;
        return it;
      } catch (error) {
        if (error.cause?.code !== "ECONNREFUSED" || tries === 100) {
          it.driver.kill();
          throw error;
        }
        await pause(100);
      }
    }
  }

  async #asks(method, path, body) {
    const answer = await fetch(this.address + path, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.message}`);
    return value;
  }

  goesTo(url) {
    this.acts += 1;
    return this.#asks("POST", "/url", { url });
  }

  url() { return this.#asks("GET", "/url"); }

  /** Runs the body of an async function in the page and gives what it returns. */
  async runs(script, ...args) {
    const answer = await this.#asks("POST", "/execute/async", {
      script: `const done = arguments[arguments.length - 1];
        (async (...given) => { ${script} })(...[...arguments].slice(0, -1))
          .then((value) => done({ value }), (error) => done({ error: String(error) }));`,
      args,
    });
    if (answer.error) throw new Error(answer.error);
    return answer.value;
  }

  /** Waits for one of several elements and names the one that is there. */
  async sees(...selectors) {
    for (let tries = 0; tries < 200; tries += 1) {
      for (const css of selectors) {
        const found = await this.#asks("POST", "/elements", { using: "css selector", value: css });
        if (found.length > 0) return css;
      }
      await pause(50);
    }
    throw new Error(`none of ${selectors} at ${await this.url()}`);
  }

  async #find(css) {
    await this.sees(css);
    return (await this.#asks("POST", "/element", { using: "css selector", value: css }))[element];
  }

  async reads(css) { return this.#asks("GET", `/element/${await this.#find(css)}/text`); }

  async clicks(css) {
    this.acts += 1;
    await this.#asks("POST", `/element/${await this.#find(css)}/click`, {});
  }

  async fills(css, text) {
    this.acts += 1;
    const id = await this.#find(css);
    await this.#asks("POST", `/element/${id}/clear`, {});
    await this.#asks("POST", `/element/${id}/value`, { text });
  }

  /** Returns what is on the clipboard, by pasting it into a page without any site. */
  async pastes() {
    await this.goesTo("data:text/html,<textarea></textarea>");
    const [control, released] = ["\uE009", "\uE000"]; // WebDriver §17.4.2, keyboard actions
    const id = await this.#find("textarea");
    await this.#asks("POST", `/element/${id}/value`, { text: `${control}v${released}` });
    for (let tries = 0; tries < 100; tries += 1) {
      const pasted = await this.#asks("GET", `/element/${id}/property/value`);
      if (pasted) return pasted;
      await pause(50);
    }
    throw new Error("nothing on the clipboard");
  }

  /** Through the provider's pages, as far as they come, until `end` is seen. */
  async goesThrough(email, end, decision = "allow") {
    for (;;) {
      const at = await this.sees(end, "#login-form", "#terms-form", "#consent-form");
      if (at === end) return;
      if (at === "#login-form") {
        await this.fills("#login-form [name=email]", email);
        await this.fills("#login-form [name=password]", password);
      }
      const page = await this.#find("html");
      await this.clicks({ "#login-form": "#login", "#terms-form": "#accept", "#consent-form": `#${decision}` }[at]);
      await this.#goes(page);
    }
  }

  /** Waits until the page that this element is part of is gone. */
  async #goes(page) {
    for (let tries = 0; tries < 200; tries += 1) {
      try {
        await this.#asks("GET", `/element/${page}/name`);
      } catch {
        return;
      }
      await pause(50);
    }
    throw new Error(`still at ${await this.url()}`);
  }

  async closes() {
    if (this.address.split("/").length > 4) await this.#asks("DELETE", "").catch(() => {});
    const gone = new Promise((resolve) => this.driver.once("exit", resolve));
    this.driver.kill();
    await gone;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
