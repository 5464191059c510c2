// SHA-256 and secp256k1: libsecp256k1 as WebAssembly (wasm/curve.c), the library that the nodes use.

let library;

/** Must be done once, before anything is checked. `wasm` is the module's bytes. */
export async function loadCurve(wasm) {
  const { instance } = await WebAssembly.instantiate(wasm, {});
  library = instance.exports;
}

function buffer() {
  return new Uint8Array(library.memory.buffer, library.scratch(), library.scratch_size());
}

export function sha256(...parts) {
  library.sha256_begin();
  for (const part of parts) {
    for (let at = 0; at < part.length; at += library.scratch_size()) {
      const piece = part.subarray(at, at + library.scratch_size());
      buffer().set(piece);
      library.sha256_add(piece.length);
    }
  }
  library.sha256_end();
  return buffer().slice(0, 32);
}

/** Whether 33 bytes are a compressed point of the curve. */
export function isKey(key) {
  buffer().set(key);
  return library.is_key() === 1;
}

/** ECDSA over a 32-byte digest, r || s, low s only. */
export function isSignature(key, signature, digest) {
  const memory = buffer();
  memory.set(key, 0);
  memory.set(signature, 33);
  memory.set(digest, 97);
  return library.verify() === 1;
}
