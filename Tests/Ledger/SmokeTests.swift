import LedgerCrypto
import Primitives
import Testing

@Test func sha256OfAbc() {
    #expect(
        SHA256.hash(Array("abc".utf8)).description
            == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
}
