"""Puts the questions of scim2-tester to a SCIM server and prints the answers as JSON lines.

python check.py BASE_URL DOMAIN   (the token is read from standard input)

The server takes people of its tenant's own mail domain only, which the tester cannot know: user
names and addresses that it makes up are made up in DOMAIN.
"""

import json
import socket
import sys
import uuid

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server, filling
from scim2_tester.checkers import patch_add, patch_replace

_resolve = socket.getaddrinfo


def _on_this_machine(host, port, *args, **kwargs):
    """Tenants' hosts below .localhost, which not every resolver knows, are this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name and name.endswith(".localhost"):
        name = "127.0.0.1"
    return _resolve(name, port, *args, **kwargs)


_generate = filling.generate_random_value


def _in_domain(domain):
    """What the tester makes up, but addresses in this domain."""

    def generate(context, path, mutability=None, required=None):
        value = _generate(context, path, mutability, required)
        address = f"{uuid.uuid4()}@{domain}"
        if str(path).endswith("userName") and value is not None:
            return address
        if str(path).endswith("emails.value") and value is not None:
            return address
        return value

    return generate


def main() -> None:
    socket.getaddrinfo = _on_this_machine
    for module in (filling, patch_add, patch_replace):
        module.generate_random_value = _in_domain(sys.argv[2])
    token = sys.stdin.read().strip()
    headers = {"Authorization": f"Bearer {token}"}
    with Client(base_url=sys.argv[1], headers=headers, timeout=20, trust_env=False) as http:
        for result in check_server(SyncSCIMClient(http)):
            answer = {
                "status": result.status.name,
                "title": result.title,
                "resource": result.resource_type,
                "reason": result.reason,
            }
            print(json.dumps(answer), flush=True)


main()
