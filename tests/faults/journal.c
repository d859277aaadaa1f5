/* Keeps what has to be undone when the power goes: everything since a file, or a directory, was
   last synced.

   The journal is a row of records. Each is a `struct record` and `length` bytes after it. The
   process may end anywhere: a record that is cut off at the end tells of something that was never
   done. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim.h"

enum { WRITE = 1, TRUNCATE = 2, SYNC = 3, CREATE = 4, RENAME = 5, UNLINK = 6, SYNC_DIRECTORY = 7, SYNC_FAILED = 8 };

struct record {
  uint64_t kind;
  uint64_t file; /* inode */
  /* WRITE: the offset; TRUNCATE: the new size; SYNC*: how far the journal had come when it began. */
  uint64_t at;
  /* WRITE: how many bytes; RENAME, UNLINK: the number of the link that keeps the file that was
     replaced or removed; 0: there was none. */
  uint64_t count;
  uint64_t size; /* WRITE, TRUNCATE: the size before */
  /* Of what follows: the bytes that were there, or a path, or two of them with a 0 between. */
  uint64_t length;
};

static int journal = -1;
static char kept_in[PATH_BYTES];
static uint64_t place;
static uint64_t links;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

void journal_start(const char *directory) {
  char path[PATH_BYTES + 16];
  if (strlen(directory) >= sizeof kept_in) abort();
  strcpy(kept_in, directory);
  snprintf(path, sizeof path, "%s/journal", directory);
  journal = real_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (journal < 0) abort();
}

void journal_hold(void) {
  if (journal >= 0) pthread_mutex_lock(&held);
}

void journal_release(void) {
  if (journal >= 0) pthread_mutex_unlock(&held);
}

static void append(struct record record, const void *bytes) {
  struct iovec parts[2] = {{&record, sizeof record}, {(void *)bytes, record.length}};
  ssize_t written = syscall(SYS_pwritev, journal, parts, 2, place, 0);
  /* A journal that cannot be kept proves nothing. */
  if (written != (ssize_t)(sizeof record + record.length)) abort();
  place += (uint64_t)written;
}

/* SQLite's shared memory does not outlive the machine: it is thrown away. */
static int forgotten(const char *path) {
  size_t length = strlen(path);
  return journal < 0 || (length > 4 && strcmp(path + length - 4, "-shm") == 0);
}

/* Records an overwriting or a cut, with what is between `from` and `to` now. */
static void keep(int fd, uint64_t kind, off_t at, size_t count, off_t from, off_t to) {
  struct stat found;
  if (syscall(SYS_fstat, fd, &found) != 0) abort();
  if (to > found.st_size) to = found.st_size;
  struct record record = {kind, found.st_ino, (uint64_t)at, count, (uint64_t)found.st_size, 0};
  if (to <= from) {
    append(record, "");
    return;
  }
  record.length = (uint64_t)(to - from);
  char *bytes = malloc(record.length);
  /* The file may have been opened for writing alone. */
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int reader = real_open(link, O_RDONLY | O_CLOEXEC, 0);
  if (!bytes || reader < 0 || real_pread(reader, bytes, record.length, from) != (ssize_t)record.length) abort();
  syscall(SYS_close, reader);
  append(record, bytes);
  free(bytes);
}

void journal_write(int fd, const char *path, off_t at, size_t count) {
  if (!forgotten(path)) keep(fd, WRITE, at, count, at, at + (off_t)count);
}

void journal_truncate(int fd, const char *path, off_t size) {
  struct stat found;
  if (forgotten(path) || syscall(SYS_fstat, fd, &found) != 0) return;
  keep(fd, TRUNCATE, size, 0, size, found.st_size);
}

static void append_names(uint64_t kind, uint64_t link, const char *first, const char *second) {
  char names[2 * PATH_BYTES];
  size_t length = strlen(first);
  memcpy(names, first, length);
  if (second) {
    names[length++] = 0;
    memcpy(names + length, second, strlen(second));
    length += strlen(second);
  }
  append((struct record){kind, 0, 0, link, 0, length}, names);
}

/* Gives a file that is about to lose its name another one; its number, or 0 if there is no such
   file. */
static uint64_t keep_file(const char *path) {
  char link[PATH_BYTES + 32];
  snprintf(link, sizeof link, "%s/%llu", kept_in, (unsigned long long)(links + 1));
  if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, link, 0) != 0) return 0;
  return ++links;
}

void journal_create(const char *path) {
  if (!forgotten(path)) append_names(CREATE, 0, path, NULL);
}

void journal_rename(const char *from, const char *to) {
  if (!forgotten(from)) append_names(RENAME, keep_file(to), from, to);
}

void journal_unlink(const char *path) {
  if (!forgotten(path)) append_names(UNLINK, keep_file(path), path, NULL);
}

uint64_t journal_place(void) {
  journal_hold();
  uint64_t now = place;
  journal_release();
  return now;
}

void journal_synced(int fd, const char *path, uint64_t began) {
  struct stat found;
  if (forgotten(path) || syscall(SYS_fstat, fd, &found) != 0) return;
  int directory = S_ISDIR(found.st_mode);
  journal_hold();
  append((struct record){directory ? SYNC_DIRECTORY : SYNC, found.st_ino, began, 0, 0, directory ? strlen(path) : 0},
         path);
  journal_release();
}

void journal_sync_failed(int fd, const char *path, uint64_t began) {
  struct stat found;
  if (forgotten(path) || syscall(SYS_fstat, fd, &found) != 0 || S_ISDIR(found.st_mode)) return;
  journal_hold();
  append((struct record){SYNC_FAILED, found.st_ino, began, 0, 0, 0}, "");
  journal_release();
}
