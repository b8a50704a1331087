// Calls of the system, printed with what they give. Errors are printed by name, because their numbers and messages differ
// between C libraries.
#ifndef SHOW_H
#define SHOW_H

#include <errno.h>
#include <stdio.h>

static inline const char *error_name(int error) {
    switch (error) {
    case 0:
        return "no error";
    case EACCES:
        return "EACCES";
    case EAGAIN:
        return "EAGAIN";
    case EBADF:
        return "EBADF";
    case EEXIST:
        return "EEXIST";
    case EINVAL:
        return "EINVAL";
    case EISDIR:
        return "EISDIR";
    case ELOOP:
        return "ELOOP";
    case ENOENT:
        return "ENOENT";
    case ENOTDIR:
        return "ENOTDIR";
    case ENOTEMPTY:
        return "ENOTEMPTY";
    case EPERM:
        return "EPERM";
    case ESPIPE:
        return "ESPIPE";
    default:
        return "another error";
    }
}

// Prints a call and how it ended; errno must not be disturbed between the two, hence the two steps.
static inline void show(const char *call, long long result) {
    int error = result < 0 ? errno : 0;
    printf("%-44s ", call);
    if (result < 0) {
        printf("%s\n", error_name(error));
    } else {
        printf("%lld\n", result);
    }
    errno = 0;
}

#define SHOW(call) show(#call, (long long)(call))
// For descriptors, whose numbers differ between runtimes.
#define SHOW_OK(call) show(#call, (call) < 0 ? -1 : 0)

#endif
