// The arithmetic, compiled for every instruction set: what Body.h includes is one body, which differs in the vectors'
// width and in how many sums its registers hold. (Clones that the loader picks can't differ in that, nor be told to
// leave out an instruction set that the processor has.)

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "DirectWeights.h"
#include "MatrixPanels.h"
#include "Open.h"
#include "WinogradPlan.h"

// Multiply-adds are fused where the code says so and nowhere else.
#pragma clang fp contract(off)

#if defined(__x86_64__)
// 32 registers: 12 rows × 32 channels of sums.
namespace avx512 {
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
enum { WIDTH = 16, ROWS = 12, PANELS = 2, OUTER = 8 };
#define FOR_PARTS_OF_BLOCK(DO) \
  DO(8, 0);                    \
  DO(8, 8);
#include "Body.h"
#undef FOR_PARTS_OF_BLOCK
#pragma clang attribute pop
}  // namespace avx512

// 16 registers: 6 rows × 16 channels.
namespace avx2 {
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
enum { WIDTH = 8, ROWS = 6, PANELS = 1, OUTER = 6 };
#define FOR_PARTS_OF_BLOCK(DO) \
  DO(6, 0);                    \
  DO(5, 6);                    \
  DO(5, 11);
#include "Body.h"
#undef FOR_PARTS_OF_BLOCK
#pragma clang attribute pop
}  // namespace avx2
#endif

// What the compiler takes for granted; where that has no fused multiply-adds, they are calls.
namespace baseline {
enum { WIDTH = 4, ROWS = 3, PANELS = 1, OUTER = 4 };
#define FOR_PARTS_OF_BLOCK(DO) \
  DO(4, 0);                    \
  DO(4, 4);                    \
  DO(4, 8);                    \
  DO(4, 12);
#include "Body.h"
#undef FOR_PARTS_OF_BLOCK
}  // namespace baseline

// Vectors of 16 don't fit blocks of 8, and bits don't depend on the body.
static instruction_set body_of(const convolutions_problem &p) {
  return p.lanes == 8 && p.instructions == INSTRUCTIONS_AVX512 ? INSTRUCTIONS_AVX2 : p.instructions;
}

#if defined(__x86_64__)
#define IN_BODY(instructions, CALL)                   \
  switch (instructions) {                             \
    case INSTRUCTIONS_AVX512: avx512::CALL; break;    \
    case INSTRUCTIONS_AVX2: avx2::CALL; break;        \
    case INSTRUCTIONS_BASELINE: baseline::CALL; break; \
  }
#else
#define IN_BODY(instructions, CALL) baseline::CALL
#endif

int convolutions_fits(const convolutions_problem *p) {
  const bool image = p->in_lanes == 1;
  if (image && p->direction == CONVOLUTIONS_BACKWARD_DATA) return 0;
  if (output_size(*p, p->in_height) < 1 || output_size(*p, p->in_width) < 1) return 0;
  if (p->algorithm == CONVOLUTIONS_DIRECT) return 1;
  return !image && p->kernel == 3 && p->stride == 1 && p->padding <= 2;
}

size_t convolutions_output_pixels(const convolutions_problem *p) { return output_map(*p).pixels(); }

size_t convolutions_packed_count(const convolutions_problem *p) {
  const bool gradient = p->direction == CONVOLUTIONS_BACKWARD_WEIGHTS;
  if (p->algorithm == CONVOLUTIONS_WINOGRAD) {
    const WinogradPlan plan(*p);
    return gradient ? blocks_of(plan.to.channels, 16) * plan.gradient_panel() : plan.pairs() * plan.pair_weights();
  }
  const DirectPlan plan(*p);
  size_t count = 0;
  for (int v = 0; v < plan.phases; v++) {
    for (int h = 0; h < plan.phases; h++) count += plan.phase_weights(plan.phase(v, h));
  }
  return gradient ? plan.panels() * plan.gradient_panel(plan.phase(0, 0)) : count;
}

size_t convolutions_scratch_count(const convolutions_problem *p) {
  ScratchCount memory;
  if (p->algorithm == CONVOLUTIONS_WINOGRAD) {
    const WinogradPlan plan(*p);
    memory.add(plan.chunk_count(plan.from.channels));
    memory.add(plan.chunk_count(plan.to.channels));
    memory.add(OpenChannels::memory(plan));
    if (p->direction == CONVOLUTIONS_BACKWARD_WEIGHTS) {
      memory.add(OpenChannels::sums(plan));
    } else {
      for (int i = 0; i < 3; i++) memory.add(plan.to.padded_channels());
      memory.add(plan.rows);
    }
    return memory.count;
  }
  const DirectPlan plan(*p);
  if (plan.from.lanes == 1) {
    memory.add(image_count(*p));
    memory.add(image_offsets(*p));
    memory.add(plan.panels() * block_stride(plan.to.width));
    return memory.count;
  }
  memory.add(plan.panels() * block_stride(CHUNK));
  memory.add(PIECE * block_stride(CHUNK));
  for (int i = 0; i < 3; i++) memory.add(plan.to.padded_channels());
  if (p->direction == CONVOLUTIONS_FORWARD) {
    memory.add(p->rows);
    memory.add(plan.terms() * sizeof(Term) / sizeof(float));
    memory.add(plan.pieces());
    memory.add(plan.dot_count());
  }
  return memory.count;
}

int convolutions_panels(const convolutions_problem *p) {
  return blocks_of(p->direction == CONVOLUTIONS_BACKWARD_DATA ? p->in_channels : p->out_channels, 16);
}

void convolutions_pack(const convolutions_problem *p, panel_range panels, const float *weights, float *packed) {
  if (p->algorithm == CONVOLUTIONS_DIRECT) return direct_pack(*p, panels, weights, packed);
  IN_BODY(body_of(*p), winograd_pack(*p, panels, weights, packed))
}

void convolutions_unpack(const convolutions_problem *p, panel_range panels, const float *packed, float *weights) {
  if (p->algorithm == CONVOLUTIONS_DIRECT) return direct_unpack(*p, panels, packed, weights);
  IN_BODY(body_of(*p), winograd_unpack(*p, panels, packed, weights))
}

void convolutions_run(const convolutions_problem *p, const float *open, float *input, float *weights, float *output,
                      float *scratch) {
  const bool backward = p->direction == CONVOLUTIONS_BACKWARD_DATA, image = p->in_lanes == 1;
  float *const from = backward ? output : input, *const to = backward ? input : output;
  if (backward) open = NULL;
  if (p->direction == CONVOLUTIONS_BACKWARD_WEIGHTS) {
    if (p->algorithm == CONVOLUTIONS_WINOGRAD) {
      IN_BODY(body_of(*p), winograd_run_weights(*p, open, input, weights, output, scratch))
    } else if (image) {
      IN_BODY(body_of(*p), image_run_weights(*p, input, weights, output, scratch))
    } else {
      IN_BODY(body_of(*p), direct_run_weights(*p, input, weights, output, scratch))
    }
  } else if (p->algorithm == CONVOLUTIONS_WINOGRAD) {
    IN_BODY(body_of(*p), winograd_run(*p, open, NULL, from, weights, to, scratch))
  } else if (image) {
    IN_BODY(body_of(*p), image_run(*p, from, weights, to, scratch))
  } else {
    IN_BODY(body_of(*p), direct_run(*p, open, NULL, from, weights, to, scratch))
  }
}

size_t convolutions_rows_count(const convolutions_problem *p) {
  if (p->algorithm == CONVOLUTIONS_DIRECT) return DirectPlan(*p).rows_count();
  const WinogradPlan plan(*p);
  return plan.pairs() * plan.pair_rows();
}

void convolutions_pack_rows(const convolutions_problem *p, panel_range panels, const float *weights, float *packed) {
  if (p->algorithm == CONVOLUTIONS_DIRECT) return direct_pack_rows(*p, panels, weights, packed);
  IN_BODY(body_of(*p), winograd_pack_rows(*p, panels, weights, packed))
}

void convolutions_run_fused(const convolutions_problem *p, const float *open, const convolutions_fusion *fusion,
                            const float *input, float *weights, float *output, float *scratch) {
  if (p->algorithm == CONVOLUTIONS_WINOGRAD) {
    IN_BODY(body_of(*p), winograd_run(*p, open, fusion, input, weights, output, scratch))
  } else {
    IN_BODY(body_of(*p), direct_run(*p, open, fusion, input, weights, output, scratch))
  }
}

size_t products_packed_count(int inner, int columns) { return (size_t)blocks_of(columns, 16) * inner * 16; }

void products_pack(int inner, int columns, const float *b, int transposed, float *packed) {
  if (transposed) {
    pack_rows(inner, columns, b, packed);
  } else {
    pack_columns(inner, columns, b, packed);
  }
}

void products_run(instruction_set instructions, int rows, int columns, int inner, const float *a, int transposed,
                  const float *packed, float *c) {
  IN_BODY(instructions, multiply_matrices(rows, columns, inner, a, transposed, packed, c))
}
