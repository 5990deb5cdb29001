// Preloaded before a queue under test: every fsync and fdatasync costs at least FSYNC_COST_US microseconds and is
// counted in the file FSYNC_COUNT (8 bytes, this machine's order). On a memory file system all contenders then have
// the same disk, and none of them a lucky one.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static _Atomic unsigned long long *count;
static long cost_ns;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  const char *cost = getenv("FSYNC_COST_US");
  cost_ns = cost ? atol(cost) * 1000 : 0;
  const char *path = getenv("FSYNC_COUNT");
  int file = path ? open(path, O_RDWR | O_CREAT, 0600) : -1;
  if (file < 0 || ftruncate(file, 8) != 0) return;
  void *shared = mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared != MAP_FAILED) count = shared;
  close(file);
}

static int slow(int (*real)(int), int file) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += cost_ns;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  int answer = real(file);
  if (cost_ns > 0)
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0) != 0) {
    }
  if (count) atomic_fetch_add(count, 1);
  return answer;
}

int fsync(int file) { return slow(real_fsync, file); }
int fdatasync(int file) { return slow(real_fdatasync, file); }
