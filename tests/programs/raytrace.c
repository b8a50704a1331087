// A small ray tracer: spheres over a chequered floor, with shadows and mirrors; structures of doubles by value, square roots,
// divisions, and branches that depend on them.
//
// usage: raytrace [WIDTH]     of the picture, three quarters as high

#include "support.h"

#include <inttypes.h>
#include <math.h>

enum { SPHERES = 24, BOUNCES = 4 };

struct vector {
    double x, y, z;
};

static struct vector add(struct vector a, struct vector b) {
    return (struct vector){a.x + b.x, a.y + b.y, a.z + b.z};
}

static struct vector subtract(struct vector a, struct vector b) {
    return (struct vector){a.x - b.x, a.y - b.y, a.z - b.z};
}

static struct vector scale(struct vector a, double by) {
    return (struct vector){a.x * by, a.y * by, a.z * by};
}

static double dot(struct vector a, struct vector b) {
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static struct vector normalize(struct vector a) {
    return scale(a, 1.0 / sqrt(dot(a, a)));
}

struct material {
    struct vector colour;
    double mirror;
};

struct sphere {
    struct vector centre;
    double radius;
    struct material material;
};

static struct sphere spheres[SPHERES];
static const struct vector light = {-6.0, 10.0, -4.0};

struct ray {
    struct vector origin, direction; // The direction has length 1.
};

struct hit {
    double distance;
    struct vector normal;
    struct material material;
};

// How far a ray goes to the sphere, or -1.
static double meet(const struct sphere *sphere, const struct ray *ray) {
    struct vector to = subtract(sphere->centre, ray->origin);
    double along = dot(to, ray->direction);
    double square = along * along - dot(to, to) + sphere->radius * sphere->radius;
    if (square < 0.0) {
        return -1.0;
    }
    double half = sqrt(square);
    return along - half > 1e-6 ? along - half : along + half > 1e-6 ? along + half : -1.0;
}

static int trace(const struct ray *ray, struct hit *hit) {
    const struct sphere *nearest = NULL;
    hit->distance = 1e30;
    for (int i = 0; i < SPHERES; i++) {
        double distance = meet(&spheres[i], ray);
        if (distance > 0.0 && distance < hit->distance) {
            hit->distance = distance;
            nearest = &spheres[i];
        }
    }
    if (ray->direction.y < -1e-9) {
        double distance = -ray->origin.y / ray->direction.y;
        if (distance > 1e-6 && distance < hit->distance && distance < 1000.0) {
            struct vector at = add(ray->origin, scale(ray->direction, distance));
            int dark = ((int32_t)floor(at.x) ^ (int32_t)floor(at.z)) & 1;
            hit->distance = distance;
            hit->normal = (struct vector){0.0, 1.0, 0.0};
            hit->material.colour = dark ? (struct vector){0.2, 0.2, 0.25} : (struct vector){0.9, 0.9, 0.8};
            hit->material.mirror = 0.15;
            return 1;
        }
    }
    if (nearest == NULL) {
        return 0;
    }
    struct vector at = add(ray->origin, scale(ray->direction, hit->distance));
    hit->normal = scale(subtract(at, nearest->centre), 1.0 / nearest->radius);
    hit->material = nearest->material;
    return 1;
}

static int in_shadow(struct vector at, struct vector to_light, double distance) {
    struct ray ray = {at, to_light};
    for (int i = 0; i < SPHERES; i++) {
        double blocked = meet(&spheres[i], &ray);
        if (blocked > 0.0 && blocked < distance) {
            return 1;
        }
    }
    return 0;
}

static struct vector shade(const struct ray *ray, int bounces) {
    struct hit hit;
    if (!trace(ray, &hit)) {
        double up = 0.5 * (ray->direction.y + 1.0);
        return add(scale((struct vector){1.0, 1.0, 1.0}, 1.0 - up), scale((struct vector){0.4, 0.6, 1.0}, up));
    }
    struct vector at = add(ray->origin, scale(ray->direction, hit.distance));
    at = add(at, scale(hit.normal, 1e-7));
    struct vector to_light = subtract(light, at);
    double distance = sqrt(dot(to_light, to_light));
    to_light = scale(to_light, 1.0 / distance);
    struct vector reflected = subtract(ray->direction, scale(hit.normal, 2.0 * dot(hit.normal, ray->direction)));
    double bright = 0.1, shine = 0.0;
    double facing = dot(hit.normal, to_light);
    if (facing > 0.0 && !in_shadow(at, to_light, distance)) {
        bright += 0.9 * facing;
        shine = dot(reflected, to_light);
        shine = shine > 0.0 ? shine : 0.0;
        for (int i = 0; i < 5; i++) { // To the power of 32.
            shine *= shine;
        }
    }
    struct vector colour = add(scale(hit.material.colour, bright), (struct vector){shine, shine, shine});
    if (bounces > 0 && hit.material.mirror > 0.0) {
        struct ray next = {at, reflected};
        struct vector mirrored = shade(&next, bounces - 1);
        colour = add(scale(colour, 1.0 - hit.material.mirror), scale(mirrored, hit.material.mirror));
    }
    return colour;
}

static void place_spheres(void) {
    uint64_t random = 12;
    for (int i = 0; i < SPHERES; i++) {
        struct sphere *sphere = &spheres[i];
        sphere->radius = 0.3 + 0.7 * next_unit(&random);
        sphere->centre.x = 8.0 * next_unit(&random) - 4.0;
        sphere->centre.y = sphere->radius + next_unit(&random);
        sphere->centre.z = 8.0 * next_unit(&random);
        sphere->material.colour.x = next_unit(&random);
        sphere->material.colour.y = next_unit(&random);
        sphere->material.colour.z = next_unit(&random);
        sphere->material.mirror = i % 3 == 0 ? 0.0 : 0.5 * next_unit(&random);
    }
}

static uint32_t to_byte(double value) {
    return value >= 1.0 ? 255 : (uint32_t)(value * 255.0);
}

int main(int argc, char **argv) {
    int32_t width = (int32_t)bounded_argument(argc, argv, 32, 1, 10000);
    int32_t height = (width * 3 + 3) / 4;
    place_spheres();
    uint64_t exact = 0, bytes = 0, counts[4] = {0};
    double total = 0.0;
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            struct vector to = {(2.0 * x + 1.0 - width) / width, 0.75 * (height - 2.0 * y - 1.0) / height - 0.2, 1.5};
            struct ray ray = {{0.0, 2.5, -6.0}, normalize(to)};
            struct vector colour = shade(&ray, BOUNCES);
            total += colour.x + colour.y + colour.z;
            exact = fold_double(fold_double(fold_double(exact, colour.x), colour.y), colour.z);
            uint32_t pixel = to_byte(colour.x) << 16 | to_byte(colour.y) << 8 | to_byte(colour.z);
            bytes = fold_in(bytes, pixel);
            counts[pixel >> 22]++;
        }
    }
    printf("%" PRId32 " x %" PRId32 ", mean %.9f, ", width, height, total / (3.0 * width * height));
    printf("from dark to bright %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", counts[0], counts[1], counts[2], counts[3]);
    printf("bytes %016" PRIx64 ", exact %016" PRIx64 "\n", bytes, exact);
    return 0;
}
