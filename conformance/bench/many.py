#!/usr/bin/env python3
"""Fills a database that any command has migrated: accounts, sessions of theirs, organizations, people who belong to them,
the services that they use, and requests that nobody has decided. The first three accounts are administrators, and the
first organization has more people and more requests than any other. The words by which an account is found are those of
src/domain/account_search.rs, of the version below; the first start of the server writes those of the organizations, and
those of all accounts if it has another version. No process may have the database open.

  many.py DATABASE [--accounts N] [--sessions N] [--organizations N] [--affiliations N] [--requests N] [--uses N]
                   [--grants N]
  many.py --csv N > FILE                                             a file for `user import`, of people it does not have

DATABASE is the file of SQLite, or the URL of PostgreSQL, for which `psql` is needed.
"""
import argparse, datetime, json, random, re, secrets, sqlite3, subprocess, sys, unicodedata

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("database", nargs="?")
ap.add_argument("--accounts", type=int, default=300_000)
ap.add_argument("--sessions", type=int, default=1_000_000)
ap.add_argument("--organizations", type=int, default=1_900)
ap.add_argument("--affiliations", type=int, default=0, help="approved, beside those of the Focal Points")
ap.add_argument("--requests", type=int, default=5_700)
ap.add_argument("--uses", type=int, default=0, help="of the services that the database has, in turn")
ap.add_argument("--grants", type=int, default=0, help="of the services that the database has, each with its refresh token")
ap.add_argument("--focal-points", type=int, default=10, help="organizations of a hundred that have one")
ap.add_argument("--csv", type=int)
a = ap.parse_args()

# Of the password Correct-horse-battery-42.
HASH = "$argon2id$v=19$m=19456,t=2,p=1$GbOBRt+s69yWl4ttNdIKCg$eouNq+W6JiayS2aU69LJBkLwzOvzDZ+ICR5NxIX81MQ"

if a.csv:
    run = secrets.token_hex(4)
    print("email,first_name,last_name,password_hash")
    for n in range(a.csv):
        print(f'import{run}{n}@many.example,Imported,Person,"{HASH}"')
    sys.exit()
if not a.database:
    ap.error("name a database")

FIRST = """Amina Anna Antoine Aya Beatriz Carlos Chen Chiara Daniel Diego Elena Elif Emma Fatima François Giulia Hana Hassan
Hiroshi Ibrahim Ines Irina Ivan Jan João José Julia Kofi Lars Léa Lin Lucía Luis Maria Marta Mei Mina Mohamed Nadia Ngozi
Nikolai Noor Olga Omar Paul Pedro Priya Rania Ravi Rosa Sami Sara Sofia Svetlana Tariq Tomás Wei Yara Yuki Zoë""".split()
LAST = """Abdullah Adeyemi Almeida Andersson Bakker Bauer Bernard Bianchi Castro Chen Costa Dubois Diallo Eriksen Fernández
Fischer García Haddad Hansen Horváth Hussein Ivanova Jansen Kamau Khan Kim Kovács Kumar Lee Li Lopes Mahmoud Martin Mensah
Meyer Morales Müller Nakamura Nguyen Novák Nowak Okafor Olsen Park Patel Pereira Petrov Popescu Rahman Ramírez Rossi Saleh
Santos Sato Schmidt Silva Singh Sørensen Suzuki Tanaka Traoré Volkova Wang Weber Yamamoto Yılmaz Zhang""".split()
TRADES = "Telecom Networks Mobile Satellite Broadband Cable Radio Digital Institute University Regulator Laboratory".split()
PLACES = "Alpine Andean Atlantic Baltic Caspian Desert Delta Eastern Harbour Island Lake Mountain Northern Pacific".split()
TYPES = ["sector_member", "associate", "academia", "member_state"]

# `account_search::VERSION`.
FOLD = 103
PLAIN = str.maketrans("øı", "oi")

dice = random.Random(1865)
choose = dice.choice
now = datetime.datetime.now(datetime.timezone.utc)
at = lambda **ago: (now - datetime.timedelta(**ago)).isoformat(timespec="microseconds")
new = lambda: secrets.token_urlsafe(16)


class Sqlite:
    def __init__(self, path):
        self.db = sqlite3.connect(path)
        # A fill that fails is begun anew: nothing is kept to undo it by.
        self.db.execute("PRAGMA journal_mode = OFF")
        self.db.execute("PRAGMA synchronous = OFF")
        self.db.execute("PRAGMA cache_size = -4000000")

    def fill(self, table, columns, rows):
        marks = ",".join("?" * len(columns.split(",")))
        self.db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def column(self, query):
        return [row[0] for row in self.db.execute(query)]

    def finish(self):
        self.db.commit()
        self.db.execute("ANALYZE")
        self.db.commit()


class Postgresql:
    def __init__(self, url):
        self.psql = ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", url]

    def fill(self, table, columns, rows):
        copy = subprocess.Popen(self.psql + ["--command", f"COPY {table} ({columns}) FROM STDIN"], stdin=subprocess.PIPE)
        for row in rows:
            copy.stdin.write(("\t".join(map(self.text, row)) + "\n").encode())
        copy.stdin.close()
        if copy.wait():
            sys.exit(1)

    @staticmethod
    def text(value):
        return r"\N" if value is None else "ft"[value] if isinstance(value, bool) else str(value)

    def column(self, query):
        run = subprocess.run(self.psql + ["--tuples-only", "--no-align", "--command", query], check=True, capture_output=True)
        return run.stdout.decode().split()

    def finish(self):
        subprocess.run(self.psql + ["--command", "ANALYZE"], check=True)


store = Postgresql(a.database) if "://" in a.database else Sqlite(a.database)
accounts = [new() for _ in range(a.accounts)]
joined = at(days=400)


def person(n, id):
    first, last = choose(FIRST), choose(LAST)
    email = f"person{n}@many{n % 997}.example"
    role = "administrator" if n < 3 else "user"
    sub = new()
    words.append((id, described(first, last, email, id, sub)))
    return (id, sub, email, email, email, True, first, last, "undisclosed", "Engineer", "technical", role, "active", False,
            "en", HASH, at(days=400 + n % 700, minutes=n % 1440), at(minutes=dice.randrange(500_000)), FOLD)  # fmt: skip


def words_of(text):
    plain = unicodedata.normalize("NFKD", text.lower().translate(PLAIN))
    return re.findall("[a-z0-9]+", "".join(it for it in plain if not unicodedata.combining(it)))


def described(first, last, email, *identifiers):
    name, address = words_of(f"{first} {last}"), words_of(email)
    found = {" ".join(name[n:] + name[:n]) for n in range(len(name))}
    found |= {" ".join(address[n:]) for n in range(len(address))}
    found |= {f"={' '.join(words_of(last))}  {' '.join(words_of(first))}"}
    return found | {re.sub("[-_]", "", it).lower() for it in identifiers}


words = []
store.fill(
    "accounts",
    "id,sub,email,email_key,email_unique,email_verified,first_name,last_name,gender,job_title,professional_role,"
    "role,status,newsletter,language,password_hash,created_at,updated_at,search_fold",
    (person(n, id) for n, id in enumerate(accounts)),
)
store.fill("account_words", "word,account_id", sorted((word, id) for id, found in words for word in found))
words.clear()
# Half of them have rested for long; none is past its time, so that the sweep finds nothing, as on most days.
store.fill(
    "sessions",
    "id,sid,cookie_digest,account_id,created_at,authenticated_at,acr,last_used_at,terms_due,user_agent,network",
    (
        (new(), new(), new(), accounts[n % len(accounts)], begun, begun, "https://refeds.org/profile/sfa", used, False,
         "Mozilla/5.0", "192.0.2.1")
        for n in range(a.sessions)
        for begun, used in [(at(hours=n % 11, minutes=n % 60), at(minutes=n % 60))]
    ),
)
services = store.column("SELECT id FROM clients ORDER BY id") if a.uses or a.grants else []
store.fill(
    "service_uses",
    "account_id,client_id,scope,claims,first_used_at,last_used_at",
    (
        (accounts[n // len(services) % len(accounts)], services[n % len(services)], "openid profile email", "", joined, joined)
        for n in range(min(a.uses, len(services) * len(accounts)))
    ),
)


def grant(n):
    person, service = accounts[n % len(accounts)], services[n // len(accounts) % len(services)]
    authorization, session, begun = new(), new(), now - datetime.timedelta(minutes=n % 10_000)
    content = {
        "authorization_id": authorization, "client_id": service, "account": person, "session": session, "sid": new(),
        "redirect_uri": "http://127.0.0.1:9999/cb", "scope": "openid email profile offline_access", "claims": {},
        "auth_time": begun.isoformat(), "acr": "https://refeds.org/profile/sfa", "amr": ["pwd"], "granted_at": begun.isoformat(),
    }  # fmt: skip
    day = lambda days: (begun + datetime.timedelta(days=days)).isoformat()
    return (new(), authorization, person, service, session, json.dumps(content), secrets.token_hex(32), day(0), day(14),
            day(30), day(14))  # fmt: skip


store.fill(
    "refresh_tokens",
    "id,authorization_id,account_id,client_id,session_id,content,digest,issued_at,idle_until,expires_at,look_again_at",
    map(grant, range(a.grants)),
)
organizations = [f"many-{n}" for n in range(a.organizations)]
named = lambda n: f"{choose(PLACES)} {choose(TRADES)} {n}"
store.fill(
    "organizations",
    "id,name,name_key,membership_type,category,sectors,status,email_domains,created_at,updated_at,version",
    (
        (id, name, name.lower(), TYPES[n % len(TYPES)], "OTHER", "", "active", f"many{n % 997}.example", joined, joined, 1)
        for n, id in enumerate(organizations)
        for name in [named(n)]
    ),
)
late = at(days=30)
requested = lambda n: at(days=30 + n % 300, minutes=n % 1440)
people = iter(accounts[3:])
# A tenth of what there is belongs to the first organization.
home = lambda n: organizations[0 if n % 10 == 0 else n % len(organizations)]
seats = [
    (new(), next(people), id)
    for n, id in enumerate(organizations)
    if n % 100 < a.focal_points
]
members = seats + [(new(), next(people), home(n)) for n in range(a.affiliations)]
store.fill(
    "affiliations",
    "id,account_id,organization_id,status,requested_at,asked_by_person,announced_at,decided_at,decided_as",
    ((*it, "approved", requested(n), True, late, late, "administrator") for n, it in enumerate(members)),
)
store.fill(
    "focal_points",
    "affiliation_id,account_id,organization_id,designated_at",
    ((*it, late) for it in seats),
)
store.fill(
    "affiliations",
    "id,account_id,organization_id,status,requested_at,asked_by_person,announced_at",
    ((new(), next(people), home(n), "pending", requested(n), True, late) for n in range(a.requests)),
)
store.finish()
print(f"{a.accounts} accounts, {a.sessions} sessions, {a.grants} grants, {len(members)} affiliations, {a.requests} requests overdue")
