#pragma once

// How a Winograd convolution is divided. A function of the shape alone, as some of it decides bits.

#include "Maps.h"
#include "Tiles.h"

struct WinogradPlan {
  int rows, padding;
  Map from, to;
  Axis vertical, horizontal;
  AxisPoints vertical_points, horizontal_points;
  int tiles;      // in all rows
  int chunk;      // tiles whose transforms are in memory at one time
  size_t stride;  // numbers from one pair of points to the next, in a chunk's block
  size_t starts[POINTS][POINTS];  // where pairs begin there

  explicit WinogradPlan(const convolutions_problem &p)
      : rows(p.rows), padding(p.direction == CONVOLUTIONS_BACKWARD_DATA ? 2 - p.padding : p.padding),
        from(Side(p).from), to(Side(p).to), vertical(to.height), horizontal(to.width), vertical_points(vertical),
        horizontal_points(horizontal), tiles(p.rows * vertical.tiles * horizontal.tiles) {
    // Weights' gradients are summed over a chunk before they leave the transform, so that its size decides bits. For
    // the other directions the weights, which are read once a chunk, and the chunk compete for the cache: 24 tiles of
    // 64 + 64 channels, 96 of 512 + 512 were fastest.
    const int width = (from.channels + to.channels) / 96 * 12;
    const int limit = p.direction == CONVOLUTIONS_BACKWARD_WEIGHTS ? 64 : width < 24 ? 24 : width > 96 ? 96 : width;
    chunk = tiles < limit ? tiles : limit;
    stride = block_stride(chunk);
    for (int v = 0; v < POINTS; v++) {
      for (int h = 0; h < POINTS; h++) starts[v][h] = pair(v, h) * stride;
    }
  }

  int pairs() const { return vertical_points.count * horizontal_points.count; }
  int pair(int vertical_point, int horizontal_point) const {
    return vertical_points.slot[vertical_point] * horizontal_points.count + horizontal_points.slot[horizontal_point];
  }
  // A chunk's transforms, [block of channels][pair][tile][16].
  size_t chunk_block() const { return pairs() * stride; }
  size_t chunk_count(int channels) const { return blocks_of(channels, 16) * chunk_block(); }

  // Transformed weights, [pair][panel][input channel][16]; a line more between pairs, for the cache's sake.
  size_t panel() const { return (size_t)from.channels * 16; }
  size_t pair_weights() const { return blocks_of(to.channels, 16) * panel() + 16; }
  // Transformed weights as rows, [pair][output channel][input channel, in whole blocks].
  size_t row_weights() const { return (size_t)blocks_of(from.channels, 16) * 16; }
  size_t pair_rows() const { return to.channels * row_weights() + 16; }
  // Their gradient, [panel][input channel, in whole blocks][tap][16].
  size_t gradient_panel() const { return (size_t)blocks_of(from.channels, 16) * 16 * 9 * 16; }
};

enum { MAXIMAL_CHUNK = 96 };

// A tile of a chunk, and where it has its rows among the tiles of each pair of points: those of a class that not all
// tiles have are numbered by themselves.
struct Tile {
  int row, y, x;      // of its first output
  int height, width;  // outputs
  int place[CLASSES][CLASSES];
};

struct Chunk {
  int count;
  Tile tiles[MAXIMAL_CHUNK];
  int counts[CLASSES][CLASSES] = {};

  // order: which row is where among the tiles; NULL: each is in its place.
  Chunk(const WinogradPlan &plan, int first, const int *order = NULL)
      : count(plan.tiles - first < plan.chunk ? plan.tiles - first : plan.chunk) {
    const int across = plan.horizontal.tiles, in_row = plan.vertical.tiles * across;
    for (int i = 0; i < count; i++) {
      Tile &tile = tiles[i];
      const int index = first + i, v = index % in_row / across, h = index % across;
      tile.row = order ? order[index / in_row] : index / in_row;
      tile.y = plan.vertical.start(v), tile.height = plan.vertical.size(v);
      tile.x = plan.horizontal.start(h), tile.width = plan.horizontal.size(h);
      for (int a = 0; a < CLASSES; a++) {
        for (int b = 0; b < CLASSES; b++) {
          if (has(tile.height, a) && has(tile.width, b)) tile.place[a][b] = counts[a][b]++;
        }
      }
    }
  }

  // Tiles that have the pair of points.
  int count_of(int vertical_point, int horizontal_point) const {
    return counts[point_class(vertical_point)][point_class(horizontal_point)];
  }

  // Whether a tile of so many outputs has the points of the class.
  static bool has(int size, int point_class) {
    return point_class == 0 || (point_class == 1 && size == 4) || (point_class == 2 && size == 5);
  }
};
