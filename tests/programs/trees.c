// Small pieces of memory, allocated and freed one by one: full binary trees, and a map that is an AVL tree, under insertions,
// removals and searches.
//
// usage: trees [ROUNDS]

#include "support.h"

#include <inttypes.h>

// ---- Binary trees ------------------------------------------------------------------------------------------

struct branch {
    struct branch *left, *right;
    uint32_t tag;
};

static struct branch *grow(int depth, uint32_t tag) {
    struct branch *branch = new_array(1, sizeof *branch);
    branch->tag = tag;
    if (depth > 0) {
        branch->left = grow(depth - 1, tag * 2);
        branch->right = grow(depth - 1, tag * 2 + 1);
    }
    return branch;
}

static uint32_t walk(const struct branch *branch) {
    return branch == NULL ? 0 : branch->tag + 3 * walk(branch->left) - walk(branch->right);
}

static void fell(struct branch *branch) {
    if (branch != NULL) {
        fell(branch->left);
        fell(branch->right);
        free(branch);
    }
}

// ---- Map ---------------------------------------------------------------------------------------------------

struct entry {
    struct entry *left, *right;
    uint32_t key, value;
    int32_t height;
};

static int32_t height(const struct entry *entry) {
    return entry == NULL ? 0 : entry->height;
}

static void measure(struct entry *entry) {
    int32_t left = height(entry->left), right = height(entry->right);
    entry->height = 1 + (left > right ? left : right);
}

static struct entry *turn_right(struct entry *entry) {
    struct entry *top = entry->left;
    entry->left = top->right;
    top->right = entry;
    measure(entry);
    measure(top);
    return top;
}

static struct entry *turn_left(struct entry *entry) {
    struct entry *top = entry->right;
    entry->right = top->left;
    top->left = entry;
    measure(entry);
    measure(top);
    return top;
}

// The tree with this root, whose two sides may differ by two, as one whose sides differ by one at most.
static struct entry *balance(struct entry *entry) {
    measure(entry);
    int32_t lean = height(entry->left) - height(entry->right);
    if (lean > 1) {
        if (height(entry->left->left) < height(entry->left->right)) {
            entry->left = turn_left(entry->left);
        }
        return turn_right(entry);
    }
    if (lean < -1) {
        if (height(entry->right->right) < height(entry->right->left)) {
            entry->right = turn_right(entry->right);
        }
        return turn_left(entry);
    }
    return entry;
}

static struct entry *insert(struct entry *root, uint32_t key, uint32_t value) {
    if (root == NULL) {
        root = new_array(1, sizeof *root);
        *root = (struct entry){NULL, NULL, key, value, 1};
        return root;
    }
    if (key == root->key) {
        root->value ^= value;
        return root;
    }
    if (key < root->key) {
        root->left = insert(root->left, key, value);
    } else {
        root->right = insert(root->right, key, value);
    }
    return balance(root);
}

// Takes the smallest entry out and leaves it at `smallest`.
static struct entry *take_smallest(struct entry *root, struct entry **smallest) {
    if (root->left == NULL) {
        *smallest = root;
        return root->right;
    }
    root->left = take_smallest(root->left, smallest);
    return balance(root);
}

static struct entry *remove_key(struct entry *root, uint32_t key) {
    if (root == NULL) {
        return NULL;
    }
    if (key != root->key) {
        struct entry **side = key < root->key ? &root->left : &root->right;
        *side = remove_key(*side, key);
        return balance(root);
    }
    struct entry *left = root->left, *right = root->right;
    free(root);
    if (right == NULL) {
        return left;
    }
    struct entry *successor;
    right = take_smallest(right, &successor);
    successor->left = left;
    successor->right = right;
    return balance(successor);
}

// The entry with the greatest key up to `key`, or NULL.
static const struct entry *search(const struct entry *root, uint32_t key) {
    const struct entry *best = NULL;
    while (root != NULL) {
        if (root->key <= key) {
            best = root;
            root = root->right;
        } else {
            root = root->left;
        }
    }
    return best;
}

static uint64_t fold_entries(const struct entry *root, uint64_t checksum) {
    if (root == NULL) {
        return checksum;
    }
    checksum = fold_entries(root->left, checksum);
    checksum = fold_in(checksum, (uint64_t)root->key << 32 | root->value);
    return fold_entries(root->right, checksum);
}

static void free_entries(struct entry *root) {
    if (root != NULL) {
        free_entries(root->left);
        free_entries(root->right);
        free(root);
    }
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 10);
    uint64_t random = 7, checksum = 0;
    struct branch *lasting = grow(12, 1);
    struct entry *map = NULL;
    for (uint64_t round = 0; round < rounds; round++) {
        for (int depth = 2; depth <= 10; depth += 2) {
            struct branch *tree = grow(depth, (uint32_t)checksum);
            checksum = fold_in(checksum, walk(tree));
            fell(tree);
        }
        for (uint32_t i = 0; i < 1000; i++) {
            uint64_t value = next_random(&random) ^ checksum;
            uint32_t key = (uint32_t)(value >> 32) % 20000;
            map = insert(map, key, (uint32_t)value | 1);
            map = remove_key(map, (uint32_t)(value >> 12) % 30000);
            const struct entry *near = search(map, key + 50);
            checksum += near == NULL ? i : near->value;
        }
        checksum = fold_in(checksum, walk(lasting));
        struct branch **part = &lasting;
        for (int i = 0; i < 6; i++) {
            part = (checksum >> i & 1) != 0 ? &(*part)->left : &(*part)->right;
        }
        fell(*part);
        *part = grow(6, (uint32_t)(checksum >> 8));
    }
    printf("rounds %" PRIu64 ", height %" PRId32 ", entries %016" PRIx64 ", checksum %016" PRIx64 "\n", rounds, height(map),
           fold_entries(map, 0), checksum);
    free_entries(map);
    fell(lasting);
    return 0;
}
