#!/usr/bin/env python3
"""Fills a SQLite database that `serve` or any command has migrated: 300,000 accounts, 1,000,000 sessions of theirs, 5,700
requests that nobody has decided for a month, in 1,900 organizations, one in ten of which has a Focal Point, and three
administrators. No process may have the database open.

  many.py DATABASE [--accounts N] [--sessions N] [--requests N]       fills it
  many.py --csv N > FILE                                             a file for `user import`, of people it does not have
"""
import argparse, datetime, secrets, sqlite3, sys

ap = argparse.ArgumentParser()
ap.add_argument("database", nargs="?")
ap.add_argument("--accounts", type=int, default=300_000)
ap.add_argument("--sessions", type=int, default=1_000_000)
ap.add_argument("--requests", type=int, default=5_700)
ap.add_argument("--csv", type=int)
a = ap.parse_args()

HASH = "$argon2id$v=19$m=19456,t=2,p=1$GbOBRt+s69yWl4ttNdIKCg$eouNq+W6JiayS2aU69LJBkLwzOvzDZ+ICR5NxIX81MQ"

if a.csv:
    run = secrets.token_hex(4)
    print("email,first_name,last_name,password_hash")
    for n in range(a.csv):
        print(f'import{run}{n}@many.example,Imported,Person,"{HASH}"')
    sys.exit()

now = datetime.datetime.now(datetime.timezone.utc)
at = lambda **ago: (now - datetime.timedelta(**ago)).isoformat(timespec="microseconds")
new = lambda: secrets.token_urlsafe(16)
db = sqlite3.connect(a.database)
db.execute("PRAGMA synchronous = OFF")


def fill(table, columns, rows):
    marks = ",".join("?" * len(columns.split(",")))
    db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


accounts = [new() for _ in range(a.accounts)]
joined = at(days=400)
fill(
    "accounts",
    "id,sub,email,email_key,email_unique,email_verified,first_name,last_name,gender,job_title,professional_role,"
    "role,status,newsletter,language,password_hash,created_at,updated_at",
    (
        (id, new(), *[f"person{n}@many.example"] * 3, 1, "Person", f"Number {n}", "undisclosed", "Engineer", "technical",
         "administrator" if n < 3 else "user", "active", 0, "en", HASH, joined, joined)
        for n, id in enumerate(accounts)
    ),
)
# Half of them have rested for long; none is past its time, so that the sweep finds nothing, as on most days.
fill(
    "sessions",
    "id,sid,cookie_digest,account_id,created_at,authenticated_at,acr,last_used_at,terms_due,user_agent,network",
    (
        (new(), new(), new(), accounts[n % len(accounts)], begun, begun, "https://refeds.org/profile/sfa", used, 0,
         "Mozilla/5.0", "192.0.2.1")
        for n in range(a.sessions)
        for begun, used in [(at(hours=n % 11, minutes=n % 60), at(minutes=n % 60))]
    ),
)
organizations = [f"many-{n}" for n in range(max(a.requests // 3, 1))]
fill(
    "organizations",
    "id,name,name_key,membership_type,category,sectors,status,email_domains,created_at,updated_at,version",
    (
        (id, f"Organization {n}", f"organization {n}", "sector_member", "OTHER", "", "active", "", joined, joined, 1)
        for n, id in enumerate(organizations)
    ),
)
late = at(days=30)
people = iter(accounts[3:])
for n, id in enumerate(organizations[: len(organizations) // 10]):
    affiliation, account = new(), next(people)
    fill(
        "affiliations",
        "id,account_id,organization_id,status,requested_at,asked_by_person,announced_at,decided_at,decided_as",
        [(affiliation, account, id, "approved", late, 1, late, late, "administrator")],
    )
    fill("focal_points", "affiliation_id,account_id,organization_id,designated_at", [(affiliation, account, id, late)])
fill(
    "affiliations",
    "id,account_id,organization_id,status,requested_at,asked_by_person,announced_at",
    ((new(), next(people), organizations[n % len(organizations)], "pending", late, 1, late) for n in range(a.requests)),
)
db.commit()
print(f"{a.accounts} accounts, {a.sessions} sessions, {a.requests} requests overdue")
