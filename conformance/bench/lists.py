#!/usr/bin/env python3
"""Measures every list and search on a running server that `many.py` has filled: each by many queries that differ, of the
kinds that people type, and page by page as its links go on. Prints the median, the 95th of a hundred and the slowest, in
milliseconds, beside a floor: an answer of the same server that reads nothing.

  lists.py BASE [--queries N] [--organization ID] [--only TEXT] [--client ID]

The exit status is 1 if the 95th of a hundred is above 100 ms, or above 30 ms for the search of organizations. For the API
and SCIM, --client names a client that may ask for their scopes with client_credentials (`bench-programs` of
clients.json); its secret is in BENCH_CLIENT_SECRET.
"""
import argparse, base64, html, http.client, json, os, random, re, sys, time, urllib.parse

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("base")
ap.add_argument("--queries", type=int, default=100)
ap.add_argument("--organization", default="many-0")
ap.add_argument("--only", default="")
ap.add_argument("--client")
a = ap.parse_args()

PASSWORD = "Correct-horse-battery-42"
LIMIT, ORGANIZATIONS_LIMIT = 100, 30
FIRST = "Amina Antoine Chen Fatima Ibrahim João Léa Mohamed Ngozi Olga Tomás Wei Yuki Zoë".split()
LAST = "Adeyemi Bianchi Costa Fernández Haddad Kim Nguyen Okafor Sørensen Suzuki Traoré Wang Yılmaz Zhang".split()
TRADES = "Telecom Networks Mobile Satellite Broadband Cable Radio Digital Institute University Regulator".split()
TYPES = ["sector_member", "associate", "academia"]
PLACES = "Alpine Andean Atlantic Baltic Caspian Desert Delta Eastern Harbour Island Lake Mountain".split()

dice = random.Random(1865)
pick = dice.choice
address = urllib.parse.urlsplit(a.base)


class Browser:
    """A connection that is kept, with the cookies of one person."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        self.cookies, self.headers = {}, {}

    def ask(self, method, path, body=None, headers={}):
        sent = {"cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "origin": a.base, **self.headers, **headers}
        self.connection.request(method, path, body, sent)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for line in answer.headers.get_all("set-cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer, text

    def submit(self, path, form, fields):
        """Fills in the form of that id, and follows where it leads."""
        text = self.ask("GET", path)[1]
        found = re.search(rf'<form[^>]*action="([^"]+)"[^>]*id="{form}".*?</form>', text, re.S)
        if not found:
            sys.exit(f"{path} has no form {form}: {re.sub('<[^>]+>', ' ', text)[:800]}")
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0])
        body = urllib.parse.urlencode([(k, html.unescape(v)) for k, v in hidden] + fields)
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self.ask("POST", html.unescape(found[1]), body, kind)[0].headers.get("location", "")

    def logs_in(self, email):
        to = self.submit("/login", "login-form", [("email", email), ("password", PASSWORD)])
        if "/terms" in to:
            self.submit(to, "terms-form", [("accept_terms", "yes")])
        return self


def prefix(word):
    return word[: dice.randint(2, len(word))]


def person():
    first, last, n = pick(FIRST), pick(LAST), dice.randrange(100_000)
    return pick([
        first, last, f"{first} {last}", f"{last} {first}", prefix(first), prefix(last), f"{prefix(first)} {prefix(last)}",
        f"person{n}@many{n % 997}.example", f"person{n}", f"many{n % 997}.example", f"nobody-{n}",
    ])  # fmt: skip


def organization():
    place, trade, n = pick(PLACES), pick(TRADES), dice.randrange(20_000)
    return pick([place, trade, f"{place} {trade}", f"{place} {trade} {n}", prefix(place), f"{prefix(place)} {prefix(trade)}",
                 str(n), f"nothing {n}"])  # fmt: skip


def query(**fields):
    return "?" + urllib.parse.urlencode({k: v for k, v in fields.items() if v})


ONLY = ["overdue", "ties", "outside"]
own = f"/focal-point/{a.organization}"
PAGES = {
    "administrator": [
        ("accounts", lambda: "/admin/accounts" + query(q=person(), role=pick(["", "", "user", "administrator"]))),
        ("accounts of an organization", lambda: "/admin/accounts" + query(q=organization())),
        ("organizations", lambda: "/admin/organizations" + query(q=organization())),
        ("requests", lambda: "/admin/requests" + query(q=pick(["", person()]))),
        ("requests of a kind", lambda: "/admin/requests" + query(q=pick(["", person()]), only=pick(ONLY), order=pick(["", "newest"]))),
        ("proposals", lambda: "/admin/proposals" + query(q=organization())),
        ("clients", lambda: "/admin/clients" + query(q=pick(["", "bench", "b", "nothing"]))),
        ("audit", lambda: "/admin/audit" + query(kind=pick(["", "session.started"]))),
    ],
    "Focal Point": [
        ("requests of the organization", lambda: own + "/requests" + query(q=pick(["", person()]))),
        ("people of the organization", lambda: own + "/people" + query(q=pick(["", person()]))),
        ("TIES rights of the organization", lambda: own + "/ties" + query(q=pick(["", person()]))),
    ],
    "visitor": [
        ("directory", lambda: "/members" + query(q=organization())),
        ("search of organizations", lambda: "/organizations/search" + query(q=organization(), membership_type=pick(TYPES))),
    ],
}

api = "/api/v1"
scim = lambda kind, **fields: f"/scim/v2/{kind}" + query(**fields)
SHOWN = ["", "affiliation_requests", "ties_requests", "people", "focal_points", "everybody", "rejected"]
PROGRAMS = {
    "admin": [
        ("API: accounts", lambda: f"{api}/accounts" + query(q=person(), role=pick(["", "", "user", "administrator"]))),
        ("API: accounts of a status", lambda: f"{api}/accounts" + query(status=pick(["active", "suspended", "leaving"]))),
        ("API: organizations", lambda: f"{api}/organizations"
            + query(q=organization(), membership_type=pick(TYPES + [""]), status=pick(["", "active", "ended"]))),
        ("API: search of organizations", lambda: f"{api}/organizations" + query(q=organization())),
        ("API: clients", lambda: f"{api}/clients" + query(q=pick(["", "bench", "b", "nothing"]))),
        ("API: people of an organization", lambda: f"{api}/organizations/{a.organization}/affiliations"
            + query(q=pick(["", person()]), show=pick(SHOWN), order=pick(["", "newest", "name"]))),
        ("API: requests", lambda: f"{api}/affiliation-requests" + query(q=pick(["", person()]), order=pick(["", "newest"]))),
        ("API: proposals", lambda: f"{api}/organization-proposals"),
        ("API: audit", lambda: f"{api}/audit-entries" + query(kind=pick(["", "session.started"]), order=pick(["", "oldest"]))),
        ("API: revocations", lambda: f"{api}/revocations"),
    ],
}
# A service sees who used it; a client with a power over accounts sees everybody.
SCIM = [
    ("SCIM: users", lambda: scim("Users", count=pick(["", "10", "100"]), cursor="")),
    ("SCIM: users by cursor", lambda: "/scim/v2/Users?count=50&cursor="),
    ("SCIM: a user", lambda: scim("Users", filter=pick(['userName eq "{0}"', 'emails.value eq "{0}"']).format(
        f"person{(n := dice.randrange(100_000))}@many{n % 997}.example"))),
    ("SCIM: users of an organization", lambda: scim("Users", count="20", filter=
        f'groups.value eq "many-{dice.randrange(1, 20_000)}" and active eq true')),
    ("SCIM: users by the beginning", lambda: scim("Users", count="20", filter=f'userName sw "person{dice.randrange(99)}"')),
    ("SCIM: users sorted", lambda: scim("Users", count="20", sortBy=pick(["userName", "meta.lastModified"]))),
    ("SCIM: groups", lambda: scim("Groups", count=pick(["", "20"]), filter=pick(
        ["", f'displayName sw "{pick(PLACES)} {pick(TRADES)}"']), excludedAttributes="members")),
]
PROGRAMS["scim:read"] = SCIM
PROGRAMS["scim:read admin:accounts:read"] = [(f"{name}, of everybody", query) for name, query in SCIM if "group" not in name]


def program(scope):
    """A connection with a token of the client that has this scope, for the API or for SCIM."""
    browser = Browser()
    basic = base64.b64encode(f"{a.client}:{os.environ['BENCH_CLIENT_SECRET']}".encode()).decode()
    fields = {"grant_type": "client_credentials", "scope": scope}
    fields |= {"resource": f"{a.base}/api/v1"} if scope == "admin" else {}
    sent = {"content-type": "application/x-www-form-urlencoded", "authorization": f"Basic {basic}"}
    answer, text = browser.ask("POST", "/token", urllib.parse.urlencode(fields), sent)
    if answer.status != 200:
        sys.exit(f"the token endpoint refuses {a.client}: {answer.status} {text}")
    browser.headers = {"authorization": f"Bearer {json.loads(text)['access_token']}"}
    return browser


def next_page(path, answer, text):
    """Returns where the next page is: by RFC 8288 for the API, by RFC 9865 for SCIM, by its link for a page."""
    linked = re.search(r'<([^>]+)>; *rel="?next', answer.headers.get("link", ""))
    if linked:
        return linked[1].removeprefix(a.base)
    if path.startswith("/scim/"):
        cursor = json.loads(text).get("nextCursor")
        return cursor and re.sub(r"&?cursor=[^&]*|$", "", path) + f"&cursor={urllib.parse.quote(cursor)}"
    link = re.search(r'href="([^"]+)"[^>]*rel="next"|rel="next"[^>]*href="([^"]+)"', text)
    return link and html.unescape(link[1] or link[2])


def measure(browser, name, query):
    limit, times, following = (ORGANIZATIONS_LIMIT if "search of org" in name else LIMIT), [], None
    # What is asked for the first time comes from the disk.
    for _ in range(a.queries // 5):
        browser.ask("GET", query())
    for _ in range(a.queries):
        path, following = following or query(), None
        begun = time.perf_counter()
        answer, text = browser.ask("GET", path)
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status not in (200, 422):
            sys.exit(f"{name}: {path}: {answer.status} {text[:300]}")
        onward = next_page(path, answer, text)
        # Half of those who see a second page want it.
        if onward and dice.random() < 0.5:
            following = onward
    times.sort()
    at = lambda share: times[min(int(len(times) * share), len(times) - 1)]
    late = at(0.95) > limit
    print(f"{name:48} {at(0.5):8.1f} {at(0.95):8.1f} {times[-1]:8.1f}{'  above ' + str(limit) if late else ''}", flush=True)
    return late


def main():
    late = False
    people = {
        "administrator": lambda: Browser().logs_in("person0@many0.example"),
        "Focal Point": lambda: Browser().logs_in("person3@many3.example"),
        "visitor": Browser,
    }
    print(f"{'':48} {'median':>8} {'95 %':>8} {'slowest':>8}")
    measure(Browser(), "floor", lambda: "/.well-known/openid-configuration")
    for who, lists in PAGES.items():
        lists = [it for it in lists if a.only in it[0]]
        browser = people[who]() if lists else None
        for name, query in lists:
            late |= measure(browser, name, query)
    for scope, lists in PROGRAMS.items() if a.client else []:
        lists = [it for it in lists if a.only in it[0]]
        browser = program(scope) if lists else None
        for name, query in lists:
            late |= measure(browser, name, query)
    sys.exit(late)


main()
