"""What is registered, in which order, and what a person reads when it fails."""

import json
import pathlib
import tempfile
import unittest

from acapy_agent.anoncreds.base import (
    AnonCredsObjectAlreadyExists,
    AnonCredsObjectNotFound,
    AnonCredsRegistrationError,
    AnonCredsResolutionError,
    AnonCredsSchemaAlreadyExists,
)
from acapy_agent.anoncreds.models.credential_definition import CredDef
from acapy_agent.anoncreds.models.revocation import RevList, RevRegDef
from acapy_agent.anoncreds.models.schema import AnonCredsSchema
from commonwatt_anoncreds import names
from commonwatt_anoncreds.program import Program
from commonwatt_anoncreds.reading import RegistryReader
from commonwatt_anoncreds.registry import CommonwattRegistry
from commonwatt_anoncreds.settings import Settings

from .support import DID, Node, absent, calls, found, write_program

SCHEMA = {"issuerId": DID, "attrNames": ["since"], "name": "Member", "version": "1.0"}
SCHEMA_ID = names.schema_id(DID, "Member", "1.0")
DEFINITION = {
    "issuerId": DID, "schemaId": SCHEMA_ID, "type": "CL", "tag": "main",
    "value": {"primary": {"n": "1", "s": "2", "r": {"since": "3", "master_secret": "4"}, "rctxt": "5", "z": "6"}},
}
DEFINITION_ID = names.definition_id(DID, SCHEMA, "main")
REGISTRY = {
    "issuerId": DID, "revocDefType": "CL_ACCUM", "credDefId": DEFINITION_ID, "tag": "0",
    "value": {"publicKeys": {"accumKey": {"z": "1 0B"}}, "maxCredNum": 3, "tailsHash": "x",
              "tailsLocation": "https://tails.example/x"},
}
REGISTRY_ID = names.registry_id(DID, DEFINITION, "0")
LIST_ID = names.list_id(REGISTRY_ID)


def rev_list(bits, accumulator):
    return {"issuerId": DID, "revRegDefId": REGISTRY_ID, "revocationList": bits, "currentAccumulator": accumulator}


class RegisteringTests(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.wallet = self.folder / "wallet.json"
        self.ledger = {}
        # What the ledger has after the program ran.
        self.after = {}

    def answer(self, url, query):
        # The program changes the ledger: what a test has prepared is there once it was called.
        ledger = {**self.ledger, **(self.after if calls(self.wallet) else {})}
        return found(*ledger[url]) if url in ledger else absent()

    def tell(self, **told):
        self.wallet.write_text(json.dumps(told))

    def done(self, url, version=1):
        self.tell(out=json.dumps({"id": url, "version": version, "digest": "00", "height": 7}))

    def registry(self, node, **more):
        if not self.wallet.exists():
            self.tell()
        (self.folder / "key").write_text("secret")
        issuer = {"wallet": str(self.wallet), "key": str(self.folder / "key"), "partner": "energylab"}
        settings = Settings.read({
            "nodes": [node], "trust_nodes": True, "program": write_program(self.folder), "issuers": {DID: issuer},
            **more})
        return CommonwattRegistry(RegistryReader(settings), Program(settings))

    async def test_a_schema(self):
        self.done(SCHEMA_ID)
        self.after[SCHEMA_ID] = (SCHEMA,)
        node = Node(self.answer)
        async with node as address:
            registry = self.registry(address)
            result = await registry.register_schema(None, AnonCredsSchema.deserialize(SCHEMA))
            self.assertEqual(result.schema_state.state, "finished")
            self.assertEqual(result.schema_state.schema_id, SCHEMA_ID)
            self.assertEqual(node.asked[-1][1]["minimumHeight"], "7")
            with self.assertRaises(AnonCredsSchemaAlreadyExists) as raised:
                await registry.register_schema(None, AnonCredsSchema.deserialize(SCHEMA))
            self.assertEqual(raised.exception.schema_id, SCHEMA_ID)
        (call,) = calls(self.wallet)
        self.assertEqual(call[:2], ["schema", "register"])
        for argument in ("--name=Member", "--schema-version=1.0", "--attribute=since", "--for=energylab",
                         f"--node={address}", "--json"):
            self.assertIn(argument, call)

    async def test_a_definition_a_registry_and_its_lists(self):
        self.ledger = {SCHEMA_ID: (SCHEMA,)}
        async with Node(self.answer) as address:
            registry = self.registry(address)
            self.done(DEFINITION_ID)
            self.after[DEFINITION_ID] = (DEFINITION,)
            schema = await registry.get_schema(None, SCHEMA_ID)
            definition = await registry.register_credential_definition(None, schema, CredDef.deserialize(DEFINITION))
            self.assertEqual(definition.credential_definition_state.credential_definition_id, DEFINITION_ID)
            self.done(REGISTRY_ID)
            self.after[REGISTRY_ID] = (REGISTRY,)
            own = RevRegDef.deserialize(REGISTRY)
            made = await registry.register_revocation_registry_definition(None, own)
            self.assertEqual(made.rev_reg_def_id, REGISTRY_ID)
            # After a crash of the agent: nothing is registered twice.
            count = len(calls(self.wallet))
            again = await registry.register_revocation_registry_definition(None, own)
            self.assertEqual(again.rev_reg_def_id, REGISTRY_ID)
            self.assertEqual(len(calls(self.wallet)), count)

            first, second = rev_list([0, 0, 0], "1 A"), rev_list([0, 1, 0], "1 B")
            self.done(LIST_ID)
            self.after[LIST_ID] = ({**first, "timestamp": 100}, 1)
            result = await registry.register_revocation_list(None, own, RevList.deserialize(first))
            self.assertEqual(result.revocation_list_state.revocation_list.current_accumulator, "1 A")
            # The ledger's list is that of the wallet, so that this is no write.
            self.assertEqual(len(calls(self.wallet)), count)
            self.ledger[LIST_ID] = self.after.pop(LIST_ID)
            (pathlib.Path(f"{self.wallet}.calls")).unlink()
            self.ledger.update({DEFINITION_ID: (DEFINITION,), REGISTRY_ID: (REGISTRY,)})
            self.done(LIST_ID, 2)
            self.after[LIST_ID] = ({**second, "timestamp": 200}, 2)
            result = await registry.update_revocation_list(
                None, own, RevList.deserialize(first), RevList.deserialize(second), [1])
            self.assertEqual(result.revocation_list_state.revocation_list.timestamp, 200)
            self.assertIn("--follows=1", calls(self.wallet)[-1])

    async def test_another_writer_is_noticed(self):
        own = RevRegDef.deserialize(REGISTRY)
        first, second = RevList.deserialize(rev_list([0, 0, 0], "1 A")), RevList.deserialize(rev_list([0, 1, 0], "1 B"))
        async with Node(self.answer) as address:
            registry = self.registry(address)
            with self.assertRaisesRegex(AnonCredsRegistrationError, "no revocation list to follow"):
                await registry.update_revocation_list(None, own, first, second, [1])
            self.ledger[LIST_ID] = (rev_list([1, 0, 0], "1 C"), 4)
            with self.assertRaisesRegex(AnonCredsRegistrationError, "version 4.*another agent"):
                await registry.update_revocation_list(None, own, first, second, [1])
            with self.assertRaisesRegex(AnonCredsRegistrationError, "already"):
                await registry.register_revocation_list(None, own, first)
            self.assertEqual(calls(self.wallet), [])
            self.ledger[LIST_ID] = (rev_list([0, 0, 0], "1 A"), 4)
            self.tell(err="Error: The chain refused writing the list: version-conflict: stale (rejection 135).", code=1)
            with self.assertRaisesRegex(AnonCredsRegistrationError, "meanwhile"):
                await registry.update_revocation_list(None, own, first, second, [1])

    async def test_what_fails_is_said(self):
        schema = AnonCredsSchema.deserialize(SCHEMA)
        async with Node(self.answer) as address:
            registry = self.registry(address, program_seconds=1)
            stranger = AnonCredsSchema.deserialize({**SCHEMA, "issuerId": DID.replace("bench", "other")})
            with self.assertRaisesRegex(AnonCredsRegistrationError, "does not issue for"):
                await registry.register_schema(None, stranger)
            self.tell(err="Error: The chain refused registering the schema: not endorsed (rejection 142).", code=1)
            with self.assertRaisesRegex(AnonCredsRegistrationError, "^The chain refused.*142"):
                await registry.register_schema(None, schema)
            self.tell(seconds=5)
            with self.assertRaisesRegex(AnonCredsRegistrationError, "not final in time"):
                await registry.register_schema(None, schema)
            self.tell(out="done")
            with self.assertRaisesRegex(AnonCredsRegistrationError, "no result"):
                await registry.register_schema(None, schema)
            self.done(SCHEMA_ID)
            with self.assertRaisesRegex(AnonCredsRegistrationError, "does not have"):
                await registry.register_schema(None, schema)
            # Another agent of the issuer was faster with the same schema.
            self.tell(err="Error: object-exists (rejection 154).", code=1)
            self.after[SCHEMA_ID] = (SCHEMA,)
            pathlib.Path(f"{self.wallet}.calls").unlink()
            result = await registry.register_schema(None, schema)
            self.assertEqual(result.schema_state.schema_id, SCHEMA_ID)
            self.ledger = {SCHEMA_ID: (SCHEMA,), DEFINITION_ID: ({**DEFINITION, "value": {}},)}
            with self.assertRaises(AnonCredsObjectAlreadyExists):
                await registry.register_credential_definition(None, None, CredDef.deserialize(DEFINITION))

    async def test_reading_for_the_agent(self):
        asked = Node(self.answer)
        async with asked as address:
            registry = self.registry(address)
            with self.assertRaises(AnonCredsObjectNotFound):
                await registry.get_schema(None, SCHEMA_ID)
            for url in (DID, DEFINITION_ID):
                with self.assertRaises(AnonCredsResolutionError):
                    await registry.get_schema(None, url)
            self.ledger = {
                SCHEMA_ID: (SCHEMA,), DEFINITION_ID: (DEFINITION,), REGISTRY_ID: (REGISTRY,),
                LIST_ID: ({**rev_list([0, 1, 0], "1 A"), "timestamp": 100}, 3),
            }
            info = await registry.get_schema_info_by_id(None, SCHEMA_ID)
            self.assertEqual((info.issuer_id, info.name, info.version), (DID, "Member", "1.0"))
            definition = await registry.get_credential_definition(None, DEFINITION_ID)
            self.assertEqual(definition.credential_definition.serialize(), DEFINITION)
            read = await registry.get_revocation_registry_definition(None, REGISTRY_ID)
            self.assertEqual(read.revocation_registry.serialize(), REGISTRY)
            newest = await registry.get_revocation_list(None, REGISTRY_ID)
            self.assertEqual(newest.revocation_list.timestamp, 100)
            self.assertNotIn("versionTime", asked.asked[-1][1])
            # At a time: the list bears that time, which lies in the verifier's interval.
            then = await registry.get_revocation_list(None, REGISTRY_ID, 1_700_000_000, 1_767_225_600)
            self.assertEqual(then.revocation_list.timestamp, 1_767_225_600)
            self.assertEqual(asked.asked[-1][1]["versionTime"], "2026-01-01T00:00:00Z")
            # A node that is merely believed.
            other = names.schema_id(DID, "Other", "1.0")
            self.ledger[other] = ({"name": 1},)
            with self.assertLogs("acapy_agent", "ERROR"), self.assertRaisesRegex(
                AnonCredsResolutionError, "no AnonCredsSchema"
            ):
                await registry.get_schema(None, other)
