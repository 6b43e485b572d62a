/* LIF layers driven by lists of addresses, as one writes them by hand. */
#include <stdint.h>
#include <string.h>

/* Rows of `dense` follow each other; those of the sparse recurrent matrix are ranges of `target`. */
typedef struct {
    int32_t pre, post;
    const float *dense;
    const int32_t *first, *target;
    const float *weight;
    const int32_t *recurrent_first, *recurrent_target;
    const float *recurrent_weight;
    float decay, threshold;
    float *membrane, *current;
    uint8_t *spike;
} Layer;

static void add_row(float *restrict current, const float *restrict row, int32_t n)
{
    for (int32_t j = 0; j < n; j++)
        current[j] += row[j];
}

static void add_list(float *restrict current, const int32_t *restrict target,
                     const float *restrict weight, int32_t n)
{
    for (int32_t j = 0; j < n; j++)
        current[target[j]] += weight[j];
}

static int32_t fire(const Layer *layer, uint32_t *restrict fired)
{
    float *restrict v = layer->membrane, *restrict current = layer->current;
    uint8_t *restrict spike = layer->spike;
    const float decay = layer->decay, threshold = layer->threshold;
    const int32_t post = layer->post;
    for (int32_t j = 0; j < post; j++) {
        float moved = decay * v[j] + current[j];
        spike[j] = moved >= threshold;
        v[j] = moved >= threshold ? 0.0f : moved;
        current[j] = 0.0f;
    }
    int32_t n = 0;
    for (int32_t j = 0; j < post; j += 8) {
        uint64_t eight = 0;
        memcpy(&eight, spike + j, post - j < 8 ? post - j : 8);
        for (; eight; eight &= eight - 1)
            fired[n++] = j + __builtin_ctzll(eight) / 8;
    }
    return n;
}

/* Writes the addresses of all neurons that fired, layer by layer, and returns how many. */
int32_t step(const Layer *layers, int32_t count, const uint32_t *address, int32_t n,
             uint32_t *fired)
{
    uint32_t *out = fired;
    uint32_t before = 0, offset = 0;
    for (const Layer *layer = layers; layer < layers + count; layer++) {
        for (int32_t i = 0; i < n; i++) {
            uint32_t source = address[i] - before;
            if (layer->dense)
                add_row(layer->current, layer->dense + (size_t)source * layer->post, layer->post);
            else
                add_list(layer->current, layer->target + layer->first[source],
                         layer->weight + layer->first[source],
                         layer->first[source + 1] - layer->first[source]);
        }
        n = fire(layer, out);
        if (layer->recurrent_first)
            for (int32_t i = 0; i < n; i++) {
                int32_t begin = layer->recurrent_first[out[i]];
                add_list(layer->current, layer->recurrent_target + begin,
                         layer->recurrent_weight + begin,
                         layer->recurrent_first[out[i] + 1] - begin);
            }
        for (int32_t i = 0; i < n; i++)
            out[i] += offset;
        before = offset;
        offset += layer->post;
        address = out;
        out += n;
    }
    return out - fired;
}
