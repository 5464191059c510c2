#pragma once
#include <fcntl.h>
#include <leveldb/c.h>
#include <linux/stat.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000 // fcntl.h hides it without _GNU_SOURCE
#endif

#ifndef O_DIRECT
#define O_DIRECT 040000 // the same
#endif
static const int CW_O_DIRECT = O_DIRECT;

// Inode and birth time of an open file. Neither can be set by a program, so a copy of the file never has both.
// The birth time is 0 on file systems that keep none. Returns 0, or -1 with errno set.
static inline int cw_file_identity(int descriptor, uint64_t *inode, uint64_t *birthNanoseconds) {
    struct statx status;
    if (syscall(SYS_statx, descriptor, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &status) != 0) return -1;
    *inode = status.stx_ino;
    *birthNanoseconds = (status.stx_mask & STATX_BTIME)
        ? (uint64_t)status.stx_btime.tv_sec * 1000000000u + status.stx_btime.tv_nsec : 0;
    return 0;
}
