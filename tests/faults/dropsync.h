/* What dropsync.c writes and powerloss.c reads: a shadow of a directory that holds only what was
 * synced. SHADOW/root names the root's identity; SHADOW/dirs/ID lists a directory's synced entries,
 * one a line: type (f or d), mode (octal), identity, name; SHADOW/files/ID is a file's synced
 * content. An identity is inode and time of birth, since inodes are used again. */
#ifndef DROPSYNC_H
#define DROPSYNC_H

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct identity {
    char text[64];
    mode_t mode;
    off_t size;
};

/* The identity of the file that fd (or name within the directory fd) is; 0 on success. */
static int identify(int fd, const char *name, struct identity *out) {
    struct statx found;
    int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);
    if (statx(fd, name, flags, STATX_BASIC_STATS | STATX_BTIME, &found) != 0) return -1;
    snprintf(out->text, sizeof out->text, "%llu-%lld.%u", (unsigned long long)found.stx_ino,
             (long long)found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
    out->mode = found.stx_mode;
    out->size = (off_t)found.stx_size;
    return 0;
}

#endif
