/* The parts of a disk that fails and forgets, loaded into the daemon with LD_PRELOAD. */
#ifndef SHIM_H
#define SHIM_H

#include <stdint.h>
#include <sys/types.h>

#define PATH_BYTES 4096

/* What the system does, past the functions that stand in for it here. */
ssize_t real_pwrite(int fd, const void *bytes, size_t count, off_t at);
ssize_t real_pread(int fd, void *bytes, size_t count, off_t at);
int real_open(const char *path, int flags, mode_t mode);

/* The path of an open regular file or directory below the data directory; whether it is one of
   them. */
int path_of(int fd, char path[PATH_BYTES]);
/* The absolute path that a call names; whether it is below the data directory. */
int path_at(int directory, const char *name, char path[PATH_BYTES]);

/* The undo journal, which is kept if the environment names a directory for it. Each function but
   the last three is called with the journal held, before what it tells of is done. */
void journal_start(const char *directory);
void journal_hold(void);
void journal_release(void);
void journal_write(int fd, const char *path, off_t at, size_t count);
void journal_truncate(int fd, const char *path, off_t size);
void journal_create(const char *path);
void journal_rename(const char *from, const char *to);
void journal_unlink(const char *path);
/* How far the journal had come when a file or directory began to be synced; and that it has been,
   or not. A kernel that could not write a page takes it for written: no later sync writes it,
   unless it is changed again. */
uint64_t journal_place(void);
void journal_synced(int fd, const char *path, uint64_t place);
void journal_sync_failed(int fd, const char *path, uint64_t place);

#endif
