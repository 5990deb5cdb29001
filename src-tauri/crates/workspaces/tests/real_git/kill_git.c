/* Kills git, with all that it started, before the file operation of a test's choice: preloaded, so that git is
 * the real one. Operations that make, move or remove a name are counted over all processes of git, by the
 * length of the file KILL_GIT_COUNTER; the one numbered KILL_GIT_AT is not carried out any more. With
 * KILL_GIT_AND_US whoever started git dies as well. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first git of all leads the group. */
static pid_t who_started_git(void) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)getpgrp());
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY), parent = 0;
    ssize_t length = read(file, line, sizeof line - 1);
    line[length > 0 ? length : 0] = 0;
    const char *rest = strrchr(line, ')');
    if (!rest || sscanf(rest, ") %*c %d", &parent) != 1) abort();
    return parent;
}

static void count(void) {
    const char *counter = getenv("KILL_GIT_COUNTER"), *at = getenv("KILL_GIT_AT");
    if (!counter || !at || strcmp(program_invocation_short_name, "git") != 0) return;
    int before = errno;
    int file = syscall(SYS_openat, AT_FDCWD, counter, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (write(file, ".", 1) == 1 && lseek(file, 0, SEEK_CUR) == atol(at)) {
        if (getenv("KILL_GIT_AND_US")) kill(who_started_git(), SIGKILL);
        kill(0, SIGKILL);
    }
    close(file);
    errno = before;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                  \
    int name(const char *path, int flags, ...) {    \
        mode_t mode = 0;                            \
        if (flags & (O_CREAT | O_TMPFILE)) {        \
            va_list rest;                           \
            va_start(rest, flags);                  \
            mode = va_arg(rest, mode_t);            \
            va_end(rest);                           \
        }                                           \
        if (flags & O_CREAT) count();               \
        return NEXT(name)(path, flags, mode);       \
    }
OPEN(open)
OPEN(open64)

int mkdir(const char *path, mode_t mode) {
    count();
    return NEXT(mkdir)(path, mode);
}

int rename(const char *from, const char *to) {
    count();
    return NEXT(rename)(from, to);
}

int link(const char *from, const char *to) {
    count();
    return NEXT(link)(from, to);
}

int unlink(const char *path) {
    count();
    return NEXT(unlink)(path);
}

int rmdir(const char *path) {
    count();
    return NEXT(rmdir)(path);
}
