#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// Convolutions without bias (cross-correlation, dilation 1, one group) in f32. A call runs on the calling thread alone
// and may run beside others: nothing is kept, working memory comes from the caller.
//
// Every instruction set gives the same bits (contract C9).

typedef enum { CONVOLUTIONS_FORWARD, CONVOLUTIONS_BACKWARD_DATA, CONVOLUTIONS_BACKWARD_WEIGHTS } convolutions_direction;

// Products of gathered pixels and weights, for every shape; Winograd's for 3×3 kernels with stride 1, padding 0 to 2
// and an input in blocks.
typedef enum { CONVOLUTIONS_DIRECT, CONVOLUTIONS_WINOGRAD } convolutions_algorithm;

// What the code is compiled for.
typedef enum { CONVOLUTIONS_BASELINE, CONVOLUTIONS_AVX2, CONVOLUTIONS_AVX512 } convolutions_instruction_set;

typedef struct {
  int rows;  // images, or views of images
  int in_channels, in_height, in_width;
  int out_channels, kernel, stride, padding;
  // Layout of the maps, [row][block][pixel][lane] with 8 or 16 channels in a block. Lanes beyond the last channel hold
  // zeros. 1 for an input in NCHW, the layout of images; its gradient can't be had.
  int in_lanes, lanes;
  convolutions_direction direction;
  convolutions_algorithm algorithm;
  convolutions_instruction_set instruction_set;
} convolutions_problem;

// The largest that the processor has, or that SLUICE_MAX_ISA (baseline, avx2, avx512) allows if that is smaller.
convolutions_instruction_set convolutions_best_instruction_set(void);
// Whether the processor has it.
int convolutions_has_instruction_set(convolutions_instruction_set set);
const char *convolutions_instruction_set_name(convolutions_instruction_set set);

// Whether the algorithm can compute the problem.
int convolutions_fits(const convolutions_problem *problem);

// The time that it is expected to take, for choosing an algorithm: the same on every processor.
double convolutions_nanoseconds(const convolutions_problem *problem);

// Floats of the weights (or their gradient) in the problem's own layout, and of the working memory of a run. Neither
// the counts nor the layout depend on the instruction set.
size_t convolutions_packed_count(const convolutions_problem *problem);
size_t convolutions_scratch_count(const convolutions_problem *problem);

// Weights [out, in, kernel, kernel] to the problem's layout, for forward and backward data; and a gradient back from
// it, for backward weights.
void convolutions_pack(const convolutions_problem *problem, const float *weights, float *packed);
void convolutions_unpack(const convolutions_problem *problem, const float *packed, float *weights);

// Forward: output from input and packed weights. Backward data: input (its gradient) from output (its gradient) and
// packed weights. Backward weights: packed weights (their gradient) from input and output (its gradient).
void convolutions_run(const convolutions_problem *problem, float *input, float *weights, float *output, float *scratch);

#ifdef __cplusplus
}
#endif
