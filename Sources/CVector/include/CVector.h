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
// Sums over pixels and images are accumulated in double precision, in a fixed order. Why backward is what it is:
// docs/derivations.md.
typedef struct {
  int images, blocks, pixels, lanes;
} vector_map;

// sums[0 ..< C] = Σ x, sums[C ..< 2C] = Σ x² over images and pixels, C = blocks·lanes.
void vector_moments(vector_map map, const float *x, double *sums);

// y = relu?(scale·x + shift) ⊙ mask. mask: [images][C], or NULL for none. Unless NULL, means[image][channel] = mean of y
// over pixels, rows of `channels` numbers without padding.
void vector_normalize(vector_map map, const float *x, const float *scale, const float *shift, int relu,
                      const float *mask, float *y, int channels, float *means);

// The open channels of relu(scale·x + shift), one after the other in blocks of an image of y, which begins where it does
// in x: those whose mask is not 0. Of a last block that they don't fill the rest is 0, what comes after it is not
// written. 8 or 16 lanes.
void vector_normalize_open(vector_map map, const float *x, const float *scale, const float *shift, const float *mask,
                           float *y);

// Moves the open channels of x as that writes them, x as it is.
void vector_close_up(vector_map map, const float *mask, float *x);

// y = relu(scale·x + shift + r), with r replaced by r_scale·r + r_shift unless r_scale is NULL; means as above.
void vector_normalize_add(vector_map map, const float *x, const float *scale, const float *shift, const float *r,
                          const float *r_scale, const float *r_shift, float *y, int channels, float *means);

// means[image][channel] = mean of x over pixels, rows of `channels` numbers without padding.
void vector_means(vector_map map, const float *x, int channels, float *means);

// Backward of vector_normalize, first pass. With z = scale·x + shift and g = dy ⊙ mask ⊙ [z > 0 if relu]:
// sums[0 ..< C] = Σ g, sums[C ..< 2C] = Σ g·(x − mean). Unless NULL, dmask[image][C] = Σ_pixels dy ⊙ relu?(z).
void vector_normalize_backward_sums(vector_map map, const float *x, const float *dy, const float *mean,
                                    const float *scale, const float *shift, int relu, const float *mask,
                                    double *sums, float *dmask);

// Backward of vector_normalize, second pass: dx = scale·g − constant − slope·(x − mean). dx may be x or dy.
void vector_normalize_backward(vector_map map, const float *x, const float *dy, const float *mean, const float *scale,
                               const float *shift, int relu, const float *mask, const float *constant,
                               const float *slope, float *dx);

// The gradient of a map in parts: maps[0] + maps[1] + means[image][channel] / pixels. Any part may be NULL, maps[1] where
// maps[0] is.
typedef struct {
  const float *maps[2];
  const float *means;
  int channels;
} vector_gradient;

// Backward of y = relu(scale·x + shift + …), first pass: g = dy where y > 0, else 0, and the sums of
// vector_normalize_backward_sums. Without y (NULL) nothing was added: scale·x + shift decides. g may be maps[0].
void vector_relu_backward_sums(vector_map map, vector_gradient dy, const float *y, const float *x, const float *mean,
                               const float *scale, const float *shift, float *g, double *sums);

// x += means[image][channel] / pixels, rows of `channels` numbers without padding.
void vector_add_means(vector_map map, const float *means, int channels, float *x);

// Pooling with stride 2: y = the x whose scale·x is largest. A window of 3 is 3×3 with padding 1 that never wins; one of
// 2 is 2×2 without padding, and a last odd row or column is in none. winners: for every output the position 0 ..< 9 in
// the 3×3 around the pixel that both windows share, (2i, 2j); among equals the first in row-major order.
void vector_max_pool(vector_map map, int window, int height, int width, const float *x, const float *scale, float *y,
                     uint8_t *winners);

// Backward of normalisation before pooling, second pass: as vector_normalize_backward, where a pixel's gradient is the
// sum of g over the windows that it won. dx may be x.
void vector_max_pool_backward(vector_map map, int window, int height, int width, const float *g,
                              const uint8_t *winners, const float *x, const float *mean, const float *scale,
                              const float *constant, const float *slope, float *dx);

// noise = log(u + 1e-8) − log(1 − u + 1e-8) for uniform numbers u in [0, 1): the difference of two Gumbel samples.
void vector_logistic_noise(size_t count, const float *uniforms, double *noise);

// soft = 1 / (1 + exp(−(logit + noise) / temperature)); mask = 1 where soft ≥ ½, that is logit + noise ≥ 0, else 0.
void vector_gate(size_t count, const float *logits, const double *noise, double temperature, float *soft,
                 float *mask);

// How many numbers are above 0.
size_t vector_count_positive(size_t count, const float *x);

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

// x = 0 where the bit of its place, of lowest value first in each word, is not set.
void vector_keep(size_t count, const uint64_t *mask, float *x);

// √Σ x².
double vector_norm(size_t count, const float *x);

// Rows of matrices.

// y = exp(x), within 1.1 units in the last place; 0 instead of what is below the normal numbers (x < −87.33).
void vector_exp(size_t count, const float *x, float *y);

// Σ exp(x − shift), in double precision.
double vector_sum_exp(size_t count, const float *x, float shift);

// A row of a matrix, given its log-sum-exp, becomes its softmax exp(x − row).
void vector_softmax(size_t count, float *x, float log_sum);

// A row of a matrix, given the log-sum-exp of the row and those of the columns, becomes
// scale·(its softmax along the row + that along the columns) = scale·(exp(x − row) + exp(x − columns)).
void vector_mutual_softmax(size_t count, float *x, float row_log_sum, const float *column_log_sums, float scale);

// The largest of x; numbers that are none are passed over. −∞ of nothing.
float vector_max(size_t count, const float *x);

// found: in ascending order the places where x + bias > threshold, of which at most `count` are found; returns how many.
size_t vector_find_above(size_t count, const float *x, const float *bias, float threshold, uint32_t *found);

// Σ x·y, in double precision.
double vector_dot(size_t count, const float *x, const float *y);

// Σ (x − y)², in double precision.
double vector_square_distance(size_t count, const float *x, const float *y);

// The same as `vector_dot` where y is double, Σ x·y.
double vector_dot_wide(size_t count, const float *x, const double *y);

// sums += a·x, in double precision.
void vector_add_wide(size_t count, double a, const float *x, double *sums);

// y = (a·x − centre)·b: in double precision, then rounded.
void vector_centre(size_t count, double a, const float *x, const double *centre, double b, float *y);

// y = a·x, and sum = a·x + b·y: in double precision, then rounded.
void vector_scale(size_t count, double a, const float *x, float *y);
void vector_combine(size_t count, double a, const float *x, double b, const float *y, float *sum);

#ifdef __cplusplus
}
#endif
