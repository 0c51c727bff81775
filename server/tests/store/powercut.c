/* A power cut for one process: preloaded, it keeps beside the files under ROOT what a loss of power would leave of them.
 *
 * Only fsync and fdatasync make content durable, and only fsync of a directory makes names durable. sync_file_range does
 * not count, as on a real disk. Nothing is really synced: the kernel keeps what it was given when the process is killed,
 * so the test that started the process can compare what is there with what was durable, and let any part of the
 * difference survive.
 *
 * SHADOW/i-<inode>    the durable content of a file
 * SHADOW/d-<inode>    the durable names in a directory: "f|d inode name" a line
 * SHADOW/p-<inode>    a second link to a file that lost a name, so that its inode is not used again
 * SHADOW/count        how many events there were, when the process ended by itself
 *
 * POWERCUT_AT=n kills the process at event n (a write, cut, rename, removal or sync under ROOT); a sync is then cut in its
 * middle: a random part of its sectors is durable. POWERCUT_ADOPT=1 takes everything that is there at the start as durable.
 * POWERCUT_SPACE=n lets n bytes be written under ROOT; then writes are short, then fail with ENOSPC. A file that is cut gives
 * back what it was cut by, as far as this process took it.
 * POWERCUT_HANG=word lets everybody wait for ever who writes to a path with this word in it, once an "ack" was written to
 * standard output.
 * POWERCUT_TRACE=file gets a line for each write and sync under ROOT and each write to standard output.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define SECTOR 512

static const char *root, *shadow, *hang;
static size_t root_length;
static long at, events, space = -1, taken;
static uint64_t seed = 88172645463325252ULL;
static int trace = -1, acknowledged;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_unlinkat)(int, const char *, int);

static uint64_t dice(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void die(const char *what) {
    dprintf(2, "powercut: %s: %s\n", what, strerror(errno));
    _exit(97);
}

static void note(const char *format, ...) {
    if (trace < 0) return;
    char line[PATH_MAX + 64];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (real_write(trace, line, (size_t)length) != length) die("trace");
}

/* The path under ROOT that a descriptor is open on, or NULL. */
static const char *inside(int fd, char *path) {
    char link[64];
    if (!root) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    if (strncmp(path, root, root_length) || (path[root_length] != '/' && path[root_length])) return NULL;
    return path;
}

static int named_inside(const char *path) {
    return root && !strncmp(path, root, root_length) && path[root_length] == '/';
}

/* Makes content durable: all that differs, or a random part of it. */
static void keep(int fd, ino_t inode, int part) {
    char name[PATH_MAX], path[PATH_MAX];
    snprintf(name, sizeof name, "%s/i-%lu", shadow, (unsigned long)inode);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    /* The descriptor may be for writing only. */
    int from = open(path, O_RDONLY | O_CLOEXEC), to = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat now;
    if (from < 0 || to < 0 || fstat(from, &now)) die("keep");
    char fresh[1 << 16], old[1 << 16];
    for (off_t offset = 0; offset < now.st_size; offset += (off_t)sizeof fresh) {
        ssize_t size = pread(from, fresh, sizeof fresh, offset), had = pread(to, old, sizeof old, offset);
        if (size < 0 || had < 0) die("keep");
        for (ssize_t sector = 0; sector < size; sector += SECTOR) {
            ssize_t length = size - sector < SECTOR ? size - sector : SECTOR;
            if (sector + length <= had && !memcmp(fresh + sector, old + sector, (size_t)length)) continue;
            if (part && dice() % 2) continue;
            if (real_pwrite(to, fresh + sector, (size_t)length, offset + sector) != length) die("keep");
        }
    }
    if ((!part || dice() % 2) && real_ftruncate(to, now.st_size)) die("keep");
    close(from);
    close(to);
}

/* Makes the names in a directory durable. */
static void keep_names(const char *path, ino_t inode) {
    char name[PATH_MAX], fresh[PATH_MAX + 4];
    snprintf(name, sizeof name, "%s/d-%lu", shadow, (unsigned long)inode);
    snprintf(fresh, sizeof fresh, "%s.new", name);
    DIR *dir = opendir(path);
    FILE *out = fopen(fresh, "w");
    if (!dir || !out) die("names");
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        fprintf(out, "%c %lu %s\n", entry->d_type == DT_DIR ? 'd' : 'f', (unsigned long)entry->d_ino, entry->d_name);
    }
    closedir(dir);
    if (fclose(out) || real_rename(fresh, name)) die("names");
}

static void adopt(const char *path) {
    struct stat here;
    if (stat(path, &here)) die("adopt");
    keep_names(path, here.st_ino);
    DIR *dir = opendir(path);
    if (!dir) die("adopt");
    for (struct dirent *entry; (entry = readdir(dir));) {
        char below[PATH_MAX];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR) {
            adopt(below);
        } else {
            int fd = open(below, O_RDONLY | O_CLOEXEC);
            if (fd < 0) die("adopt");
            keep(fd, entry->d_ino, 0);
            close(fd);
        }
    }
    closedir(dir);
}

__attribute__((constructor)) static void begin(void) {
    real_write = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    real_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate64");
    real_rename = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    real_unlink = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    real_unlinkat = (int (*)(int, const char *, int))dlsym(RTLD_NEXT, "unlinkat");
    const char *where = getenv("POWERCUT_ROOT"), *beside = getenv("POWERCUT_SHADOW");
    if (!where || !beside) return;
    if (getenv("POWERCUT_AT")) at = atol(getenv("POWERCUT_AT"));
    if (getenv("POWERCUT_SPACE")) space = atol(getenv("POWERCUT_SPACE"));
    if (getenv("POWERCUT_SEED")) seed ^= strtoull(getenv("POWERCUT_SEED"), NULL, 10) * 0x9e3779b97f4a7c15ULL;
    if (getenv("POWERCUT_TRACE")) trace = open(getenv("POWERCUT_TRACE"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    hang = getenv("POWERCUT_HANG");
    for (int turn = 0; turn < 20; turn++) dice();
    shadow = beside;
    root_length = strlen(where);
    if (getenv("POWERCUT_ADOPT")) adopt(where);
    root = where;
}

__attribute__((destructor)) static void end(void) {
    if (!root) return;
    char name[PATH_MAX], text[32];
    snprintf(name, sizeof name, "%s/count", shadow);
    int length = snprintf(text, sizeof text, "%ld", events);
    int out = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0 || real_write(out, text, (size_t)length) != length) die("count");
}

/* True when this is the event at which the power goes. */
static int now(void) { return ++events == at; }

static void cut(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static int sync_any(int fd, const char *word) {
    char path[PATH_MAX];
    pthread_mutex_lock(&lock);
    if (inside(fd, path)) {
        struct stat it;
        if (fstat(fd, &it)) die("sync");
        int last = now();
        if (S_ISDIR(it.st_mode)) {
            if (!last || dice() % 2) keep_names(path, it.st_ino);
        } else {
            keep(fd, it.st_ino, last);
        }
        if (last) cut();
        note("%s %s\n", word, path);
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) { return sync_any(fd, "sync"); }
int fdatasync(int fd) { return sync_any(fd, "sync"); }
int sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags) {
    (void)fd, (void)offset, (void)size, (void)flags;
    return 0;
}
int msync(void *address, size_t size, int flags) {
    (void)address, (void)size, (void)flags;
    errno = ENOSYS;
    die("msync is not modelled");
    return -1;
}

/* Waits for ever if that is what is to be tried. */
static void stick(int fd) {
    char path[PATH_MAX];
    if (!hang || !__atomic_load_n(&acknowledged, __ATOMIC_SEQ_CST)) return;
    if (inside(fd, path) && strstr(path, hang)) for (;;) pause();
}

/* Takes space, and cuts a write to what is left; -1 when nothing is. */
static ssize_t admit(size_t size) {
    if (space < 0) return (ssize_t)size;
    if (space == 0 && size > 0) {
        errno = ENOSPC;
        return -1;
    }
    size_t take = size < (size_t)space ? size : (size_t)space;
    space -= (long)take;
    taken += (long)take;
    return (ssize_t)take;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    char path[PATH_MAX];
    stick(fd);
    pthread_mutex_lock(&lock);
    if (inside(fd, path)) {
        if (now()) {
            real_pwrite(fd, bytes, dice() % (size + 1), offset);
            cut();
        }
        ssize_t take = admit(size);
        ssize_t written = take < 0 ? -1 : real_pwrite(fd, bytes, (size_t)take, offset);
        note("write %s %ld %ld\n", path, (long)offset, (long)written);
        pthread_mutex_unlock(&lock);
        return written;
    }
    pthread_mutex_unlock(&lock);
    return real_pwrite(fd, bytes, size, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) { return pwrite64(fd, bytes, size, offset); }

ssize_t write(int fd, const void *bytes, size_t size) {
    char path[PATH_MAX];
    stick(fd);
    pthread_mutex_lock(&lock);
    if (inside(fd, path)) {
        if (now()) {
            real_write(fd, bytes, dice() % (size + 1));
            cut();
        }
        ssize_t take = admit(size);
        ssize_t written = take < 0 ? -1 : real_write(fd, bytes, (size_t)take);
        note("write %s - %ld\n", path, (long)written);
        pthread_mutex_unlock(&lock);
        return written;
    }
    if (fd == 1 && size > 3 && !memcmp(bytes, "ack", 3)) __atomic_store_n(&acknowledged, 1, __ATOMIC_SEQ_CST);
    if (fd == 1) note("out %.*s", (int)size, (const char *)bytes);
    pthread_mutex_unlock(&lock);
    return real_write(fd, bytes, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t sum = 0;
    for (int part = 0; part < count; part++) {
        ssize_t written = write(fd, parts[part].iov_base, parts[part].iov_len);
        if (written < 0) return sum ? sum : -1;
        sum += written;
        if ((size_t)written < parts[part].iov_len) break;
    }
    return sum;
}

int ftruncate64(int fd, off64_t size) {
    char path[PATH_MAX];
    pthread_mutex_lock(&lock);
    if (inside(fd, path)) {
        if (now()) cut();
        struct stat it;
        if (space >= 0 && !fstat(fd, &it) && it.st_size > size) {
            long given = it.st_size - size < taken ? (long)(it.st_size - size) : taken;
            space += given;
            taken -= given;
        }
        note("write %s = %ld\n", path, (long)size);
    }
    pthread_mutex_unlock(&lock);
    return real_ftruncate(fd, size);
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

/* Keeps the inode of a file that is about to lose a name. */
static void pin(const char *path) {
    struct stat it;
    if (lstat(path, &it) || !S_ISREG(it.st_mode)) return;
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s/p-%lu", shadow, (unsigned long)it.st_ino);
    if (link(path, name) && errno != EEXIST) die("pin");
}

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&lock);
    if (named_inside(from) || named_inside(to)) {
        if (now()) cut();
        pin(to);
        note("rename %s %s\n", from, to);
    }
    int outcome = real_rename(from, to);
    pthread_mutex_unlock(&lock);
    return outcome;
}

int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    if (named_inside(path)) {
        if (now()) cut();
        pin(path);
        note("unlink %s\n", path);
    }
    int outcome = real_unlink(path);
    pthread_mutex_unlock(&lock);
    return outcome;
}

int unlinkat(int dir, const char *path, int flags) {
    char below[PATH_MAX], whole[PATH_MAX * 2];
    pthread_mutex_lock(&lock);
    if (inside(dir, below) && !(flags & AT_REMOVEDIR)) {
        if (now()) cut();
        snprintf(whole, sizeof whole, "%s/%s", below, path);
        pin(whole);
    }
    int outcome = real_unlinkat(dir, path, flags);
    pthread_mutex_unlock(&lock);
    return outcome;
}
