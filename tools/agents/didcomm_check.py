"""PyPI didcomm: documents, an anonymous and an authenticated message to a DID of ours, signed ones.

    python didcomm_check.py NODE WALLET_OF_SENDER WALLET_OF_RECEIVER

The library looks for address, `accept` and routing keys on a service, where DIDComm v2 writes them inside
`serviceEndpoint`; so the resolver that it is given copies them up. Nothing else is changed.
"""

import asyncio
import json
import sys
import warnings

# The library's own dependency speaks of its future.
warnings.simplefilter("ignore")

from didcomm.common.resolvers import ResolversConfig
from didcomm.common.types import VerificationMaterial, VerificationMaterialFormat, VerificationMethodType
from didcomm.did_doc.did_doc import DIDDoc
from didcomm.did_doc.did_resolver import DIDResolver
from didcomm.message import Message
from didcomm.pack_encrypted import PackEncryptedConfig, pack_encrypted
from didcomm.secrets.secrets_resolver import Secret
from didcomm.secrets.secrets_resolver_in_memory import SecretsResolverInMemory
from didcomm.unpack import unpack

from documents import Wallet, base64url, document, require


class NodeResolver(DIDResolver):
    def __init__(self, node):
        self._node = node

    async def resolve(self, did):
        made = document(self._node, did)
        for service in made.get("service", []):
            endpoint = service["serviceEndpoint"]
            if isinstance(endpoint, dict):
                service["serviceEndpoint"], service["accept"] = endpoint["uri"], endpoint.get("accept", [])
                service["routing_keys"] = endpoint.get("routingKeys", [])
        return DIDDoc.deserialize(made)


def secrets_of(wallet):
    jwk = {"kty": "OKP", "crv": "X25519", "x": wallet.agreement_public, "d": base64url(wallet.agreement)}
    material = VerificationMaterial(format=VerificationMaterialFormat.JWK, value=json.dumps(jwk))
    return SecretsResolverInMemory(
        [Secret(wallet.agreement_id, VerificationMethodType.JSON_WEB_KEY_2020, material)])


async def main(node, sender, receiver):
    resolver = NodeResolver(node)
    parsed = await resolver.resolve(receiver.did)
    require(str(parsed.id) == receiver.did and len(parsed.service) == 1, "parses the document")
    for wallet in (sender, receiver):
        wallet.find_keys(node)
    for frm in (None, sender.did):
        message = Message(id="1", type="https://example.org/message/1.0", body={"content": "sunny"}, to=[receiver.did],
                          frm=frm)
        config = PackEncryptedConfig(forward=False)
        packed = await pack_encrypted(
            ResolversConfig(secrets_of(sender), resolver), message, receiver.did, frm, pack_config=config)
        read = await unpack(ResolversConfig(secrets_of(receiver), resolver), packed.packed_msg)
        require(read.message.body == {"content": "sunny"} and read.metadata.encrypted_from == (
            frm and sender.agreement_id), f"{'authenticated' if frm else 'anonymous'} message to the DID, read with its key")
        routed = await pack_encrypted(ResolversConfig(secrets_of(sender), resolver), message, receiver.did, frm)
        require(routed.service_metadata.service_endpoint == "https://agent.example/didcomm",
                "finds the endpoint to send it to")


asyncio.run(main(sys.argv[1], Wallet(sys.argv[2]), Wallet(sys.argv[3])))
