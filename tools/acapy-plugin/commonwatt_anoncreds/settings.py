"""The plug-in's settings: read once, checked, and refused by name when they are wrong."""

import pathlib
import shutil
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional

from commonwatt_resolve import Question, Trust
from commonwatt_verify import Refused

MAX_AGE_SECONDS = 60
PROGRAM_SECONDS = 120
KNOWN = {"nodes", "genesis", "trust_nodes", "max_age_seconds", "program", "program_seconds", "issuers"}


class SettingsError(ValueError):
    """A setting is missing or wrong, in words for the operator."""


@dataclass(frozen=True)
class Issuer:
    """What an issuer's DID signs with: paths that only the program opens."""

    wallet: pathlib.Path
    key: pathlib.Path
    # The partner that delegated to the key; None when the key is a partner's own.
    partner: Optional[str] = None


@dataclass(frozen=True)
class Settings:
    """`trust` is None when the operator chose to believe the nodes."""

    nodes: tuple[str, ...]
    trust: Optional[Trust]
    program: str = "commonwatt"
    program_seconds: float = PROGRAM_SECONDS
    issuers: Mapping[str, Issuer] = field(default_factory=dict)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Settings":
        """Raises SettingsError."""
        unknown = sorted(set(values) - KNOWN)
        if unknown:
            raise SettingsError(f"there is no setting {unknown[0]!r}; known are {', '.join(sorted(KNOWN))}")
        issuers = _issuers(values.get("issuers") or {})
        return cls(
            nodes=_nodes(values.get("nodes")),
            trust=_trust(values),
            program=_program(values.get("program", "commonwatt"), bool(issuers)),
            program_seconds=_seconds(values, "program_seconds", PROGRAM_SECONDS),
            issuers=issuers,
        )


def _nodes(value: Any) -> tuple[str, ...]:
    nodes = [value] if isinstance(value, str) else value
    if not isinstance(nodes, list) or not nodes or not all(isinstance(node, str) for node in nodes):
        raise SettingsError("nodes is a list of addresses, e.g. [https://node.example]")
    for node in nodes:
        if not node.startswith(("http://", "https://")):
            raise SettingsError(f"the node {node!r} does not begin with http:// or https://")
    return tuple(node.rstrip("/") for node in nodes)


def _trust(values: Mapping[str, Any]) -> Optional[Trust]:
    trust_nodes, genesis = values.get("trust_nodes", False), values.get("genesis")
    if not isinstance(trust_nodes, bool):
        raise SettingsError("trust_nodes is true or false")
    if trust_nodes and genesis is not None:
        raise SettingsError("give genesis, to verify, or trust_nodes, to believe the nodes; not both")
    if trust_nodes:
        return None
    if not isinstance(genesis, str):
        raise SettingsError("genesis is missing: the network's genesis file, with which every answer is verified")
    age = _seconds(values, "max_age_seconds", MAX_AGE_SECONDS)
    try:
        return Trust(pathlib.Path(genesis).read_bytes(), None, int(age * 1000))
    except OSError as error:
        raise SettingsError(f"the genesis file cannot be read: {error}") from error
    except Refused as error:
        raise SettingsError(f"{genesis} is no genesis file: {error}") from error


def _seconds(values: Mapping[str, Any], name: str, default: float) -> float:
    value = values.get(name, default)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value <= 86_400:
        raise SettingsError(f"{name} is a number of seconds from 1 to 86400")
    return float(value)


def _program(value: Any, is_needed: bool) -> str:
    if not isinstance(value, str) or not value:
        raise SettingsError("program is the path of the commonwatt program")
    found = shutil.which(value)
    if found is None and is_needed:
        raise SettingsError(f"there is no program {value!r}, which issuers need to register what they issue")
    return found or value


def _issuers(value: Any) -> dict[str, Issuer]:
    if not isinstance(value, Mapping):
        raise SettingsError("issuers has a DID for each name, and under it wallet and key")
    return {did: _issuer(did, members) for did, members in value.items()}


def _issuer(did: Any, members: Any) -> Issuer:
    try:
        is_did = isinstance(did, str) and Question(did).path is None
    except ValueError:
        is_did = False
    if not is_did:
        raise SettingsError(f"the issuer {did!r} is no DID of did:cwatt")
    if not isinstance(members, Mapping) or not set(members) <= {"wallet", "key", "partner"}:
        raise SettingsError(f"the issuer {did} has wallet, key, and perhaps partner")
    paths = {}
    for name in ("wallet", "key"):
        path = members.get(name)
        if not isinstance(path, str) or not pathlib.Path(path).is_file():
            raise SettingsError(f"{name} of the issuer {did} is no file")
        paths[name] = pathlib.Path(path)
    partner = members.get("partner")
    if partner is not None and not isinstance(partner, str):
        raise SettingsError(f"partner of the issuer {did} is the identifier of the partner that delegated to the key")
    return Issuer(paths["wallet"], paths["key"], partner)
