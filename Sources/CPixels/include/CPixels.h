#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Operations on pictures of 8 bits, which lie as three planes, red, green and blue, one after the other; a plane's rows
// lie one after the other, too. They give the same bytes whatever the processor: no multiplication is fused with an
// addition. `count` is the number of pixels, the length of one plane.

// Weights with which source pixels of one axis add up to each output pixel, in fixed point of 22 bits, and where the
// source pixels are.
typedef struct {
  int outputs;
  // Weights of one output pixel, those it does not use included.
  int taps;
  // The first source pixel of every output pixel, and how many it adds.
  const int32_t *first, *counts;
  // [output][tap]
  const int32_t *weights;
} pixel_weights;

// Numbers of bytes that pixels_resample_rows needs at `strip`, for source rows of `width` pixels.
size_t pixels_strip_bytes(int width, int outputs);

// Resamples `rows` rows of `width` pixels, whose three bytes lie beside each other, along the row: planes of
// rows × weights.outputs pixels. `stride` is the distance of source rows in bytes.
void pixels_resample_rows(const uint8_t *source, size_t stride, int rows, int width, pixel_weights weights,
                          uint8_t *strip, uint8_t *planes);

// Resamples one plane of rows of `width` pixels along its columns, to weights.outputs rows.
void pixels_resample_columns(const uint8_t *source, int width, pixel_weights weights, uint8_t *result);

// Every byte x becomes base + factor·(x − base), cut to a whole number towards zero and clipped: Pillow's blend.
void pixels_blend(size_t bytes, uint8_t *x, uint8_t base, float factor);

// The sum of all pixels' luma: ITU-R 601 weights in 16-bit fixed point, rounded to 8 bits, as Pillow's.
uint64_t pixels_luma_sum(size_t count, const uint8_t *planes);

// Every pixel p becomes luma + factor·(p − luma), as pixels_blend.
void pixels_saturate(size_t count, uint8_t *planes, float factor);

// All three channels become the luma.
void pixels_grayscale(size_t count, uint8_t *planes);

// RGB → HSV of 8 bits each → hue + shift modulo 256 → RGB, as Pillow converts.
void pixels_shift_hue(size_t count, uint8_t *planes, uint8_t shift);

// Every byte of at least `threshold` becomes 255 − it.
void pixels_solarize(size_t bytes, uint8_t *x, uint8_t threshold);

// Swaps left and right in `rows` rows of `width` bytes.
void pixels_flip(size_t rows, int width, uint8_t *x);

// Correlation of one plane with a kernel of 2·radius + 1 weights along rows, then along columns. A row of the plane is
// read through columns[0 ..< width + 2·radius], a column through lines[0 ..< height + 2·radius]: the pixel that stands for
// each place from −radius on. scratch: width + 2·radius + width·height numbers. result: width·height numbers.
void pixels_blur(const uint8_t *plane, int width, int height, int radius, const float *weights, const int32_t *columns,
                 const int32_t *lines, float *scratch, float *result);

// y = x + ½, cut to whole numbers.
void pixels_round(size_t count, const float *x, uint8_t *y);

// y[i] = table[x[i]]; the table has 256 numbers.
void pixels_look_up(size_t count, const uint8_t *x, const float *table, float *y);

// From planes to pixels whose three bytes lie beside each other, and back.
void pixels_interleave(size_t count, const uint8_t *planes, uint8_t *pixels);
void pixels_separate(size_t count, const uint8_t *pixels, uint8_t *planes);

#ifdef __cplusplus
}
#endif
