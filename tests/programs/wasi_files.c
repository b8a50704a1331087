// Files as programs use them for their work: records in a small database, logs that are rotated, files replaced as a whole,
// trees walked and removed, times kept, stdio in all its modes. Native builds print the same.
//
// usage: wasi_files [keep]; without `keep` everything is removed again

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "show.h"
#include "support.h"

static uint64_t state = 0x2545f4914f6cdd1d;

static uint64_t hash(uint64_t sum, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++) {
        sum = (sum ^ at[i]) * 0x100000001b3;
    }
    return sum;
}

static uint64_t hash_file(const char *path) {
    unsigned char buffer[777];
    uint64_t sum = 0xcbf29ce484222325;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return 0;
    }
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;) {
        sum = hash(sum, buffer, got);
    }
    fclose(file);
    return sum;
}

static void describe(const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0) {
        printf("%s: %s\n", path, error_name(errno));
    } else if (S_ISREG(status.st_mode)) {
        printf("%s: %lld bytes, %d links, %016llx\n", path, (long long)status.st_size, (int)status.st_nlink,
               (unsigned long long)hash_file(path));
    } else {
        printf("%s: %s\n", path, S_ISDIR(status.st_mode) ? "directory" : S_ISLNK(status.st_mode) ? "link" : "something else");
    }
}

enum { RECORDS = 500, RECORD = 64 };

// Records at their places, in any order, read back as they are in memory.
static void database(void) {
    puts("# database");
    static unsigned char model[RECORDS][RECORD];
    unsigned char found[RECORD];
    int fd = open("database", O_RDWR | O_CREAT | O_EXCL, 0666);
    int wrong = 0;
    for (int i = 0; i < 5000; i++) {
        size_t at = next_random(&state) % RECORDS;
        if (next_random(&state) % 3 == 0) {
            for (size_t j = 0; j < RECORD; j++) {
                model[at][j] = (unsigned char)next_random(&state);
            }
            wrong += pwrite(fd, model[at], RECORD, (off_t)(at * RECORD)) != RECORD;
        } else {
            memset(found, 0, RECORD);
            wrong += pread(fd, found, RECORD, (off_t)(at * RECORD)) < 0 || memcmp(found, model[at], RECORD) != 0;
        }
    }
    printf("%d wrong, position %lld\n", wrong, (long long)lseek(fd, 0, SEEK_CUR));
    SHOW(ftruncate(fd, RECORDS * RECORD));
    SHOW(fdatasync(fd));
    printf("%s\n", hash(1, model, sizeof model) == 0 ? "unlikely" : "hashed");

    // Gathered from many pieces, and scattered to others.
    struct iovec pieces[40];
    for (int i = 0; i < 40; i++) {
        pieces[i] = (struct iovec){model[i * 7], (size_t)(i % RECORD)};
    }
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(writev(fd, pieces, 40));
    static unsigned char back[40][RECORD];
    size_t total = 0;
    for (int i = 0; i < 40; i++) {
        pieces[i] = (struct iovec){back[39 - i], (size_t)((i * 5) % 41)};
        total += pieces[i].iov_len;
    }
    printf("room for %zu\n", total);
    SHOW(preadv(fd, pieces, 40, 3));
    printf("%016llx\n", (unsigned long long)hash(2, back, sizeof back));

    // A hole reads as zeros, also far away.
    off_t far = (off_t)6 << 30;
    SHOW(lseek(fd, far, SEEK_SET) == far);
    SHOW(write(fd, "end", 3));
    SHOW(pread(fd, found, 3, far - 2));
    printf("%d %d %c\n", found[0], found[1], found[2]);
    struct stat status;
    SHOW(fstat(fd, &status));
    printf("size %lld\n", (long long)status.st_size);
    SHOW(ftruncate(fd, 10000));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(lseek(fd, -10001, SEEK_CUR));
    SHOW(posix_fadvise(fd, 0, 4096, POSIX_FADV_WILLNEED));
    SHOW(close(fd));
    describe("database");
}

static void append(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) != 0) {
        printf("%s: %s\n", path, error_name(errno));
    }
}

// The newest log has no number, the oldest the highest.
static void logs(void) {
    puts("# logs");
    char line[64], from[32], to[32];
    for (int i = 0; i < 400; i++) {
        snprintf(line, sizeof line, "%d: event %llu\n", i, (unsigned long long)(next_random(&state) % 1000));
        append("log", line);
        struct stat status;
        if (stat("log", &status) == 0 && status.st_size > 1500) {
            for (int old = 3; old >= 0; old--) {
                snprintf(from, sizeof from, old == 0 ? "log" : "log.%d", old);
                snprintf(to, sizeof to, "log.%d", old + 1);
                if (rename(from, to) != 0 && errno != ENOENT) {
                    printf("%s: %s\n", from, error_name(errno));
                }
            }
        }
    }
    describe("log");
    describe("log.1");
    describe("log.4");
    describe("log.5");

    // Two that append take turns, whatever their positions are.
    int one = open("both", O_RDWR | O_CREAT | O_APPEND, 0666), two = open("both", O_WRONLY | O_APPEND);
    for (int i = 0; i < 50; i++) {
        snprintf(line, sizeof line, "%d,", i);
        if (write(i % 2 == 0 ? one : two, line, strlen(line)) < 0 || lseek(one, i, SEEK_SET) != i) {
            printf("both: %s\n", error_name(errno));
        }
    }
    SHOW(fcntl(one, F_GETFL) & O_APPEND ? 1 : 0);
    SHOW(fcntl(one, F_SETFL, 0));
    SHOW(fcntl(one, F_GETFL) & O_APPEND ? 1 : 0);
    SHOW(lseek(one, 4, SEEK_SET));
    SHOW(write(one, "XYZ", 3));
    SHOW(close(one));
    SHOW(close(two));
    describe("both");
}

// A new file under a name that nobody has yet.
static int temporary(char *path) {
    for (int attempt = 0; attempt < 100; attempt++) {
        sprintf(path, "temp-%06llx", (unsigned long long)(next_random(&state) & 0x3f));
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

// Whoever has the old file open goes on to see it.
static void replaced(void) {
    puts("# replaced as a whole");
    char path[32], text[64], seen[64];
    append("settings", "version 0");
    int reader = open("settings", O_RDONLY), failed = 0;
    for (int i = 1; i <= 60; i++) {
        int fd = temporary(path);
        snprintf(text, sizeof text, "version %d", i);
        failed += write(fd, text, strlen(text)) < 0;
        failed += fsync(fd) != 0;
        failed += close(fd) != 0;
        failed += rename(path, "settings") != 0;
    }
    ssize_t got = read(reader, seen, sizeof seen - 1);
    printf("%d failed, the reader sees \"%.*s\"\n", failed, (int)got, seen);
    struct stat status;
    SHOW(fstat(reader, &status));
    printf("%d links\n", (int)status.st_nlink);
    SHOW(close(reader));
    describe("settings");

    // Names that are taken are found out.
    int fds[8];
    for (int i = 0; i < 8; i++) {
        fds[i] = temporary(path);
        printf("%s ", path);
    }
    puts("");
    for (int i = 0; i < 8; i++) {
        close(fds[i]);
    }
}

static int compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

// Prints what is in a tree, sorted, folder by folder; gives how many entries there are.
static int walk(int parent, const char *name, int depth) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY);
    DIR *directory = fdopendir(fd);
    if (directory == NULL) {
        printf("%s: %s\n", name, error_name(errno));
        return 0;
    }
    static char *names[4][800];
    int count = 0, total = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL && count < 800;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            names[depth][count++] = strdup(entry->d_name);
        }
    }
    qsort(names[depth], (size_t)count, sizeof *names[depth], compare);
    uint64_t sum = 3;
    for (int i = 0; i < count; i++) {
        struct stat status;
        char *below = names[depth][i];
        sum = hash(sum, below, strlen(below));
        if (fstatat(fd, below, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            printf("%s: %s\n", below, error_name(errno));
        } else if (S_ISDIR(status.st_mode)) {
            total += walk(fd, below, depth + 1);
        } else {
            sum += (uint64_t)status.st_size;
        }
        free(below);
    }
    printf("%*s%s: %d entries, %016llx\n", depth * 2, "", name, count, (unsigned long long)sum);
    closedir(directory);
    return total + count;
}

// Removes a tree while it is being listed.
static int remove_tree(int parent, const char *name) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY), removed = 0;
    DIR *directory = fdopendir(fd);
    if (directory == NULL) {
        printf("%s: %s\n", name, error_name(errno));
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (entry->d_type == DT_DIR) {
            removed += remove_tree(fd, entry->d_name);
        } else {
            removed += unlinkat(fd, entry->d_name, 0) == 0;
        }
    }
    closedir(directory);
    return removed + (unlinkat(parent, name, AT_REMOVEDIR) == 0);
}

static void trees(void) {
    puts("# trees");
    char path[64];
    SHOW(mkdir("tree", 0777));
    for (int folder = 0; folder < 3; folder++) {
        snprintf(path, sizeof path, "tree/folder-%d/", folder);
        if (mkdir(path, 0777) != 0) {
            printf("%s: %s\n", path, error_name(errno));
        }
        for (int file = 0; file < 100 + 250 * folder; file++) {
            snprintf(path, sizeof path, "tree/folder-%d/a file of some length, number %d", folder, file * 7919 % 10007);
            append(path, "x");
        }
    }
    int root = open("tree", O_RDONLY | O_DIRECTORY);
    SHOW(mkdirat(root, "folder-0/deeper", 0777));
    SHOW(symlinkat("../folder-1", root, "folder-0/link"));
    SHOW(linkat(root, "folder-1/a file of some length, number 0", root, "folder-0/deeper/second", 0));
    SHOW(renameat(root, "folder-2/a file of some length, number 0", AT_FDCWD, "tree/moved"));
    SHOW(faccessat(root, "folder-0/link", F_OK, 0));
    SHOW(faccessat(root, "folder-0/nothing", F_OK, 0));
    char target[8] = {0};
    SHOW(readlinkat(root, "folder-0/link", target, 5));
    printf("%s\n", target);
    SHOW(close(root));
    printf("%d in all\n", walk(AT_FDCWD, "tree", 0));

    // In the middle of the list, back to its beginning. (What telldir() gives is too large for the long of 32-bit machines.)
    DIR *directory = opendir("tree/folder-1");
    for (int i = 0; i < 200; i++) {
        readdir(directory);
    }
    rewinddir(directory);
    int count = 0;
    while (readdir(directory) != NULL) {
        count++;
    }
    printf("%d from the beginning\n", count);
    closedir(directory);
}

static void show_times(const char *path) {
    struct stat status;
    if (lstat(path, &status) == 0) {
        printf("%s: %lld.%09ld %lld.%09ld\n", path, (long long)status.st_atim.tv_sec, (long)status.st_atim.tv_nsec,
               (long long)status.st_mtim.tv_sec, (long)status.st_mtim.tv_nsec);
    }
}

static void times(void) {
    puts("# times");
    append("timed", "text");
    SHOW(symlink("timed", "timed-link"));
    struct timespec both[2] = {{1000000000, 123456789}, {1234567890, 987654321}};
    SHOW(utimensat(AT_FDCWD, "timed", both, 0));
    show_times("timed");
    // wasi-libc leaves out the first time alone, and cannot set a time to now; so neither is done here.
    struct timespec second[2] = {{0, UTIME_OMIT}, {1, 2}};
    SHOW(utimensat(AT_FDCWD, "timed-link", second, 0));
    show_times("timed");
    struct timespec own[2] = {{3, 4}, {5, 6}};
    SHOW(utimensat(AT_FDCWD, "timed-link", own, AT_SYMLINK_NOFOLLOW));
    show_times("timed");
    struct stat status;
    SHOW(lstat("timed-link", &status));
    printf("%lld\n", (long long)status.st_mtim.tv_sec);
    int fd = open("timed", O_RDONLY);
    struct timespec third[2] = {{0, UTIME_OMIT}, {7, 8}};
    SHOW(futimens(fd, third));
    SHOW(close(fd));
    show_times("timed");
    SHOW(utimensat(AT_FDCWD, "missing", both, 0));
    SHOW(mkdir("timed-folder", 0777));
    SHOW(utimensat(AT_FDCWD, "timed-folder", both, 0));
    show_times("timed-folder");
}

static void stdio(void) {
    puts("# stdio");
    char line[128];
    FILE *file = fopen("lines", "w+");
    setvbuf(file, NULL, _IOFBF, 333);
    for (int i = 0; i < 3000; i++) {
        fprintf(file, "%d %x %s\n", i, i * 31, i % 2 == 0 ? "even" : "odd");
    }
    printf("at %ld\n", ftell(file));
    rewind(file);
    long sum = 0;
    for (int number, hexadecimal; fscanf(file, "%d %x %15s", &number, &hexadecimal, line) == 3;) {
        sum += number + hexadecimal + (line[0] == 'e');
    }
    printf("sum %ld, end %d\n", sum, feof(file) != 0);
    fseek(file, -20, SEEK_END);
    printf("%s", fgets(line, sizeof line, file) != NULL ? line : "nothing\n");
    ungetc('<', file);
    printf("%c", fgetc(file));
    printf("%s", fgets(line, sizeof line, file) != NULL ? line : "nothing\n");
    // From reading to writing in the middle.
    fseek(file, 5, SEEK_SET);
    fputs("[here]", file);
    fflush(file);
    fseek(file, 0, SEEK_SET);
    printf("%s", fgets(line, sizeof line, file) != NULL ? line : "nothing\n");
    fclose(file);
    describe("lines");

    file = fopen("lines", "r");
    printf("writes %d, error %d\n", fputs("x", file) == EOF || fflush(file) == EOF, ferror(file) != 0);
    file = freopen("lines", "a", file);
    fputs("appended\n", file);
    printf("at %ld\n", ftell(file));
    fclose(file);
    describe("lines");
    printf("exclusive %d\n", fopen("lines", "wx") == NULL);

    // A large block goes past the buffer.
    static unsigned char block[1 << 20];
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (unsigned char)next_random(&state);
    }
    file = fopen("block", "wb");
    printf("%zu\n", fwrite("head", 1, 4, file) + fwrite(block, 1, sizeof block, file));
    setvbuf(file, NULL, _IONBF, 0);
    fputc('!', file);
    fclose(file);
    describe("block");
}

static void slashes(void) {
    puts("# slashes and links");
    append("plain", "text");
    SHOW(mkdir("folder", 0777));
    SHOW(symlink("folder", "to-folder"));
    SHOW(symlink("plain", "to-plain"));
    SHOW(symlink("nowhere", "to-nowhere"));
    SHOW_OK(open("plain/", O_RDONLY));
    SHOW_OK(open("folder/", O_RDONLY));
    SHOW_OK(open("to-plain/", O_RDONLY));
    SHOW_OK(open("to-plain", O_RDONLY | O_NOFOLLOW));
    SHOW_OK(open("to-nowhere", O_RDONLY));
    SHOW_OK(open("to-nowhere", O_WRONLY | O_CREAT | O_EXCL, 0666));
    struct stat status;
    SHOW(stat("plain/", &status));
    SHOW(lstat("plain/", &status));
    SHOW(lstat("to-folder", &status) == 0 ? S_ISLNK(status.st_mode) : -1);
    SHOW(lstat("to-folder/", &status) == 0 ? S_ISDIR(status.st_mode) : -1);
    SHOW(stat("to-nowhere", &status));
    SHOW(lstat("plain/.", &status));
    SHOW(lstat("to-plain/", &status));
    SHOW(lstat("to-nowhere/", &status));
    SHOW(lstat("missing/", &status));
    char target[8] = {0};
    SHOW(readlink("to-folder/", target, 4));
    SHOW(readlink("to-folder", target, 4));
    SHOW(readlink("to-plain/", target, 4));
    SHOW(unlink("plain/"));
    SHOW(unlink("to-plain/"));
    SHOW(rmdir("to-folder/"));
    SHOW(rename("to-folder/", "other"));
    SHOW(rename("to-plain/", "other"));
    SHOW(link("to-folder/", "other"));
    SHOW(link("to-plain/", "other"));
    SHOW(rmdir("folder/."));
    SHOW(rmdir("."));
    SHOW(rename("folder", "."));
    SHOW(rename(".", "other"));
    SHOW(rename("folder/.", "other"));
    SHOW(unlink("."));
    SHOW(unlink("folder/"));
    SHOW(rmdir("plain"));
    SHOW(rmdir("to-folder"));
    SHOW(rename("plain", "other/"));
    SHOW(rename("plain/", "other"));
    SHOW(rename("plain", "folder"));
    SHOW(rename("folder", "plain"));
    SHOW(rename("folder/", "renamed/"));
    SHOW(rename("renamed", "folder"));
    SHOW(rename("plain", "plain"));
    SHOW(symlink("x", "folder/"));
    SHOW(symlink("x", "new/"));
    SHOW(mkdir("plain/", 0777));
    SHOW(mkdir("to-nowhere", 0777));
    SHOW(link("plain", "new/"));
    SHOW(link("plain", "to-nowhere"));
    SHOW(link("to-nowhere", "also-nowhere"));
    describe("also-nowhere");
    SHOW(linkat(AT_FDCWD, "to-plain", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
    describe("followed");
    SHOW(linkat(AT_FDCWD, "to-nowhere", AT_FDCWD, "failed", AT_SYMLINK_FOLLOW));
    SHOW(rename("to-nowhere", "renamed-link"));
    describe("renamed-link");
    SHOW_OK(open("renamed-link", O_WRONLY | O_CREAT, 0666));
    describe("nowhere");
    SHOW_OK(open("folder/../plain", O_RDONLY));
    SHOW_OK(open("to-folder/../plain", O_RDONLY));
    SHOW_OK(open("missing/../plain", O_RDONLY));
    SHOW_OK(open("plain/../plain", O_RDONLY));
}

int main(int argc, char **argv) {
    database();
    logs();
    replaced();
    trees();
    times();
    stdio();
    slashes();
    if (argc < 2 || strcmp(argv[1], "keep") != 0) {
        puts("# removing");
        printf("%d removed\n", remove_tree(AT_FDCWD, "tree"));
        describe("tree");
    }
    return 0;
}
