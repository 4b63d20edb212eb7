#pragma once

// The layouts of direct convolutions' weights. Nothing is computed here, so one code serves every instruction set.

#include "DirectPlan.h"

// Calls body(place of a weight among the inner ones, its tap and its channel).
template <class Body>
static inline void for_each_inner(const Gather &gather, int kernel, Body body) {
  for (int v = 0, tap = 0; v < gather.vertical.taps; v++) {
    for (int h = 0; h < gather.horizontal.taps; h++, tap++) {
      const int weight = gather.vertical.weight(v) * kernel + gather.horizontal.weight(h);
      for (int c = 0; c < gather.map.channels; c++) {
        const bool image = gather.map.lanes == 1;
        body(image ? 0 : tap, image ? c * gather.taps() + tap : c, weight, c);
      }
    }
  }
}

static inline void direct_pack(const convolutions_problem &problem, panel_range panels, const float *weights, float *packed) {
  const DirectPlan plan(problem);
  const size_t taps = (size_t)problem.kernel * problem.kernel, row = taps * problem.in_channels;
  const bool backward = problem.direction == CONVOLUTIONS_BACKWARD_DATA;
  for (int v = 0; v < plan.phases; v++) {
    for (int h = 0; h < plan.phases; h++) {
      const Gather gather = plan.phase(v, h);
      for (int first = 16 * panels.first; first < 16 * panels.end; first += 16) {
        float *const panel = packed + (size_t)first * gather.inner();
        for_each_inner(gather, problem.kernel, [&](int group, int channel, int weight, int c) {
          float *const place = panel + ((size_t)group * gather.channels() + channel) * 16;
          for (int lane = 0; lane < 16; lane++) {
            const int out = first + lane;
            const size_t index = backward ? c * row + out * taps : out * row + c * taps;
            place[lane] = out < plan.to.channels ? weights[index + weight] : 0;
          }
        });
      }
      packed += plan.phase_weights(gather);
    }
  }
}

static inline void direct_pack_rows(const convolutions_problem &problem, panel_range panels, const float *weights, float *packed) {
  const DirectPlan plan(problem);
  const Gather gather = plan.phase(0, 0);
  const size_t taps = (size_t)problem.kernel * problem.kernel, row = taps * problem.in_channels;
  float *const rows = packed + plan.phase_weights(gather);
  for (int out = 16 * panels.first; out < end_channel(panels, problem.out_channels); out++) {
    float *const own = rows + out * plan.row_weights();
    memset(own, 0, plan.row_weights() * sizeof *own);
    for_each_inner(gather, problem.kernel, [&](int group, int channel, int weight, int c) {
      own[(size_t)group * blocks_of(gather.channels(), 16) * 16 + channel] = weights[out * row + c * taps + weight];
    });
  }
}

static inline void direct_unpack(const convolutions_problem &problem, panel_range panels, const float *packed, float *weights) {
  const DirectPlan plan(problem);
  const Gather gather = plan.phase(0, 0);
  const size_t taps = (size_t)problem.kernel * problem.kernel, row = taps * problem.in_channels;
  for (int out = 16 * panels.first; out < end_channel(panels, problem.out_channels); out++) {
    const float *const panel = packed + out / 16 * plan.gradient_panel(gather) + out % 16;
    for_each_inner(gather, problem.kernel, [&](int group, int channel, int weight, int c) {
      const size_t place = (size_t)group * blocks_of(gather.channels(), 16) * 16 + channel;
      weights[out * row + c * taps + weight] = panel[place * 16];
    });
  }
}
