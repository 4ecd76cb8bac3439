#!/usr/bin/env python3
"""Measures the first contentful paint of pages in a headless Chromium on this machine, beside a floor: the smallest page
that has a style sheet, from the smallest server, in the same run. Needs chromium and chromedriver, and a running `demo`.

  paint.py BASE [--loads N] [--email ADDRESS --password-file FILE] [PATH ...]

Each page is loaded N times with an empty cache and N times with what the browser kept; the table has the medians, in
milliseconds, and their ratio to the floor's. The exit status is 1 if a median is above 300 ms.
"""
import argparse, http.server, json, pathlib, statistics, subprocess, sys, tempfile, threading, time
import urllib.error, urllib.request

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("base")
ap.add_argument("paths", nargs="*")
ap.add_argument("--loads", type=int, default=15)
ap.add_argument("--email", default="delegate@msn.example")
ap.add_argument("--password-file", help="the password of that person; without it, pages before the login only")
ap.add_argument("--port", type=int, default=9617)
a = ap.parse_args()

PUBLIC = ["/", "/login", "/signup", "/forgot-password", "/faq", "/terms", "/privacy", "/members"]
OWN = ["", "/profile", "/email", "/organization", "/security", "/sessions", "/services", "/history", "/data"]
LIMIT = 300
FLOOR = b"<!doctype html><html lang=en><title>Floor</title><link rel=stylesheet href=/floor.css><p>Floor"


class Floor(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body, kind = (b"p{color:#123}", "text/css") if self.path.endswith(".css") else (FLOOR, "text/html")
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Chromium:
    def __init__(self, port):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
        self.address = f"http://127.0.0.1:{port}/session"
        args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--lang=en",
                "--disable-background-networking", f"--user-data-dir={self.profile.name}", "--window-size=1280,900"]
        options = {"alwaysMatch": {"goog:chromeOptions": {"args": args}}}
        for _ in range(100):
            try:
                self.address += "/" + self.ask("", {"capabilities": options})["sessionId"]
                return
            except urllib.error.URLError:
                time.sleep(0.1)
        sys.exit("chromedriver does not answer")

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.address + path, data)) as answer:
            return json.load(answer)["value"]

    def develop(self, command, **parameters):
        return self.ask("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, script, *args):
        return self.ask("/execute/sync", {"script": script, "args": args})

    def paint(self, url):
        self.ask("/url", {"url": url})
        for _ in range(200):
            entry = self.run("return performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
            if entry:
                return entry
            time.sleep(0.01)
        sys.exit(f"nothing is painted at {url}")

    def close(self):
        try:
            urllib.request.urlopen(urllib.request.Request(self.address, method="DELETE")).close()
        finally:
            self.driver.terminate()


def log_in(browser):
    browser.ask("/url", {"url": a.base + "/login"})
    password = pathlib.Path(a.password_file).read_text().strip()
    browser.run("document.querySelector('#email').value = arguments[0];"
                "document.querySelector('#password').value = arguments[1];"
                "document.querySelector('#login-form').submit()", a.email, password)
    for button in ("#accept", "#later"):  # new Terms of Use; a passkey is offered
        time.sleep(2)
        browser.run("const it = document.querySelector(arguments[0]);"
                    "document.querySelector('[name=accept_terms]')?.click(); it?.click()", button)
    time.sleep(2)
    browser.ask("/url", {"url": a.base + "/account"})
    if not browser.ask("/url").endswith("/account"):
        sys.exit(f"{a.email} is not logged in: {browser.ask('/url')}")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Floor)
threading.Thread(target=server.serve_forever, daemon=True).start()
floor = f"http://127.0.0.1:{server.server_port}/"
browser = Chromium(a.port)
try:
    paths = a.paths or PUBLIC
    if a.password_file:
        log_in(browser)
        paths = a.paths or [it for it in PUBLIC if it not in ("/login", "/signup")] + ["/account" + it for it in OWN]
    pages = [("floor", floor)] + [(it, a.base + it) for it in paths]
    found = {name: ([], []) for name, _ in pages}
    browser.paint(floor)  # the first load starts the browser's own processes
    # All pages in turn, so that a busy moment of the machine is nobody's alone.
    for _ in range(a.loads):
        for name, url in pages:
            browser.develop("Network.clearBrowserCache")
            for times in found[name]:
                times.append(browser.paint(url))
finally:
    browser.close()
medians = {name: [statistics.median(it) for it in times] for name, times in found.items()}
worst = max(max(it) for it in medians.values())
print(f"{'page':34} {'cold ms':>8} {'ratio':>6} {'kept ms':>8} {'ratio':>6}")
for name, (cold, kept) in medians.items():
    print(f"{name:34} {cold:8.0f} {cold / medians['floor'][0]:6.2f} {kept:8.0f} {kept / medians['floor'][1]:6.2f}")
print(f"{a.loads} loads each; the slowest median is {worst:.0f} ms, the limit {LIMIT} ms")
sys.exit(worst > LIMIT)
