/*
 * Writes down what a process does to the files below CLASSDESK_TEST_ROOT, in the order in which
 * it was told that each step is done, into CLASSDESK_TEST_JOURNAL.
 *
 * A record is a header, a path or two (ended by NUL) and the bytes that were written. It is
 * appended in one go before the call returns, so whoever is told that something is durable finds
 * the fsync in the journal.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct header {
    uint32_t magic;
    uint32_t operation;
    uint64_t inode;
    uint64_t position; /* a write's offset, a truncation's size, the journal's size as fsync began */
    uint32_t path_length;
    uint32_t data_length;
};

enum { MAGIC = 0x4a524e4c, FILES = 65536 };

static int journal = -1;
static char root[PATH_MAX];
static size_t root_length;
static unsigned char watched[FILES];

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CLASSDESK_TEST_JOURNAL");
    const char *below = getenv("CLASSDESK_TEST_ROOT");
    if (!path || !below) {
        return;
    }
    snprintf(root, sizeof root, "%s/", below);
    root_length = strlen(root);
    journal = REAL(open)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void append(uint32_t operation, uint64_t inode, uint64_t position, const char *path,
                   size_t path_length, const void *data, size_t data_length) {
    struct header header = {MAGIC, operation, inode, position, (uint32_t)path_length,
                            (uint32_t)data_length};
    struct iovec parts[3] = {{&header, sizeof header},
                             {(void *)path, path_length},
                             {(void *)data, data_length}};
    ssize_t all = (ssize_t)(sizeof header + path_length + data_length);
    if (REAL(writev)(journal, parts, 3) != all) {
        abort(); /* half a record would make everything after it unreadable */
    }
}

/* The absolute path, if it is below the root and not what SQLite shares by mmap. */
static int below(const char *path, char *absolute) {
    if (journal < 0) {
        return 0;
    }
    if (path[0] == '/') {
        snprintf(absolute, PATH_MAX, "%s", path);
    } else if (getcwd(absolute, PATH_MAX)) {
        size_t length = strlen(absolute);
        snprintf(absolute + length, PATH_MAX - length, "/%s", path);
    }
    size_t length = strlen(absolute);
    return strncmp(absolute, root, root_length) == 0 &&
           !(length > 4 && strcmp(absolute + length - 4, "-shm") == 0);
}

static uint64_t inode_of(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 ? (uint64_t)found.st_ino : 0;
}

static uint64_t journal_size(void) {
    struct stat found;
    return fstat(journal, &found) == 0 ? (uint64_t)found.st_size : 0;
}

static int is_watched(int fd) { return fd >= 0 && fd < FILES && watched[fd]; }

static void note_path(uint32_t operation, uint64_t inode, const char *absolute) {
    append(operation, inode, 0, absolute + root_length, strlen(absolute + root_length) + 1, NULL, 0);
}

static int opened(int fd, const char *path, int flags, int existed) {
    char absolute[PATH_MAX];
    if (fd < 0 || fd >= FILES) {
        return fd;
    }
    size_t length = root_length;
    int is_root = journal >= 0 && strncmp(path, root, length - 1) == 0 &&
                  (path[length - 1] == 0 || strcmp(path + length - 1, "/") == 0);
    watched[fd] = (unsigned char)(is_root || below(path, absolute));
    if (watched[fd] && !is_root) {
        if ((flags & O_CREAT) && !existed) {
            note_path('C', inode_of(fd), absolute);
        } else if (flags & O_TRUNC) {
            append('T', inode_of(fd), 0, NULL, 0, NULL, 0);
        }
    }
    return fd;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        mode_t mode = 0;                                                                           \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                       \
            va_list rest;                                                                          \
            va_start(rest, flags);                                                                 \
            mode = va_arg(rest, mode_t);                                                           \
            va_end(rest);                                                                          \
        }                                                                                          \
        int existed = access(path, F_OK) == 0;                                                     \
        return opened(REAL(name)(path, flags, mode), path, flags, existed);                        \
    }

OPEN(open)
OPEN(open64)

int close(int fd) {
    if (fd >= 0 && fd < FILES) {
        watched[fd] = 0;
    }
    return REAL(close)(fd);
}

ssize_t write(int fd, const void *data, size_t length) {
    ssize_t done = REAL(write)(fd, data, length);
    if (done > 0 && is_watched(fd)) {
        off_t end = lseek(fd, 0, SEEK_CUR);
        append('W', inode_of(fd), (uint64_t)(end - done), NULL, 0, data, (size_t)done);
    }
    return done;
}

#define PWRITE(name)                                                                               \
    ssize_t name(int fd, const void *data, size_t length, off_t offset) {                          \
        ssize_t done = REAL(name)(fd, data, length, offset);                                       \
        if (done > 0 && is_watched(fd)) {                                                          \
            append('W', inode_of(fd), (uint64_t)offset, NULL, 0, data, (size_t)done);              \
        }                                                                                          \
        return done;                                                                               \
    }

PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (is_watched(fd)) {
        abort(); /* nobody writes files like this; it would go unnoticed */
    }
    return REAL(writev)(fd, parts, count);
}

#define TRUNCATE(name)                                                                             \
    int name(int fd, off_t size) {                                                                 \
        int done = REAL(name)(fd, size);                                                           \
        if (done == 0 && is_watched(fd)) {                                                         \
            append('T', inode_of(fd), (uint64_t)size, NULL, 0, NULL, 0);                           \
        }                                                                                          \
        return done;                                                                               \
    }

TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define SYNC(name)                                                                                 \
    int name(int fd) {                                                                             \
        uint64_t begun = is_watched(fd) ? journal_size() : 0;                                      \
        int done = REAL(name)(fd);                                                                 \
        if (done == 0 && is_watched(fd)) {                                                         \
            append('S', inode_of(fd), begun, NULL, 0, NULL, 0);                                    \
        }                                                                                          \
        return done;                                                                               \
    }

SYNC(fsync)
SYNC(fdatasync)

static int two(uint32_t operation, int done, const char *from, const char *to) {
    char paths[2 * PATH_MAX], other[PATH_MAX];
    if (done == 0 && below(from, paths) && below(to, other)) {
        size_t first = strlen(paths + root_length) + 1;
        size_t second = strlen(other + root_length) + 1;
        memmove(paths, paths + root_length, first);
        memcpy(paths + first, other + root_length, second);
        append(operation, 0, 0, paths, first + second, NULL, 0);
    }
    return done;
}

int rename(const char *from, const char *to) { return two('R', REAL(rename)(from, to), from, to); }

int link(const char *from, const char *to) { return two('L', REAL(link)(from, to), from, to); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    return two('L', REAL(linkat)(from_folder, from, to_folder, to, flags), from, to);
}

static int removed(int done, const char *path) {
    char absolute[PATH_MAX];
    if (done == 0 && below(path, absolute)) {
        note_path('U', 0, absolute);
    }
    return done;
}

int unlink(const char *path) { return removed(REAL(unlink)(path), path); }

int rmdir(const char *path) { return removed(REAL(rmdir)(path), path); }

int mkdir(const char *path, mode_t mode) {
    char absolute[PATH_MAX];
    int done = REAL(mkdir)(path, mode);
    struct stat found;
    if (done == 0 && below(path, absolute) && stat(path, &found) == 0) {
        note_path('D', (uint64_t)found.st_ino, absolute);
    }
    return done;
}
