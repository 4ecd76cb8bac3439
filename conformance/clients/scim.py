"""scim2-tester and scim2-client (PyPI): the compliance checks of others against /scim/v2, then what a service does with it.

The tester makes the resources that it reads. Here people make accounts and the administration makes organizations, so each check
gets one that is there; the checks of making and deleting are left out, as are those of replacing groups. Its checks of PATCH take
every extension for writable as a whole: PATCH is checked below, as is what is answered to all that is not offered."""

import httpx
from httpx2 import Client
from scim2_client import SCIMClientException
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import SCIMException, SearchRequest
from scim2_tester import Status, check_server, utils
from scim2_tester.utils import get_registered_tags

from person import ISSUER, SECRET, shows

BASE = f"{ISSUER}/scim/v2"
ACCOUNT = "urn:itu:params:scim:schemas:extension:account:1.0:User"


def token(scope):
    answer = httpx.post(
        f"{ISSUER}/token",
        auth=("scim2-client", SECRET),
        data={"grant_type": "client_credentials", "scope": scope},
    )
    return answer.raise_for_status().json()["access_token"]


class Existing(utils.ResourceManager):
    """Takes resources that are there, and leaves them there."""

    def create_and_register(self, model, fill_all=False):
        found = self.context.client.query(model).resources
        assert found, f"there is no {model.__name__}"
        # The one of whom there is most to see.
        return max(found, key=lambda it: len(str(it.model_dump())))

    def cleanup(self):
        pass


utils.ResourceManager = Existing


def client(scope):
    return SyncSCIMClient(Client(base_url=BASE, headers={"Authorization": f"Bearer {token(scope)}"}, timeout=20))


print("scim2-tester")
# What is written is put right again before another journey begins.
writer = client("scim admin:accounts")
left_out = {"*", "crud:create", "crud:delete", "patch:add", "patch:remove", "patch:replace"}
tags = get_registered_tags() - left_out
results = check_server(writer, include_tags=tags, resource_types=["User"])
results += check_server(writer, include_tags={"crud:read", "crud:read:attributes"}, resource_types=["Group"])
failed = [it for it in results if it.status not in (Status.SUCCESS, Status.SKIPPED)]
for it in failed:
    print(f"  {it.status.name} {it.title} ({it.resource_type}): {it.reason}", flush=True)
passed = [it for it in results if it.status is Status.SUCCESS]
assert not failed, f"{len(failed)} checks failed"
assert len(passed) >= 40, f"only {len(passed)} checks ran"
shows(f"{len(passed)} checks pass, none fails")

print("scim2-client")
writer = client("scim admin:accounts")
writer.discover()
User, Group = writer.get_resource_model("User"), writer.get_resource_model("Group")


def find(address):
    found = writer.query(User, query_parameters=SearchRequest(filter=f'userName eq "{address}"')).resources
    assert len(found) == 1, found
    return found[0]


def activate(user, active):
    path = f"{BASE}/Users/{user.id}"
    operation = {"op": "replace", "path": "active", "value": active}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    headers = {"Content-Type": "application/scim+json", "If-Match": user.meta.version}
    return writer.client.patch(path, json=body, headers=headers)


for one in writer.query(User).resources:
    if not one.active:
        activate(one, True).raise_for_status()

member = find("member@example.org")
own = member[ACCOUNT]
assert own.membership_type == "sector_member" and own.ties_rights == ["documents"], own
assert {it.value for it in member.groups} == {"example-telecom", "ties:documents"}, member.groups
shows("a user is found by the address, with the membership of the extension")

assert activate(member, False).json()["active"] is False
assert activate(member, False).status_code == 412
member = find("member@example.org")
assert activate(member, True).json()["active"] is True
shows("a suspension is written and lifted; a version that is over is refused")

group = writer.query(Group, "example-telecom", query_parameters=SearchRequest(attributes=["members", "displayName"]))
assert [it.value for it in group.members] == [member.id], group
shows("an organization is a group of its people")

for make in (lambda: writer.create(User(user_name="x@example.org", active=True)), lambda: writer.delete(User, member.id)):
    try:
        make()
    except (SCIMClientException, SCIMException):
        continue
    raise AssertionError("was not refused")
assert writer.client.post(f"{BASE}/Bulk", json={}).status_code == 501
shows("what is not offered is refused")

reader = client("scim:read")
assert reader.client.get("/Users").json()["totalResults"] == 0
shows("without the power over accounts, a client sees who used it, nobody")
