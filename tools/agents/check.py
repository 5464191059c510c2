"""Checks this project's identities against other people's agents and libraries. Started by tools/acapy-check."""

import argparse
import json
import pathlib
import subprocess
import sys

import credentials
import resolving
from network import CheckFailed, Network

HERE = pathlib.Path(__file__).resolve().parent


def options_for(network: Network, folder: pathlib.Path):
    """The agent's options with the plug-in: a settings file of its own, and the issuer's wallet if it issues."""
    def options(name, node, did):
        settings = {"nodes": [node, network.nodes[0]], "genesis": str(network.genesis), "program": network.program}
        if did is not None:
            # Neither the DID's control key nor the partner's own key is on the agent's machine.
            settings["issuers"] = {did: {
                "wallet": str(folder / "agent.json"), "key": str(folder / "agent.key"), "partner": "energylab"}}
        path = folder / f"{name}.yaml"
        path.write_text(json.dumps({"commonwatt_anoncreds": settings}))
        return ["--plugin", "commonwatt_anoncreds", "--plugin-config", str(path)]

    return options


def make_issuer(network: Network, folder: pathlib.Path):
    """A DID, and an agent's wallet and key that may register and revoke for it."""
    did = network.did("create", folder / "issuer.json")["did"]
    network.did("grant", folder / "issuer.json", "--to", folder / "agent.json")
    network.run("partner", "delegate", "--to", folder / "agent.key", "--role", "issuer", "--key",
                network.key("energylab"), "--node", network.nodes[0])
    return did


def check_didcomm(network: Network, folder: pathlib.Path, pythons):
    """Each library in its own environment, since their dependencies exclude each other."""
    wallets = [folder / "alice.json", folder / "bob.json"]
    for wallet in wallets:
        network.did("create", wallet, "--service", "agent=DIDCommMessaging,https://agent.example/didcomm,didcomm/v2")
    for library, python in pythons:
        print(f"DIDComm with {library}", flush=True)
        command = [python, str(HERE / f"{library.replace('-', '_')}_check.py"), network.nodes[0], *map(str, wallets)]
        if subprocess.run(command).returncode != 0:
            raise CheckFailed(f"{library} did not do what it must")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("base_port", type=int)
    parser.add_argument("--didcomm", action="append", default=[], metavar="LIBRARY=PYTHON")
    arguments = parser.parse_args()
    folder, port = arguments.folder.resolve(), arguments.base_port
    try:
        with Network(folder, port) as network:
            check_didcomm(network, folder, [pair.split("=", 1) for pair in arguments.didcomm])
            resolving.check_universal_resolver(network, folder, port + 100)
            did = make_issuer(network, folder)
            credentials.check(network, folder, port + 120, did, options_for(network, folder))
    except CheckFailed as failure:
        sys.exit(f"FAILED: {failure}")
    print("All of it holds.")


if __name__ == "__main__":
    main()
