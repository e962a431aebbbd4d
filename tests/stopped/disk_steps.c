/* Counts what a process does to files under one folder, and stops it there or fails it.
 *
 * Loaded before libc (LD_PRELOAD). A step is one call that changes files: write, truncate, create,
 * rename, unlink, mkdir, rmdir, fsync. Armed by `arm`, which a process calls after its fork, or for
 * programs that it starts by DISK_STEPS_TRIAL (number, mode, error, counters, log and folder, a line
 * each); the counters lie in a shared file, so a trial's children count with it.
 *
 * Modes: count; before, after (SIGKILL to the process group before or after step n); torn (half of
 * a write, then killed); lost (killed, and all that was not forced to the disk is taken back, as a
 * power cut does); error (step n fails once); full (from step n on nothing is written: ENOSPC).
 *
 * A process that `copies_before` was called in copies the folder before each step that puts something
 * in its place or takes it away: what a stop there leaves is what lies on the disk then.
 *
 * A process that is started with DISK_STEPS_UNDER has a disk with DISK_STEPS_ROOM bytes left, as long
 * as the file DISK_STEPS_FULL is there: what grows meanwhile needs room, what is taken away
 * gives it back. As long as the file DISK_STEPS_SLOW is there, each fsync takes 200 ms.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum mode { COUNT, BEFORE, AFTER, TORN, LOST, ERROR, FULL, ROOM };
struct shared {
  atomic_long steps, room;
};
static const char *full_while, *slow_while;
static struct shared *shared;
static int armed, mode, log_fd = -1, fail_with = EIO;
static long at;
static char under[4096], copies[4096];
static size_t under_length;
static pthread_mutex_t one_at_a_time = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

/* What is not on the disk yet, oldest first; taken back from the end in mode LOST. */
enum kind { WROTE, CREATED, RENAMED, UNLINKED, MADE };
struct change {
  enum kind kind;
  int fd, kept; /* kept: forced to the disk */
  dev_t dev;
  ino_t ino;
  char *path, *to;
  char *old;
  off_t offset, size, old_size;
};
static struct change *changes;
static size_t changes_count, changes_room;
static __thread long mine; /* the step this thread is at */

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static ssize_t plain_pwrite(int fd, const void *data, size_t size, off_t offset) {
  REAL(pwrite64);
  return real(fd, data, size, offset);
}
static int plain_open(const char *path, int flags, mode_t how) {
  REAL(open64);
  return real(path, flags, how);
}
static int plain_unlink(const char *path) {
  REAL(unlink);
  return real(path);
}
static int plain_rename(const char *from, const char *to) {
  REAL(rename);
  return real(from, to);
}

void prepare(const char *counters) {
  int fd = *counters ? plain_open(counters, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (fd >= 0) {
    REAL(ftruncate64);
    if (real(fd, sizeof *shared)) abort();
  }
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
  if (shared == MAP_FAILED) abort();
  if (fd >= 0) close(fd);
}
void arm(const char *folder, int how, long number, int error, const char *log) {
  snprintf(under, sizeof under, "%s", folder);
  under_length = strlen(under);
  mode = how;
  at = number;
  fail_with = error;
  log_fd = *log ? plain_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  armed = 1;
}
void copies_before(const char *into) { snprintf(copies, sizeof copies, "%s", into); }
void begin_trial(void) { shared->steps = 0; }
static int next_line(const char **text, char *line, size_t room) {
  size_t length = strcspn(*text, "\n");
  if (length >= room) return 0;
  memcpy(line, *text, length);
  line[length] = 0;
  *text += length + ((*text)[length] != 0);
  return 1;
}
static void join_trial(const char *told) {
  char number[32], how[32], error[32], counters[4096], log[4096], folder[4096];
  if (!next_line(&told, number, 32) || !next_line(&told, how, 32) || !next_line(&told, error, 32) ||
      !next_line(&told, counters, 4096) || !next_line(&told, log, 4096) || !next_line(&told, folder, 4096))
    abort();
  prepare(counters);
  arm(folder, atoi(how), atol(number), atoi(error), log);
}
__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("DISK_STEPS_UNDER"), *room = getenv("DISK_STEPS_ROOM");
  full_while = getenv("DISK_STEPS_FULL");
  slow_while = getenv("DISK_STEPS_SLOW");
  const char *trial = getenv("DISK_STEPS_TRIAL");
  if (trial) join_trial(trial);
  if (trial || !folder || !room || !full_while) return;
  prepare("");
  shared->room = atol(room);
  arm(folder, ROOM, 0, ENOSPC, "");
}
/* 0 where the disk has no room for so much more. */
static int has_room(off_t more) {
  if (mode != ROOM || access(full_while, F_OK)) return 1;
  if (more <= 0 || atomic_fetch_sub(&shared->room, more) >= more) return 1;
  atomic_fetch_add(&shared->room, more);
  errno = ENOSPC;
  return 0;
}
static void gave_back(off_t size) {
  if (mode == ROOM && !access(full_while, F_OK)) atomic_fetch_add(&shared->room, size);
}
static off_t growth(int fd, off_t end) {
  struct stat is;
  return fstat(fd, &is) || !S_ISREG(is.st_mode) ? 0 : end - is.st_size;
}
long steps_done(void) { return shared->steps; }

static int inside(const char *path) {
  return armed && !strncmp(path, under, under_length) &&
         (path[under_length] == '/' || !path[under_length]);
}
static int of_fd(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, 4095);
  if (length < 0) return 0;
  path[length] = 0;
  return inside(path);
}
static int of_path(int folder, const char *path, char *whole) {
  if (!armed || !path) return 0;
  if (path[0] == '/') {
    snprintf(whole, 4096, "%s", path);
  } else if (folder == AT_FDCWD) {
    char here[4096];
    if (!getcwd(here, sizeof here)) return 0;
    if (snprintf(whole, 4096, "%s/%s", here, path) >= 4096) return 0;
  } else {
    char there[4096], link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, there, 4095);
    if (length < 0) return 0;
    there[length] = 0;
    if (snprintf(whole, 4096, "%s/%s", there, path) >= 4096) return 0;
  }
  return inside(whole);
}

static struct change *noted(enum kind kind, const char *path) {
  if (changes_count == changes_room) {
    changes_room = changes_room ? 2 * changes_room : 256;
    changes = realloc(changes, changes_room * sizeof *changes);
  }
  struct change *one = &changes[changes_count++];
  memset(one, 0, sizeof *one);
  one->kind = kind;
  one->fd = -1;
  one->path = strdup(path);
  return one;
}
static char *bytes_of(const char *path, off_t offset, off_t wanted, off_t *size) {
  int fd = plain_open(path, O_RDONLY | O_CLOEXEC, 0);
  *size = 0;
  if (fd < 0) return NULL;
  char *data = malloc((size_t)wanted + 1);
  ssize_t got;
  while (*size < wanted && (got = pread(fd, data + *size, wanted - *size, offset + *size)) > 0)
    *size += got;
  close(fd);
  return data;
}
/* One a file: a service writes more often than it may have files open. */
static int handle_of(const struct stat *is, const char *path) {
  for (size_t i = changes_count; i-- > 0;) {
    struct change *one = &changes[i];
    if (one->kind == WROTE && one->fd >= 0 && one->dev == is->st_dev && one->ino == is->st_ino)
      return one->fd;
  }
  return plain_open(path, O_WRONLY | O_CLOEXEC, 0);
}
static void note_write(const char *path, off_t offset, off_t size) {
  if (mode != LOST) return;
  struct stat is;
  if (stat(path, &is) || !S_ISREG(is.st_mode)) return;
  int handle = handle_of(&is, path);
  struct change *one = noted(WROTE, path);
  one->dev = is.st_dev, one->ino = is.st_ino, one->old_size = is.st_size, one->offset = offset;
  one->fd = handle;
  one->old = bytes_of(path, offset, size, &one->size);
}
static void note_gone(enum kind kind, const char *path, const char *lost, const char *to) {
  if (mode != LOST) return;
  struct stat is;
  struct change *one = noted(kind, path);
  if (to) one->to = strdup(to);
  if (!stat(lost, &is) && S_ISREG(is.st_mode)) {
    one->old = bytes_of(lost, 0, is.st_size, &one->size);
    one->old_size = is.st_size;
  } else {
    one->old_size = -1;
  }
}
static int in_folder(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return !strncmp(path, folder, length) && path[length] == '/' && !strchr(path + length + 1, '/');
}
static void note_forced(int fd, const char *path) {
  struct stat is;
  if (mode != LOST || fstat(fd, &is)) return;
  for (size_t i = 0; i < changes_count; i++) {
    struct change *one = &changes[i];
    if (S_ISDIR(is.st_mode)) {
      if (one->kind != WROTE && (in_folder(one->path, path) || (one->to && in_folder(one->to, path))))
        one->kept = 1;
    } else if (one->dev == is.st_dev && one->ino == is.st_ino) {
      one->kept = 1; /* as ext4 does, with the entry of a file that was made */
    }
  }
}
static void take_back(void) {
  for (size_t i = changes_count; i-- > 0;) {
    struct change *one = &changes[i];
    if (one->kept) continue;
    if (one->kind == WROTE && one->fd >= 0) {
      if (one->size) plain_pwrite(one->fd, one->old, one->size, one->offset);
      REAL(ftruncate64);
      real(one->fd, one->old_size);
    } else if (one->kind == CREATED) {
      plain_unlink(one->path);
    } else if (one->kind == MADE) {
      REAL(rmdir);
      real(one->path);
    } else if (one->kind == RENAMED || one->kind == UNLINKED) {
      if (one->kind == RENAMED) plain_rename(one->to, one->path);
      if (one->old_size < 0) continue;
      const char *place = one->kind == RENAMED ? one->to : one->path;
      int fd = plain_open(place, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      if (fd >= 0) plain_pwrite(fd, one->old, one->size, 0), close(fd);
    }
  }
}

/* By a fork, while this process stands still: a thread that looks into a mapped file which is being
 * cut would die of that first. */
static void take_back_standing_still(void) {
  pid_t process = getpid();
  pid_t beside = fork();
  if (beside < 0) abort();
  if (beside) return;
  char place[64], stat[256];
  snprintf(place, sizeof place, "/proc/%d/stat", (int)process);
  kill(process, SIGSTOP);
  for (int looks = 0; looks < 1000; looks++) {
    int fd = plain_open(place, O_RDONLY | O_CLOEXEC, 0);
    ssize_t length = read(fd, stat, sizeof stat - 1);
    close(fd);
    stat[length > 0 ? length : 0] = 0;
    char *state = strrchr(stat, ')');
    if (state && state[2] == 'T') break;
    usleep(1000);
  }
  take_back();
  kill(0, SIGKILL);
}
static void stop(void) {
  if (mode == LOST)
    take_back_standing_still();
  else
    kill(0, SIGKILL);
  for (;;) pause();
}
/* SQLite's own files come and go; SQLite's tests have stopped there. */
static int places(const char *what, const char *path) {
  static const char *own[] = {"-wal", "-shm", "-journal"};
  size_t length = strlen(path);
  for (int i = 0; i < 3; i++)
    if (length > strlen(own[i]) && !strcmp(path + length - strlen(own[i]), own[i])) return 0;
  return !strcmp(what, "rename") || !strcmp(what, "link") || !strcmp(what, "unlink") ||
         !strcmp(what, "rmdir");
}
static void copy_before(long number) {
  char into[4200], *told[] = {"cp", "-a", under, into, NULL}, *none[] = {NULL};
  pid_t copying;
  int status = 1;
  snprintf(into, sizeof into, "%s/%ld", copies, number);
  if (posix_spawn(&copying, "/bin/cp", NULL, NULL, told, none)) abort();
  while (waitpid(copying, &status, 0) < 0 && errno == EINTR) {}
  if (status) abort();
}
/* 1: the call has to fail with errno. Holds the lock until `stepped`. */
static int step(const char *what, const char *path, int writes) {
  pthread_mutex_lock(&one_at_a_time);
  long number = mine = atomic_fetch_add(&shared->steps, 1) + 1;
  if (log_fd >= 0) dprintf(log_fd, "%ld %s %s\n", number, what, path + under_length);
  if (*copies && places(what, path)) copy_before(number);
  if (number == at && (mode == BEFORE || mode == LOST || (mode == TORN && !writes))) stop();
  if ((number == at && mode == ERROR) || (number >= at && mode == FULL && writes)) {
    pthread_mutex_unlock(&one_at_a_time);
    errno = mode == FULL ? ENOSPC : fail_with;
    return 1;
  }
  return 0;
}
static int tearing(void) { return mode == TORN && mine == at; }
static void stepped(void) {
  int error = errno;
  if (mode == AFTER && mine == at) stop();
  pthread_mutex_unlock(&one_at_a_time);
  errno = error;
}

ssize_t write(int fd, const void *data, size_t size) {
  REAL(write);
  char path[4096];
  if (!armed || fd == log_fd || !of_fd(fd, path)) return real(fd, data, size);
  if (step("write", path, 1)) return -1;
  if (tearing()) real(fd, data, size / 2), stop();
  struct stat is;
  int flags = fcntl(fd, F_GETFL);
  off_t offset = flags & O_APPEND && !fstat(fd, &is) ? is.st_size : lseek(fd, 0, SEEK_CUR);
  note_write(path, offset, size);
  ssize_t done = has_room(growth(fd, offset + (off_t)size)) ? real(fd, data, size) : -1;
  stepped();
  return done;
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  char path[4096];
  if (!armed || !of_fd(fd, path)) return real(fd, parts, count);
  if (step("write", path, 1)) return -1;
  if (tearing()) real(fd, parts, count / 2), stop();
  size_t size = 0;
  for (int i = 0; i < count; i++) size += parts[i].iov_len;
  note_write(path, lseek(fd, 0, SEEK_CUR), size);
  ssize_t done = real(fd, parts, count);
  stepped();
  return done;
}
static ssize_t stepping_pwrite(int fd, const void *data, size_t size, off_t offset) {
  char path[4096];
  if (!armed || !of_fd(fd, path)) return plain_pwrite(fd, data, size, offset);
  if (step("write", path, 1)) return -1;
  if (tearing()) plain_pwrite(fd, data, size / 2, offset), stop();
  note_write(path, offset, size);
  int fits = has_room(growth(fd, offset + (off_t)size));
  ssize_t done = fits ? plain_pwrite(fd, data, size, offset) : -1;
  stepped();
  return done;
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  return stepping_pwrite(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  return stepping_pwrite(fd, data, size, offset);
}
static ssize_t copying(int to, int from, size_t size, const char *path, int *stepping) {
  *stepping = armed && of_fd(to, (char *)path);
  if (!*stepping) return 0;
  if (step("write", path, 1)) return -1;
  note_write(path, lseek(to, 0, SEEK_CUR), size > 1 << 24 ? 1 << 24 : size);
  (void)from;
  return 0;
}
ssize_t sendfile(int to, int from, off_t *offset, size_t size) {
  REAL(sendfile);
  char path[4096];
  int stepping;
  if (copying(to, from, size, path, &stepping)) return -1;
  if (stepping && tearing()) real(to, from, offset, 512), stop();
  ssize_t done = real(to, from, offset, size);
  if (stepping) stepped();
  return done;
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t size) {
  return sendfile(to, from, (off_t *)offset, size);
}
ssize_t copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t size, unsigned flags) {
  REAL(copy_file_range);
  char path[4096];
  int stepping;
  if (copying(to, from, size, path, &stepping)) return -1;
  if (stepping && tearing()) real(from, in, to, out, 512, flags), stop();
  ssize_t done = real(from, in, to, out, size, flags);
  if (stepping) stepped();
  return done;
}
static int truncating(int fd, off_t size) {
  REAL(ftruncate64);
  char path[4096];
  struct stat is;
  if (!armed || !of_fd(fd, path)) return real(fd, size);
  if (step("truncate", path, 0)) return -1;
  off_t lost = !fstat(fd, &is) && is.st_size > size ? is.st_size - size : 0;
  note_write(path, size, lost);
  gave_back(lost);
  int done = real(fd, size);
  stepped();
  return done;
}
int ftruncate(int fd, off_t size) { return truncating(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncating(fd, size); }

int posix_fallocate(int fd, off_t offset, off_t size) {
  REAL(posix_fallocate);
  char path[4096];
  if (armed && of_fd(fd, path) && !has_room(growth(fd, offset + size))) return ENOSPC;
  return real(fd, offset, size);
}
int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  return posix_fallocate(fd, offset, size);
}

static int opening(int folder, const char *path, int flags, mode_t how) {
  REAL(openat64);
  char whole[4096];
  struct stat is;
  if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE ||
      !of_path(folder, path, whole))
    return real(folder, path, flags, how);
  int there = !stat(whole, &is);
  if (there && (!(flags & O_TRUNC) || !S_ISREG(is.st_mode) || !is.st_size))
    return real(folder, path, flags, how);
  if (step(there ? "truncate" : "create", whole, !there)) return -1;
  if (there) note_write(whole, 0, is.st_size), gave_back(is.st_size);
  int fd = real(folder, path, flags, how);
  if (!there && fd >= 0 && mode == LOST && !fstat(fd, &is)) {
    struct change *one = noted(CREATED, whole);
    one->dev = is.st_dev, one->ino = is.st_ino;
  }
  stepped();
  return fd;
}
#define HOW(flags) \
  mode_t how = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, flags); \
    how = va_arg(rest, mode_t); \
    va_end(rest); \
  }
int open(const char *path, int flags, ...) { HOW(flags) return opening(AT_FDCWD, path, flags, how); }
int open64(const char *path, int flags, ...) { HOW(flags) return opening(AT_FDCWD, path, flags, how); }
int openat(int folder, const char *path, int flags, ...) { HOW(flags) return opening(folder, path, flags, how); }
int openat64(int folder, const char *path, int flags, ...) { HOW(flags) return opening(folder, path, flags, how); }

int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int one, const char *from, int other, const char *to) {
  REAL(renameat);
  char whole[4096], target[4096];
  if (!of_path(other, to, target)) return real(one, from, other, to);
  of_path(one, from, whole);
  if (step("rename", target, 0)) return -1;
  note_gone(RENAMED, whole, target, target);
  int done = real(one, from, other, to);
  if (done && mode == LOST) changes[changes_count - 1].kept = 1;
  stepped();
  return done;
}
int linkat(int one, const char *from, int other, const char *to, int flags) {
  REAL(linkat);
  char target[4096];
  if (!of_path(other, to, target)) return real(one, from, other, to, flags);
  if (step("link", target, 0)) return -1;
  int done = real(one, from, other, to, flags);
  if (!done && mode == LOST) noted(CREATED, target);
  stepped();
  return done;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int unlinkat(int folder, const char *path, int flags) {
  REAL(unlinkat);
  char whole[4096];
  struct stat is;
  if (!of_path(folder, path, whole) || lstat(whole, &is)) return real(folder, path, flags);
  if (step(flags & AT_REMOVEDIR ? "rmdir" : "unlink", whole, 0)) return -1;
  if (!(flags & AT_REMOVEDIR)) note_gone(UNLINKED, whole, whole, NULL), gave_back(is.st_size);
  int done = real(folder, path, flags);
  stepped();
  return done;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int mkdirat(int folder, const char *path, mode_t how) {
  REAL(mkdirat);
  char whole[4096];
  struct stat is;
  if (!of_path(folder, path, whole) || !stat(whole, &is)) return real(folder, path, how);
  if (step("mkdir", whole, 1)) return -1;
  if (mode == LOST) noted(MADE, whole);
  int done = real(folder, path, how);
  stepped();
  return done;
}
int mkdir(const char *path, mode_t how) { return mkdirat(AT_FDCWD, path, how); }

static int forcing(int fd, int data_alone) {
  static int (*whole)(int), (*data)(int);
  if (!whole) whole = dlsym(RTLD_NEXT, "fsync"), data = dlsym(RTLD_NEXT, "fdatasync");
  char path[4096];
  if (!armed || !of_fd(fd, path)) return data_alone ? data(fd) : whole(fd);
  if (step("fsync", path, 0)) return -1;
  if (slow_while && !access(slow_while, F_OK)) usleep(200 * 1000);
  int done = 0; /* what a kill leaves is the same without waiting for the disk */
  note_forced(fd, path);
  stepped();
  return done;
}
int fsync(int fd) { return forcing(fd, 0); }
int fdatasync(int fd) { return forcing(fd, 1); }

/* libfaketime beside this library refuses to sleep until a moment of the monotonic clock. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
  return syscall(SYS_clock_nanosleep, clock, flags, until, left) ? errno : 0;
}
