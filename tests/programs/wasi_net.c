// Sockets on the loopback interface: a server and its clients in one program, streams and datagrams, names and options. The wasm
// build declares the calls that preview 1 lacks as WasmEdge gives them to its guests; the native one has sockets of its own.
//
// usage: wasi_net; exit code 2 if there is no network

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "show.h"

// An IPv4 address and a port, in the order of this machine.
struct place {
    uint32_t address;
    unsigned port;
};

static const uint32_t LOOPBACK = 0x7f000001;

#ifdef __wasm__

#define CALL(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

// A buffer of 128 bytes holds an address of any family: its number, then the address.
struct wasi_address {
    unsigned char *buffer;
    uint32_t length;
};

struct wasi_region {
    void *buffer;
    uint32_t length;
};

struct wasi_sockaddr {
    uint8_t family;
    uint32_t length;
    unsigned char *data;
};

struct wasi_addrinfo {
    uint16_t flags;
    uint8_t family, type, protocol;
    uint32_t length;
    struct wasi_sockaddr *address;
    char *name;
    uint32_t name_length;
    struct wasi_addrinfo *next;
};

CALL(sock_open) int wasi_open(int family, int type, int *fd);
CALL(sock_bind) int wasi_bind(int fd, struct wasi_address *address, int port);
CALL(sock_listen) int wasi_listen(int fd, int backlog);
CALL(sock_connect) int wasi_connect(int fd, struct wasi_address *address, int port);
CALL(sock_getlocaladdr) int wasi_local(int fd, struct wasi_address *address, int *port);
CALL(sock_getpeeraddr) int wasi_peer(int fd, struct wasi_address *address, int *port);
CALL(sock_send_to)
int wasi_send_to(int fd, struct wasi_region *, int count, struct wasi_address *, int port, int flags, uint32_t *sent);
CALL(sock_recv_from)
int wasi_recv_from(int fd, struct wasi_region *, int count, struct wasi_address *, int flags, int *port, uint32_t *got,
                   uint32_t *out_flags);
CALL(sock_setsockopt) int wasi_set_option(int fd, int level, int name, const void *value, uint32_t length);
CALL(sock_getsockopt) int wasi_get_option(int fd, int level, int name, void *value, uint32_t *length);
CALL(sock_getaddrinfo)
int wasi_find(const char *node, int node_length, const char *service, int service_length, struct wasi_addrinfo *hints,
              struct wasi_addrinfo **found, int most, uint32_t *count);

static unsigned char storage[128];
static struct wasi_address record = {storage, sizeof storage};

static int done(int error) {
    errno = error;
    return error == 0 ? 0 : -1;
}

static struct wasi_address *write_address(struct place place) {
    memset(storage, 0, sizeof storage);
    storage[0] = 1;
    for (int i = 0; i < 4; i++) {
        storage[2 + i] = (unsigned char)(place.address >> (24 - 8 * i));
    }
    return &record;
}

static uint32_t read_octets(const unsigned char *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct place read_address(int port) {
    return (struct place){storage[0] == 1 ? read_octets(&storage[2]) : 0, (unsigned)port};
}

static int net_open(int stream) {
    int fd;
    return done(wasi_open(1, stream ? 2 : 1, &fd)) == 0 ? fd : -1;
}

static int net_bind(int fd, struct place at) {
    return done(wasi_bind(fd, write_address(at), (int)at.port));
}

static int net_listen(int fd) {
    return done(wasi_listen(fd, 8));
}

static int net_connect(int fd, struct place to) {
    return done(wasi_connect(fd, write_address(to), (int)to.port));
}

static int net_name(int fd, int peer, struct place *place) {
    int port = 0, error = peer ? wasi_peer(fd, &record, &port) : wasi_local(fd, &record, &port);
    *place = read_address(port);
    return done(error);
}

static int net_send_to(int fd, const char *text, struct place to) {
    struct wasi_region region = {(void *)text, strlen(text)};
    uint32_t sent = 0;
    return done(wasi_send_to(fd, &region, 1, write_address(to), (int)to.port, 0, &sent)) == 0 ? (int)sent : -1;
}

static int net_recv_from(int fd, char *buffer, size_t room, struct place *from) {
    struct wasi_region region = {buffer, room};
    uint32_t got = 0, flags = 0;
    int port = 0, error = wasi_recv_from(fd, &region, 1, &record, 0, &port, &got, &flags);
    *from = read_address(port);
    return done(error) == 0 ? (int)got : -1;
}

static int net_type(int fd) {
    int type = 0;
    uint32_t length = sizeof type;
    return done(wasi_get_option(fd, 0, 1, &type, &length)) == 0 ? type == 2 : -1;
}

static int net_timeout(int fd, int microseconds) {
    uint64_t time[2] = {0, (uint64_t)microseconds};
    return done(wasi_set_option(fd, 0, 11, time, sizeof time));
}

static int net_find(const char *node, const char *service, struct place *place) {
    unsigned char data[26];
    struct wasi_sockaddr address = {0, sizeof data, data};
    struct wasi_addrinfo hints = {.family = 1, .type = 2}, found = {.address = &address}, *first = &found;
    uint32_t count = 0;
    if (done(wasi_find(node, (int)strlen(node), service, (int)strlen(service), &hints, &first, 1, &count)) != 0) {
        return -1;
    }
    *place = (struct place){read_octets(&data[2]), (unsigned)(data[0] << 8 | data[1])};
    return (int)count;
}

#else

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/time.h>

static struct sockaddr_in to_host(struct place place) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)place.port)};
    address.sin_addr.s_addr = htonl(place.address);
    return address;
}

static struct place from_host(struct sockaddr_in address) {
    return (struct place){ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)};
}

static int net_open(int stream) {
    return socket(AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
}

static int net_bind(int fd, struct place at) {
    struct sockaddr_in address = to_host(at);
    return bind(fd, (struct sockaddr *)&address, sizeof address);
}

static int net_listen(int fd) {
    return listen(fd, 8);
}

static int net_connect(int fd, struct place to) {
    struct sockaddr_in address = to_host(to);
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int net_name(int fd, int peer, struct place *place) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    int result = (peer ? getpeername : getsockname)(fd, (struct sockaddr *)&address, &length);
    *place = from_host(address);
    return result;
}

static int net_send_to(int fd, const char *text, struct place to) {
    struct sockaddr_in address = to_host(to);
    return (int)sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof address);
}

static int net_recv_from(int fd, char *buffer, size_t room, struct place *from) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    int got = (int)recvfrom(fd, buffer, room, 0, (struct sockaddr *)&address, &length);
    *from = from_host(address);
    return got;
}

static int net_type(int fd) {
    int type = 0;
    socklen_t length = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 ? type == SOCK_STREAM : -1;
}

static int net_timeout(int fd, int microseconds) {
    struct timeval time = {0, microseconds};
    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

static int net_find(const char *node, const char *service, struct place *place) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(node, service, &hints, &found) != 0) {
        return -1;
    }
    *place = from_host(*(struct sockaddr_in *)found->ai_addr);
    freeaddrinfo(found);
    return 1;
}

#endif

static void print_text(const char *text, int length) {
    printf("\"%.*s\"\n", length < 0 ? 0 : length, text);
}

static int ready(int fd, short events, int timeout) {
    struct pollfd poll_fd = {fd, events, 0};
    return poll(&poll_fd, 1, timeout) == 1 && (poll_fd.revents & events) != 0;
}

enum { CLIENTS = 3, LARGE = 3000000 };

static void streams(void) {
    puts("# streams");
    struct place place = {LOOPBACK, 0}, own, other;
    int server = net_open(1), clients[CLIENTS], served[CLIENTS];
    SHOW(net_type(server));
    SHOW(net_bind(server, place));
    SHOW(net_listen(server));
    SHOW(net_name(server, 0, &place));
    SHOW(place.address == LOOPBACK && place.port != 0);
    SHOW(ready(server, POLLIN, 0));
    char text[64], buffer[64];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = net_open(1);
        SHOW(net_connect(clients[i], place));
        SHOW(ready(server, POLLIN, 60000));
        served[i] = accept(server, NULL, NULL);
        SHOW(net_name(clients[i], 0, &own) == 0 && net_name(served[i], 1, &other) == 0 && own.port == other.port);
    }
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(text, sizeof text, "request %d", i);
        SHOW(send(clients[i], text, strlen(text), 0));
    }
    for (int i = CLIENTS - 1; i >= 0; i--) {
        SHOW(ready(served[i], POLLIN, 60000));
        SHOW(recv(served[i], buffer, 3, MSG_PEEK));
        int got = (int)read(served[i], buffer, sizeof buffer);
        print_text(buffer, got);
        SHOW(write(served[i], buffer, (size_t)got));
        SHOW(recv(clients[i], buffer, (size_t)got, MSG_WAITALL));
        print_text(buffer, got);
    }
    SHOW(net_connect(clients[0], place));
    SHOW(lseek(clients[0], 0, SEEK_SET));

    // More than fits, both ways, without waiting.
    SHOW(fcntl(clients[0], F_SETFL, O_NONBLOCK));
    SHOW(fcntl(served[0], F_SETFL, O_NONBLOCK));
    SHOW(read(clients[0], buffer, sizeof buffer));
    unsigned char *large = malloc(LARGE);
    for (int i = 0; i < LARGE; i++) {
        large[i] = (unsigned char)(i * 7 + i / 1000);
    }
    int sent = 0, received = 0, wrong = 0;
    unsigned char piece[5000];
    while (received < LARGE) {
        struct pollfd fds[2] = {{clients[0], POLLOUT, 0}, {served[0], POLLIN, 0}};
        if (sent == LARGE) {
            fds[0] = fds[1];
        }
        if (poll(fds, sent == LARGE ? 1 : 2, 60000) < 1) {
            puts("nothing happens");
            break;
        }
        int size = LARGE - sent > 100000 ? 100000 : LARGE - sent;
        int out = sent < LARGE ? (int)send(clients[0], &large[sent], (size_t)size, 0) : 0;
        int in = (int)recv(served[0], piece, sizeof piece, 0);
        if ((out < 0 || in < 0) && errno != EAGAIN) {
            printf("%s\n", error_name(errno));
            break;
        }
        sent += out > 0 ? out : 0;
        for (int i = 0; i < in; i++) {
            wrong += piece[i] != large[received + i];
        }
        received += in > 0 ? in : 0;
    }
    free(large);
    printf("%d sent, %d received, %d wrong\n", sent, received, wrong);

    // The other end hears of the end.
    SHOW(shutdown(clients[1], SHUT_WR));
    SHOW(read(served[1], buffer, sizeof buffer));
    SHOW(write(served[1], "still", 5));
    print_text(buffer, (int)read(clients[1], buffer, sizeof buffer));
    SHOW(close(served[2]));
    SHOW(read(clients[2], buffer, sizeof buffer));
    SHOW(close(clients[2]));
    SHOW(close(clients[2]));
    SHOW(close(server));
    int late = net_open(1);
    SHOW(net_connect(late, place));
    SHOW(close(late));
}

static void datagrams(void) {
    puts("# datagrams");
    struct place place = {LOOPBACK, 0}, back = {0, 0};
    int one = net_open(0), two = net_open(0);
    SHOW(net_type(one));
    SHOW(net_bind(one, place));
    SHOW(net_name(one, 0, &place));
    SHOW(net_send_to(two, "a message", place));
    SHOW(net_send_to(two, "", place));
    SHOW(net_send_to(two, "one that is cut off", place));
    char buffer[32];
    int got = net_recv_from(one, buffer, sizeof buffer, &back);
    print_text(buffer, got);
    SHOW(back.address == LOOPBACK && back.port != 0);
    SHOW(net_send_to(one, "an answer", back));
    SHOW(net_recv_from(one, buffer, sizeof buffer, &back));
    got = net_recv_from(one, buffer, 8, &back);
    print_text(buffer, got);
    got = net_recv_from(two, buffer, sizeof buffer, &back);
    print_text(buffer, got);
    SHOW(back.port == place.port);
    SHOW(net_timeout(one, 1000));
    SHOW(net_recv_from(one, buffer, sizeof buffer, &back));
    SHOW(close(one));
    SHOW(close(two));
}

static void names(void) {
    puts("# names");
    struct place place = {0, 0};
    SHOW(net_find("127.0.0.1", "8080", &place));
    printf("%08x %u\n", (unsigned)place.address, place.port);
    SHOW(net_find("localhost", "80", &place));
    printf("%08x %u\n", (unsigned)place.address, place.port);
    SHOW(net_find("127.0.0.1", "no such service", &place) == -1);
}

int main(void) {
    int fd = net_open(1);
    if (fd < 0) {
        puts("no network");
        return 2;
    }
    close(fd);
    streams();
    datagrams();
    names();
    return 0;
}
