"""DIDs of did:cwatt for the agent, each answer verified."""

from typing import Optional, Pattern, Sequence, Text

from acapy_agent.config.injection_context import InjectionContext
from acapy_agent.core.profile import Profile
from acapy_agent.resolver.base import BaseDIDResolver, DIDNotFound, ResolverError, ResolverType

from .names import DID_REGEX
from .reading import ReadError, RegistryReader


class CommonwattDIDResolver(BaseDIDResolver):
    """Comes before a universal resolver, whose answers the agent cannot verify."""

    # Seconds that the agent keeps a document: as the nodes say. Its own default, one hour, hides a rotation so long.
    DEFAULT_TTL = 5

    def __init__(self, reader: RegistryReader):
        super().__init__(ResolverType.NATIVE)
        self._reader = reader

    @property
    def supported_did_regex(self) -> Pattern:
        return DID_REGEX

    async def setup(self, context: InjectionContext) -> None:
        """Nothing to do."""

    async def _resolve(
        self, _profile: Profile, did: str, _service_accept: Optional[Sequence[Text]] = None
    ) -> dict:
        try:
            answer = await self._reader.read(did)
        except ReadError as error:
            raise ResolverError(str(error)) from error
        if answer.is_deactivated:
            raise ResolverError(f"{did} is deactivated for ever")
        if answer.content is None:
            raise DIDNotFound(f"there is no {did}")
        return answer.content
