"""Registers what the agent issues, through the `commonwatt` program, and reads each of it back before it says so.

Every operation can be repeated: what is on the ledger already and is the same counts as done, so that an agent that was
stopped between the ledger and its wallet recovers.
"""

from typing import Awaitable, Optional, Sequence

from acapy_agent.anoncreds.base import (
    AnonCredsObjectAlreadyExists,
    AnonCredsRegistrationError,
    AnonCredsSchemaAlreadyExists,
    BaseAnonCredsRegistrar,
)
from acapy_agent.anoncreds.models.credential_definition import CredDef, CredDefResult, CredDefState
from acapy_agent.anoncreds.models.revocation import (
    RevList,
    RevListResult,
    RevListState,
    RevRegDef,
    RevRegDefResult,
    RevRegDefState,
)
from acapy_agent.anoncreds.models.schema import AnonCredsSchema, GetSchemaResult, SchemaResult, SchemaState
from acapy_agent.core.profile import Profile

from . import names
from .objects import CommonwattObjects
from .program import OBJECT_EXISTS, VERSION_CONFLICT, Program, ProgramError
from .reading import Answer, ReadError, RegistryReader


class CommonwattRegistry(CommonwattObjects, BaseAnonCredsRegistrar):
    """Reads, and registers for the DIDs of the setting `issuers`."""

    def __init__(self, reader: RegistryReader, program: Program):
        super().__init__(reader)
        self._program = program

    async def register_schema(
        self, profile: Profile, schema: AnonCredsSchema, options: Optional[dict] = None
    ) -> SchemaResult:
        self._require_issuer(schema.issuer_id)
        url = names.schema_id(schema.issuer_id, schema.name, schema.version)
        known = await self._present(url)
        if known.content is not None:
            raise AnonCredsSchemaAlreadyExists(
                "The schema is registered already", url, AnonCredsSchema.deserialize(known.content))
        attributes = list(schema.attr_names)
        content = await self._register(
            url, schema.serialize(),
            self._program.schema(schema.issuer_id, schema.name, schema.version, attributes))
        return SchemaResult(
            job_id=None,
            schema_state=SchemaState(
                state=SchemaState.STATE_FINISHED, schema_id=url, schema=AnonCredsSchema.deserialize(content)))

    async def register_credential_definition(
        self,
        profile: Profile,
        schema: GetSchemaResult,
        credential_definition: CredDef,
        options: Optional[dict] = None,
    ) -> CredDefResult:
        issuer, own = credential_definition.issuer_id, credential_definition.serialize()
        self._require_issuer(issuer)
        url = names.definition_id(issuer, await self._content(credential_definition.schema_id), own["tag"])
        known = await self._present(url)
        if known.content is not None and known.content != own:
            raise AnonCredsObjectAlreadyExists(
                "Another credential definition has this tag; choose another", url)
        if known.content is None:
            await self._register(url, own, self._program.definition(issuer, own))
        return CredDefResult(
            job_id=None,
            credential_definition_state=CredDefState(
                state=CredDefState.STATE_FINISHED, credential_definition_id=url,
                credential_definition=credential_definition),
            registration_metadata={}, credential_definition_metadata={})

    async def register_revocation_registry_definition(
        self, profile: Profile, revocation_registry_definition: RevRegDef, options: Optional[dict] = None
    ) -> RevRegDefResult:
        issuer, own = revocation_registry_definition.issuer_id, revocation_registry_definition.serialize()
        self._require_issuer(issuer)
        url = names.registry_id(issuer, await self._content(revocation_registry_definition.cred_def_id), own["tag"])
        known = await self._present(url)
        if known.content is not None and known.content != own:
            raise AnonCredsObjectAlreadyExists(
                "Another revocation registry has this tag; choose another", url)
        if known.content is None:
            await self._register(url, own, self._program.registry(issuer, own))
        return RevRegDefResult(
            job_id=None,
            revocation_registry_definition_state=RevRegDefState(
                state=RevRegDefState.STATE_FINISHED, revocation_registry_definition_id=url,
                revocation_registry_definition=revocation_registry_definition),
            registration_metadata={}, revocation_registry_definition_metadata={})

    async def register_revocation_list(
        self, profile: Profile, rev_reg_def: RevRegDef, rev_list: RevList, options: Optional[dict] = None
    ) -> RevListResult:
        self._require_issuer(rev_list.issuer_id)
        known = await self._present(names.list_id(rev_list.rev_reg_def_id))
        if known.content is not None and not _is_same_list(known, rev_list):
            raise AnonCredsRegistrationError(
                f"{rev_list.rev_reg_def_id} has a revocation list already (version {known.version}), another one")
        return await self._write_list(known, rev_list)

    async def update_revocation_list(
        self,
        profile: Profile,
        rev_reg_def: RevRegDef,
        prev_list: RevList,
        curr_list: RevList,
        revoked: Sequence[int],
        options: Optional[dict] = None,
    ) -> RevListResult:
        self._require_issuer(curr_list.issuer_id)
        known = await self._present(names.list_id(curr_list.rev_reg_def_id))
        if known.content is None:
            raise AnonCredsRegistrationError(f"{curr_list.rev_reg_def_id} has no revocation list to follow")
        if not _is_same_list(known, prev_list) and not _is_same_list(known, curr_list):
            raise AnonCredsRegistrationError(
                f"the newest list of {curr_list.rev_reg_def_id} (version {known.version}) is not the one that this "
                "agent's wallet follows: another agent wrote it")
        return await self._write_list(known, curr_list)

    async def _write_list(self, known: Answer, own: RevList) -> RevListResult:
        """The list after `known`, unless that is it."""
        content = known.content
        if content is None or not _is_same_list(known, own):
            url = names.list_id(own.rev_reg_def_id)
            try:
                done = await self._program.revocation_list(own.issuer_id, own.serialize(), known.version)
            except ProgramError as error:
                hint = "; another agent wrote a list meanwhile" if error.rejection == VERSION_CONFLICT else ""
                raise AnonCredsRegistrationError(f"{error}{hint}") from error
            self._reader.reached = max(self._reader.reached, done["height"])
            written = await self._present(url)
            if not _is_same_list(written, own):
                raise AnonCredsRegistrationError(f"{url} was written, but now has another list")
            content = written.content
        return RevListResult(
            job_id=None,
            revocation_list_state=RevListState(
                state=RevListState.STATE_FINISHED, revocation_list=RevList.deserialize(content)),
            registration_metadata={}, revocation_list_metadata={})

    async def _register(self, url: str, own: dict, work: Awaitable[dict]) -> dict:
        """Registers a fixed object; its content as the ledger has it, which is the own one."""
        try:
            done = await work
            self._reader.reached = max(self._reader.reached, done["height"])
        except ProgramError as error:
            if error.rejection != OBJECT_EXISTS:
                raise AnonCredsRegistrationError(str(error)) from error
        answer = await self._present(url)
        if answer.content is None or names.digest_of(answer.content) != names.digest_of(own):
            raise AnonCredsRegistrationError(f"the registry does not have at {url} what was registered")
        return answer.content

    async def _content(self, url: str) -> dict:
        """Of the object that another one is made for."""
        try:
            answer = await self._reader.read_fixed(url)
        except ReadError as error:
            raise AnonCredsRegistrationError(str(error)) from error
        if answer.content is None:
            raise AnonCredsRegistrationError(f"the registry has no {url}")
        return answer.content

    async def _present(self, url: str) -> Answer:
        try:
            return await self._reader.read(url)
        except ReadError as error:
            raise AnonCredsRegistrationError(str(error)) from error

    def _require_issuer(self, did: str) -> None:
        if not self._program.issues_for(did):
            raise AnonCredsRegistrationError(
                f"this agent does not issue for {did}: add it to the plug-in's setting issuers")


def _is_same_list(answer: Answer, own: RevList) -> bool:
    content = answer.content or {}
    return (
        content.get("revocationList") == own.revocation_list
        and content.get("currentAccumulator") == own.current_accumulator
    )
