#pragma once

#include <stddef.h>

// Convolutions by oneDNN 2.x or 3.x; what differs between the two stays in COneDNN.c. Every call runs on the calling
// thread alone and may run beside others: a convolution is immutable once made, working memory comes from the caller.

// A convolution without bias (cross-correlation, dilation 1, one group), weights [out, in, kernel, kernel].
typedef struct {
  // All images of a run, and those that the library takes in one call; a divisor of them.
  int images, images_in_call;
  int in_channels, in_height, in_width;
  int out_channels, kernel, stride, padding;
  // Layout of the input: 1 for NCHW, else that of the output.
  int in_lanes;
  // Layout of the output and of both gradients: channels in a block, 16 or 8.
  int lanes;
} onednn_shape;

typedef enum { ONEDNN_FORWARD, ONEDNN_BACKWARD_DATA, ONEDNN_BACKWARD_WEIGHTS } onednn_direction;

// Direct, Winograd 4×4 on 3×3 with stride 1, both in f32; direct on activations and weights rounded to bf16, added and
// written in f32. Callers see f32 only.
typedef enum { ONEDNN_DIRECT, ONEDNN_WINOGRAD, ONEDNN_BF16 } onednn_algorithm;

typedef struct onednn_convolution onednn_convolution;

// Every function returns 0 or oneDNN's status, which onednn_status_text puts in words.
const char *onednn_status_text(int status);
int onednn_is_out_of_memory(int status);

// The library's version, and the largest instruction set that it uses here, by oneDNN's own name for it, for example
// "avx512_core"; "none" where it has no kernels for the processor.
void onednn_version(int *major, int *minor, int *patch);
const char *onednn_instruction_set(void);

// Keeps oneDNN on the calling thread: once on every thread, before its first call. (GNU OpenMP would build a team of
// its own for each calling thread.)
void onednn_use_one_thread(void);

// Makes a convolution for one direction. Fails where the library, the processor or the shape does not have the
// algorithm: oneDNN has had no Winograd since 3.2, and bf16 needs AVX-512's instructions for it.
int onednn_convolution_create(onednn_convolution **convolution, const onednn_shape *shape, onednn_direction direction,
                              onednn_algorithm algorithm);
void onednn_convolution_destroy(onednn_convolution *convolution);

// Floats in the weights' own layout, and in the working memory of one run.
size_t onednn_convolution_weights_count(const onednn_convolution *convolution);
size_t onednn_convolution_scratch_count(const onednn_convolution *convolution);

// Weights from [out, in, kernel, kernel] to this convolution's own layout, and back.
int onednn_convolution_pack(const onednn_convolution *convolution, const float *weights, float *packed);
int onednn_convolution_unpack(const onednn_convolution *convolution, const float *packed, float *weights);

// Forward: y from x and packed weights. Backward data: dx from dy and packed weights.
// Backward weights: packed dw from x and dy. Buffers that are not needed may be NULL.
int onednn_convolution_run(const onednn_convolution *convolution, float *input, float *weights, float *output,
                           float *scratch);
