"""Mistakes in the settings are named before the agent starts."""

import pathlib
import tempfile
import unittest

from commonwatt_anoncreds.settings import Settings, SettingsError

from .support import DID, GOLDEN, write_program

NODES = {"nodes": ["http://127.0.0.1:8400/"]}
GENESIS = {"genesis": str(GOLDEN / "genesis.bcs")}


class SettingsTests(unittest.TestCase):
    def test_reads_what_is_right(self):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            program = write_program(place)
            for name in ("wallet", "key"):
                (place / name).write_text("{}")
            issuer = {"wallet": str(place / "wallet"), "key": str(place / "key"), "partner": "energylab"}
            settings = Settings.read({**NODES, **GENESIS, "program": program, "issuers": {DID: issuer}})
        self.assertEqual(settings.nodes, ("http://127.0.0.1:8400",))
        self.assertEqual(settings.trust.name, b"bench")
        self.assertEqual(settings.trust.max_age, 60_000)
        self.assertEqual(settings.issuers[DID].partner, "energylab")
        self.assertIsNone(Settings.read({**NODES, "trust_nodes": True}).trust)
        self.assertEqual(Settings.read({"nodes": "https://a.example", **GENESIS}).nodes, ("https://a.example",))

    def test_names_what_is_wrong(self):
        wrong = [
            ({}, "nodes"), ({"nodes": []}, "nodes"), ({"nodes": ["a.example"]}, "a.example"),
            (NODES, "genesis is missing"), ({**NODES, **GENESIS, "trust_nodes": True}, "not both"),
            ({**NODES, "trust_nodes": "yes"}, "trust_nodes"), ({**NODES, "genesis": "/nowhere"}, "cannot be read"),
            ({**NODES, "genesis": __file__}, "no genesis file"), ({**NODES, **GENESIS, "genisis": 1}, "genisis"),
            ({**NODES, **GENESIS, "max_age_seconds": 0}, "max_age_seconds"),
            ({**NODES, **GENESIS, "max_age_seconds": "soon"}, "max_age_seconds"),
            ({**NODES, **GENESIS, "issuers": ["x"]}, "issuers"),
            ({**NODES, **GENESIS, "issuers": {"did:web:x": {}}}, "did:web:x"),
            ({**NODES, **GENESIS, "issuers": {DID: {"wallet": "/nowhere", "key": "/nowhere"}}}, "wallet"),
            ({**NODES, **GENESIS, "issuers": {DID: {"secret": "x"}}}, "wallet, key"),
            ({**NODES, **GENESIS, "program": "/nowhere", "issuers": {DID: {"wallet": __file__, "key": __file__}}},
             "/nowhere"),
        ]
        for values, text in wrong:
            with self.subTest(values=values), self.assertRaisesRegex(SettingsError, text):
                Settings.read(values)
