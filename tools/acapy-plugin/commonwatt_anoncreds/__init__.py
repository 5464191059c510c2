"""ACA-Py plug-in for the DID method did:cwatt: `--plugin commonwatt_anoncreds`. README.md lists its settings."""

import logging

from acapy_agent.anoncreds.registry import AnonCredsRegistry
from acapy_agent.config.error import ArgsParseError
from acapy_agent.config.injection_context import InjectionContext
from acapy_agent.resolver.did_resolver import DIDResolver

from .program import Program
from .reading import RegistryReader
from .registry import CommonwattRegistry
from .resolver import CommonwattDIDResolver
from .settings import Settings, SettingsError

LOGGER = logging.getLogger(__name__)


async def setup(context: InjectionContext) -> None:
    """Registers registry and DID resolver with the agent; a mistake in the settings ends its start."""
    try:
        settings = Settings.read(context.settings.for_plugin(__name__).to_dict())
    except SettingsError as error:
        raise ArgsParseError(f"commonwatt_anoncreds: {error}") from error
    reader = RegistryReader(settings)
    registry = context.inject(AnonCredsRegistry)
    registry.register(CommonwattRegistry(reader, Program(settings)))
    context.inject(DIDResolver).register_resolver(CommonwattDIDResolver(reader))
    if settings.trust is None:
        LOGGER.warning("did:cwatt is resolved on the nodes' word: trust_nodes is set, nothing is verified")
    LOGGER.info("did:cwatt is resolved by %s; issues for %d DIDs", ", ".join(settings.nodes), len(settings.issuers))
