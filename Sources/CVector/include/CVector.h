#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The memory-bound operations between convolutions, each in as few passes over memory as its mathematics allows.
//
// Activations are [image][block][pixel][lane] (see Tensors/Tensor.swift); vectors per channel are padded to
// blocks·lanes numbers. Lanes beyond the last channel stay zero because their scales and shifts are zero.
// Sums over pixels and images are accumulated in double precision, in a fixed order.
typedef struct {
  int images, blocks, pixels, lanes;
} vector_map;

// 16 where the processor has AVX-512, else 8: the block of oneDNN's activation layouts on this machine.
int vector_preferred_lanes(void);

// What these functions are compiled for, as the loader chose: "avx512", "avx2" or "baseline".
const char *vector_instruction_set(void);

// sums[0 ..< C] = Σ x, sums[C ..< 2C] = Σ x² over images and pixels, C = blocks·lanes.
void vector_moments(vector_map map, const float *x, double *sums);

// y = relu?(scale·x + shift) ⊙ mask. mask: [images][C], or NULL for none.
void vector_normalize(vector_map map, const float *x, const float *scale, const float *shift, int relu,
                      const float *mask, float *y);

// y = relu(scale·x + shift + r), with r replaced by r_scale·r + r_shift unless r_scale is NULL.
void vector_normalize_add(vector_map map, const float *x, const float *scale, const float *shift, const float *r,
                          const float *r_scale, const float *r_shift, float *y);

// Backward of vector_normalize, first pass. With z = scale·x + shift and g = dy ⊙ mask ⊙ [z > 0 if relu]:
// sums[0 ..< C] = Σ g, sums[C ..< 2C] = Σ g·(x − mean). Unless NULL, dmask[image][C] = Σ_pixels dy ⊙ relu?(z).
void vector_normalize_backward_sums(vector_map map, const float *x, const float *dy, const float *mean,
                                    const float *scale, const float *shift, int relu, const float *mask,
                                    double *sums, float *dmask);

// Backward of vector_normalize, second pass: dx = scale·g − constant − slope·(x − mean).
void vector_normalize_backward(vector_map map, const float *x, const float *dy, const float *mean, const float *scale,
                               const float *shift, int relu, const float *mask, const float *constant,
                               const float *slope, float *dx);

// dx = y > 0 ? dy : 0, for `count` numbers.
void vector_relu_backward(size_t count, const float *y, const float *dy, float *dx);

// means[image][channel] = mean over pixels, rows of `channels` numbers without padding.
void vector_plane_means(vector_map map, int channels, const float *x, float *means);

// dx (+)= dmeans[image][channel] / pixels at every pixel; `accumulate` adds to what dx holds.
void vector_plane_means_backward(vector_map map, int channels, const float *dmeans, int accumulate, float *dx);

// Max pooling, 3×3, stride 2, padding 1 that never wins. winners: for every output the position 0 ..< 9 inside its
// window; among equals the first in row-major order.
void vector_max_pool(vector_map map, int height, int width, const float *x, float *y, uint8_t *winners);

// dx = Σ dy over the windows that a position won.
void vector_max_pool_backward(vector_map map, int height, int width, const float *dy, const uint8_t *winners,
                              float *dx);

// a += b.
void vector_add(size_t count, float *a, const float *b);

// The upper half of each float's bits, rounded to nearest, ties to even: bfloat16. Not a number stays one.
void vector_to_bf16(size_t count, const float *x, uint16_t *y);

// The floats that bfloat16 numbers are.
void vector_from_bf16(size_t count, const uint16_t *x, float *y);

// d = gradient + weight_decay·w; velocity = momentum·velocity + d; w −= learning_rate·velocity.
void vector_sgd(size_t count, float *w, const float *gradient, float *velocity, float learning_rate, float momentum,
                float weight_decay);

// d = scale·(gradient + weight_decay·w); then as vector_sgd.
void vector_lars(size_t count, float *w, const float *gradient, float *velocity, float scale, float learning_rate,
                 float momentum, float weight_decay);

// √Σ x².
double vector_norm(size_t count, const float *x);

#ifdef __cplusplus
}
#endif
