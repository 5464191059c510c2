// libsecp256k1 for the verifier page, as WebAssembly: verification of signatures and SHA-256, nothing else. The library's
// source is fetched by build.py; this file says which of its functions the page gets. One scratch buffer, no allocation.
#include "secp256k1.c"

#define EXPORT(name) __attribute__((export_name(name)))

// What the page writes inputs to and reads digests from; larger inputs go through sha256_add in parts.
static unsigned char scratch[1 << 16];
static secp256k1_sha256 running;

EXPORT("scratch") unsigned char *page_scratch(void) { return scratch; }
EXPORT("scratch_size") int page_scratch_size(void) { return (int)sizeof(scratch); }

// 1 when the 33 bytes at the front of the buffer are a compressed point of the curve.
EXPORT("is_key") int page_is_key(void) {
    secp256k1_pubkey key;
    return secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, scratch, 33);
}

// The buffer holds key (33 bytes), signature r || s (64), digest (32). High s is refused by the library itself.
EXPORT("verify") int page_verify(void) {
    secp256k1_pubkey key;
    secp256k1_ecdsa_signature signature;
    return secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, scratch, 33) &&
           secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &signature, scratch + 33) &&
           secp256k1_ecdsa_verify(secp256k1_context_static, &signature, scratch + 97, &key);
}

EXPORT("sha256_begin") void page_sha256_begin(void) { secp256k1_sha256_initialize(&running); }
EXPORT("sha256_add") void page_sha256_add(int count) { secp256k1_sha256_write(&running, scratch, (size_t)count); }
// The digest goes to the front of the buffer.
EXPORT("sha256_end") void page_sha256_end(void) { secp256k1_sha256_finalize(&running, scratch); }

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    unsigned char *out = to;
    const unsigned char *in = from;
    while (count--) *out++ = *in++;
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    unsigned char *out = to;
    const unsigned char *in = from;
    if (out < in) {
        while (count--) *out++ = *in++;
    } else {
        while (count--) out[count] = in[count];
    }
    return to;
}

void *memset(void *to, int value, size_t count) {
    unsigned char *out = to;
    while (count--) *out++ = (unsigned char)value;
    return to;
}

int memcmp(const void *left, const void *right, size_t count) {
    const unsigned char *a = left, *b = right;
    for (; count--; a++, b++) {
        if (*a != *b) return *a < *b ? -1 : 1;
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t count = 0;
    while (text[count]) count++;
    return count;
}
