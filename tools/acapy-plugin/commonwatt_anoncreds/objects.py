"""AnonCreds objects for the agent, each one verified."""

from typing import Optional, Pattern, TypeVar

from acapy_agent.anoncreds.base import AnonCredsObjectNotFound, AnonCredsResolutionError, BaseAnonCredsResolver
from acapy_agent.anoncreds.models.credential_definition import CredDef, GetCredDefResult
from acapy_agent.anoncreds.models.revocation import GetRevListResult, GetRevRegDefResult, RevList, RevRegDef
from acapy_agent.anoncreds.models.schema import AnonCredsSchema, GetSchemaResult
from acapy_agent.anoncreds.models.schema_info import AnonCredsSchemaInfo
from acapy_agent.config.injection_context import InjectionContext
from acapy_agent.core.profile import Profile
from acapy_agent.messaging.models.base import BaseModel, BaseModelError

from . import names
from .reading import Answer, ReadError, RegistryReader

Model = TypeVar("Model", bound=BaseModel)


class CommonwattObjects(BaseAnonCredsResolver):
    """Reads schemas, credential definitions, revocation registries and lists."""

    def __init__(self, reader: RegistryReader):
        self._reader = reader

    @property
    def supported_identifiers_regex(self) -> Pattern:
        return names.SUPPORTED_REGEX

    async def setup(self, context: InjectionContext) -> None:
        """Nothing to do."""

    async def get_schema(self, profile: Profile, schema_id: str) -> GetSchemaResult:
        answer = await self._fixed(schema_id, "SCHEMA", "schema")
        return GetSchemaResult(
            schema=_model(AnonCredsSchema, answer), schema_id=schema_id, resolution_metadata={},
            schema_metadata=answer.metadata)

    async def get_schema_info_by_id(self, profile: Profile, schema_id: str) -> AnonCredsSchemaInfo:
        schema = (await self.get_schema(profile, schema_id)).schema
        return AnonCredsSchemaInfo(issuer_id=schema.issuer_id, name=schema.name, version=schema.version)

    async def get_credential_definition(self, profile: Profile, credential_definition_id: str) -> GetCredDefResult:
        answer = await self._fixed(credential_definition_id, "CLAIM_DEF", "credential definition")
        return GetCredDefResult(
            credential_definition_id=credential_definition_id,
            credential_definition=_model(CredDef, answer), resolution_metadata={},
            credential_definition_metadata=answer.metadata)

    async def get_revocation_registry_definition(
        self, profile: Profile, revocation_registry_id: str
    ) -> GetRevRegDefResult:
        answer = await self._fixed(revocation_registry_id, "REV_REG_DEF", "revocation registry")
        return GetRevRegDefResult(
            revocation_registry=_model(RevRegDef, answer),
            revocation_registry_id=revocation_registry_id, resolution_metadata={},
            revocation_registry_metadata=answer.metadata)

    async def get_revocation_list(
        self,
        profile: Profile,
        revocation_registry_id: str,
        timestamp_from: Optional[int] = 0,
        timestamp_to: Optional[int] = None,
    ) -> GetRevListResult:
        """The list in force at `timestamp_to`, or the newest one; `timestamp_from` does not select.

        It bears the time that was asked for, at which it held, so that prover and verifier mean one list by one time and
        the time lies within the interval that a verifier asks for, however old the list is. The newest one bears its own.
        """
        if not names.is_object(revocation_registry_id, "REV_REG_DEF"):
            raise AnonCredsResolutionError(f"{revocation_registry_id} is no DID URL of a revocation registry")
        answer = await self._read(names.list_id(revocation_registry_id), timestamp_to)
        if answer.content is None:
            when = "" if timestamp_to is None else " at that time"
            raise AnonCredsObjectNotFound(f"{revocation_registry_id} has no revocation list{when}")
        revocation_list = _model(RevList, answer)
        if timestamp_to is not None:
            revocation_list.timestamp = timestamp_to
        return GetRevListResult(
            revocation_list=revocation_list, resolution_metadata={}, revocation_registry_metadata=answer.metadata)

    async def _fixed(self, url: str, kind: str, what: str) -> Answer:
        if not names.is_object(url, kind):
            raise AnonCredsResolutionError(f"{url} is no DID URL of a {what}")
        try:
            answer = await self._reader.read_fixed(url)
        except ReadError as error:
            raise AnonCredsResolutionError(str(error)) from error
        if answer.content is None:
            raise AnonCredsObjectNotFound(f"the registry has no {what} {url}")
        return answer

    async def _read(self, url: str, at_seconds: Optional[int] = None) -> Answer:
        try:
            return await self._reader.read(url, at_seconds)
        except ReadError as error:
            raise AnonCredsResolutionError(str(error)) from error


def _model(kind: type[Model], answer: Answer) -> Model:
    """The ledger checks the form of what it takes; a node that is merely believed may say anything."""
    try:
        return kind.deserialize(answer.content)
    except (BaseModelError, TypeError) as error:
        raise AnonCredsResolutionError(f"the answer is no {kind.__name__}: {error}") from error
