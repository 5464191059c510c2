#pragma once
// The one-shot SHA256() of OpenSSL 3 looks its algorithm up at every call; the low-level calls below do not, and
// take 86 ns instead of some 300 ns for 64 bytes. They are marked deprecated, hence the wrapper.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <openssl/pem.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/core_names.h>

static inline void cw_sha256(const void *data, size_t length, unsigned char *out) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, data, length);
    SHA256_Final(out, &context);
}

static inline void cw_sha256_2(const void *a, size_t aLength, const void *b, size_t bLength, unsigned char *out) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, a, aLength);
    SHA256_Update(&context, b, bLength);
    SHA256_Final(out, &context);
}

static inline void cw_sha256_3(
    const void *a, size_t aLength, const void *b, size_t bLength, const void *c, size_t cLength, unsigned char *out) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, a, aLength);
    SHA256_Update(&context, b, bLength);
    SHA256_Update(&context, c, cLength);
    SHA256_Final(out, &context);
}

// SHA-256(tag || left || right) for the 65 bytes of an inner tree node.
static inline void cw_sha256_node(unsigned char tag, const void *left, const void *right, unsigned char *out) {
    SHA256_CTX context;
    unsigned char buffer[65];
    buffer[0] = tag;
    __builtin_memcpy(buffer + 1, left, 32);
    __builtin_memcpy(buffer + 33, right, 32);
    SHA256_Init(&context);
    SHA256_Update(&context, buffer, 65);
    SHA256_Final(out, &context);
}

// HMAC-SHA-256 (RFC 2104) for a key of at most 64 bytes: HMAC() of OpenSSL 3 looks its algorithm up at every call.
static inline void cw_hmac_sha256(
    const unsigned char *key, size_t keyLength, const void *message, size_t length, unsigned char *out) {
    unsigned char pad[64];
    SHA256_CTX context;
    for (size_t index = 0; index < 64; index++) pad[index] = (index < keyLength ? key[index] : 0) ^ 0x36;
    SHA256_Init(&context);
    SHA256_Update(&context, pad, 64);
    SHA256_Update(&context, message, length);
    SHA256_Final(out, &context);
    for (size_t index = 0; index < 64; index++) pad[index] ^= 0x36 ^ 0x5c;
    SHA256_Init(&context);
    SHA256_Update(&context, pad, 64);
    SHA256_Update(&context, out, 32);
    SHA256_Final(out, &context);
    OPENSSL_cleanse(pad, sizeof pad);
}

// Macros that Swift cannot see.
static const int CW_EVP_PKEY_PUBLIC_KEY = EVP_PKEY_PUBLIC_KEY;
static const int CW_EVP_PKEY_KEYPAIR = EVP_PKEY_KEYPAIR;

// EVP_EC_gen is a macro over a variadic function, which Swift cannot call.
static inline EVP_PKEY *cw_p256_generate(void) { return EVP_EC_gen("P-256"); }
