"""AnonCreds from end to end between two agents, by their admin APIs: schema, credential definition, revocation registry
and lists on the ledger; a credential issued, presented, verified, revoked."""

import json
import time

from acapy import AdminError, Agent, escaped
from network import Network, require
from resolving import check_plugin_resolver
from tails import TailsServer

ATTRIBUTES = {"name": "Acme Energy", "capacity": "100"}


class Credentials:
    """One issuer, which also verifies, and one holder."""

    def __init__(self, network: Network, issuer: Agent, holder: Agent, did: str):
        self.network, self.issuer, self.holder, self.did = network, issuer, holder, did
        self.connection = self.schema = self.definition = self.exchange = None

    def connect(self):
        invitation = self.issuer.post("/out-of-band/create-invitation?auto_accept=true", {
            "handshake_protocols": ["https://didcomm.org/didexchange/1.1"]})
        self.holder.post("/out-of-band/receive-invitation", invitation["invitation"])
        path = f"/connections?invitation_msg_id={invitation['invi_msg_id']}"
        found = self.issuer.wait(path, lambda a: a["results"] and a["results"][0]["state"] in ("active", "completed"),
                                 "a connection with the holder")
        self.connection = found["results"][0]["connection_id"]

    def schema_of(self):
        return {"issuerId": self.did, "name": "DataSource", "version": "1.0", "attrNames": list(ATTRIBUTES)}

    def refusal(self, agent):
        """Why an agent does not register the schema; empty when it does."""
        try:
            agent.post("/anoncreds/schema", {"schema": self.schema_of()})
            return ""
        except AdminError as error:
            return str(error)

    def register(self):
        made = self.issuer.post("/anoncreds/schema", {"schema": self.schema_of()})
        self.schema = made["schema_state"]["schema_id"]
        require(self.schema == f"{self.did}/anoncreds/v1/SCHEMA/DataSource/1.0", "registers a schema")
        require("already exists" in self.refusal(self.issuer), "refuses the same schema a second time")
        made = self.issuer.post("/anoncreds/credential-definition", {
            "credential_definition": {"issuerId": self.did, "schemaId": self.schema, "tag": "default"},
            "options": {"support_revocation": True, "revocation_registry_size": 10}})
        self.definition = made["credential_definition_state"]["credential_definition_id"]
        require(self.definition.startswith(f"{self.did}/anoncreds/v1/CLAIM_DEF/Qm"), "registers a credential definition")
        path = f"/anoncreds/revocation/active-registry/{escaped(self.definition)}"

        def is_active(_):
            try:
                return bool(self.issuer.get(path)["result"]["revoc_reg_id"])
            except AdminError:
                return False

        self.issuer.wait("/status", is_active, "the active revocation registry")
        registry = self.issuer.get(path)["result"]["revoc_reg_id"]
        require("/anoncreds/v1/REV_REG_DEF/Qm" in registry, "registers a revocation registry and its first list")
        self.resolve(registry.replace("REV_REG_DEF", "REV_LIST"))

    def resolve(self, url):
        """An object as the program verifies it, apart from the agents."""
        return json.loads(json.loads(self.network.run(
            "did", "resolve", url, "--verify", "--genesis", self.network.genesis, "--node", self.network.nodes[3],
            "--json"))["content"])

    def issue(self):
        attributes = [{"name": name, "value": value} for name, value in ATTRIBUTES.items()]
        offer = self.issuer.post("/issue-credential-2.0/send-offer", {
            "connection_id": self.connection, "auto_issue": True, "auto_remove": False,
            "credential_preview": {"@type": "issue-credential/2.0/credential-preview", "attributes": attributes},
            "filter": {"anoncreds": {"cred_def_id": self.definition}}})
        self.exchange = offer["cred_ex_id"]
        done = self.issuer.wait(
            f"/issue-credential-2.0/records/{self.exchange}",
            lambda a: a["cred_ex_record"]["state"] in ("done", "abandoned"), "the end of the issuance")
        require(done["cred_ex_record"]["state"] == "done", "issues a credential to the holder's agent")
        held = self.holder.get("/credentials")["results"]
        require([one["attrs"] for one in held] == [ATTRIBUTES], "which the holder keeps after checking it")

    def present(self, to, since=0):
        """(verified, what the verifier says) of a presentation that is not revoked between two times in seconds."""
        restrictions = [{"cred_def_id": self.definition}]
        request = {
            "name": "membership", "version": "1.0", "non_revoked": {"from": since, "to": to},
            "requested_attributes": {"who": {"name": "name", "restrictions": restrictions}},
            "requested_predicates": {
                "large": {"name": "capacity", "p_type": ">=", "p_value": 50, "restrictions": restrictions}},
        }
        sent = self.issuer.post("/present-proof-2.0/send-request", {
            "connection_id": self.connection, "presentation_request": {"anoncreds": request}, "auto_verify": True,
            "auto_remove": False})
        done = self.issuer.wait(
            f"/present-proof-2.0/records/{sent['pres_ex_id']}", lambda a: a["state"] in ("done", "abandoned"),
            "the end of the presentation")
        return done.get("verified") == "true", done

    def revoke(self):
        """The block time of the list that has it, in seconds."""
        detail = self.issuer.get(f"/issue-credential-2.0/records/{self.exchange}")["anoncreds"]
        registry, index = detail["rev_reg_id"], int(detail["cred_rev_id"])
        self.issuer.post("/anoncreds/revocation/revoke", {"cred_ex_id": self.exchange, "publish": True})
        revoked = self.resolve(registry.replace("REV_REG_DEF", "REV_LIST"))
        require(revoked["revocationList"][index] == 1 and sum(revoked["revocationList"]) == 1,
                "revokes the credential in the next list on the ledger")
        return revoked["timestamp"]


def check(network: Network, folder, port, did, options):
    """`options` start an agent with the plug-in that issues for `did`."""
    with TailsServer(folder, port + 40) as server:
        certificate = {"REQUESTS_CA_BUNDLE": str(server.certificate), "SSL_CERT_FILE": str(server.certificate)}
        tails = ["--tails-server-base-url", server.download, "--tails-server-upload-url", server.upload]
        automatic = ["--auto-accept-invites", "--auto-accept-requests", "--auto-ping-connection",
                     "--preserve-exchange-records"]
        holding = ["--auto-respond-credential-offer", "--auto-store-credential", "--auto-respond-presentation-request"]
        issuing = ["--auto-respond-credential-request", "--auto-verify-presentation"]
        with Agent("issuer", folder, port, *options("issuer", network.nodes[1], did), *tails, *automatic, *issuing,
                   environment=certificate) as issuer, \
                Agent("holder", folder, port + 20, *options("holder", network.nodes[2], None), *automatic, *holding,
                      environment=certificate) as holder:
            check_plugin_resolver(network, holder, folder)
            print("AnonCreds between two agents with the plug-in", flush=True)
            work = Credentials(network, issuer, holder, did)
            work.connect()
            work.register()
            require("does not issue for" in work.refusal(holder), "an agent without the issuer's keys cannot register")
            work.issue()
            before = int(time.time())
            require(work.present(before)[0], "a presentation of it is verified")
            require(work.present(before, before)[0], "and one for a single moment long after the last list")
            time.sleep(2)
            revoked = work.revoke()
            time.sleep(2)
            verified, done = work.present(int(time.time()))
            require(not verified and done["state"] == "done" and done["verified"] == "false",
                    "a presentation of the revoked credential fails")
            require(revoked > before and work.present(before)[0], "one for the time before the revocation is verified still")
