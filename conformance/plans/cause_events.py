"""Has the provider send the events that the module `openid-ssf-transmitter-stream-caep-interop` waits for: a person logs in at
the clients of these plans, changes the password there and back, and logs out. ISSUER is the argument; the provider's
certificate is taken unseen, as the suite's is."""

import ssl
import sys
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

ISSUER = sys.argv[1].rstrip("/")
CLIENTS = ["ssf-caep-push", "ssf-caep-poll"]
EMAIL, PASSWORDS = "conformance@example.org", ["Correct-horse-battery-42", "Quartz-harbour-violin-77"]


class Forms(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.forms, self.form = {}, None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        it = dict(attributes)
        if tag == "form":
            self.form = self.forms[it.get("id")] = {"action": it.get("action") or "", "fields": {}}
        elif tag == "input" and self.form and it.get("name") and it.get("type") != "checkbox":
            self.form["fields"][it["name"]] = it.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None


class Away(HTTPRedirectHandler):
    """Follows redirects up to one that leads away from the provider."""

    def redirect_request(self, request, answer, code, message, headers, url):
        if not url.startswith(ISSUER):
            return None
        return super().redirect_request(request, answer, code, message, headers, url)


unseen = ssl.create_default_context()
unseen.check_hostname, unseen.verify_mode = False, ssl.CERT_NONE
browser = build_opener(HTTPCookieProcessor(CookieJar()), HTTPSHandler(context=unseen), Away())


def opens(url, fields=None):
    """Returns the address and the page; None for the page if a service is reached."""
    body = urlencode(fields).encode() if fields is not None else None
    request = Request(url, body, {"Origin": ISSUER} if body else {})
    try:
        with browser.open(request, timeout=20) as answer:
            return answer.url, answer.read().decode()
    except HTTPError as answer:
        if answer.code in (302, 303):
            return answer.headers["Location"], None
        raise


def goes_on(url, page, typed):
    """Fills in the forms of the provider until there is none of these."""
    for _ in range(10):
        forms = Forms(page).forms if page else {}
        name = next((it for it in typed if it in forms), None)
        if name is None:
            return url, page
        form = forms[name]
        url, page = opens(urljoin(url, form["action"]), form["fields"] | typed[name])
    raise SystemExit(f"ten steps and no end: {url}")


login = {"login-form": {"email": EMAIL, "password": PASSWORDS[0]}, "terms-form": {"accept_terms": "yes"}}
for client in CLIENTS:
    asked = {
        "client_id": client,
        "redirect_uri": f"https://localhost:8443/test/a/{client}/callback",
        "response_type": "id_token",
        "scope": "openid",
        "state": "s",
        "nonce": "n",
    }
    url, page = goes_on(*opens(f"{ISSUER}/authorize?{urlencode(asked)}"), login)
    assert page is None and "id_token=" in url, url
for old, new in [PASSWORDS, PASSWORDS[::-1]]:
    url, page = opens(f"{ISSUER}/account/security/password")
    form = next(it for it in Forms(page).forms.values() if "current_password" in it["fields"])
    typed = {"current_password": old, "password": new, "password_confirmation": new}
    url, page = opens(urljoin(url, form["action"]), form["fields"] | typed)
    assert "password_confirmation-error" not in page and "current_password-error" not in page, page
url, page = goes_on(*opens(f"{ISSUER}/logout"), {"logout-form": {"decision": "logout"}})
