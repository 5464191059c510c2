"""DID URLs of did:cwatt and of AnonCreds objects under them (docs/formats/did-resolution-proof.md, "Names")."""

import re
from typing import Any

from commonwatt_resolve import ID, NAME, canonical_bytes, id_of_digest
from commonwatt_verify import sha256

DID_REGEX = re.compile(f"^did:cwatt:[a-z0-9-]{{1,32}}:{ID}$")
# A DID, or the DID URL of an AnonCreds object: what the agent asks a registry about.
SUPPORTED_REGEX = re.compile(f"^did:cwatt:[a-z0-9-]{{1,32}}:{ID}(?:/anoncreds/v1/.*)?$")
BASE = "/anoncreds/v1/"


def digest_of(content: Any) -> str:
    """The digest of an object's canonical content, as the path of what is made for it has it."""
    return id_of_digest(sha256(canonical_bytes(content)))


def schema_id(issuer: str, name: str, version: str) -> str:
    return f"{issuer}{BASE}SCHEMA/{name}/{version}"


def definition_id(issuer: str, schema: Any, tag: str) -> str:
    return f"{issuer}{BASE}CLAIM_DEF/{digest_of(schema)}/{tag}"


def registry_id(issuer: str, definition: Any, tag: str) -> str:
    return f"{issuer}{BASE}REV_REG_DEF/{digest_of(definition)}/{tag}"


def list_id(registry: str) -> str:
    """DID URL of the lists of a registry."""
    return registry.replace(f"{BASE}REV_REG_DEF/", f"{BASE}REV_LIST/", 1)


def is_object(url: str, kind: str) -> bool:
    """Whether `url` names an object of the kind: SCHEMA, CLAIM_DEF, REV_REG_DEF or REV_LIST."""
    match = NAME.fullmatch(url)
    return match is not None and (match.group("path") or "").startswith(f"{BASE}{kind}/")
