"""The plug-in believes what is proved and nothing else: the committed answers, true ones and lies."""

import unittest
from unittest import mock

from commonwatt_anoncreds import names, reading
from commonwatt_anoncreds.reading import ReadError, RegistryReader
from commonwatt_anoncreds.settings import Settings

from .support import CASES, GOLDEN, Node


def golden(name: str):
    return lambda _url, _query: (200, (GOLDEN / name).read_bytes())


def reader_of(*nodes: str, **more) -> RegistryReader:
    return RegistryReader(Settings.read({"nodes": list(nodes), "genesis": str(GOLDEN / "genesis.bcs"), **more}))


class ReadingTests(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        clock = mock.patch.object(reading, "time", mock.Mock(time=lambda: CASES["now"] / 1000))
        clock.start()
        self.addCleanup(clock.stop)

    async def test_every_golden_answer_gives_its_verdict(self):
        checked = 0
        for case in CASES["cases"]:
            if "versionId" in case:
                continue
            seconds = None
            if "versionTime" in case:
                seconds = reading.datetime.fromisoformat(case["versionTime"]).timestamp()
            async with Node(golden(case["file"])) as node:
                reader = reader_of(node)
                reader.reached = case.get("minimumHeight", 0)
                with self.subTest(case=case):
                    checked += 1
                    if case["expected"] in ("found", "deactivated", "absent"):
                        answer = await reader.read(case["url"], seconds)
                        self.assertEqual(answer.content is not None, case["expected"] == "found")
                        self.assertEqual(answer.is_deactivated, case["expected"] == "deactivated")
                    else:
                        with self.assertRaisesRegex(ReadError, case["expected"]):
                            await reader.read(case["url"], seconds)
        self.assertGreater(checked, 10)

    async def test_another_node_answers_when_one_lies(self):
        did = CASES["cases"][0]["url"]
        async with Node(golden("lie-changed.json")) as liar, Node(golden("document.json")) as honest:
            answer = await reader_of(liar, honest).read(did)
            self.assertEqual((answer.version, answer.content["id"]), (2, did))
            with self.assertRaisesRegex(ReadError, f"{liar}: document changed.*; {liar}: document changed"):
                await reader_of(liar, liar).read(did)
            with self.assertRaisesRegex(ReadError, "no answer"):
                await reader_of("http://127.0.0.1:9").read(did)

    async def test_an_old_state_is_refused(self):
        async with Node(golden("document.json")) as node:
            with mock.patch.object(reading, "time", mock.Mock(time=lambda: CASES["now"] / 1000 + 7200)):
                with self.assertRaisesRegex(ReadError, "proof refused"):
                    await reader_of(node).read(CASES["cases"][0]["url"])
                await reader_of(node, max_age_seconds=86_400).read(CASES["cases"][0]["url"])

    async def test_trust_is_a_choice(self):
        async with Node(golden("lie-changed.json")) as node:
            reader = RegistryReader(Settings.read({"nodes": [node], "trust_nodes": True}))
            answer = await reader.read(CASES["cases"][0]["url"])
            self.assertIn("evil.example", str(answer.content))
        async with Node(lambda *_: (200, b"<html>")) as node:
            reader = RegistryReader(Settings.read({"nodes": [node], "trust_nodes": True}))
            with self.assertRaisesRegex(ReadError, "malformed answer"):
                await reader.read(CASES["cases"][0]["url"])

    async def test_fixed_objects_are_asked_for_once(self):
        case = next(one for one in CASES["cases"] if one["file"] == "schema.json")
        node = Node(golden("schema.json"))
        async with node as address:
            reader = reader_of(address)
            first = await reader.read_fixed(case["url"])
            self.assertIs(await reader.read_fixed(case["url"]), first)
            self.assertEqual(len(node.asked), 1)
        self.assertEqual(first.content["name"], "Member")
        self.assertNotIn("proof", first.metadata)

    async def test_a_read_after_a_write_asks_for_its_height(self):
        node = Node(golden("document.json"))
        async with node as address:
            reader = reader_of(address)
            reader.reached = 3
            await reader.read(CASES["cases"][0]["url"])
        self.assertEqual(node.asked[0][1], {"minimumHeight": "3"})

    def test_names(self):
        did, schema = CASES["cases"][0]["url"], next(c["url"] for c in CASES["cases"] if c["file"] == "schema.json")
        for good in (did, schema):
            self.assertTrue(names.SUPPORTED_REGEX.match(good))
        for bad in ("did:web:x.example", did + "#key-1", did + "x", "x" + did):
            self.assertFalse(names.SUPPORTED_REGEX.match(bad), bad)
        self.assertTrue(names.is_object(schema, "SCHEMA"))
        self.assertFalse(names.is_object(schema, "CLAIM_DEF") or names.is_object(did, "SCHEMA"))
        self.assertEqual(names.list_id(f"{did}/anoncreds/v1/REV_REG_DEF/x/0"), f"{did}/anoncreds/v1/REV_LIST/x/0")
