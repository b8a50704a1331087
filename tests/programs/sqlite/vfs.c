// The file layer under SQLite (sqlite3_vfs), in place of the amalgamation's own: that one wants locks, mmap, ownership
// and a process id, none of which WASI has. This one needs a few POSIX calls, and is used in the native build too, so that
// both builds make the same calls and leave the same bytes.
//
// One connection and one process at a time: locks always succeed. Random numbers and the clock are fixed, for the
// results and the bytes on disk have to be the same in each run.

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite3.h"

enum { PATH_LIMIT = 512 };

struct file {
    sqlite3_file base; // Must come first: SQLite knows only this part.
    int fd;
    char remove_at_close[PATH_LIMIT]; // Empty for most.
};

static int file_close(sqlite3_file *base) {
    struct file *file = (struct file *)base;
    int result = close(file->fd) == 0 ? SQLITE_OK : SQLITE_IOERR_CLOSE;
    if (file->remove_at_close[0] != '\0') {
        unlink(file->remove_at_close);
    }
    return result;
}

static int file_read(sqlite3_file *base, void *buffer, int size, sqlite3_int64 at) {
    struct file *file = (struct file *)base;
    int done = 0;
    while (done < size) {
        ssize_t got = pread(file->fd, (char *)buffer + done, (size_t)(size - done), at + done);
        if (got < 0 && errno != EINTR) {
            return SQLITE_IOERR_READ;
        }
        if (got == 0) {
            // SQLite relies on zeros past the end of the file.
            memset((char *)buffer + done, 0, (size_t)(size - done));
            return SQLITE_IOERR_SHORT_READ;
        }
        done += got > 0 ? (int)got : 0;
    }
    return SQLITE_OK;
}

static int file_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 at) {
    struct file *file = (struct file *)base;
    int done = 0;
    while (done < size) {
        ssize_t put = pwrite(file->fd, (const char *)bytes + done, (size_t)(size - done), at + done);
        if (put < 0 && errno != EINTR) {
            return errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        }
        done += put > 0 ? (int)put : 0;
    }
    return SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size) {
    return ftruncate(((struct file *)base)->fd, size) == 0 ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int file_sync(sqlite3_file *base, int flags) {
    (void)flags;
    return fsync(((struct file *)base)->fd) == 0 ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size) {
    struct stat status;
    if (fstat(((struct file *)base)->fd, &status) != 0) {
        return SQLITE_IOERR_FSTAT;
    }
    *size = status.st_size;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level) {
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *reserved) {
    (void)base;
    *reserved = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int operation, void *argument) {
    (void)base;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base) {
    (void)base;
    return 4096;
}

static int file_characteristics(sqlite3_file *base) {
    (void)base;
    return 0;
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 1, // Versions above are for shared memory and mapped files.
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *flags_out) {
    (void)vfs;
    struct file *file = (struct file *)base;
    base->pMethods = NULL; // Tells SQLite not to close a file that was not opened.
    if (path == NULL) {
        return SQLITE_CANTOPEN; // A temporary file; SQLITE_TEMP_STORE=3 keeps those in memory.
    }
    int mode = (flags & SQLITE_OPEN_READWRITE) ? O_RDWR : O_RDONLY;
    mode |= (flags & SQLITE_OPEN_CREATE) ? O_CREAT : 0;
    mode |= (flags & SQLITE_OPEN_EXCLUSIVE) ? O_EXCL : 0;
    file->fd = open(path, mode, 0644);
    if (file->fd < 0) {
        return SQLITE_CANTOPEN;
    }
    file->remove_at_close[0] = '\0';
    if (flags & SQLITE_OPEN_DELETEONCLOSE) {
        strncpy(file->remove_at_close, path, PATH_LIMIT - 1);
        file->remove_at_close[PATH_LIMIT - 1] = '\0';
    }
    if (flags_out != NULL) {
        *flags_out = flags;
    }
    base->pMethods = &file_methods;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_directory) {
    (void)vfs;
    (void)sync_directory;
    if (unlink(path) == 0) {
        return SQLITE_OK;
    }
    return errno == ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    (void)vfs;
    struct stat status;
    // Permission bits are not known to WASI: what exists is taken to be usable, and an empty journal not to exist.
    *result = stat(path, &status) == 0 && (flags != SQLITE_ACCESS_EXISTS || status.st_size > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int room, char *out) {
    (void)vfs;
    size_t length = strlen(path);
    if (length >= (size_t)room) {
        return SQLITE_CANTOPEN;
    }
    memcpy(out, path, length + 1);
    return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out) {
    (void)vfs;
    for (int i = 0; i < size; i++) {
        out[i] = (char)(i * 167 + 13);
    }
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return microseconds; // Nobody else could release a lock meanwhile.
}

// 2001-02-03 04:05:06 UTC, as milliseconds of the Julian day number.
static int vfs_now(sqlite3_vfs *vfs, sqlite3_int64 *now) {
    (void)vfs;
    *now = 210866760000000 + (sqlite3_int64)981173106 * 1000;
    return SQLITE_OK;
}

static int vfs_now_in_days(sqlite3_vfs *vfs, double *now) {
    sqlite3_int64 milliseconds;
    int result = vfs_now(vfs, &milliseconds);
    *now = (double)milliseconds / 86400000.0;
    return result;
}

static int vfs_last_error(sqlite3_vfs *vfs, int room, char *out) {
    (void)vfs;
    (void)room;
    (void)out;
    return 0;
}

static sqlite3_vfs vfs = {
    .iVersion = 2,
    .szOsFile = sizeof(struct file),
    .mxPathname = PATH_LIMIT,
    .zName = "plain",
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_path,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_now_in_days,
    .xCurrentTimeInt64 = vfs_now,
    .xGetLastError = vfs_last_error,
};

// With SQLITE_OS_OTHER SQLite calls these two instead of registering a file layer of its own.
int sqlite3_os_init(void) {
    return sqlite3_vfs_register(&vfs, 1);
}

int sqlite3_os_end(void) {
    return SQLITE_OK;
}
