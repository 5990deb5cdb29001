/* Kills a program before the file operation of a test's choice: preloaded, so that the program is the real one.
 * Operations that make, move or remove a name are counted over all processes of KILL_PROGRAM, by the length of
 * the file KILL_COUNTER. The one numbered KILL_AT is not carried out any more: after KILL_PATIENCE milliseconds, in
 * which others get on as on a slow disk, it is the end of KILL_WHOM: "itself", its group and the group's
 * "starter", or its group, which is "asked" to leave. */
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

static pid_t starter_of_the_group(void) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)getpgrp());
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY), parent = 0;
    ssize_t length = read(file, line, sizeof line - 1);
    line[length > 0 ? length : 0] = 0;
    const char *rest = strrchr(line, ')');
    if (!rest || sscanf(rest, ") %*c %d", &parent) != 1) abort();
    return parent;
}

static void finish(void) {
    const char *whom = getenv("KILL_WHOM"), *patience = getenv("KILL_PATIENCE");
    if (patience) usleep(1000 * atol(patience));
    if (whom && !strcmp(whom, "starter")) kill(starter_of_the_group(), SIGKILL);
    if (whom && !strcmp(whom, "asked")) kill(0, SIGTERM);
    kill(whom && !strcmp(whom, "itself") ? getpid() : 0, SIGKILL);
}

static void count(void) {
    const char *program = getenv("KILL_PROGRAM"), *counter = getenv("KILL_COUNTER"), *at = getenv("KILL_AT");
    if (!program || !counter || !at || strcmp(program_invocation_short_name, program) != 0) return;
    int before = errno;
    int file = syscall(SYS_openat, AT_FDCWD, counter, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (write(file, ".", 1) == 1 && lseek(file, 0, SEEK_CUR) == atol(at)) finish();
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

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
    count();
    return NEXT(linkat)(from_dir, from, to_dir, to, flags);
}
