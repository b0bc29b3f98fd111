/* A layer under a process that remembers what it synced, and nothing else.
 *
 *   cc -shared -fPIC -O2 -o dropsync.so dropsync.c -ldl -lpthread
 *   DROPSYNC_ROOT=DIR DROPSYNC_SHADOW=DIR LD_PRELOAD=dropsync.so program ...
 *
 * The program works on DROPSYNC_ROOT as ever. Beside it, DROPSYNC_SHADOW is kept as a disk would
 * be on which only fsync and fdatasync write: a file's bytes get there when that file is synced,
 * a name (made, renamed, removed) when its directory is. sync_file_range writes nothing, since it
 * promises nothing. When the program has died, powerloss.c puts the shadow in the root's place.
 *
 * What is in the root when an empty shadow is first used counts as synced. Changes through mmap,
 * io_uring and symbolic links are not followed.
 *
 * DROPSYNC_DEAF=END:END... is for controls: syncs of a file or directory whose path ends so, through
 * a descriptor that can't write, reach the disk but not the shadow. The store syncs sled's database
 * through a descriptor of its own that only reads; without those syncs, sled's flush alone is left. */
#include "dropsync.h"

struct range {
    off_t start, end;
};

/* A file that was written: its ranges not yet synced; whole: all of it. */
struct dirty {
    char id[64];
    int whole;
    size_t count, room;
    struct range *ranges;
    struct dirty *next;
};

#define BUCKETS 1024
static struct dirty *table[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t copying = PTHREAD_MUTEX_INITIALIZER;
static char root[4096], shadow[4096];
static const char *deaf_ends;
static size_t root_length;
static int active;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static ssize_t (*real_copy_file_range)(int, off_t *, int, off_t *, size_t, unsigned);
static ssize_t (*real_sendfile)(int, int, off_t *, size_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fallocate)(int, int, off_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

static void die(const char *what) {
    fprintf(stderr, "dropsync: %s: %s\n", what, strerror(errno));
    abort();
}

/* The entry of an identity; a file that is met for the first time is dirty as a whole, since a
 * process before this one may have written it. Called with the lock held. */
static struct dirty *entry(const char *id) {
    size_t hash = 5381;
    for (const char *c = id; *c; c++) hash = hash * 33 + (unsigned char)*c;
    struct dirty **slot = &table[hash % BUCKETS];
    for (struct dirty *found = *slot; found; found = found->next)
        if (strcmp(found->id, id) == 0) return found;
    struct dirty *fresh = calloc(1, sizeof *fresh);
    if (!fresh) die("memory");
    strcpy(fresh->id, id);
    fresh->whole = 1;
    fresh->next = *slot;
    return *slot = fresh;
}

/* The path that fd was opened by; 0 on success. */
static int path_of(int fd, char *path, size_t room) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, room - 1);
    if (length < 0) return -1;
    path[length] = 0;
    return 0;
}

/* Whether a sync through fd is one that the control leaves out. */
static int deaf(int fd) {
    char path[4096];
    if (!deaf_ends || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) return 0;
    if (path_of(fd, path, sizeof path) != 0) return 0;
    size_t length = strlen(path);
    for (const char *end = deaf_ends; *end; end += strspn(end, ":")) {
        size_t size = strcspn(end, ":");
        if (size <= length && strncmp(path + length - size, end, size) == 0) return 1;
        end += size;
    }
    return 0;
}

/* Whether fd is a file or directory (as wanted) below the root; says who it is. */
static int tracked(int fd, mode_t type, struct identity *who) {
    if (!active) return 0;
    struct stat found;
    if (fstat(fd, &found) != 0 || (found.st_mode & S_IFMT) != type) return 0;
    char path[4096];
    if (path_of(fd, path, sizeof path) != 0) return 0;
    if (strncmp(path, root, root_length) != 0) return 0;
    if (path[root_length] != '/' && path[root_length] != 0) return 0;
    return identify(fd, "", who) == 0;
}

static void mark(int fd, off_t start, off_t end) {
    int saved = errno;
    struct identity who;
    if (tracked(fd, S_IFREG, &who)) {
        pthread_mutex_lock(&lock);
        struct dirty *file = entry(who.text);
        if (start < 0) {
            file->whole = 1;
        } else if (!file->whole) {
            if (file->count == file->room) {
                file->room = file->room ? file->room * 2 : 64;
                file->ranges = realloc(file->ranges, file->room * sizeof *file->ranges);
                if (!file->ranges) die("memory");
            }
            file->ranges[file->count++] = (struct range){start, end};
        }
        pthread_mutex_unlock(&lock);
    }
    errno = saved;
}

static void mark_written(int fd, ssize_t written) {
    if (written <= 0) return;
    off_t end = lseek(fd, 0, SEEK_CUR);
    if (end >= written) mark(fd, end - written, end);
}

static void copy(int from, int to, off_t start, off_t end) {
    static char buffer[1 << 16];
    while (start < end) {
        size_t wanted = (size_t)(end - start) < sizeof buffer ? (size_t)(end - start) : sizeof buffer;
        ssize_t count = pread(from, buffer, wanted, start);
        if (count < 0) die("read back");
        if (count == 0) return;
        for (ssize_t done = 0; done < count;) {
            ssize_t more = real_pwrite(to, buffer + done, (size_t)(count - done), start + done);
            if (more <= 0) die("write the shadow");
            done += more;
        }
        start += count;
    }
}

/* Copies to the shadow what of a file was written before its sync began. This happens before the
 * file is really synced: what others write meanwhile is theirs to sync. */
static void keep_file(int fd, const struct identity *who, const struct dirty *was) {
    char path[4200], own[64];
    snprintf(path, sizeof path, "%s/files/%s", shadow, who->text);
    snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    int from = open(own, O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (from < 0 || to < 0) die("open the shadow");
    struct stat now;
    if (fstat(from, &now) != 0) die("look at the file");
    if (was->whole) copy(from, to, 0, now.st_size);
    else for (size_t n = 0; n < was->count; n++) copy(from, to, was->ranges[n].start, was->ranges[n].end);
    if (real_ftruncate(to, now.st_size) != 0) die("truncate the shadow");
    close(from);
    close(to);
}

/* Writes a directory's names to the shadow. */
static void keep_directory(int fd, const struct identity *who) {
    char path[4200], fresh[4300], own[64];
    snprintf(path, sizeof path, "%s/dirs/%s", shadow, who->text);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    DIR *names = opendir(own);
    FILE *list = fopen(fresh, "we");
    if (!names || !list) die("list a directory");
    for (struct dirent *name; (name = readdir(names));) {
        struct identity found;
        if (!strcmp(name->d_name, ".") || !strcmp(name->d_name, "..")) continue;
        if (identify(dirfd(names), name->d_name, &found) != 0) continue;
        char type = S_ISREG(found.mode) ? 'f' : S_ISDIR(found.mode) ? 'd' : 0;
        if (type) fprintf(list, "%c %o %s %s\n", type, found.mode & 07777, found.text, name->d_name);
    }
    closedir(names);
    if (fclose(list) != 0 || rename(fresh, path) != 0) die("keep a directory");
}

static int synced(int fd, int (*real)(int)) {
    struct identity who;
    if (active && deaf(fd)) return real(fd);
    if (tracked(fd, S_IFDIR, &who)) {
        pthread_mutex_lock(&copying);
        keep_directory(fd, &who);
        pthread_mutex_unlock(&copying);
        return real(fd);
    }
    if (!tracked(fd, S_IFREG, &who)) return real(fd);
    pthread_mutex_lock(&copying);
    pthread_mutex_lock(&lock);
    struct dirty *file = entry(who.text), was = *file;
    file->whole = 0;
    file->count = file->room = 0;
    file->ranges = NULL;
    pthread_mutex_unlock(&lock);
    keep_file(fd, &who, &was);
    free(was.ranges);
    pthread_mutex_unlock(&copying);
    return real(fd);
}

/* Takes everything below a directory as synced. */
static void keep_tree(int directory) {
    struct identity who;
    struct dirty everything = {.whole = 1};
    if (identify(directory, "", &who) != 0) die("look at the root");
    keep_directory(directory, &who);
    DIR *names = fdopendir(dup(directory));
    if (!names) die("list the root");
    rewinddir(names);
    for (struct dirent *name; (name = readdir(names));) {
        if (!strcmp(name->d_name, ".") || !strcmp(name->d_name, "..")) continue;
        int fd = openat(directory, name->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 || identify(fd, "", &who) != 0) continue;
        if (S_ISDIR(who.mode)) keep_tree(fd);
        if (S_ISREG(who.mode)) keep_file(fd, &who, &everything);
        close(fd);
    }
    closedir(names);
}

static void begin_shadow(void) {
    char path[4200];
    snprintf(path, sizeof path, "%s/root", shadow);
    if (access(path, F_OK) == 0) return;
    int directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct identity who;
    if (directory < 0 || identify(directory, "", &who) != 0) die(root);
    char sub[4200];
    for (int n = 0; n < 2; n++) {
        snprintf(sub, sizeof sub, "%s/%s", shadow, n ? "files" : "dirs");
        if (mkdir(sub, 0700) != 0 && errno != EEXIST) die(sub);
    }
    keep_tree(directory);
    char fresh[4300];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *file = fopen(fresh, "we");
    if (!file || fprintf(file, "%s\n", who.text) < 0 || fclose(file) != 0) die(path);
    if (rename(fresh, path) != 0) die(path);
    close(directory);
}

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_writev = dlsym(RTLD_NEXT, "writev");
    real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
    real_copy_file_range = dlsym(RTLD_NEXT, "copy_file_range");
    real_sendfile = dlsym(RTLD_NEXT, "sendfile64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fallocate = dlsym(RTLD_NEXT, "fallocate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    const char *wanted_root = getenv("DROPSYNC_ROOT"), *wanted_shadow = getenv("DROPSYNC_SHADOW");
    if (!wanted_root || !wanted_shadow) return;
    if (!realpath(wanted_root, root)) die(wanted_root);
    if (!realpath(wanted_shadow, shadow)) die(wanted_shadow);
    root_length = strlen(root);
    deaf_ends = getenv("DROPSYNC_DEAF");
    begin_shadow();
    active = 1;
}

#define PUBLIC __attribute__((visibility("default")))

PUBLIC ssize_t write(int fd, const void *bytes, size_t length) {
    ssize_t written = real_write(fd, bytes, length);
    mark_written(fd, written);
    return written;
}

PUBLIC ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t written = real_writev(fd, parts, count);
    mark_written(fd, written);
    return written;
}

PUBLIC ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
    ssize_t written = real_pwrite(fd, bytes, length, at);
    if (written > 0) mark(fd, at, at + written);
    return written;
}

PUBLIC ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    return pwrite64(fd, bytes, length, at);
}

PUBLIC ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) {
    ssize_t written = real_pwritev(fd, parts, count, at);
    if (written > 0) mark(fd, at, at + written);
    return written;
}

PUBLIC ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    return pwritev64(fd, parts, count, at);
}

PUBLIC ssize_t copy_file_range(int from, off_t *a, int to, off_t *b, size_t length, unsigned flags) {
    ssize_t copied = real_copy_file_range(from, a, to, b, length, flags);
    if (copied > 0) mark(to, -1, -1);
    return copied;
}

PUBLIC ssize_t sendfile64(int to, int from, off_t *at, size_t length) {
    ssize_t sent = real_sendfile(to, from, at, length);
    if (sent > 0) mark(to, -1, -1);
    return sent;
}

PUBLIC ssize_t sendfile(int to, int from, off_t *at, size_t length) {
    return sendfile64(to, from, at, length);
}

PUBLIC int ftruncate64(int fd, off_t length) {
    int result = real_ftruncate(fd, length);
    mark(fd, -1, -1);
    return result;
}

PUBLIC int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

PUBLIC int fallocate64(int fd, int mode, off_t at, off_t length) {
    int result = real_fallocate(fd, mode, at, length);
    mark(fd, -1, -1);
    return result;
}

PUBLIC int fallocate(int fd, int mode, off_t at, off_t length) {
    return fallocate64(fd, mode, at, length);
}

PUBLIC int fsync(int fd) { return synced(fd, real_fsync); }
PUBLIC int fdatasync(int fd) { return synced(fd, real_fdatasync); }
