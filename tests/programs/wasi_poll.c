// Waiting: for clocks, for standard input until it ends, for files, for several things at once. Times themselves are not
// printed, only whether a wait was long enough.
//
// usage: wasi_poll < INPUT

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

static int64_t now(clockid_t clock) {
    struct timespec time;
    return clock_gettime(clock, &time) == 0 ? (int64_t)time.tv_sec * 1000000000 + time.tv_nsec : -1;
}

static struct timespec span(int64_t nanoseconds) {
    return (struct timespec){nanoseconds / 1000000000, nanoseconds % 1000000000};
}

enum { SHORT = 15000000 };

static void clocks(void) {
    puts("# clocks");
    struct timespec time;
    SHOW(clock_getres(CLOCK_REALTIME, &time) == 0 && time.tv_sec == 0 && time.tv_nsec > 0);
    SHOW(clock_getres(CLOCK_MONOTONIC, &time) == 0 && time.tv_sec == 0 && time.tv_nsec > 0);
    SHOW(now(CLOCK_REALTIME) > INT64_C(1600000000000000000));
    int64_t last = now(CLOCK_MONOTONIC);
    int back = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t next = now(CLOCK_MONOTONIC);
        back += next < last;
        last = next;
    }
    printf("%d times back\n", back);

    int64_t start = now(CLOCK_MONOTONIC);
    time = span(SHORT);
    SHOW(nanosleep(&time, NULL));
    SHOW(now(CLOCK_MONOTONIC) - start >= SHORT);
    start = now(CLOCK_MONOTONIC);
    SHOW(clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL));
    SHOW(now(CLOCK_MONOTONIC) - start >= SHORT);
    for (int i = 0; i < 2; i++) {
        clockid_t clock = i == 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
        int64_t until = now(clock) + SHORT;
        time = span(until);
        SHOW(clock_nanosleep(clock, TIMER_ABSTIME, &time, NULL));
        SHOW(now(clock) >= until);
        // Long past.
        time = span(1);
        SHOW(clock_nanosleep(clock, TIMER_ABSTIME, &time, NULL));
    }
    time = (struct timespec){0, 1000000000};
    SHOW(nanosleep(&time, NULL));
}

static void show_ready(const struct pollfd *fds, int count) {
    for (int i = 0; i < count; i++) {
        short got = fds[i].revents;
        printf(" %s%s%s%s", got & POLLIN ? "r" : "-", got & POLLOUT ? "w" : "-", got & POLLERR ? "e" : "-",
               got & POLLNVAL ? "n" : "-");
    }
    puts("");
}

static void files(void) {
    puts("# files");
    int fd = open("file", O_RDWR | O_CREAT, 0666);
    SHOW(write(fd, "text", 4));
    struct pollfd fds[3] = {{fd, POLLIN | POLLOUT, 0}, {fd, POLLIN, 0}, {1, POLLOUT, 0}};
    // A file at its end is ready, too: to say so.
    SHOW(poll(fds, 3, -1));
    show_ready(fds, 3);
    SHOW(poll(fds, 3, 0));
    show_ready(fds, 3);
    fds[1].fd = 99;
    SHOW(poll(fds, 2, 1000));
    show_ready(fds, 2);
    int64_t start = now(CLOCK_MONOTONIC);
    SHOW(poll(NULL, 0, 15));
    SHOW(now(CLOCK_MONOTONIC) - start >= SHORT);
    fd_set reading, writing;
    FD_ZERO(&reading);
    FD_ZERO(&writing);
    FD_SET(fd, &reading);
    FD_SET(fd, &writing);
    SHOW(select(fd + 1, &reading, &writing, NULL, NULL));
    SHOW(FD_ISSET(fd, &reading) && FD_ISSET(fd, &writing));
    struct timeval time = {0, SHORT / 1000};
    start = now(CLOCK_MONOTONIC);
    SHOW(select(0, NULL, NULL, NULL, &time));
    SHOW(now(CLOCK_MONOTONIC) - start >= SHORT);
    SHOW(close(fd));
}

// The input comes when it comes; it ends, and then is ready for ever.
static void input(void) {
    puts("# standard input");
    unsigned char buffer[1000];
    uint64_t total = 0, sum = 0;
    for (;;) {
        struct pollfd fds[2] = {{0, POLLIN, 0}, {1, POLLOUT, 0}};
        if (poll(fds, 1, -1) != 1 || (fds[0].revents & (POLLIN | POLLHUP)) == 0 || poll(&fds[1], 1, -1) != 1) {
            printf("poll: %s\n", error_name(errno));
            return;
        }
        ssize_t got = read(0, buffer, sizeof buffer);
        if (got <= 0) {
            printf("%s\n", got == 0 ? "the end" : error_name(errno));
            break;
        }
        for (ssize_t i = 0; i < got; i++) {
            sum = sum * 31 + buffer[i];
        }
        total += (uint64_t)got;
    }
    printf("%llu bytes, %llx\n", (unsigned long long)total, (unsigned long long)sum);
    struct pollfd fds[2] = {{0, POLLIN, 0}, {1, POLLOUT, 0}};
    SHOW(poll(fds, 2, 60000));
    SHOW((fds[0].revents & (POLLIN | POLLHUP)) != 0 && (fds[1].revents & POLLOUT) != 0);
    SHOW(read(0, buffer, sizeof buffer));
    // Without waiting, by the descriptor's flag.
    SHOW(fcntl(0, F_SETFL, O_NONBLOCK));
    SHOW((fcntl(0, F_GETFL) & O_NONBLOCK) != 0);
    SHOW(read(0, buffer, sizeof buffer));
}

int main(void) {
    clocks();
    files();
    input();
    return 0;
}
