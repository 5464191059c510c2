"""What the DIDComm checks share: bare documents from a node, and the keys of a wallet file. Standard library only."""

import base64
import json
import sys
import urllib.parse
import urllib.request


def require(condition, text):
    if not condition:
        sys.exit(f"FAILED: {text}")
    print(f"  ok  {text}", flush=True)


def document(node, did):
    """As `application/did`, the form without metadata and proof: what these libraries take."""
    request = urllib.request.Request(
        f"{node}/1.0/identifiers/{urllib.parse.quote(did, safe='')}", headers={"Accept": "application/did"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Wallet:
    """A wallet of `commonwatt did create`: the key agreement key and its name."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            made = json.load(file)
        self.did = made["did"]
        self.agreement = bytes.fromhex(made["agreement"])
        self.agreement_id = f"{self.did}#key-{2 * made['rotation'] + 2}"
        self.agreement_public = None

    def find_keys(self, node):
        """The public part, as the document has it."""
        (method,) = [one for one in document(node, self.did)["verificationMethod"] if one["id"] == self.agreement_id]
        self.agreement_public = method["publicKeyJwk"]["x"]
