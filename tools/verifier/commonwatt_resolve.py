#!/usr/bin/env python3
"""Verifies the answer of a Commonwatt DID resolver, with the genesis file alone.

    commonwatt_resolve.py --genesis GENESIS [options] URL ANSWER
    commonwatt_resolve.py --genesis GENESIS [options] URL --node http://127.0.0.1:8400
    commonwatt_resolve.py --cases Tests/Golden/did-resolution/cases.json

URL is a DID or the url of an object under it, perhaps with `?versionId=…` or `?versionTime=…`; ANSWER is the resolver's
JSON, or - for standard input. Prints what is proved (a document, a deactivation, an absence) and exits with 0, or says
which check failed and exits with 1; wrong usage exits with 2. A node's answer has to be about a state of the last 60
seconds unless --max-age says otherwise; one that is given as a file may be of any age. Written from
docs/formats/did-resolution-proof.md and docs/formats/proof-bundle.md; needs Python 3.8 or newer and commonwatt_verify.py
beside it. Shares no code with the node. As a library: `Question`, `Trust`, `verify_answer`, `parse_answer`.
"""

import argparse
import datetime
import http.client
import json
import os
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

if __name__ == "__main__":
    # As a script, isolated or not, it finds the other one and leaves nothing behind.
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import commonwatt_verify as bundles
from commonwatt_verify import Reader, Refused, sha256

ANSWER_BYTES_MAX = 32 * 1024 * 1024
NODE_TIMEOUT_SECONDS = 30
# For the whole of an answer: the timeout of a connection ends a silence only, not a node that sends a byte now and then.
FETCH_SECONDS_MAX = 60
# Of a node's answer, unless --max-age says otherwise.
NODE_AGE_MILLISECONDS_MAX = 60_000
ANY_AGE = "any"
NOT_FOUND = "https://www.w3.org/ns/did#NOT_FOUND"


class Untrue(Refused):
    """A check of "Verifying" failed; `verdict` is the name that the format gives it."""

    def __init__(self, verdict, detail=""):
        super().__init__(f"{verdict}: {detail}" if detail else verdict)
        self.verdict = verdict


def require(condition, verdict, detail=""):
    if not condition:
        raise Untrue(verdict, detail)


# --- Names -----------------------------------------------------------------------------------------------------------

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ID = f"Qm[{ALPHABET}]{{44}}"
WORD = "[a-zA-Z0-9._-]{1,64}"
PATHS = "|".join([
    f"/anoncreds/v1/SCHEMA/{WORD}/{WORD}", f"/anoncreds/v1/(?:CLAIM_DEF|REV_REG_DEF|REV_LIST)/{ID}/{WORD}",
    f"/schemas/{WORD}/{WORD}", f"/status/{WORD}",
])
NAME = re.compile(f"(?P<did>did:cwatt:(?P<network>[a-z0-9-]{{1,32}}):(?P<id>{ID}))(?P<path>{PATHS})?")


def digest_of_id(text):
    """Section "Names": the 32 bytes in an id; ValueError when it has another form."""
    value = 0
    for letter in text:
        value = value * 58 + ALPHABET.index(letter)
    data = value.to_bytes(34, "big") if value < 256**34 else b""
    if data[:2] != b"\x12\x20":
        raise ValueError("the id in the DID is no SHA-256 digest")
    return data[2:]


def id_of_digest(digest):
    """Section "Names": a digest written as an id is."""
    value, text = int.from_bytes(b"\x12\x20" + digest, "big"), ""
    while value:
        value, rest = divmod(value, 58)
        text = ALPHABET[rest] + text
    return text


def milliseconds_of_time(text):
    """Section "The request": RFC 3339 in UTC; whole seconds mean all of that second. ValueError for other text."""
    form = "([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.]([0-9]{1,3}))?Z"
    match = re.fullmatch(form, text)
    if match is None:
        raise ValueError(f"{text!r} is no time such as 2026-01-01T00:00:00Z")
    moment = datetime.datetime(*[int(part) for part in match.groups()[:6]])
    seconds = (moment - datetime.datetime(1970, 1, 1)) // datetime.timedelta(seconds=1)
    fraction = match.group(7)
    return seconds * 1000 + (999 if fraction is None else int(fraction.ljust(3, "0")))


def text_of_time(milliseconds):
    """Section "The answer": RFC 3339 in UTC, whole seconds, rounded down."""
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=milliseconds // 1000)
    except OverflowError:
        raise Untrue("metadata wrong", f"{milliseconds} ms is beyond the calendar") from None
    return moment.isoformat(timespec="seconds") + "Z"


class Question:
    """Section "The request": the url, and the newest version, a number, or a time in milliseconds."""

    def __init__(self, text, minimum=0):
        """ValueError for anything that is no url of ours."""
        self.url, _, query = text.partition("?")
        match = NAME.fullmatch(self.url)
        if match is None:
            raise ValueError(f"{self.url!r} is no url of did:cwatt")
        self.did, self.network, self.path = match.group("did", "network", "path")
        self.digest = digest_of_id(match.group("id"))
        self.object = sha256(self.url.encode("ascii"))
        self.number = self.time = None
        self.query = urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
        if len(self.query) > 1:
            raise ValueError("the url asks for more than one version")
        for name, value in self.query:
            self.select(name, value)
        self.minimum = minimum
        if minimum > 0:
            self.query.append(("minimumHeight", str(minimum)))

    def select(self, name, value):
        if name == "versionId" and re.fullmatch("[0-9]{1,10}", value):
            self.number = int(value)
        elif name == "versionTime":
            self.time = milliseconds_of_time(value)
        else:
            raise ValueError(f"cannot ask for {name}={value}")


class Trust:
    """What the verifier has of its own: genesis, clock and greatest age in milliseconds (None: any)."""

    def __init__(self, genesis, now, max_age):
        genesis = bundles.genesis_bytes(genesis)
        bundles.read_genesis(genesis)
        reader = Reader(genesis)
        reader.take(2)
        self.name = reader.blob(32)
        self.genesis, self.now, self.max_age = genesis, now, max_age


# --- Records in the state --------------------------------------------------------------------------------------------

REGISTRY = b"identity" + b"\x00" * 12


def read_head(value):
    """Section "Records in the state": Head."""
    reader = Reader(value)
    head = {"kind": reader.number(1), "owner": reader.take(32), "latest": reader.number(4)}
    head["isDeactivated"] = reader.flag()
    head["parent"], head["capacity"] = reader.take(32), reader.number(4)
    reader.finish()
    return head


def read_version(value):
    """Section "Records in the state": Version."""
    reader = Reader(value)
    version = {"content": reader.take(32), "byteCount": reader.number(4), "time": reader.number(8)}
    version["height"], version["ending"] = reader.number(8), reader.number(2)
    version["nextKey"] = reader.take(32) if reader.flag() else None
    reader.finish()
    return version


class Records:
    """Step 3: the records of one object, by key. What has no entry is unknown, not absent."""

    def __init__(self, bundle, question):
        self.values = {key: value for key, value, _ in bundle["entries"]}
        self.object = question.object

    def head(self):
        """None when it is proved to be absent."""
        key = REGISTRY + b"\x04" + self.object
        require(key in self.values, "record missing", "the head")
        value = self.values[key]
        return None if value is None else read_head(value)

    def version(self, number):
        value = self.values.get(REGISTRY + b"\x05" + self.object + number.to_bytes(4, "big"))
        require(value is not None, "record missing", f"version {number}")
        return read_version(value)


# --- Canonical content (RFC 8785) ------------------------------------------------------------------------------------


def canonical_number(value):
    """Whole numbers within ±(2^53 − 1), however the answer writes them."""
    whole = type(value) is int or value.is_integer()
    require(whole and abs(value) < 2**53, "document changed", "it has a number that no content has")
    return str(int(value))


def canonical(value):
    """Section "Records in the state": canonical content, as text."""
    if value is None or type(value) is bool:
        return json.dumps(value)
    if type(value) is str:
        return json.dumps(value, ensure_ascii=False)
    if type(value) is list:
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if type(value) is dict:
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    return canonical_number(value)


def canonical_bytes(content):
    try:
        return canonical(content).encode("utf-8")
    except RecursionError:
        raise Untrue("document changed", "it is nested too deeply") from None
    except UnicodeEncodeError:
        raise Untrue("document changed", "it has half a character") from None


def is_self_certified(document, question, next_key):
    """Step 11: the digest in the DID is that of the create operation."""
    anonymous = document.replace(question.did.encode("ascii"), f"did:cwatt:{question.network}:".encode("ascii"))
    key = b"" if next_key is None else b'"nextKey":"' + id_of_digest(next_key).encode("ascii") + b'",'
    return sha256(b'{"document":' + anonymous + b"," + key + b'"operation":"create"}') == question.digest


# --- The answer ------------------------------------------------------------------------------------------------------


def refuse_constant(text):
    raise ValueError(f"{text} is no JSON")


def members_once(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def parse_json(data, what):
    try:
        return json.loads(data.decode("utf-8"), parse_constant=refuse_constant, object_pairs_hook=members_once)
    except (ValueError, RecursionError) as error:
        raise Untrue(f"malformed {what}", str(error)) from None


def parse_answer(data, question):
    """Section "The answer": content, metadata and process metadata; the shape follows from the url."""
    answer = parse_json(data, "answer")
    require(type(answer) is dict, "malformed answer", "no JSON object")
    names = ["didDocument", "didDocumentMetadata", "didResolutionMetadata"]
    if question.path is not None:
        names = ["content", "contentMetadata", "dereferencingMetadata"]
    content, metadata, process = [answer.get(name) for name in names]
    require(content is None or type(content) is dict, "malformed answer", f"{names[0]} is no object")
    for name, value in zip(names[1:], [metadata, process]):
        require(type(value) is dict, "malformed answer", f"{name} is no object")
    return content, metadata, process


def verify_proof(proof, question, trust):
    """Step 2: the bundle, all of whose checks have passed."""
    require(proof is not None, "proof missing")
    try:
        data = bundles.bcs_of_json(json.dumps(proof))
        bundle = bundles.verify(trust.genesis, data, trust.now, trust.max_age)
    except (Refused, RecursionError) as refusal:
        raise Untrue("proof refused", str(refusal)) from None
    height = bundle["header"]["height"]
    require(height >= question.minimum, "below minimum", f"height {height}")
    return bundle


def verify_absence(error, records, question):
    """Step 4: nothing is there, not that version, or not yet at that time."""
    type_of_error = error.get("type") if type(error) is dict else None
    require(type_of_error == NOT_FOUND, "falsely absent", "the error is another one than NOT_FOUND")
    head = records.head()
    if head is None:
        return f"absence of {question.url}"
    if question.number is not None and not 1 <= question.number <= head["latest"]:
        return f"absence of version {question.number}, there are 1 to {head['latest']}"
    early = question.time is not None and records.version(1)["time"] > question.time
    require(early, "falsely absent", f"there are versions 1 to {head['latest']}")
    return f"absence at that time, version 1 is of {text_of_time(records.version(1)['time'])}"


def verify_selection(number, head, records, question):
    """Step 7: it is the version that was asked for."""
    latest = head["latest"]
    if question.number is not None:
        require(number == question.number, "other version", f"{number}")
    elif question.time is not None:
        fits = records.version(number)["time"] <= question.time
        fits = fits and (number == latest or records.version(number + 1)["time"] > question.time)
        require(fits, "other version", f"{number} is not the one of that time")
    elif number != latest:
        raise Untrue("deactivation hidden" if head["isDeactivated"] else "old version", f"{number} of {latest}")


def verify_metadata(number, head, metadata, records):
    """Step 8: the times, and the number of the next version."""
    is_newest = number == head["latest"]
    expected = {
        "created": text_of_time(records.version(1)["time"]),
        "updated": None if number == 1 else text_of_time(records.version(number)["time"]),
        "nextUpdate": None if is_newest else text_of_time(records.version(number + 1)["time"]),
        "nextVersionId": None if is_newest else str(number + 1),
    }
    for name, value in expected.items():
        require(metadata.get(name) == value, "metadata wrong", name)


def verify_found(content, metadata, records, question):
    """Steps 5 to 11: what is proved, and the canonical document (None when the version deactivates the DID)."""
    head = records.head()
    require(head is not None, "invented")
    text = metadata.get("versionId")
    is_number = type(text) is str and re.fullmatch("[1-9][0-9]{0,9}", text)
    require(is_number, "metadata wrong", "versionId")
    require(int(text) <= head["latest"], "metadata wrong", f"versionId {text}")
    number, latest, deactivated = int(text), head["latest"], metadata.get("deactivated", False)
    require(type(deactivated) is bool, "metadata wrong", "deactivated")
    require(deactivated or not head["isDeactivated"], "deactivation hidden")
    require(head["isDeactivated"] or not deactivated, "falsely deactivated")
    verify_selection(number, head, records, question)
    verify_metadata(number, head, metadata, records)
    version = records.version(number)
    if version["ending"] != 0:
        require(content is None, "deactivation hidden")
        return f"deactivation in version {number} of {latest}, reason {version['ending']}", None
    document = canonical_bytes(content)
    verify_content(document, number, version, question)
    note = ", deactivated later" if deactivated else ""
    return f"{'document' if question.path is None else 'object'}, version {number} of {latest}{note}", document


def verify_content(document, number, version, question):
    """Steps 10 and 11: the bytes, and the DID that they certify."""
    require(len(document) == version["byteCount"], "document changed", f"{len(document)} bytes")
    require(sha256(document) == version["content"], "document changed")
    if number == 1 and question.path is None:
        require(is_self_certified(document, question, version["nextKey"]), "not self-certified")


def verify_answer(data, question, trust):
    """Section "Verifying": (verdict, what is proved, canonical document or None, header); raises Refused."""
    require(question.network.encode("ascii") == trust.name, "other network", question.network)
    content, metadata, process = parse_answer(data, question)
    error = process.get("error")
    bundle = verify_proof((metadata if error is None else process).get("proof"), question, trust)
    records = Records(bundle, question)
    if error is not None:
        return "absent", verify_absence(error, records, question), None, bundle["header"]
    text, document = verify_found(content, metadata, records, question)
    return "deactivated" if document is None else "found", text, document, bundle["header"]


# --- The command -----------------------------------------------------------------------------------------------------


def read_file(path):
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def fetch(node, question):
    """`answer_of`, within `FETCH_SECONDS_MAX`. A thread that is still at it then is left behind and ends with the program."""
    outcome = []

    def work():
        try:
            outcome.append(answer_of(node, question))
        except Untrue as refusal:
            outcome.append(refusal)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(FETCH_SECONDS_MAX)
    require(outcome, "no answer", f"none that was whole within {FETCH_SECONDS_MAX} s")
    if isinstance(outcome[0], Untrue):
        raise outcome[0]
    return outcome[0]


def answer_of(node, question):
    """Section "The request". What a node says with an error's status is an answer, too."""
    address = f"{node.rstrip('/')}/1.0/identifiers/{urllib.parse.quote(question.url, safe='')}"
    if question.query:
        address += "?" + urllib.parse.urlencode(question.query)
    kind = "did-resolution" if question.path is None else "did-url-dereferencing"
    try:
        request = urllib.request.Request(address, headers={"Accept": f"application/{kind}"})
        try:
            response = urllib.request.urlopen(request, timeout=NODE_TIMEOUT_SECONDS)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            data = response.read(ANSWER_BYTES_MAX + 1)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Untrue("no answer", str(error)) from None
    require(len(data) <= ANSWER_BYTES_MAX, "malformed answer", "it is too large")
    return data


def question_of_case(case):
    query = [f"{name}={case[name]}" for name in ("versionId", "versionTime") if name in case]
    return Question(case["url"] + ("?" + "&".join(query) if query else ""), case.get("minimumHeight", 0))


def verdict_of_case(folder, case, trust):
    try:
        return verify_answer(read_file(os.path.join(folder, case["file"])), question_of_case(case), trust)[0]
    except Refused as refusal:
        return getattr(refusal, "verdict", str(refusal))


def run_cases(arguments):
    """Section "Vectors": one line for each case; whether all give the expected verdict."""
    folder = os.path.dirname(arguments.cases)
    genesis = read_file(arguments.genesis or os.path.join(folder, "genesis.bcs"))
    document = parse_json(read_file(arguments.cases), "file of cases")
    failed = 0
    try:
        trust = Trust(genesis, document["now"], arguments.max_age)
        for case in document["cases"]:
            verdict = verdict_of_case(folder, case, trust)
            good = verdict == case["expected"]
            failed += not good
            query = "".join(f"?{name}={value}" for name, value in question_of_case(case).query)
            print(f"{'ok' if good else 'WRONG'} {case['file']}{query}: {verdict}"
                  + ("" if good else f", expected {case['expected']}"))
        return failed == 0 and len(document["cases"]) > 0
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Untrue("malformed file of cases", repr(error)) from None


def run_one(arguments):
    question, trust = arguments.question, Trust(read_file(arguments.genesis), arguments.now, arguments.max_age)
    data = fetch(arguments.node, question) if arguments.node else read_file(arguments.answer)
    _, text, document, header = verify_answer(data, question, trust)
    print(f"verified: {text}")
    print(f"height {header['height']}, time {text_of_time(header['time'])}, "
          f"age {max(0, arguments.now - header['time']) // 1000} s")
    if document is not None:
        print(document.decode("utf-8"))
    return True


def milliseconds_of_argument(text):
    try:
        return int(text) if re.fullmatch("[0-9]{1,15}", text) else milliseconds_of_time(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def milliseconds_of_age(text):
    if text == ANY_AGE:
        return ANY_AGE
    if not re.fullmatch("[0-9]{1,12}([.][0-9]{1,9})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, and not {ANY_AGE!r}")
    return int(float(text) * 1000)


def height_of_argument(text):
    if not re.fullmatch("[0-9]{1,20}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no height")
    return int(text)


def parse_arguments():
    parser = argparse.ArgumentParser(description="Verifies a DID resolver's answer with the genesis file alone.")
    parser.add_argument("url", nargs="?", help="a DID, or a url under it; ?versionId=… or ?versionTime=… selects")
    parser.add_argument("answer", nargs="?", help="the resolver's JSON, - for standard input")
    parser.add_argument("--genesis", help="the network's genesis file (with --cases: genesis.bcs beside the cases)")
    parser.add_argument("--node", metavar="URL", help="ask this node instead of reading an answer")
    parser.add_argument("--max-age", type=milliseconds_of_age, metavar="SECONDS",
                        help=f"refuse an older statement (with --node: {NODE_AGE_MILLISECONDS_MAX // 1000} unless given); "
                        f"{ANY_AGE!r} believes one of any age")
    parser.add_argument("--minimum-height", type=height_of_argument, default=0, metavar="HEIGHT",
                        help="refuse a statement about a lower height")
    parser.add_argument("--now", type=milliseconds_of_argument, metavar="TIME",
                        help="milliseconds since 1970 or RFC 3339, to use for the clock's")
    parser.add_argument("--cases", metavar="FILE", help="verify the golden cases of this file")
    arguments = parser.parse_args()
    if arguments.max_age == ANY_AGE:
        arguments.max_age = None
    elif arguments.max_age is None and arguments.node is not None:
        arguments.max_age = NODE_AGE_MILLISECONDS_MAX
    if arguments.now is None:
        arguments.now = int(time.time() * 1000)
    if arguments.cases is None:
        check_usage(parser, arguments)
    elif arguments.url is not None or arguments.node is not None:
        parser.error("--cases goes with neither a url nor a node")
    return arguments


def check_usage(parser, arguments):
    if arguments.url is None or arguments.genesis is None:
        parser.error("a genesis file and a url are needed")
    if (arguments.answer is None) == (arguments.node is None):
        parser.error("an answer or a node is needed")
    if arguments.node is not None and not arguments.node.startswith(("http://", "https://")):
        parser.error("a node's url begins with http:// or https://")
    try:
        arguments.question = Question(arguments.url, arguments.minimum_height)
    except ValueError as error:
        parser.error(str(error))


def main():
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    arguments = parse_arguments()
    try:
        return 0 if (run_one if arguments.cases is None else run_cases)(arguments) else 1
    except OSError as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return 2
    except Refused as refusal:
        print(f"REFUSED: {refusal}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
