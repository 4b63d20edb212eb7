#pragma once

// How a direct convolution is divided.

#include "Maps.h"

// Outputs in a chunk, and blocks of numbers that are gathered at one time: 128 numbers of 96 outputs are as
// much as the first cache holds. Weights' gradients are summed over a chunk, so that its size decides bits, as those of
// the other directions are over a piece.
enum { CHUNK = 96, PIECE = 128 / 16 };

// One axis of a direct convolution: output first + step·i takes, from its tap t on,
// source_step·i + offset + offset_step·t, multiplied by the weight at kernel + kernel_step·t.
struct Line {
  int first, step, count;
  int source_step;
  int taps;
  int kernel, kernel_step;
  int offset, offset_step;

  int output(int i) const { return first + step * i; }
  int source(int i, int tap) const { return source_step * i + offset + offset_step * tap; }
  int weight(int tap) const { return kernel + kernel_step * tap; }

  // y(i) = Σ_r x(stride·i + r − padding)·w(r).
  static Line forward(const convolutions_problem &p, int outputs) {
    return {0, 1, outputs, p.stride, p.kernel, 0, 1, -p.padding, 1};
  }

  // dx(j) = Σ_r dy((j + padding − r) / stride)·w(r) over those r that divide: for the inputs j = phase + stride·i they
  // are r = (phase + padding) mod stride and every stride-th from there, so that each phase is a convolution with
  // stride 1 and a part of the weights.
  static Line backward(const convolutions_problem &p, int inputs, int phase) {
    const int r = (phase + p.padding) % p.stride;
    return {phase, p.stride, (inputs - phase + p.stride - 1) / p.stride, 1, (p.kernel - r + p.stride - 1) / p.stride,
            r,     p.stride, (phase + p.padding - r) / p.stride,         -1};
  }

  bool is_identity() const { return step == 1 && source_step == 1 && offset == 0 && first == 0; }

  // Every number is taken as it is.
  static Line identity(int count) { return {0, 1, count, 1, 1, 0, 1, 0, 1}; }
};

// What a chunk of outputs takes from a map: all their taps' channels, side by side.
struct Gather {
  Map map;
  Line vertical, horizontal;

  int taps() const { return vertical.taps * horizontal.taps; }
  int outputs() const { return vertical.count * horizontal.count; }
  // Whether neighbours in the map are taken one by one.
  bool takes_neighbours() const { return taps() == 1 && vertical.is_identity() && horizontal.is_identity(); }
  // Images are taken channel by channel, in the order of their weights.
  int groups() const { return map.lanes == 1 ? 1 : taps(); }
  int channels() const { return map.lanes == 1 ? map.channels * taps() : map.channels; }
  int inner() const { return groups() * channels(); }
  int blocks() const { return groups() * blocks_of(channels(), 16); }
};

struct DirectPlan {
  const convolutions_problem &problem;
  Map from, to;
  int phases;  // along an axis

  explicit DirectPlan(const convolutions_problem &p)
      : problem(p), from(Side(p).from), to(Side(p).to),
        phases(p.direction == CONVOLUTIONS_BACKWARD_DATA ? p.stride : 1) {}

  Gather phase(int v, int h) const {
    if (problem.direction == CONVOLUTIONS_BACKWARD_DATA) {
      return {from, Line::backward(problem, to.height, v), Line::backward(problem, to.width, h)};
    }
    return {from, Line::forward(problem, to.height), Line::forward(problem, to.width)};
  }

  int panels() const { return blocks_of(to.channels, 16); }
  // Weights of a phase, [panel][inner][16], one phase after the other.
  size_t phase_weights(const Gather &gather) const { return (size_t)panels() * gather.inner() * 16; }
  // Their gradient, [panel][inner, in whole blocks][16].
  size_t gradient_panel(const Gather &gather) const { return (size_t)gather.blocks() * 16 * 16; }

  // Of forward: weights as rows, [output channel][inner, in whole blocks], behind the others.
  size_t row_weights() const { return (size_t)phase(0, 0).blocks() * 16; }
  size_t rows_count() const { return to.channels * row_weights(); }
  // Outputs that are gathered with all their taps at one time: 256 KB of the second cache.
  int dot_outputs() const {
    const int outputs = (int)(65536 / row_weights());
    return outputs < 4 ? 4 : outputs > CHUNK ? CHUNK : outputs;
  }
  // Room for the lists of an image's open channels: of its outputs, or of its inputs at all taps, by pieces.
  size_t terms() const {
    const size_t inputs = phase(0, 0).inner(), outputs = to.channels + 15;
    return inputs > outputs ? inputs : outputs;
  }
  int pieces() const { return (phase(0, 0).blocks() + PIECE - 1) / PIECE; }
  size_t dot_count() const { return phase(0, 0).blocks() * block_stride(dot_outputs()); }
};

// The copy of an image with its padding, whose columns are sorted by their remainder modulo the stride; and the offsets
// of what the taps take, in whole blocks.
static inline size_t image_count(const convolutions_problem &p) {
  const int width = (p.in_width + 2 * p.padding + p.stride - 1) / p.stride * p.stride;
  return (size_t)p.in_channels * (p.in_height + 2 * p.padding) * width;
}
static inline size_t image_offsets(const convolutions_problem &p) {
  return (size_t)blocks_of(p.in_channels * p.kernel * p.kernel, 16) * 16;
}
