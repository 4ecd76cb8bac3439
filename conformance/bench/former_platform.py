#!/usr/bin/env python3
"""Writes the people of a former platform, for `user import`: hashes of every kind, in turn, and none for one in ten.

  former_platform.py [--people N] [--json-lines] [--organizations FILE] [--bad N] > FILE

The hashes are those of src/tests/foreign_hashes.json, with their passwords: many people share one. With --organizations, a
file for `org import`, every second person belongs to one of these. With --bad, N lines in a hundred are wrong.
"""
import argparse, csv, json, pathlib, sys

ap = argparse.ArgumentParser()
ap.add_argument("--people", type=int, default=500_000)
ap.add_argument("--json-lines", action="store_true")
ap.add_argument("--organizations")
ap.add_argument("--bad", type=int, default=0, choices=range(101), metavar="N")
a = ap.parse_args()

root = pathlib.Path(__file__).resolve().parents[2]
hashes = [it["hash"] for it in json.loads((root / "src/tests/foreign_hashes.json").read_text())]
organizations = []
if a.organizations:
    with open(a.organizations, encoding="utf-8-sig", newline="") as file:
        organizations = [row["id"] for row in csv.DictReader(file) if row["id"]]

NAMES = [("Ana", "Silva"), ("José", "García"), ("Мария", "Иванова"), ("王", "芳"), ("ليلى", "حسن"), ("", "Suharto")]
LANGUAGES = ["en", "es", "ru", "zh", "ar", "fr"]
COLUMNS = "email,first_name,last_name,gender,job_title,language,organization_id,password_hash,created_at".split(",")


def person(n):
    it = valid_person(n)
    if n % 100 < a.bad:
        # In turn, whatever the share: no address, a hash of no kind, an address that is in the file before.
        match n % 3:
            case 0:
                it["email"] = "nobody"
            case 1:
                it["password_hash"] = f"$unknown${n:032}"
            case 2:
                it["email"] = valid_person(n - 1)["email"]
    return it


def valid_person(n):
    first, last = NAMES[n % len(NAMES)]
    return dict(
        email=f"person{n}@former{n % 977}.example",
        first_name=first,
        last_name=last,
        gender=["female", "male", "undisclosed"][n % 3],
        job_title="Spectrum engineer",
        language=LANGUAGES[n % len(LANGUAGES)],
        organization_id=organizations[n % len(organizations)] if organizations and n % 2 else "",
        password_hash="" if n % 10 == 9 else hashes[n % len(hashes)],
        created_at=f"{2005 + n % 20}-{1 + n % 12:02}-{1 + n % 28:02}",
    )


out = sys.stdout
if a.json_lines:
    for n in range(a.people):
        out.write(json.dumps(person(n), ensure_ascii=False) + "\n")
else:
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(person(n) for n in range(a.people))
