/* The DVS pixel of encoding/dvs.py as one writes it by hand: plain loops over all pixels that the
   compiler turns into vector instructions where it can, then one over those that fire. */

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    int32_t pixels;
    float lin_log[256];
    float intensity[256];
    float cutoff_hz, leak_rate_hz, leak_jitter, shot_noise_hz;
    const float *threshold_off, *threshold_on, *leak_spread;
    float nominal_off, nominal_on;
    float *receptor, *base, *before;
    uint8_t *fires;
    uint64_t random;
    uint64_t *key, *other;
    int32_t *count;
} Dvs;

enum { QUANTA = 1 << 20, DIGIT = 1 << 10 };

static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static inline uint32_t hash(uint32_t x)
{
    x *= 0x9E3779B1u;
    x = (x ^ (x >> 15)) * 0x85EBCA77u;
    return x ^ (x >> 13);
}

static void follow(Dvs *dvs, const uint8_t *restrict frame, float interval_s)
{
    float *restrict receptor = dvs->receptor, *restrict before = dvs->before;
    memcpy(before, receptor, dvs->pixels * sizeof(float));
    if (dvs->cutoff_hz > 0.0f) {
        const float per_intensity = 6.2831853f * dvs->cutoff_hz * interval_s;
        for (int32_t i = 0; i < dvs->pixels; i++) {
            const float share = fminf(per_intensity * dvs->intensity[frame[i]], 1.0f);
            receptor[i] += share * (dvs->lin_log[frame[i]] - receptor[i]);
        }
    } else {
        for (int32_t i = 0; i < dvs->pixels; i++)
            receptor[i] = dvs->lin_log[frame[i]];
    }
}

static void leak(Dvs *dvs, float interval_s)
{
    float *restrict base = dvs->base;
    const float *restrict on = dvs->threshold_on, *restrict spread = dvs->leak_spread;
    const float drop = interval_s * dvs->leak_rate_hz;
    const uint32_t seed = next_random(&dvs->random);
    for (int32_t i = 0; i < dvs->pixels; i++) {
        /* The sum of four random bytes is nearly normal, with a variance of 21845. */
        const uint32_t x = hash(seed + i);
        const int32_t sum = (x & 255) + (x >> 8 & 255) + (x >> 16 & 255) + (x >> 24);
        const float normal = (sum - 510) * 0.0067658f;
        base[i] -= drop * spread[i] * (1.0f - dvs->leak_jitter * normal) * on[i];
    }
}

static int32_t fire(Dvs *dvs, int bits)
{
    const float *restrict receptor = dvs->receptor, *restrict on = dvs->threshold_on,
                *restrict off = dvs->threshold_off;
    float *restrict base = dvs->base;
    uint8_t *restrict fires = dvs->fires;
    for (int32_t i = 0; i < dvs->pixels; i++) {
        const float change = receptor[i] - base[i];
        fires[i] = (change >= on[i]) | (-change >= off[i]);
    }
    int32_t events = 0;
    for (int32_t block = 0; block < dvs->pixels; block += 8) {
        uint64_t any;
        memcpy(&any, fires + block, 8);
        for (; any; any &= any - 1) {
            const int32_t i = block + (__builtin_ctzll(any) >> 3);
            const float change = receptor[i] - base[i];
            const int32_t polarity = change > 0.0f;
            const float sign = polarity ? 1.0f : -1.0f, theta = polarity ? on[i] : off[i];
            const int32_t count = (int32_t)(sign * change / theta);
            const float per_unit = QUANTA / fmaxf(sign * (receptor[i] - dvs->before[i]), 1e-8f);
            float at = (theta + sign * (base[i] - dvs->before[i])) * per_unit;
            const uint64_t address = (uint64_t)polarity * dvs->pixels + i;
            for (int32_t k = 0; k < count; k++, at += theta * per_unit) {
                const uint64_t quantum = fminf(fmaxf(at, 0.0f), QUANTA - 1);
                dvs->key[events++] = quantum << bits | address;
            }
            base[i] += sign * theta * count;
        }
    }
    return events;
}

static int32_t shot_noise(Dvs *dvs, const uint8_t *restrict frame, float interval_s, int32_t events,
                          int bits)
{
    const float *restrict off = dvs->threshold_off, *restrict on = dvs->threshold_on;
    uint8_t *restrict fires = dvs->fires;
    const float rate = dvs->shot_noise_hz / 2.0f * interval_s * 0x1p32f;
    const uint32_t seed = next_random(&dvs->random);
    for (int32_t i = 0; i < dvs->pixels; i++) {
        const uint32_t one = hash(seed + 2 * i), other = hash(seed + 2 * i + 1);
        const float dark = rate * (1.0f - 0.75f * dvs->intensity[frame[i]]);
        fires[i] = ((float)one < dark * dvs->nominal_off / off[i]) |
                   ((float)other < dark * dvs->nominal_on / on[i]) << 1;
    }
    for (int32_t block = 0; block < dvs->pixels; block += 8) {
        uint64_t any;
        memcpy(&any, fires + block, 8);
        for (; any; any &= any - 1) {
            const int bit = __builtin_ctzll(any);
            const int32_t i = block + (bit >> 3);
            const uint64_t address = (uint64_t)(bit & 1) * dvs->pixels + i;
            dvs->key[events++] = next_random(&dvs->random) >> 44 << bits | address;
            dvs->base[i] = dvs->receptor[i];
        }
    }
    return events;
}

static void sort(Dvs *dvs, int32_t events, int bits, int64_t start_ns, float quantum_ns,
                 uint32_t *restrict address, int64_t *restrict time_ns)
{
    int32_t *low = dvs->count, *high = dvs->count + DIGIT;
    memset(low, 0, 2 * DIGIT * sizeof(int32_t));
    for (int32_t i = 0; i < events; i++) {
        low[dvs->key[i] >> bits & (DIGIT - 1)]++;
        high[dvs->key[i] >> (bits + 10)]++;
    }
    for (int32_t digit = 0, low_sum = 0, high_sum = 0; digit < DIGIT; digit++) {
        const int32_t lows = low[digit], highs = high[digit];
        low[digit] = low_sum;
        high[digit] = high_sum;
        low_sum += lows;
        high_sum += highs;
    }
    for (int32_t i = 0; i < events; i++)
        dvs->other[low[dvs->key[i] >> bits & (DIGIT - 1)]++] = dvs->key[i];
    for (int32_t i = 0; i < events; i++) {
        const uint64_t key = dvs->other[i];
        const int32_t to = high[key >> (bits + 10)]++;
        address[to] = key & ((1ull << bits) - 1);
        time_ns[to] = start_ns + (int64_t)((key >> bits) * quantum_ns);
    }
}

/* Advance by a frame; address and time_ns get the events by time. Returns their number. */
int32_t step(Dvs *dvs, const uint8_t *frame, int64_t start_ns, int64_t interval_ns,
             uint32_t *address, int64_t *time_ns)
{
    const float interval_s = interval_ns * 1e-9f;
    const int bits = 64 - __builtin_clzll(2ull * dvs->pixels - 1);
    follow(dvs, frame, interval_s);
    if (dvs->leak_rate_hz > 0.0f)
        leak(dvs, interval_s);
    int32_t events = fire(dvs, bits);
    if (dvs->shot_noise_hz > 0.0f)
        events = shot_noise(dvs, frame, interval_s, events, bits);
    sort(dvs, events, bits, start_ns, (float)interval_ns / QUANTA, address, time_ns);
    return events;
}
