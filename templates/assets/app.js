// Every page works without this script; it only answers sooner than the server can.
"use strict";
const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);

// A tick beside each field as it becomes valid, and beside each password rule as it is met.
const rules = {
  length: (it) => it.length >= 8 && it.length <= 128,
  upper: (it) => /\p{Uppercase}/u.test(it),
  lower: (it) => /\p{Lowercase}/u.test(it),
  digit: (it) => /\p{N}/u.test(it),
  symbol: (it) => /[^\p{Alphabetic}\p{N}]/u.test(it),
};
const letters = (it) => it.toLowerCase().split(/[^\p{L}]+/u).filter((part) => part.length >= 4);
const personal = (form, password) => {
  const typed = ["email", "first_name", "last_name"].map((name) => form.elements[name]?.value ?? "");
  typed.push(form.dataset.email ?? "");
  const lower = password.toLowerCase();
  return typed.flatMap(letters).some((part) => lower.includes(part)) || /(^|[^\p{L}])itu([^\p{L}]|$)/iu.test(password);
};
// How strong a password is, in bits of guessing: a word is worth what a dictionary is, not its letters. A digit or sign in
// the place of a letter counts as that letter, as on the server, which also knows what was found in breaches.
const likeLetters = { 0: "o", 1: "i", "!": "i", 3: "e", 4: "a", "@": "a", 5: "s", $: "s", 7: "t" };
const bitsOf = (password) => {
  const plain = password.toLowerCase().replace(/\p{L}.*\p{L}/u, (it) => [...it].map((c) => likeLetters[c] ?? c).join(""));
  let bits = 0;
  for (const [run] of plain.matchAll(/\p{L}+|\p{N}+|[^\p{L}\p{N}]+/gu)) {
    const different = new Set(run).size;
    if (/\p{L}/u.test(run)) bits += Math.min(4.7 * different, 12 + Math.max(0, run.length - 8));
    else if (/\p{N}/u.test(run)) bits += /^(19|20)\p{N}{2}$/u.test(run) ? 6 : 3.3 * different;
    else bits += 2 + 2 * different;
  }
  return bits;
};
const strengthOf = (form, password) => {
  if (!Object.values(rules).every((rule) => rule(password)) || personal(form, password)) return "refused";
  const bits = bitsOf(password);
  return bits < 32 ? "weak" : bits < 48 ? "fair" : "strong";
};
each("form[data-live]", (form) => {
  const password = form.elements.password;
  const strength = form.querySelector(".strength");
  const valid = (input) => {
    // What the server refused stays refused until it is changed.
    if (input.getAttribute("aria-invalid") && !input.dataset.changed) return false;
    if (input.name === "password" && input.autocomplete === "new-password")
      return Object.values(rules).every((rule) => rule(input.value)) && !personal(form, input.value);
    if (input.name === "password_confirmation") return input.value !== "" && input.value === password.value;
    if (input.type === "email" && !/@[^@]+\.[^@.]+$/.test(input.value.trim())) return false;
    return input.value.trim() !== "" && input.checkValidity();
  };
  const show = (event) => {
    if (event) {
      event.target.dataset.changed = "yes";
      if (event.target.type === "checkbox") event.target.closest(".field").classList.toggle("ok", event.target.checked);
    }
    each(".field > input, .secret > input, .field > select", (input) => {
      const ok = valid(input);
      input.closest(".field").classList.toggle("ok", ok);
      if (ok) input.removeAttribute("aria-invalid");
    }, form);
    if (!password) return;
    each("[data-rule]", (line) => {
      const rule = rules[line.dataset.rule] ?? ((it) => it !== "" && !personal(form, it));
      line.classList.toggle("met", rule(password.value));
    }, form);
    if (!strength) return;
    // Read out when it changes, and not at every key (WCAG 2.2, 4.1.3).
    const level = password.value && strengthOf(form, password.value);
    if (level === strength.dataset.level) return;
    strength.dataset.level = level;
    strength.textContent = level && strength.dataset[level];
  };
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  show();
});

// Organizations as one types: the same radio buttons that the server would show.
each("[data-organizations]", (box) => {
  const form = box.closest("form"), list = box.querySelector(".choices"), query = form.elements.organization_query;
  if (!query) return;
  const status = box.querySelector("[role=status]"), words = box.dataset, button = box.querySelector("[data-search]");
  const field = (name) => form.elements[name]?.value ?? "";
  let timer, latest = 0;
  const line = (it, chosen) => {
    const row = document.createElement("div"), input = document.createElement("input"), label = document.createElement("label");
    const name = document.createElement("bdi"), kind = document.createElement("span");
    row.className = "check";
    Object.assign(input, { type: "radio", name: "organization_id", value: it.id, id: "organization-" + it.id, required: true, checked: it.id === chosen });
    Object.assign(input.dataset, { approval: it.needs_approval, ties: it.ties_entitled });
    label.htmlFor = input.id;
    name.textContent = it.acronym ? it.name + " (" + it.acronym + ")" : it.name;
    kind.className = "quiet small";
    kind.textContent = " " + words.membership.replace("{category}", it.category);
    label.append(name, kind);
    row.append(input, label);
    return row;
  };
  const told = () => {
    const chosen = list.querySelector("input:checked");
    each("[data-if]", (it) => { it.hidden = !chosen || chosen.dataset[it.dataset.if] !== "true"; }, form);
  };
  const search = async () => {
    const mine = ++latest, chosen = list.querySelector("input:checked")?.value;
    const q = query.value.trim();
    if (q.length < 2) return;
    const parameters = new URLSearchParams({ q, membership_type: field("membership_type"), member_state: field("member_state") });
    try {
      const answer = await fetch("/organizations/search?" + parameters, { headers: { accept: "application/json" } });
      if (!answer.ok || mine !== latest) return;
      const found = await answer.json();
      if (mine !== latest) return;
      list.replaceChildren(...found.map((it) => line(it, chosen)));
      // Read out: how many there are, or that typing more helps (WCAG 2.2, 4.1.3).
      status.textContent = !found.length ? words.none : found.length < 20 ? words.found.replace("{count}", found.length) : words.more;
      told();
    } catch { /* the button still searches */ }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(search, 200); };
  query.addEventListener("input", soon);
  for (const name of ["membership_type", "member_state"]) form.elements[name]?.addEventListener("change", soon);
  button?.addEventListener("click", (event) => { if (query.value.trim().length > 1) { event.preventDefault(); search(); } });
  list.addEventListener("change", () => {
    box.removeAttribute("aria-invalid");
    box.querySelector(".error")?.remove();
    told();
  });
  told();
});

// Passkeys: the browser asks the person's devices, and the form carries the answer (Web Authentication).
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (it) => it.charCodeAt(0));
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
// The sheet has kept their place until here.
each("[data-passkeys]", (it) => { it.classList.add("on"); it.hidden = !window.PublicKeyCredential; });
each("[data-no-passkeys]", (it) => { it.classList.add("on"); it.hidden = !!window.PublicKeyCredential; });
if (window.PublicKeyCredential) {
  const toOptions = (json) => {
    const publicKey = JSON.parse(json);
    publicKey.challenge = toBytes(publicKey.challenge);
    for (const list of ["allowCredentials", "excludeCredentials"]) for (const it of publicKey[list] ?? []) it.id = toBytes(it.id);
    if (publicKey.user) publicKey.user.id = toBytes(publicKey.user.id);
    return publicKey;
  };
  const send = (form, made) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (made.response[name]) response[name] = toText(made.response[name]);
    form.elements.credential.value = JSON.stringify({ id: made.id, rawId: toText(made.rawId), type: made.type, response, extensions: {} });
    form.submit();
  };
  // A browser has one ceremony at a time: the one before ends when another begins.
  let ceremony;
  const begin = () => { ceremony?.abort(); ceremony = new AbortController(); return ceremony.signal; };
  each("[data-can-make-passkeys]", async (input) => { if (await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.()) input.value = "on"; });
  // Passkeys in the list of the e-mail field. A challenge lasts five minutes, and is fetched anew before.
  each("form[data-autofill]", async (form) => {
    if (!await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
    let renewal;
    const offer = async () => {
      clearTimeout(renewal);
      renewal = setTimeout(offer, 240000);
      const signal = begin();
      try {
        const answer = await fetch(form.dataset.autofill, { headers: { accept: "application/json" }, signal });
        if (!answer.ok) return;
        const { options, ticket } = await answer.json();
        const made = await navigator.credentials.get({ mediation: "conditional", publicKey: toOptions(options), signal });
        clearTimeout(renewal);
        form.elements.ticket.value = ticket;
        send(form, made);
      } catch { /* the password and the button still log in */ }
    };
    // Another login of this page has begun.
    document.addEventListener("submit", () => { clearTimeout(renewal); ceremony?.abort(); });
    window.addEventListener("pageshow", (event) => { if (event.persisted) offer(); });
    offer();
  });
  each("form[data-passkey]", (form) => {
    const failed = form.querySelector("[data-failed]"), button = form.querySelector("[data-ask]");
    // Where both are, one stands in the place of the other.
    const waiting = form.querySelector("[data-waiting]");
    const wait = (on) => { failed.hidden = button.disabled = on; if (waiting) waiting.hidden = !on; };
    const ask = async () => {
      const publicKey = toOptions(form.dataset.passkey), signal = begin();
      wait(true);
      try {
        send(form, await (publicKey.user ? navigator.credentials.create({ publicKey, signal }) : navigator.credentials.get({ publicKey, signal })));
      } catch {
        wait(false);
      }
    };
    form.addEventListener("submit", (event) => { if (event.submitter?.dataset.ask === undefined) return; event.preventDefault(); ask(); });
    if ("atOnce" in form.dataset) ask();
  });
}

// A password can be read while its button is pressed. It is hidden again before it is sent, or a browser would take it
// for a text and offer it later.
const conceal = (root = document) => each(".reveal", (button) => {
  button.setAttribute("aria-pressed", "false");
  document.getElementById(button.dataset.reveal).type = "password";
}, root);
each(".reveal", (button) => {
  const input = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    button.setAttribute("aria-pressed", shown);
    Object.assign(input, { type: shown ? "text" : "password", spellcheck: false, autocapitalize: "none" });
    // On a page from right to left, a password that begins with a sign would be read in a wrong order.
    if (document.dir === "rtl") input.dir = "auto";
  });
});
document.addEventListener("submit", (event) => conceal(event.target));
window.addEventListener("pageshow", () => conceal());

// One button for all boxes of a list, or of a column.
each("[data-choose]", (button) => {
  const { choose, ending } = button.dataset;
  button.hidden = false;
  button.addEventListener("click", () => each("[name=" + choose + "]" + (ending ? "[value$='" + ending + "']" : ""), (it) => { it.checked = true; }, button.form));
});

// A menu closes when one looks elsewhere.
document.addEventListener("click", (event) => each("details.menu[open]", (it) => { if (!it.contains(event.target)) it.open = false; }));
document.addEventListener("keydown", (event) => { if (event.key === "Escape") each("details.menu[open]", (it) => { it.open = false; it.querySelector("summary").focus(); }); });

// A form that sends mails brings a proof of work. A worker makes it while the person types; who is faster waits for it, and
// not for long: without it the form does the same, later. A challenge is valid for an hour, and for one form.
const PATIENCE = 8000, FRESH = 50 * 60 * 1000;
each("input[data-challenge]", (field) => {
  const form = field.form, status = form.querySelector("[data-working]");
  let worker, made, waiting, waited, timer;
  const begin = (challenge) => {
    worker?.terminate();
    clearTimeout(timer);
    field.value = "";
    waited = false;
    timer = setTimeout(renew, FRESH);
    made = new Promise((done) => {
      try {
        worker = new Worker(field.dataset.worker);
        worker.onmessage = (it) => { field.value = it.data; worker.terminate(); done(); };
        worker.onerror = done;
        worker.postMessage(challenge);
      } catch { done(); }
    });
  };
  const renew = async () => {
    try {
      const page = await (await fetch(location.href)).text();
      begin(new DOMParser().parseFromString(page, "text/html").querySelector("input[data-challenge]").dataset.challenge);
    } catch { /* the form goes without it */ }
  };
  form.addEventListener("submit", async (event) => {
    // Who cancels, or chooses a language, sends nothing that asks for work.
    if (field.value || waited || event.submitter?.formNoValidate) return;
    event.preventDefault();
    if (waiting) return;
    waiting = true;
    // Seen and read out (WCAG 2.2, 4.1.3). Whoever cancels meanwhile may.
    status.textContent = status.dataset.working;
    event.submitter?.setAttribute("aria-disabled", "true");
    await Promise.race([made, new Promise((done) => { setTimeout(done, PATIENCE); })]);
    waiting = false;
    waited = true;
    event.submitter?.removeAttribute("aria-disabled");
    status.textContent = "";
    form.requestSubmit(event.submitter);
  });
  begin(field.dataset.challenge);
  // Back may show the page as it was left, with a solution that has counted.
  window.addEventListener("pageshow", (event) => { if (event.persisted) renew(); });
});

// A button is pressed once: a second press while the answer is on its way changes nothing. The server copes without this,
// so whoever stops the browser, or waits long, may press again; no event tells of a stop.
const HELD = 5000;
const release = (form) => {
  delete form.dataset.sent;
  each("button", (it) => it.removeAttribute("aria-disabled"), form);
};
const releaseAll = () => each("form[data-sent]", release);
let held;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  each("button", (it) => it.setAttribute("aria-disabled", "true"), form);
  clearTimeout(held);
  held = setTimeout(releaseAll, HELD);
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") releaseAll(); });
// Back shows the page as it was left.
window.addEventListener("pageshow", releaseAll);

// Paper shows every answer; a browser whose style sheet cannot open them gets them opened.
addEventListener("beforeprint", () => each("main details:not([open])", (it) => { it.open = true; it.dataset.shut = ""; }));
addEventListener("afterprint", () => each("main details[data-shut]", (it) => { it.open = false; delete it.dataset.shut; }));

// What is to be kept can be copied and printed.
each("[data-copy]", (button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const lines = [...document.getElementById(button.dataset.copy).children].map((it) => it.textContent.trim());
    await navigator.clipboard.writeText(lines.join("\n"));
    document.getElementById("copied").textContent = button.dataset.copied;
  });
});
// A table from a file, into the field that takes it.
each("[data-file-for]", (box) => {
  box.classList.remove("scripted"); // for browsers that do not tell the style sheet
  box.querySelector("input").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (file) document.getElementById(box.dataset.fileFor).value = await file.text();
  });
});
each("[data-print]", (button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
