"""PyPI didcomm-messaging: documents as they are, an anonymous and an authenticated message to a DID of ours.

    python didcomm_messaging_check.py NODE WALLET_OF_SENDER WALLET_OF_RECEIVER
"""

import asyncio
import sys

from aries_askar import Key, KeyAlg
from didcomm_messaging.crypto.backend.askar import AskarCryptoService, AskarSecretKey
from didcomm_messaging.crypto.backend.basic import InMemorySecretsManager
from didcomm_messaging.packaging import PackagingService
from didcomm_messaging.resolver import DIDResolver

from documents import Wallet, document, require

MESSAGE = b'{"id":"1","type":"https://didcomm.org/basicmessage/2.0/message","body":{"content":"sunny"}}'


class NodeResolver(DIDResolver):
    """Bare documents of a node."""

    def __init__(self, node):
        self._node = node

    async def resolve(self, did):
        return document(self._node, did)

    async def is_resolvable(self, did):
        return did.startswith("did:cwatt:")


def secrets_of(wallet):
    key = Key.from_secret_bytes(KeyAlg.X25519, wallet.agreement)
    return InMemorySecretsManager({wallet.agreement_id: AskarSecretKey(key, wallet.agreement_id)})


async def main(node, sender, receiver):
    resolver, crypto, packaging = NodeResolver(node), AskarCryptoService(), PackagingService()
    parsed = await resolver.resolve_and_parse(receiver.did)
    require(str(parsed.id) == receiver.did and len(parsed.service) == 1, "parses the document")
    for frm in (None, sender.did):
        packed = await packaging.pack(crypto, resolver, secrets_of(sender), MESSAGE, [receiver.did], frm)
        text, about = await packaging.unpack(crypto, resolver, secrets_of(receiver), packed)
        require(text == MESSAGE and about.sender_kid == (frm and sender.agreement_id),
                f"{'authenticated' if frm else 'anonymous'} message to the DID, read with its key")


asyncio.run(main(sys.argv[1], Wallet(sys.argv[2]), Wallet(sys.argv[3])))
