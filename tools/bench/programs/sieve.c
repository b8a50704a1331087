// Counts the primes below a number with the sieve of Eratosthenes: one byte per number.

static unsigned char composite[1 << 20];

int run(int limit) {
    for (int i = 0; i < limit; i++)
        composite[i] = 0;
    int primes = 0;
    for (int i = 2; i < limit; i++) {
        if (composite[i])
            continue;
        primes++;
        for (int multiple = i + i; multiple < limit; multiple += i)
            composite[multiple] = 1;
    }
    return primes;
}
