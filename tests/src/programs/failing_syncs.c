// Preloaded into a program, lets it sync its files SYNCS times. After that, no sync succeeds.

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int done;

static int sync_file(long call, int file) {
    const char *syncs = getenv("SYNCS");
    if (syncs && atomic_fetch_add(&done, 1) >= atoi(syncs)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, file);
}

int fsync(int file) { return sync_file(SYS_fsync, file); }

int fdatasync(int file) { return sync_file(SYS_fdatasync, file); }
