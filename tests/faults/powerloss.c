/* The power failure: puts in a directory's place what dropsync.c saw synced.
 *
 *   cc -O2 -o powerloss powerloss.c
 *   powerloss ROOT SHADOW [SEED]
 *
 * Without a seed nothing unsynced survives. With one, each sector of 512 bytes that was written
 * but not synced survives or not, by lot, as a kernel that was just writing them leaves it. The
 * shadow is emptied; the next start of the layer takes what is there as synced. */
#include "dropsync.h"

#include <ftw.h>

#define SECTOR 512

struct place {
    char id[64], *path;
    struct place *next;
};

static struct place *places;
static const char *shadow;
static int torn;
static unsigned long long state;

static void die(const char *what) {
    fprintf(stderr, "powerloss: %s: %s\n", what, strerror(errno));
    exit(1);
}

static unsigned lot(void) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33);
}

static int remember(const char *path, const struct stat *found, int type, struct FTW *walk) {
    (void)found, (void)walk;
    struct identity who;
    if (type != FTW_F || identify(AT_FDCWD, path, &who) != 0) return 0;
    struct place *place = malloc(sizeof *place);
    if (!place || !(place->path = strdup(path))) die("memory");
    strcpy(place->id, who.text);
    place->next = places;
    places = place;
    return 0;
}

static int erase(const char *path, const struct stat *found, int type, struct FTW *walk) {
    (void)found, (void)type, (void)walk;
    return remove(path);
}

static char *slurp(const char *path, size_t *length) {
    *length = 0;
    FILE *file = fopen(path, "rb");
    if (!file) return calloc(1, 1);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *bytes = malloc((size_t)size + 1);
    if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) die(path);
    fclose(file);
    *length = (size_t)size;
    return bytes;
}

static const char *written_at(const char *id) {
    for (struct place *place = places; place; place = place->next)
        if (!strcmp(place->id, id)) return place->path;
    return NULL;
}

/* Mixes sectors that were only written among those that were synced. */
static char *tear(char *synced, size_t *length, const char *id) {
    const char *path = written_at(id);
    size_t size;
    if (!path) return synced;
    char *written = slurp(path, &size);
    size_t whole = *length > size ? *length : size;
    size_t kept = lot() % 2 ? *length : size;
    char *mixed = calloc(1, whole + 1);
    if (!mixed) die("memory");
    memcpy(mixed, synced, *length);
    for (size_t at = 0; at < size; at += SECTOR) {
        size_t part = size - at < SECTOR ? size - at : SECTOR;
        if (lot() % 2) memcpy(mixed + at, written + at, part);
    }
    free(written);
    free(synced);
    *length = kept;
    return mixed;
}

static void build_file(const char *path, mode_t mode, const char *id) {
    char source[4200];
    size_t length;
    snprintf(source, sizeof source, "%s/files/%s", shadow, id);
    char *bytes = slurp(source, &length);
    if (torn) bytes = tear(bytes, &length, id);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) die(path);
    if (chmod(path, mode) != 0) die(path);
    free(bytes);
}

static void build_directory(const char *path, const char *id) {
    char list[4200], line[4600], type, found[64];
    snprintf(list, sizeof list, "%s/dirs/%s", shadow, id);
    FILE *names = fopen(list, "r");
    if (!names) return; /* made, but nothing in it was ever synced */
    while (fgets(line, sizeof line, names)) {
        unsigned mode;
        int at;
        if (sscanf(line, "%c %o %63s %n", &type, &mode, found, &at) != 3) die(list);
        line[strcspn(line, "\n")] = 0;
        char *child;
        if (asprintf(&child, "%s/%s", path, line + at) < 0) die("memory");
        if (type == 'f') build_file(child, mode, found);
        else if (mkdir(child, mode | 0700) != 0) die(child);
        else build_directory(child, found);
        free(child);
    }
    fclose(names);
}

int main(int count, char **words) {
    if (count < 3) {
        fprintf(stderr, "usage: powerloss ROOT SHADOW [SEED]\n");
        return 2;
    }
    const char *root = words[1];
    char lost[4200], file[4200], id[64];
    shadow = words[2];
    torn = count > 3;
    state = torn ? strtoull(words[3], NULL, 10) : 0;
    snprintf(file, sizeof file, "%s/root", shadow);
    FILE *named = fopen(file, "r");
    if (!named || fscanf(named, "%63s", id) != 1) die(file);
    fclose(named);
    struct stat was;
    snprintf(lost, sizeof lost, "%s.lost", root);
    if (stat(root, &was) != 0 || rename(root, lost) != 0 || mkdir(root, was.st_mode & 07777) != 0) die(root);
    if (torn) nftw(lost, remember, 16, FTW_PHYS);
    build_directory(root, id);
    if (nftw(lost, erase, 16, FTW_DEPTH | FTW_PHYS) != 0) die(lost);
    if (nftw(shadow, erase, 16, FTW_DEPTH | FTW_PHYS) != 0 || mkdir(shadow, 0700) != 0) die(shadow);
    return 0;
}
