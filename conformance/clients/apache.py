"""Apache with mod_auth_openidc (Debian): pages for every account, and pages for members only."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from person import ISSUER, SECRET, Person, shows

PORT = os.environ["APACHE_PORT"]
HOME = f"http://127.0.0.1:{PORT}"
ROOT = Path(os.environ["WORK"], "apache")

# The settings of the module's own quickstart, and of its wiki's page on authorization.
SETTINGS = f"""
ServerRoot {ROOT}
ServerName 127.0.0.1
Listen 127.0.0.1:{PORT}
PidFile {ROOT}/pid
ErrorLog {ROOT}/error.log
DocumentRoot {ROOT}/pages
DefaultRuntimeDir {ROOT}
Mutex file:{ROOT} default
{"User www-data" if os.geteuid() == 0 else ""}
{"Group www-data" if os.geteuid() == 0 else ""}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule include_module /usr/lib/apache2/modules/mod_include.so
LoadModule auth_openidc_module /usr/lib/apache2/modules/mod_auth_openidc.so

OIDCProviderMetadataURL {ISSUER}/.well-known/openid-configuration
OIDCClientID mod_auth_openidc
OIDCClientSecret {SECRET}
OIDCRedirectURI {HOME}/members/redirect_uri
OIDCCryptoPassphrase {SECRET[::-1]}
OIDCScope "openid profile email itu_membership"

# The page writes what an application behind it would read from its environment.
<Directory {ROOT}/pages>
  Options +Includes
  SetOutputFilter INCLUDES
</Directory>
<Location /account>
  AuthType openid-connect
  Require valid-user
</Location>
<Location /members>
  AuthType openid-connect
  Require claim affiliation_status:approved
</Location>
"""
CLAIMS = ["email", "email_verified", "affiliation_status", "organization", "membership_type", "ties_rights"]
PAGE = "".join(f'{it}=<!--#echo var="OIDC_CLAIM_{it}" -->\n' for it in CLAIMS)


def set_up():
    for folder in ("account", "members"):
        (ROOT / "pages" / folder).mkdir(parents=True)
        (ROOT / "pages" / folder / "index.html").write_text(PAGE)
    (ROOT / "pages" / "goodbye.html").write_text("Goodbye")
    (ROOT / "apache.conf").write_text(SETTINGS)
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "www-data", ROOT], check=True)
    apache = subprocess.Popen(["/usr/sbin/apache2", "-f", ROOT / "apache.conf", "-D", "FOREGROUND"])
    for _ in range(100):
        try:
            httpx.get(f"{HOME}/goodbye.html")
            return apache
        except httpx.TransportError:
            assert apache.poll() is None, (ROOT / "error.log").read_text()
            time.sleep(0.1)
    raise AssertionError("Apache does not answer")


def journeys():
    print("Apache with mod_auth_openidc")
    member = Person("member@example.org")
    page = member.goes_through(f"{HOME}/members/index.html", decision="deny", home=HOME)
    assert "error=access_denied" in str(page.url), page.url
    assert "<title>Error</title>" in page.text and "affiliation_status" not in page.text, page.text
    shows("who denies consent sees an error of Apache and no page of members")

    page = member.goes_through(f"{HOME}/members/index.html", home=HOME)
    assert page.status_code == 200, page
    for line in (
        "email=member@example.org",
        "email_verified=1",
        "affiliation_status=approved",
        "organization=Example Telecom",
        "membership_type=sector_member",
        "ties_rights=documents",
    ):
        assert line in page.text.splitlines(), page.text
    shows("a member is led to the login and back; the page knows who it is")

    visitor = Person("visitor@example.org")
    page = visitor.goes_through(f"{HOME}/account/index.html", home=HOME)
    assert page.status_code == 200 and "affiliation_status=none" in page.text.splitlines(), page.text
    assert "organization=(none)" in page.text.splitlines(), page.text
    page = visitor.goes_through(f"{HOME}/members/index.html", home=HOME)
    assert page.status_code == 401, page
    shows("who is no member sees the pages for everybody, and not those of members")

    logout = f"{HOME}/members/redirect_uri?logout={HOME}/goodbye.html"
    page = member.goes_through(logout, home=HOME)
    assert page.text == "Goodbye", page.text
    again = member.browser.get(f"{HOME}/members/index.html")
    assert again.is_redirect and again.headers["location"].startswith(ISSUER), again
    asked = member.browser.get(again.headers["location"], follow_redirects=True)
    assert 'id="login-form"' in asked.text, asked.text
    shows("logout at Apache ends the session here and comes back")


apache = set_up()
try:
    journeys()
except BaseException:
    print((ROOT / "error.log").read_text(), file=sys.stderr)
    raise
finally:
    apache.terminate()
    apache.wait()
