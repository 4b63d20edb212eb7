#pragma once

#include <stddef.h>

#include "CInstructions.h"

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

typedef struct {
  int rows;  // images, or views of images
  int in_channels, in_height, in_width;
  int out_channels, kernel, stride, padding;
  // Layout of the maps, [row][block][pixel][lane] with 8 or 16 channels in a block. Lanes beyond the last channel hold
  // zeros. 1 for an input in NCHW, the layout of images; its gradient can't be had.
  int in_lanes, lanes;
  convolutions_direction direction;
  convolutions_algorithm algorithm;
  instruction_set instructions;  // what the code is compiled for; available
  // Channels of the output's map, unless 0: these are a part of them, whose first block the pointer points to. Backward
  // weights alone.
  int map_channels;
} convolutions_problem;

// Whether the algorithm can compute the problem.
int convolutions_fits(const convolutions_problem *problem);

// Panels first ..< end.
typedef struct {
  int first, end;
} panel_range;

// Of a map of the output.
size_t convolutions_output_pixels(const convolutions_problem *problem);

// The time that it is expected to take, for choosing an algorithm: the same on every processor.
double convolutions_nanoseconds(const convolutions_problem *problem);

// Whether leaving out closed channels is expected to be faster, where a share of `density` is open. It decides no bit.
int convolutions_skips(const convolutions_problem *problem, double density);

// Floats of the weights (or their gradient) in the problem's own layout, and of the working memory of a run. Neither
// the counts nor the layout depend on the instruction set.
size_t convolutions_packed_count(const convolutions_problem *problem);
size_t convolutions_scratch_count(const convolutions_problem *problem);

// Weights [out, in, kernel, kernel] to the problem's layout, for forward and backward data; and a gradient back from
// it, for backward weights. Some panels of 16 channels (of the output, for backward data of the input), which lie apart in
// both layouts, out of so many.
int convolutions_panels(const convolutions_problem *problem);
void convolutions_pack(const convolutions_problem *problem, panel_range panels, const float *weights, float *packed);
void convolutions_unpack(const convolutions_problem *problem, panel_range panels, const float *packed, float *weights);

// Forward: output from input and packed weights. Backward data: input (its gradient) from output (its gradient) and
// packed weights. Backward weights: packed weights (their gradient) from input and output (its gradient).
//
// Unless NULL, open[row][input channel, in whole blocks] is 0 where a channel is closed in that row: all its inputs are 0.
// The input holds open channels only then, one after the other in the blocks of a row, which begins where it does with
// all of them. Forward, and backward weights by Winograd, with as many lanes in as out; the bits are those of all channels
// with zeros.
void convolutions_run(const convolutions_problem *problem, const float *open, float *input, float *weights,
                      float *output, float *scratch);

// What an evaluation does with a convolution: relu(scale·forward + shift + added) ⊙ mask, all of it while the numbers are
// at hand.
typedef struct {
  const float *scale, *shift;  // [output channel, in whole blocks]
  // A map like the output, NULL: none; or added_scale·added + added_shift of it, unless that is NULL.
  const float *added, *added_scale, *added_shift;
  // [row][output channel, in whole blocks]: 0 where a channel is closed; NULL: none is.
  const float *mask;
  // Unless NULL, and then there is a mask, and nothing added, and all input channels are open: only open channels are
  // written, one after the other in the blocks of a row, which begins where it does with all of them; of a last block that
  // they don't fill the rest is 0. `open` is written: not 0 for those channels, which are all of them in rows for which
  // that is faster, closed ones as zeros. The weights have to be packed as rows, too.
  float *open;
} convolutions_fusion;

// Forward, of an input in blocks. A row's numbers depend on it and its masks alone. The weights are packed as usual, `open`
// is as above.
void convolutions_run_fused(const convolutions_problem *problem, const float *open, const convolutions_fusion *fusion,
                            const float *input, float *weights, float *output, float *scratch);

// The weights as rows, which lie behind those in the usual layout: how many numbers, and the writing of those of some panels.
size_t convolutions_rows_count(const convolutions_problem *problem);
void convolutions_pack_rows(const convolutions_problem *problem, panel_range panels, const float *weights, float *packed);

// Products of row-major matrices, on the calling thread, by the same kernels.
//
// b[inner, columns], or with `transposed` the transpose of b[columns, inner], in the layout that the product takes, for
// which `panels` has room.
size_t products_packed_count(int inner, int columns);
void products_pack(int inner, int columns, const float *b, int transposed, float *packed);
// c[rows, columns] = a·b with a[rows, inner], or with `transposed` aᵀ·b with a[inner, rows].
void products_run(instruction_set instructions, int rows, int columns, int inner, const float *a, int transposed,
                  const float *packed, float *c);

#ifdef __cplusplus
}
#endif
