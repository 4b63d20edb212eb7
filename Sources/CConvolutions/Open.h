#pragma once

// Which channels of a map are open, image by image: of the input, where the others are zeros, which sums can leave out,
// or of the output, where nobody wants the others. The map has open channels only, one after the other.

#include "WinogradPlan.h"

// An open channel. Of the input: where its number is in a row of the chunk's block, and where its weights are in a panel.
// Of the output: which it is, and where its weights are.
struct Term {
  int number, weights;
};

// The tiles that an image, or several with all channels open, have in a chunk, and their open channels.
struct Segment {
  int first[CLASSES][CLASSES], count[CLASSES][CLASSES];  // rows among the tiles of a pair of classes
  Term *terms;                                           // ascending
  int *ends;                                             // of each chain of terms
  int channels;

  int first_of(int p, int q) const { return first[point_class(p)][point_class(q)]; }
  int count_of(int p, int q) const { return count[point_class(p)][point_class(q)]; }
};

// Chains of a product hold so many channels, open or not.
enum { CHAIN = 32 };

struct OpenChannels {
  int count;
  Segment segments[MAXIMAL_CHUNK];
  uint8_t of_tile[MAXIMAL_CHUNK];

  static int chains(int channels) { return (channels + CHAIN - 1) / CHAIN; }
  // Floats that a chunk's lists of input or output channels take.
  static size_t memory(const WinogradPlan &plan) {
    const int channels = plan.from.channels > plan.to.channels ? plan.from.channels : plan.to.channels;
    return (size_t)plan.chunk * ((channels + 15) * sizeof(Term) / sizeof(float) + chains(channels));
  }
  // Those of a block of channels for so many panels, at all pairs of points.
  static size_t sums(const WinogradPlan &plan) { return (size_t)plan.pairs() * 16 * 8 * 16; }

  // Rows with all channels open before the others: products of neighbours are taken together.
  static const int *order(const WinogradPlan &plan, const Map &map, const float *open, float *memory) {
    int *const order = reinterpret_cast<int *>(memory), width = map.blocks() * map.lanes;
    int next = 0;
    for (int whole = 1; whole >= 0; whole--) {
      for (int row = 0; row < plan.rows; row++) {
        int count = 0;
        for (int c = 0; c < map.channels; c++) count += open[(size_t)row * width + c] != 0;
        if ((count == map.channels) == whole) order[next++] = row;
      }
    }
    return order;
  }

  // No lists.
  OpenChannels() : count(0) {}

  // open: [row][channel, in whole blocks]. For output channels, whose weights are rows of so many numbers, the last one's
  // weights are repeated until lists are whole blocks.
  OpenChannels(const WinogradPlan &plan, const Map &map, const Chunk &chunk, const float *open, float *memory,
               int row_of_weights = 0)
      : count(0) {
    const int channels = map.channels, width = map.blocks() * map.lanes;
    Term *terms = reinterpret_cast<Term *>(memory);
    int *ends = reinterpret_cast<int *>(terms + (size_t)plan.chunk * (channels + 15));
    for (int i = 0; i < chunk.count; i++) {
      const Tile &tile = chunk.tiles[i];
      if (i == 0 || tile.row != chunk.tiles[i - 1].row) {
        Segment &segment = segments[count];
        segment = {{}, {}, terms, ends, 0};
        const float *const row = open + (size_t)tile.row * width;
        for (int c = 0; c < channels; c++) {
          if (row[c] != 0) {
            const int k = (int)(terms - segment.terms);
            *terms++ = row_of_weights > 0 ? Term{c, c * row_of_weights}
                                          : Term{(int)(k / 16 * plan.chunk_block()) + k % 16, c * 16};
          }
          if (c % CHAIN == CHAIN - 1 || c == channels - 1) *ends++ = (int)(terms - segment.terms);
        }
        segment.channels = (int)(terms - segment.terms);
        if (count > 0 && segment.channels == channels && segments[count - 1].channels == channels) {
          terms = segment.terms, ends = segment.ends;
        } else {
          count++;
          for (int k = segment.channels; row_of_weights > 0 && k % 16 != 0; k++, terms++) *terms = terms[-1];
        }
      }
      of_tile[i] = (uint8_t)(count - 1);
      Segment &segment = segments[count - 1];
      for (int a = 0; a < CLASSES; a++) {
        for (int b = 0; b < CLASSES; b++) {
          if (!Chunk::has(tile.height, a) || !Chunk::has(tile.width, b)) continue;
          if (segment.count[a][b]++ == 0) segment.first[a][b] = tile.place[a][b];
        }
      }
    }
  }
};

// Rows of outputs that have fewer channels open than products of all would be faster for; the others count as open
// altogether. The same on every processor, as it decides bits.
static inline void decide_open_outputs(const WinogradPlan &plan, const float *mask, float *open) {
  const int channels = plan.to.channels, width = plan.to.blocks() * plan.to.lanes;
  const int tiles = plan.vertical.tiles * plan.horizontal.tiles;
  const double limit = tiles < 4 ? 0.35 : tiles < 16 ? 0.55 : 0.6;
  for (int row = 0; row < plan.rows; row++, mask += width, open += width) {
    int count = 0;
    for (int c = 0; c < channels; c++) count += mask[c] != 0;
    for (int c = 0; c < width; c++) open[c] = c < channels && (count > limit * channels || mask[c] != 0) ? 1 : 0;
  }
}
