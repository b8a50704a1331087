// File system calls and their failures, in the current directory: creates a tree, changes it and looks at it.
// Errors are printed by name, because their numbers and messages differ between C libraries.
//
// usage: files [keep]; without `keep` everything is removed again

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "show.h"

static void describe(const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0) {
        printf("%s: %s\n", path, error_name(errno));
    } else if (S_ISREG(status.st_mode)) {
        printf("%s: file of %lld bytes, %d links\n", path, (long long)status.st_size, (int)status.st_nlink);
    } else {
        printf("%s: %s\n", path, S_ISDIR(status.st_mode) ? "directory" : S_ISLNK(status.st_mode) ? "link" : "something else");
    }
}

static int compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void list(const char *path) {
    DIR *directory = opendir(path);
    if (directory == NULL) {
        printf("opendir %s: %s\n", path, error_name(errno));
        return;
    }
    char *names[400];
    size_t count = 0;
    for (struct dirent *entry; count < 400 && (entry = readdir(directory)) != NULL;) {
        names[count++] = strdup(entry->d_name);
    }
    closedir(directory);
    qsort(names, count, sizeof *names, compare);
    printf("%s holds", path);
    for (size_t i = 0; i < count; i++) {
        // A folder of many files: the first few and the last will do.
        if (i < 8 || i == count - 1) {
            printf(" %s", names[i]);
        }
        free(names[i]);
    }
    printf(" (%zu)\n", count);
}

static void print_content(const char *path) {
    char buffer[200];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        printf("fopen %s: %s\n", path, error_name(errno));
        return;
    }
    size_t got = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    printf("%s contains \"", path);
    for (size_t i = 0; i < got; i++) {
        if (buffer[i] >= ' ' && buffer[i] <= '~') {
            putchar(buffer[i]);
        } else {
            printf("\\%d", buffer[i]);
        }
    }
    puts("\"");
}

static void directories(void) {
    puts("# directories");
    SHOW(mkdir("tree", 0777));
    SHOW(mkdir("tree", 0777));
    SHOW(mkdir("tree/inner", 0777));
    SHOW(mkdir("missing/inner", 0777));
    SHOW(rmdir("tree"));
    SHOW(rmdir("missing"));
    SHOW(unlink("missing"));
    describe("tree");
    describe("tree/inner/../inner/.");
    list("tree");
    list("missing");
}

static void descriptors(void) {
    puts("# descriptors");
    int fd;
    char buffer[32] = {0};
    SHOW_OK(fd = open("tree/file", O_RDONLY));
    SHOW_OK(fd = open("tree/file", O_RDWR | O_CREAT | O_EXCL, 0666));
    SHOW_OK(open("tree/file", O_RDWR | O_CREAT | O_EXCL, 0666));
    SHOW_OK(open("tree/file/below", O_RDONLY));
    SHOW_OK(open("tree", O_WRONLY));
    SHOW_OK(open("tree/file", O_RDONLY | O_DIRECTORY));
    SHOW(write(fd, "0123456789", 10));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, -4, SEEK_END));
    SHOW(read(fd, buffer, 3));
    printf("read \"%s\"\n", buffer);
    SHOW(lseek(fd, 2, SEEK_SET));
    SHOW(write(fd, "ab", 2));
    SHOW(lseek(fd, -100, SEEK_CUR));
    SHOW(pread(fd, buffer, 4, 1));
    printf("read \"%.4s\"\n", buffer);
    SHOW(pwrite(fd, "XY", 2, 8));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(pread(fd, buffer, 4, 1000));
    // Past the end: the gap reads as zeros.
    SHOW(lseek(fd, 14, SEEK_SET));
    SHOW(write(fd, "!", 1));
    SHOW(ftruncate(fd, 16));
    SHOW(fsync(fd));
    struct stat status;
    SHOW(fstat(fd, &status));
    printf("size %lld\n", (long long)status.st_size);
    SHOW(close(fd));
    SHOW(close(fd));
    SHOW(read(fd, buffer, 1));
    print_content("tree/file");

    SHOW_OK(fd = open("tree/file", O_RDONLY));
    SHOW(write(fd, "x", 1));
    SHOW(close(fd));
    SHOW_OK(fd = open("tree/file", O_WRONLY | O_TRUNC));
    SHOW(read(fd, buffer, 1));
    SHOW(close(fd));
    describe("tree/file");
}

static void appending(void) {
    puts("# appending and stdio");
    int fd;
    SHOW_OK(fd = open("tree/log", O_WRONLY | O_CREAT | O_APPEND, 0666));
    SHOW(write(fd, "one ", 4));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(write(fd, "two ", 4));
    SHOW(close(fd));
    FILE *file = fopen("tree/log", "a+");
    fprintf(file, "%s", "three");
    fseek(file, 0, SEEK_SET);
    printf("first %c\n", fgetc(file));
    fprintf(file, "!");
    fclose(file);
    print_content("tree/log");
    file = fopen("tree/log", "r+");
    fseek(file, 4, SEEK_SET);
    fputs("TWO", file);
    printf("at %ld\n", ftell(file));
    fclose(file);
    print_content("tree/log");
    SHOW(truncate("tree/log", 7));
    SHOW(truncate("tree/missing", 7));
    SHOW(truncate("tree/log", -1));
    print_content("tree/log");
    SHOW(access("tree/log", R_OK));
    SHOW(access("tree/missing", F_OK));
}

static void renaming(void) {
    puts("# renaming and linking");
    SHOW(rename("tree/log", "tree/inner/moved"));
    SHOW(rename("tree/log", "tree/inner/moved"));
    describe("tree/log");
    describe("tree/inner/moved");
    SHOW(rename("tree/file", "tree/inner/moved"));
    describe("tree/inner/moved");
    SHOW(rename("tree/inner/moved", "tree/inner"));
    SHOW(mkdir("other", 0777));
    SHOW(rename("other", "tree/inner"));
    SHOW(rename("other", "tree/other"));
    SHOW(rename("tree", "tree/inner/tree"));
    SHOW(link("tree/inner/moved", "tree/second"));
    describe("tree/second");
    SHOW(symlink("inner/moved", "tree/pointer"));
    describe("tree/pointer");
    char target[32] = {0};
    SHOW(readlink("tree/pointer", target, sizeof target - 1));
    printf("target %s\n", target);
    SHOW(symlink("circle", "tree/circle"));
    SHOW_OK(open("tree/circle", O_RDONLY));
    SHOW(unlink("tree/circle"));
    SHOW(readlink("tree/second", target, sizeof target - 1));
    SHOW(unlink("tree/inner"));
    SHOW(rmdir("tree/second"));
    list("tree");
}

static void many(void) {
    puts("# many files");
    char name[64];
    SHOW(mkdir("tree/many", 0777));
    // More than one buffer of directory entries.
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "tree/many/file-with-a-long-name-%03d", i);
        FILE *file = fopen(name, "w");
        if (file == NULL) {
            printf("%s: %s\n", name, error_name(errno));
            return;
        }
        fprintf(file, "%d\n", i);
        fclose(file);
    }
    list("tree/many");
    int removed = 0;
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "tree/many/file-with-a-long-name-%03d", i);
        removed += unlink(name) == 0;
    }
    printf("removed %d\n", removed);
    SHOW(rmdir("tree/many"));
}

int main(int argc, char **argv) {
    directories();
    descriptors();
    appending();
    renaming();
    many();
    if (argc < 2 || strcmp(argv[1], "keep") != 0) {
        puts("# removing");
        SHOW(unlink("tree/pointer"));
        SHOW(unlink("tree/second"));
        SHOW(unlink("tree/inner/moved"));
        SHOW(rmdir("tree/other"));
        SHOW(rmdir("tree/inner"));
        SHOW(rmdir("tree"));
        describe("tree");
    }
    return 0;
}
