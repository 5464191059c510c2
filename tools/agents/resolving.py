"""The agent resolves DIDs of a network and checks signatures by them: as a universal resolver's client, and with the
plug-in, which verifies."""

import base64
import json
import time

from aries_askar import Key, KeyAlg

from acapy import AdminError, Agent, escaped
from network import Network, require, seeds


def jwt(did, wallet, fragment):
    """A JWT signed by the control key in a wallet file."""
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    header = {"alg": "EdDSA", "typ": "JWT", "kid": f"{did}#{fragment}"}
    signed = part(header) + b"." + part({"sub": "a statement", "iss": did})
    signature = Key.from_secret_bytes(KeyAlg.ED25519, seeds(wallet)[0]).sign_message(signed)
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def is_valid(agent, token):
    try:
        return agent.post("/wallet/jwt/verify", {"jwt": token})["valid"]
    except AdminError:
        # A key that the document does not have.
        return False


def keys_of(agent, did):
    document = agent.get(f"/resolver/resolve/{escaped(did)}")["did_document"]
    return document["id"], [method["id"].split("#")[1] for method in document["verificationMethod"]]


def check_universal_resolver(network: Network, folder, port):
    """ACA-Py as it is, with a node as its universal resolver."""
    print("ACA-Py with --universal-resolver", flush=True)
    wallet = folder / "resolved.json"
    did = network.did("create", wallet)["did"]
    options = ["--universal-resolver", f"{network.nodes[1]}/1.0", "--universal-resolver-regex", "^did:cwatt:.*$"]
    old = jwt(did, wallet, "key-1")
    with Agent("resolving", folder, port, *options) as agent:
        require(keys_of(agent, did) == (did, ["key-1", "key-2"]), "resolves a DID of the network")
        require(is_valid(agent, old), "verifies a JWT signed by the DID")
        require(not is_valid(agent, old[:-8] + "AAAAAAAA"), "refuses a JWT with another signature")
        network.did("rotate", wallet)
    new = jwt(did, wallet, "key-3")
    # The agent keeps what its universal resolver says for an hour, whatever the node says: a new one has to see it.
    with Agent("resolving-again", folder, port, *options) as agent:
        require(keys_of(agent, did) == (did, ["key-3", "key-4"]), "sees the rotation once its own hour is over (restart)")
        require(is_valid(agent, new) and not is_valid(agent, old), "verifies by the new key, and no longer by the old one")
        network.did("deactivate", wallet)
    with Agent("resolving-ended", folder, port, *options) as agent:
        require(not is_valid(agent, new), "believes no signature by a deactivated DID")


def check_plugin_resolver(network: Network, agent: Agent, folder):
    """The plug-in's own resolver, in a running agent."""
    print("ACA-Py with the plug-in's DID resolver", flush=True)
    wallet = folder / "verified.json"
    did = network.did("create", wallet)["did"]
    old = jwt(did, wallet, "key-1")
    require(keys_of(agent, did) == (did, ["key-1", "key-2"]), "resolves with proof")
    require(is_valid(agent, old), "verifies a JWT signed by the DID")
    network.did("rotate", wallet)
    new = jwt(did, wallet, "key-3")
    time.sleep(7)
    require(is_valid(agent, new) and not is_valid(agent, old), "sees the rotation after some seconds, without a restart")
    network.did("deactivate", wallet)
    time.sleep(7)
    try:
        keys_of(agent, did)
        refusal = ""
    except AdminError as error:
        refusal = str(error)
    require("deactivated" in refusal, "says that a DID is deactivated")
