#!/usr/bin/env python3
"""Verifies a Commonwatt proof bundle offline, with the genesis file alone.

    commonwatt_verify.py GENESIS BUNDLE [--max-age SECONDS] [--now MILLISECONDS]

GENESIS is the network's genesis file in JSON or BCS, BUNDLE a proof bundle in BCS or JSON, or the whole answer of a node to
GET /v1/state/KEY?proof=1. Prints what the ledger's state holds under
the bundle's keys and exits with 0, or says which check failed and exits with 1. Written from
docs/formats/proof-bundle.md; needs Python 3.8 or newer and nothing else, shares no code with the node.
"""

import argparse
import hashlib
import json
import sys
import time

CLOCK_SKEW_MILLISECONDS_MAX = 60_000


class Refused(Exception):
    """A check failed; the text says which one."""


def check(condition, text):
    if not condition:
        raise Refused(text)


def sha256(data):
    return hashlib.sha256(data).digest()


# --- secp256k1 (SEC 2), ECDSA verification -------------------------------------------------------------------------

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


def point_of(compressed):
    """The curve point of 33 bytes."""
    check(len(compressed) == 33 and compressed[0] in (2, 3), "a consensus key is not a compressed point")
    x = int.from_bytes(compressed[1:], "big")
    check(x < P, "a consensus key is out of range")
    square = (pow(x, 3, P) + 7) % P
    y = pow(square, (P + 1) // 4, P)
    check(y * y % P == square, "a consensus key is no point of the curve")
    return (x, y if y % 2 == compressed[0] % 2 else P - y)


def double(point):
    """Jacobian coordinates; None is the point at infinity."""
    if point is None:
        return None
    x, y, z = point
    s = 4 * x * y * y % P
    m = 3 * x * x % P
    x3 = (m * m - 2 * s) % P
    return (x3, (m * (s - x3) - 8 * pow(y, 4, P)) % P, 2 * y * z % P)


def add(left, right):
    if left is None:
        return right
    if right is None:
        return left
    x1, y1, z1 = left
    x2, y2, z2 = right
    u1, u2 = x1 * z2 * z2 % P, x2 * z1 * z1 % P
    s1, s2 = y1 * pow(z2, 3, P) % P, y2 * pow(z1, 3, P) % P
    if u1 == u2:
        return double(left) if s1 == s2 else None
    h, r = u2 - u1, s2 - s1
    h2 = h * h % P
    h3 = h2 * h % P
    x3 = (r * r - h3 - 2 * u1 * h2) % P
    return (x3, (r * (u1 * h2 - x3) - s1 * h3) % P, h * z1 * z2 % P)


def two_products(first, a, second, b):
    """first * a + second * b."""
    a, b = (*a, 1), (*b, 1)
    both = add(a, b)
    total = None
    for bit in range(255, -1, -1):
        total = double(total)
        choice = (first >> bit & 1, second >> bit & 1)
        if choice != (0, 0):
            total = add(total, {(1, 0): a, (0, 1): b, (1, 1): both}[choice])
    return total


def is_signature(key, signature, digest):
    """ECDSA over a 32-byte digest, r || s, low s only."""
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s <= N // 2):
        return False
    inverse = pow(s, N - 2, N)
    message = int.from_bytes(digest, "big")
    point = two_products(message * inverse % N, G, r * inverse % N, key)
    if point is None:
        return False
    x, _, z = point
    return x * pow(z * z, P - 2, P) % P % N == r


# --- BCS -----------------------------------------------------------------------------------------------------------


class Reader:
    """Reads canonical BCS; refuses everything else."""

    def __init__(self, data):
        self.data = data
        self.offset = 0

    def take(self, count):
        check(self.offset + count <= len(self.data), f"the input ends too early, at byte {self.offset}")
        part = self.data[self.offset : self.offset + count]
        self.offset += count
        return part

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def uleb(self, limit):
        value = 0
        for shift in range(0, 35, 7):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                check(shift == 0 or byte != 0, "a length is not in its shortest form")
                check(value <= limit, f"a length is above {limit}")
                return value
        raise Refused("a length is too long")

    def blob(self, limit):
        return self.take(self.uleb(limit))

    def flag(self):
        value = self.number(1)
        check(value < 2, "a flag is neither 0 nor 1")
        return value == 1

    def vector(self, limit, read_one):
        return [read_one(self) for _ in range(self.uleb(limit))]

    def finish(self):
        check(self.offset == len(self.data), f"bytes remain after byte {self.offset}")


def bcs_uleb(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def bcs_blob(value):
    return bcs_uleb(len(value)) + value


# --- Chain formats ---------------------------------------------------------------------------------------------------

HEADER_FIELDS = [
    ("network", 0), ("height", 8), ("view", 8), ("epoch", 8), ("parent", 0), ("parentView", 8), ("time", 8),
    ("proposer", 2), ("transactionsRoot", 0), ("stateRoot", 0), ("receiptsRoot", 0), ("validatorSet", 0),
    ("nextValidatorSet", 0),
]  # name, size in bytes of an integer or 0 for a digest
KINDS = ["notarize", "nullify", "finalize"]


def read_header(reader):
    start = reader.offset
    header = {name: reader.number(size) if size else reader.take(32) for name, size in HEADER_FIELDS}
    header["digest"] = sha256(reader.data[start : reader.offset])
    return header


def read_certificate(reader):
    certificate = {"epoch": reader.number(8), "kind": reader.number(1)}
    check(certificate["kind"] < len(KINDS), "a certificate has an unknown kind")
    certificate["view"] = reader.number(8)
    certificate["digest"] = reader.take(32)
    certificate["entries"] = reader.vector(256, lambda r: (r.number(2), r.take(64)))
    return certificate


class ValidatorSet:
    def __init__(self, reader):
        start = reader.offset
        validators = reader.vector(256, self.read_validator)
        self.digest = sha256(reader.data[start : reader.offset])
        check(len(validators) > 0, "a validator set is empty")
        partners = [partner for partner, _, _ in validators]
        check(all(a < b for a, b in zip(partners, partners[1:])), "validators are not in ascending order")
        for column in (1, 2):
            check(len({v[column] for v in validators}) == len(validators), "two validators share a key")
        self.keys = [point_of(key) for _, key, _ in validators]
        self.quorum = len(validators) - (len(validators) - 1) // 3

    @staticmethod
    def read_validator(reader):
        partner = reader.blob(64)
        try:
            partner.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("a partner's name is not UTF-8") from None
        check(reader.uleb(2**32 - 1) == 0, "a consensus key is not of secp256k1")
        return partner, reader.take(33), reader.take(32)


def read_genesis(data):
    """(network id, validator set of epoch 0)"""
    data = genesis_bytes(data)
    reader = Reader(data)
    check(reader.number(2) == 1, "the genesis file has an unknown format")
    reader.blob(32)
    reader.take(8 + 9 * 4 + 8 + 4)
    validators = ValidatorSet(reader)
    reader.blob(4 * 1024 * 1024)
    reader.finish()
    return sha256(data), validators


def read_entry(reader):
    key = reader.blob(256)
    value = reader.blob(1024) if reader.flag() else None
    return key, value, parse_commitment(reader.blob(64 * 1024))


def read_bundle(data):
    check(len(data) <= 8 * 1024 * 1024, "the bundle is too large")
    reader = Reader(data)
    check(reader.number(2) == 1, "the bundle has an unknown format")
    bundle = {
        "entries": reader.vector(256, read_entry),
        "header": read_header(reader),
        "descendants": reader.vector(64, read_header),
        "finalization": read_certificate(reader),
        "epochEnds": reader.vector(1024, lambda r: (read_header(r), read_certificate(r), ValidatorSet(r))),
    }
    reader.finish()
    return bundle


# --- The JSON form, turned into BCS ----------------------------------------------------------------------------------


def json_integer(value, size):
    check(type(value) is int and 0 <= value < 256**size, "the bundle's JSON: a number is missing or out of range")
    return value.to_bytes(size, "little")


def json_bytes(value, count=None):
    check(type(value) is str, "the bundle's JSON: text is missing")
    try:
        data = bytes.fromhex(value)
    except ValueError:
        raise Refused("the bundle's JSON: not hexadecimal") from None
    check(len(value) == 2 * len(data), "the bundle's JSON: blanks in hexadecimal text")
    check(count is None or len(data) == count, f"the bundle's JSON: not {count} bytes")
    return data


def json_vector(items, write_one):
    check(type(items) is list, "the bundle's JSON: a list is missing")
    return bcs_uleb(len(items)) + b"".join(write_one(item) for item in items)


def json_header(header):
    parts = [json_integer(header[n], size) if size else json_bytes(header[n], 32) for n, size in HEADER_FIELDS]
    return b"".join(parts)


def json_certificate(certificate):
    check(certificate["kind"] in KINDS, "a certificate has an unknown kind")
    return (
        json_integer(certificate["epoch"], 8) + bytes([KINDS.index(certificate["kind"])])
        + json_integer(certificate["view"], 8) + json_bytes(certificate["digest"], 32)
        + json_vector(
            certificate["signatures"], lambda s: json_integer(s["signer"], 2) + json_bytes(s["signature"], 64))
    )


def json_validator(validator):
    scheme, _, key = validator["consensusKey"].partition(":")
    check(scheme == "secp256k1", "a consensus key is not of secp256k1")
    return (
        bcs_blob(validator["partner"].encode("utf-8")) + b"\x00" + json_bytes(key, 33)
        + json_bytes(validator["transportKey"], 32)
    )


def json_entry(entry):
    value = entry.get("value")
    option = b"\x00" if value is None else b"\x01" + bcs_blob(json_bytes(value))
    return bcs_blob(json_bytes(entry["key"])) + option + bcs_blob(json_bytes(entry["proof"]))


def bcs_of_json(text):
    try:
        document = json.loads(text)
        # A node answers GET /v1/state/KEY?proof=1 with the bundle in the member `proof`, beside what it says itself.
        if "format" not in document:
            check("proof" in document, "this JSON holds no proof bundle; ask a node with proof=1")
            document = document["proof"]
        check(document["format"] == "commonwatt/proof-bundle/1", "the bundle has an unknown format")
        return (
            b"\x01\x00" + json_vector(document["entries"], json_entry) + json_header(document["header"])
            + json_vector(document["descendants"], json_header) + json_certificate(document["finalization"])
            + json_vector(
                document["epochEnds"],
                lambda end: json_header(end["header"]) + json_certificate(end["finalization"])
                + json_vector(end["nextValidators"], json_validator))
        )
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise Refused(f"the bundle's JSON: {error!r}") from None


# Section "The genesis file": the JSON members of the parameters, in order, with their sizes in bytes.
PARAMETERS = [
    ("delayMilliseconds", 4), ("delayMillisecondsMax", 4), ("skipAfterViews", 4), ("voteWindowViews", 4),
    ("heartbeatMilliseconds", 4), ("clockSkewMillisecondsMax", 4), ("unfinalizedBlocksMax", 4),
    ("blockTransactionsMax", 4), ("blockBytesMax", 4), ("blockWorkMax", 8), ("scheduledCallsMax", 4),
]


def genesis_bytes(data):
    """The genesis in BCS, from either form of the file; JSON must have the network id that it makes."""
    if data[:1] != b"{":
        return data
    try:
        document = json.loads(data)
        made = (
            json_integer(document["formatVersion"], 2) + bcs_blob(document["name"].encode("utf-8"))
            + json_integer(document["time"], 8)
            + b"".join(json_integer(document["parameters"][name], size) for name, size in PARAMETERS)
            + json_vector(document["validators"], json_validator) + bcs_blob(json_bytes(document["application"]))
        )
        network = json_bytes(document["network"], 32)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise Refused(f"the genesis file's JSON: {error!r}") from None
    except Refused as refusal:
        raise Refused(str(refusal).replace("the bundle's", "the genesis file's")) from None
    check(sha256(made) == network, "the genesis file was changed: its content is not that of its network id")
    return made


# --- ICS-23 with SmtSpec ---------------------------------------------------------------------------------------------


def parse_message(data, schema):
    """Canonical protobuf: `schema` maps field numbers to "number", "bytes", or "message" / "messages"."""
    reader = Reader(data)
    fields = {n: [] if kind == "messages" else None if kind == "message" else 0 if kind == "number" else b""
              for n, kind in schema.items()}
    last = 0
    while reader.offset < len(data):
        tag = reader.number(1)
        field, wire = tag >> 3, tag & 7
        kind = schema.get(field)
        check(kind is not None and wire == (0 if kind == "number" else 2), "the proof has an unknown field")
        check(field > last or (field == last and kind == "messages"), "the proof's fields are out of order")
        last = field
        value = reader.uleb(2**32 - 1) if wire == 0 else reader.blob(64 * 1024)
        check(value or kind in ("message", "messages"), "the proof writes a default value")
        if kind == "messages":
            fields[field].append(value)
        else:
            fields[field] = value
    return fields


def parse_existence(data):
    if data is None:
        return None
    fields = parse_message(data, {1: "bytes", 2: "bytes", 3: "message", 4: "messages"})
    leaf = fields[3]
    if leaf is not None:
        leaf = parse_message(leaf, {1: "number", 2: "number", 3: "number", 4: "number", 5: "bytes"})
    path = [parse_message(step, {1: "number", 2: "bytes", 3: "bytes"}) for step in fields[4]]
    return {"key": fields[1], "value": fields[2], "leaf": leaf, "path": path}


def parse_commitment(data):
    """("exist", proof) or ("nonexist", left, right)"""
    fields = parse_message(data, {1: "message", 2: "message"})
    if fields[1] is not None:
        check(fields[2] is None, "the proof is of two kinds")
        return ("exist", parse_existence(fields[1]))
    check(fields[2] is not None, "the proof is of no known kind")
    parts = parse_message(fields[2], {1: "bytes", 2: "message", 3: "message"})
    return ("nonexist", parse_existence(parts[2]), parse_existence(parts[3]))


def proves_existence(proof, root):
    leaf = proof["leaf"]
    if leaf is None or [leaf[n] for n in (1, 2, 3, 4)] != [1, 1, 1, 0] or leaf[5][:1] != b"\x00":
        return False
    if not proof["key"] or not proof["value"] or len(proof["path"]) > 256:
        return False
    digest = sha256(leaf[5] + sha256(proof["key"]) + sha256(proof["value"]))
    for step in proof["path"]:
        prefix, suffix = step[2], step[3]
        if step[1] != 1 or not 1 <= len(prefix) <= 33 or prefix[0] == 0 or len(suffix) % 32:
            return False
        digest = sha256(prefix + digest + suffix)
    return digest == root


def goes(step):
    """0 for left, 1 for right, None for neither."""
    shape = (len(step[2]), len(step[3]))
    return {(1, 32): 0, (33, 0): 1}.get(shape)


def is_left_most(path):
    return all(goes(s) == 0 or (goes(s) == 1 and s[2][1:] == bytes(32)) for s in path)


def is_right_most(path):
    return all(goes(s) == 1 or (goes(s) == 0 and s[3] == bytes(32)) for s in path)


def proves_absence(left, right, key, root):
    hashed = sha256(key)
    if left is None and right is None:
        return False
    if left is not None and not (proves_existence(left, root) and sha256(left["key"]) < hashed):
        return False
    if right is not None and not (proves_existence(right, root) and hashed < sha256(right["key"])):
        return False
    if left is None:
        return is_left_most(right["path"])
    if right is None:
        return is_right_most(left["path"])
    left_path, right_path = list(left["path"]), list(right["path"])
    while left_path and right_path:
        a, b = left_path.pop(), right_path.pop()
        if (a[2], a[3]) != (b[2], b[3]):
            return goes(a) == 0 and goes(b) == 1 and is_right_most(left_path) and is_left_most(right_path)
    return False


# --- The bundle ------------------------------------------------------------------------------------------------------


def check_context(header, network, epoch, validators):
    check(header["network"] == network, "a header belongs to another network: is this the right genesis file?")
    check(header["epoch"] == epoch, f"epoch {header['epoch']} stands where {epoch} belongs")
    check(header["validatorSet"] == validators.digest, f"the validators of epoch {epoch} are not the certified ones")


def check_final(header, certificate, network, epoch, validators):
    check_context(header, network, epoch, validators)
    where = f"at height {header['height']}"
    check(certificate["kind"] == 2, f"the certificate {where} is no finalization")
    check(certificate["epoch"] == epoch, f"the finalization {where} is of another epoch")
    check(certificate["digest"] == header["digest"], f"the finalization {where} is about another block")
    closes = header["validatorSet"] != header["nextValidatorSet"]
    same_view = certificate["view"] == header["view"]
    check(same_view or (closes and certificate["view"] > header["view"]), f"the finalization {where} has another view")
    signers = [signer for signer, _ in certificate["entries"]]
    check(all(a < b for a, b in zip(signers, signers[1:])), f"the signers {where} are not distinct and ascending")
    check(all(signer < len(validators.keys) for signer in signers), f"a signer {where} is unknown")
    check(len(signers) >= validators.quorum, f"{len(signers)} signers {where}, {validators.quorum} are needed")
    message = sha256(
        b"commonwatt/vote/1" + network + epoch.to_bytes(8, "little") + b"\x02"
        + certificate["view"].to_bytes(8, "little") + certificate["digest"])
    for signer, signature in certificate["entries"]:
        check(is_signature(validators.keys[signer], signature, message), f"signature {signer} {where} is wrong")


def verify(genesis, data, now, max_age):
    """The bundle, all of whose checks have passed. Times in milliseconds; `max_age` None accepts any age."""
    network, validators = read_genesis(genesis)
    bundle = read_bundle(data)
    header, epoch, below = bundle["header"], 0, -1
    for end, certificate, following in bundle["epochEnds"]:
        check(epoch < header["epoch"], "there are more ends of epochs than needed")
        check(end["validatorSet"] != end["nextValidatorSet"], f"a header does not end epoch {epoch}")
        check(end["height"] > below, "the ends of epochs do not ascend")
        check_final(end, certificate, network, epoch, validators)
        check(following.digest == end["nextValidatorSet"], f"the validators of epoch {epoch + 1} are not the certified ones")
        validators, epoch, below = following, epoch + 1, end["height"]
    check(epoch == header["epoch"], f"the end of epoch {epoch} is missing")
    check(header["height"] > below, "the header lies below the end of the epoch before it")
    last = header
    for child in bundle["descendants"]:
        check_context(child, network, epoch, validators)
        check(last["validatorSet"] == last["nextValidatorSet"], "a header stands above the end of its epoch")
        check(child["parent"] == last["digest"] and child["height"] == last["height"] + 1,
              f"the header at height {child['height']} does not follow the one before it")
        last = child
    check_context(header, network, epoch, validators)
    check_final(last, bundle["finalization"], network, epoch, validators)
    check(header["time"] <= now + CLOCK_SKEW_MILLISECONDS_MAX, "the header lies ahead of this computer's clock")
    if max_age is not None:
        check(now - header["time"] <= max_age, f"the header is {(now - header['time']) // 1000} s old")
    for key, value, proof in bundle["entries"]:
        if value is None:
            good = proof[0] == "nonexist" and proves_absence(proof[1], proof[2], key, header["stateRoot"])
        else:
            good = proof[0] == "exist" and (proof[1]["key"], proof[1]["value"]) == (key, value)
            good = good and proves_existence(proof[1], header["stateRoot"])
        check(good, f"the proof of key {key.hex()} does not fit the header's state root")
    return bundle


def main():
    parser = argparse.ArgumentParser(description="Verifies a Commonwatt proof bundle with the genesis file alone.")
    parser.add_argument("genesis", help="the network's genesis file")
    parser.add_argument("bundle", help="a proof bundle, BCS or JSON, or a node's answer that holds one")
    parser.add_argument("--max-age", type=float, metavar="SECONDS", help="refuse an older statement")
    parser.add_argument("--now", type=int, metavar="MILLISECONDS", help="time since 1970 to use for the clock's")
    arguments = parser.parse_args()
    try:
        with open(arguments.genesis, "rb") as file:
            genesis = file.read()
        with open(arguments.bundle, "rb") as file:
            data = file.read()
    except OSError as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return 2
    now = arguments.now if arguments.now is not None else int(time.time() * 1000)
    max_age = None if arguments.max_age is None else int(arguments.max_age * 1000)
    try:
        if data.lstrip()[:1] == b"{":
            data = bcs_of_json(data)
        bundle = verify(genesis, data, now, max_age)
    except Refused as refusal:
        print(f"REFUSED: {refusal}", file=sys.stderr)
        return 1
    header = bundle["header"]
    print(f"verified: height {header['height']}, epoch {header['epoch']}, age {(now - header['time']) // 1000} s")
    print(f"network {header['network'].hex()}, state root {header['stateRoot'].hex()}")
    for key, value, _ in bundle["entries"]:
        print(f"{key.hex()} = {'absent' if value is None else value.hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
