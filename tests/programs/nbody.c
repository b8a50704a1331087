// Gravity among a handful of bodies, integrated by leapfrog: double arithmetic, sqrt and division in
// dependent chains. Only operations that IEEE 754 rounds correctly are used, so all digits must agree.
//
// usage: nbody [STEPS]

#include "support.h"

#include <math.h>

enum { BODIES = 6 };

struct body {
    double position[3];
    double velocity[3];
    double mass;
};

static struct body bodies[BODIES];

// One heavy body in the middle, the others on nearly circular orbits around it.
static void set_up(void) {
    uint64_t random = 20;
    bodies[0].mass = 40.0;
    for (int i = 1; i < BODIES; i++) {
        struct body *body = &bodies[i];
        double radius = 1.5 * i * i + next_unit(&random);
        double speed = sqrt(bodies[0].mass / radius);
        body->mass = 0.001 + 0.01 * next_unit(&random);
        // Turned a quarter from one to the next, which needs no sine.
        body->position[i & 1] = i & 2 ? -radius : radius;
        body->velocity[!(i & 1)] = i & 2 ? -speed : speed;
        body->velocity[2] = 0.05 * (next_unit(&random) - 0.5);
    }
    // Let the centre of mass rest.
    for (int axis = 0; axis < 3; axis++) {
        double momentum = 0.0;
        for (int i = 1; i < BODIES; i++) {
            momentum += bodies[i].mass * bodies[i].velocity[axis];
        }
        bodies[0].velocity[axis] = -momentum / bodies[0].mass;
    }
}

static double energy(void) {
    double sum = 0.0;
    for (int i = 0; i < BODIES; i++) {
        const struct body *a = &bodies[i];
        const double *v = a->velocity;
        sum += 0.5 * a->mass * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        for (int j = i + 1; j < BODIES; j++) {
            double squared = 0.0;
            for (int axis = 0; axis < 3; axis++) {
                double d = a->position[axis] - bodies[j].position[axis];
                squared += d * d;
            }
            sum -= a->mass * bodies[j].mass / sqrt(squared);
        }
    }
    return sum;
}

static void kick(double dt) {
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            struct body *a = &bodies[i], *b = &bodies[j];
            double dx = a->position[0] - b->position[0];
            double dy = a->position[1] - b->position[1];
            double dz = a->position[2] - b->position[2];
            double squared = dx * dx + dy * dy + dz * dz;
            double pull = dt / (squared * sqrt(squared));
            double pull_a = pull * b->mass, pull_b = pull * a->mass;
            a->velocity[0] -= dx * pull_a;
            a->velocity[1] -= dy * pull_a;
            a->velocity[2] -= dz * pull_a;
            b->velocity[0] += dx * pull_b;
            b->velocity[1] += dy * pull_b;
            b->velocity[2] += dz * pull_b;
        }
    }
}

static void drift(double dt) {
    for (int i = 0; i < BODIES; i++) {
        for (int axis = 0; axis < 3; axis++) {
            bodies[i].position[axis] += dt * bodies[i].velocity[axis];
        }
    }
}

int main(int argc, char **argv) {
    uint64_t steps = count_argument(argc, argv, 1000);
    const double dt = 0.001;
    set_up();
    printf("energy before %.15g\n", energy());
    kick(dt / 2);
    for (uint64_t i = 0; i < steps; i++) {
        drift(dt);
        kick(dt);
    }
    kick(-dt / 2);
    printf("energy after  %.15g\n", energy());
    for (int i = 0; i < BODIES; i++) {
        const double *p = bodies[i].position;
        printf("body %d at %.17g %.17g %.17g\n", i, p[0], p[1], p[2]);
    }
    return 0;
}
