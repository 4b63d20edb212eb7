#pragma once

// Maps of many images, and where the parts of a problem lie.

#include "CConvolutions.h"

static inline int blocks_of(int channels, int lanes) { return (channels + lanes - 1) / lanes; }

// Where the channels of some panels end, of so many in all.
static inline int end_channel(panel_range panels, int channels) {
  return 16 * panels.end < channels ? 16 * panels.end : channels;
}

// [row][block][pixel][lane].
struct Map {
  int channels, height, width, lanes;
  int row_channels = 0;  // of a row in memory, if these are a part of them

  int blocks() const { return blocks_of(channels, lanes); }
  size_t pixels() const { return (size_t)height * width; }
  size_t row_stride() const {
    return blocks_of(row_channels > 0 ? row_channels : channels, lanes) * pixels() * lanes;
  }
  // Its channels in whole blocks of 16.
  size_t padded_channels() const { return (size_t)blocks_of(channels, 16) * 16; }
};

static inline int output_size(const convolutions_problem &p, int size) {
  return (size + 2 * p.padding - p.kernel) / p.stride + 1;
}
static inline Map input_map(const convolutions_problem &p) {
  return {p.in_channels, p.in_height, p.in_width, p.in_lanes};
}
static inline Map output_map(const convolutions_problem &p) {
  return {p.out_channels, output_size(p, p.in_height), output_size(p, p.in_width), p.lanes, p.map_channels};
}

// A problem as forward and backward data see it alike: from one map to another. Backward data is a convolution of the
// output's gradient, with the roles of channels exchanged.
struct Side {
  Map from, to;

  explicit Side(const convolutions_problem &p) : from(input_map(p)), to(output_map(p)) {
    if (p.direction != CONVOLUTIONS_BACKWARD_DATA) return;
    const Map input = from;
    from = to;
    to = input;
  }
};

// Working memory, taken piece after piece.
struct Scratch {
  float *next;

  float *take(size_t count) {
    float *const piece = next;
    next += (count + 15) / 16 * 16;
    return piece;
  }
};

// What a run needs of it, found out by taking it from nowhere.
struct ScratchCount {
  size_t count = 0;

  void add(size_t floats) { count += (floats + 15) / 16 * 16; }
};

// Rows of a block of products lie in memory for one row more than there are: 64 rows of 16 numbers would begin at the
// same place in every 4,096 bytes, which a cache has few lines for.
static inline size_t block_stride(int rows) { return (size_t)(rows + 1) * 16; }

static const float zeros[7 * 16] = {};
