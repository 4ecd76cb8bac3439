"""A person at the provider's pages, by plain HTTP: httpx keeps the cookies, the forms are filled in here.
Beside it what the journeys in Python share."""

import os
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

ISSUER = os.environ["ISSUER"]
SECRET = os.environ["CLIENT_SECRET"]
PASSWORD = "Correct-horse-battery-42"


def shows(sentence):
    """Said once what stands before it has held; a journey that raises ends the run."""
    print(f"  ok  {sentence}", flush=True)


def is_the_member(claims):
    assert claims["affiliation_status"] == "approved", claims
    assert claims["membership_type"] == "sector_member", claims
    assert claims["organization_id"] == "example-telecom", claims
    assert claims["ties_rights"] == ["documents"], claims


class Forms(HTMLParser):
    """The forms of a page by id: action and what each sends unless something is typed."""

    def __init__(self, page):
        super().__init__()
        self.forms, self.form = {}, None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        it = dict(attributes)
        if tag == "form":
            self.form = self.forms[it.get("id")] = {"action": it.get("action"), "fields": {}}
        elif tag == "input" and self.form and it.get("name") and it.get("type") != "checkbox":
            self.form["fields"][it["name"]] = it.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None


class Person:
    def __init__(self, email):
        self.email = email
        self.browser = httpx.Client(timeout=20)

    def goes_through(self, url, decision="allow", home=None):
        """Follows redirects and fills in the provider's forms, until a redirect leads away from the provider.
        With `home`, the address of a service that answers, until a page of that service."""
        answer = self.browser.get(url)
        for _ in range(20):
            url = str(answer.url)
            if location := answer.headers.get("location"):
                url = urljoin(url, location)
                if not url.startswith((ISSUER, home or ISSUER)):
                    return url
                answer = self.browser.get(url)
                continue
            if home and url.startswith(home):
                return answer
            typed = {
                "login-form": {"email": self.email, "password": PASSWORD},
                "terms-form": {"accept_terms": "yes"},
                "consent-form": {"decision": decision},
                "logout-form": {"decision": "logout"},
            }
            forms = Forms(answer.text).forms
            name = next((it for it in typed if it in forms), None)
            assert name, f"{answer.status_code} at {url}: no form to fill in\n{answer.text}"
            answer = self.browser.post(
                urljoin(url, forms[name]["action"]),
                data=forms[name]["fields"] | typed[name],
                headers={"Origin": ISSUER},
            )
        raise AssertionError(f"twenty steps and no end: {url}")
