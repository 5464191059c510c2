// Counts calls of some library functions in a process that is started with this in LD_PRELOAD, and writes them as one
// JSON object to the file that COMMONWATT_COUNTS names when the process ends. Compiled by tools/counts.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_ulong allocations, allocated_bytes, hashes, verifications, signatures;

#define NEXT(type, name)                                                                                               \
    static type next;                                                                                                  \
    if (!next) next = (type)dlsym(RTLD_NEXT, name)

static void allocated(size_t size) {
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&allocated_bytes, size, memory_order_relaxed);
}

// glibc's own names: dlsym itself allocates, so that these cannot be looked up.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    allocated(size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocated(count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    allocated(size);
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    allocated(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    allocated(size);
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12;
}

int SHA256_Final(unsigned char *out, void *context) {
    typedef int (*function)(unsigned char *, void *);
    NEXT(function, "SHA256_Final");
    atomic_fetch_add_explicit(&hashes, 1, memory_order_relaxed);
    return next(out, context);
}

unsigned char *SHA256(const unsigned char *bytes, size_t count, unsigned char *out) {
    typedef unsigned char *(*function)(const unsigned char *, size_t, unsigned char *);
    NEXT(function, "SHA256");
    atomic_fetch_add_explicit(&hashes, 1, memory_order_relaxed);
    return next(bytes, count, out);
}

int secp256k1_ecdsa_verify(const void *context, const void *signature, const unsigned char *digest, const void *key) {
    typedef int (*function)(const void *, const void *, const unsigned char *, const void *);
    NEXT(function, "secp256k1_ecdsa_verify");
    atomic_fetch_add_explicit(&verifications, 1, memory_order_relaxed);
    return next(context, signature, digest, key);
}

int secp256k1_ecdsa_sign(
    const void *context, void *signature, const unsigned char *digest, const unsigned char *key, void *nonce,
    const void *data) {
    typedef int (*function)(const void *, void *, const unsigned char *, const unsigned char *, void *, const void *);
    NEXT(function, "secp256k1_ecdsa_sign");
    atomic_fetch_add_explicit(&signatures, 1, memory_order_relaxed);
    return next(context, signature, digest, key, nonce, data);
}

__attribute__((destructor)) static void write_counts(void) {
    const char *path = getenv("COMMONWATT_COUNTS");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(
        file, "{\"allocations\":%lu,\"allocatedBytes\":%lu,\"hashes\":%lu,\"verifications\":%lu,\"signatures\":%lu}\n",
        allocations, allocated_bytes, hashes, verifications, signatures);
    fclose(file);
}
