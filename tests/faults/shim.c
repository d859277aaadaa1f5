/* Stands between the daemon and its data directory, and lets the disk fail as it is ordered to.

   RATCHETD_FAULTS_DIRECTORY names the data directory, RATCHETD_FAULTS_ORDERS a file of the form
   `struct orders` below, which the test writes and which is mapped here. Calls on other files pass
   untouched. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

/* Kinds of calls. */
enum { WRITES = 1, SYNCS = 2, TRUNCATIONS = 4, NAMES = 8, GROWTH = 16, DIRECTORIES = 32 };
/* What a call that fails does before it does. */
enum { NOTHING = 0, A_PART = 1, EVERYTHING = 2, DEATH = 3 };

/* What a disk writes whole or not at all, in bytes. */
#define SECTOR 512

/* All numbers are written by one side and read by the other as they are. */
struct orders {
  /* Which calls fail, a sum of kinds; GROWTH: of writes those past the end of a file alone;
     DIRECTORIES: of syncs those of directories alone. */
  uint64_t kinds;
  /* Which of them is the first to fail, counted from now on; 0: none. */
  uint64_t countdown;
  /* The errno it fails with. */
  uint64_t error;
  /* What it does before it fails. */
  uint64_t effect;
  /* 1: all after it fail as well. */
  uint64_t lasting;
  /* Set here when a lasting failure began, or when the rest of a short write is to fail. */
  uint64_t broken;
  /* Counted here: calls that failed. */
  uint64_t failed;
  /* Only calls on files whose path contains this fail. */
  char part[64];
};

static struct orders *orders;
static char data_directory[PATH_BYTES];
static size_t data_directory_length;

ssize_t real_pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return syscall(SYS_pwrite64, fd, bytes, count, at);
}

ssize_t real_pread(int fd, void *bytes, size_t count, off_t at) {
  return syscall(SYS_pread64, fd, bytes, count, at);
}

int real_open(const char *path, int flags, mode_t mode) {
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

__attribute__((constructor)) static void start(void) {
  const char *directory = getenv("RATCHETD_FAULTS_DIRECTORY");
  const char *path = getenv("RATCHETD_FAULTS_ORDERS");
  const char *journal = getenv("RATCHETD_FAULTS_JOURNAL");
  if (!directory || !path || strlen(directory) >= PATH_BYTES) return;
  int fd = real_open(path, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof(struct orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) return;
  strcpy(data_directory, directory);
  data_directory_length = strlen(directory);
  if (journal) journal_start(journal);
  orders = mapped;
}

static int is_ours(const char *path) {
  return strncmp(path, data_directory, data_directory_length) == 0 &&
         (path[data_directory_length] == '/' || path[data_directory_length] == 0);
}

int path_of(int fd, char path[PATH_BYTES]) {
  struct stat found;
  char link[64];
  if (!orders || syscall(SYS_fstat, fd, &found) != 0) return 0;
  if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_BYTES - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_ours(path);
}

int path_at(int directory, const char *name, char path[PATH_BYTES]) {
  if (!orders) return 0;
  size_t length = 0;
  if (name[0] != '/') {
    char link[64] = "/proc/self/cwd";
    if (directory != AT_FDCWD) snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t found = readlink(link, path, PATH_BYTES - 2);
    if (found < 0) return 0;
    length = (size_t)found;
    path[length++] = '/';
  }
  if (length + strlen(name) >= PATH_BYTES) return 0;
  strcpy(path + length, name);
  return is_ours(path);
}

static uint64_t read_order(uint64_t *order) { return __atomic_load_n(order, __ATOMIC_SEQ_CST); }

/* Whether this call fails; FIRST: it is the one that the countdown was for. */
enum { FIRST = 2 };

static int fails(uint64_t kinds, const char *path) {
  uint64_t wanted = read_order(&orders->kinds);
  if (!(wanted & kinds) || !strstr(path, orders->part)) return 0;
  int fails = 0;
  if (read_order(&orders->broken)) {
    fails = 1;
    if (!read_order(&orders->lasting)) __atomic_store_n(&orders->broken, 0, __ATOMIC_SEQ_CST);
  } else {
    uint64_t left = read_order(&orders->countdown);
    while (left && !__atomic_compare_exchange_n(&orders->countdown, &left, left - 1, 0, __ATOMIC_SEQ_CST,
                                                __ATOMIC_SEQ_CST)) {
    }
    fails = left == 1 ? FIRST : 0;
    if (fails && read_order(&orders->lasting)) __atomic_store_n(&orders->broken, 1, __ATOMIC_SEQ_CST);
  }
  if (!fails) return 0;
  __atomic_add_fetch(&orders->failed, 1, __ATOMIC_SEQ_CST);
  if (read_order(&orders->effect) == DEATH) raise(SIGKILL);
  return fails;
}

static int failure(void) {
  errno = (int)read_order(&orders->error);
  return -1;
}

/* Writes at a place, and keeps what was there before. */
static ssize_t keep_and_write(int fd, const char *path, const void *bytes, size_t count, off_t at) {
  journal_hold();
  journal_write(fd, path, at, count);
  ssize_t written = real_pwrite(fd, bytes, count, at);
  journal_release();
  return written;
}

static ssize_t write_at(int fd, const char *path, const void *bytes, size_t count, off_t at) {
  struct stat found;
  uint64_t kinds = WRITES;
  if (syscall(SYS_fstat, fd, &found) == 0 && at + (off_t)count > found.st_size) kinds |= GROWTH;
  size_t part;
  int how = fails(kinds, path);
  if (!how) return keep_and_write(fd, path, bytes, count, at);
  switch (read_order(&orders->effect)) {
    case A_PART:
      /* A disk that is nearly full writes the sectors that fit, and the next call fails. */
      part = (size_t)((at + (off_t)count / 2) / SECTOR * SECTOR - at);
      if (how == FIRST && (ssize_t)part > 0) {
        __atomic_store_n(&orders->broken, 1, __ATOMIC_SEQ_CST);
        return keep_and_write(fd, path, bytes, part, at);
      }
      break;
    case EVERYTHING:
      keep_and_write(fd, path, bytes, count, at);
      break;
  }
  return failure();
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  char path[PATH_BYTES];
  if (!path_of(fd, path)) return real_pwrite(fd, bytes, count, at);
  return write_at(fd, path, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

ssize_t write(int fd, const void *bytes, size_t count) {
  char path[PATH_BYTES];
  if (!path_of(fd, path)) return syscall(SYS_write, fd, bytes, count);
  off_t at = lseek(fd, 0, SEEK_CUR);
  ssize_t written = write_at(fd, path, bytes, count, at);
  if (written > 0) lseek(fd, at + written, SEEK_SET);
  return written;
}

static int sync_file(int fd, long call) {
  char path[PATH_BYTES];
  if (!path_of(fd, path)) return (int)syscall(call, fd);
  uint64_t place = journal_place();
  struct stat found;
  int directory = syscall(SYS_fstat, fd, &found) == 0 && S_ISDIR(found.st_mode);
  if (fails(directory ? SYNCS | DIRECTORIES : SYNCS, path)) {
    journal_sync_failed(fd, path, place);
    return failure();
  }
  /* What the kernel was given outlives the process; whether it outlives the machine is played, not
     tried. */
  journal_synced(fd, path, place);
  return 0;
}

int fsync(int fd) { return sync_file(fd, SYS_fsync); }

int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

int ftruncate64(int fd, off64_t size) {
  char path[PATH_BYTES];
  if (!path_of(fd, path)) return (int)syscall(SYS_ftruncate, fd, size);
  if (fails(TRUNCATIONS, path)) return failure();
  journal_hold();
  journal_truncate(fd, path, size);
  int result = (int)syscall(SYS_ftruncate, fd, size);
  journal_release();
  return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int open_at(int directory, const char *name, int flags, mode_t mode) {
  char path[PATH_BYTES];
  if (!(flags & O_CREAT) || !path_at(directory, name, path) || faccessat(directory, name, F_OK, 0) == 0)
    return (int)syscall(SYS_openat, directory, name, flags, mode);
  if (fails(NAMES, path)) return failure();
  journal_hold();
  journal_create(path);
  int fd = (int)syscall(SYS_openat, directory, name, flags, mode);
  journal_release();
  return fd;
}

#define OPEN(function, parameters, directory)      \
  int function parameters {                        \
    mode_t mode = 0;                               \
    if (flags & (O_CREAT | __O_TMPFILE)) {         \
      va_list more;                                \
      va_start(more, flags);                       \
      mode = va_arg(more, mode_t);                 \
      va_end(more);                                \
    }                                              \
    return open_at(directory, name, flags, mode);  \
  }

OPEN(open, (const char *name, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *name, int flags, ...), AT_FDCWD)
OPEN(openat, (int directory, const char *name, int flags, ...), directory)
OPEN(openat64, (int directory, const char *name, int flags, ...), directory)

int rename(const char *from, const char *to) {
  char old[PATH_BYTES], new[PATH_BYTES];
  if (!path_at(AT_FDCWD, from, old) || !path_at(AT_FDCWD, to, new))
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  if (fails(NAMES, new)) return failure();
  journal_hold();
  journal_rename(old, new);
  int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  journal_release();
  return result;
}

int unlinkat(int directory, const char *name, int flags) {
  char path[PATH_BYTES];
  if ((flags & AT_REMOVEDIR) || !path_at(directory, name, path))
    return (int)syscall(SYS_unlinkat, directory, name, flags);
  if (fails(NAMES, path)) return failure();
  journal_hold();
  journal_unlink(path);
  int result = (int)syscall(SYS_unlinkat, directory, name, flags);
  journal_release();
  return result;
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
