#pragma once

// Which channels of a map are open, image by image: of the input, where the others are zeros, which sums can leave out,
// or of the output, where nobody wants the others. The map has open channels only, one after the other.

#include "WinogradPlan.h"

// An open channel. Of the input: where its number is in a row of the chunk's block, and where its weights are in a panel.
// Of the output: which it is, and where its weights are.
struct Term {
  int number, weights;
};

// Chains of a product hold so many channels, open or not.
enum { CHAIN = 32 };

// The open channels of an image, ascending.
struct OpenList {
  Term *terms;
  int channels;
  int *ends;       // of each chain of input channels
  bool in_panels;  // whether they are all channels of some panels of output channels

  // Of inputs.
  const Term *start_of(int chain) const { return terms + (chain > 0 ? ends[chain - 1] : 0); }
  const Term *end_of(int chain) const { return terms + ends[chain]; }

  static int chains(int channels) { return (channels + CHAIN - 1) / CHAIN; }
  // Terms that a list has room for, and how many floats they take.
  static int room(int channels) { return channels + 15; }
  static size_t memory(int channels) { return room(channels) * sizeof(Term) / sizeof(float); }

  // open: [input channel]; block: numbers from one block of channels to the next.
  static OpenList inputs(const float *open, int channels, size_t block, Term *terms, int *ends) {
    int count = 0;
    for (int c = 0; c < channels; c++) {
      if (open[c] != 0) terms[count] = {(int)(count / 16 * block) + count % 16, c * 16}, count++;
      if (c % CHAIN == CHAIN - 1 || c == channels - 1) ends[c / CHAIN] = count;
    }
    return {terms, count, ends, false};
  }

  // open: [output channel]; row: numbers of a channel's weights. The last one's are repeated until the list is whole blocks.
  static OpenList outputs(const float *open, int channels, size_t row, Term *terms) {
    int count = 0;
    for (int c = 0; c < channels; c++) {
      if (open[c] != 0) terms[count++] = {c, (int)(c * row)};
    }
    for (int k = count; k % 16 != 0; k++) terms[k] = terms[count - 1];
    return {terms, count, NULL, are_in_panels(open, channels)};
  }

  // Whether every panel of 16 channels has all of them open, or none.
  static bool are_in_panels(const float *open, int channels) {
    for (int c = 0; c < channels; c++) {
      if ((open[c] != 0) != (open[c / 16 * 16] != 0)) return false;
    }
    return true;
  }
};

// Rows with all channels open, and then the others: products of neighbours are taken together.
struct OpenOrder {
  const int *rows;
  int whole;

  OpenOrder(int count, const Map &map, const float *open, float *memory) : whole(0) {
    int *const order = reinterpret_cast<int *>(memory), width = map.blocks() * map.lanes;
    rows = order;
    int next = 0;
    for (int all = 1; all >= 0; all--) {
      for (int row = 0; row < count; row++) {
        int channels = 0;
        for (int c = 0; c < map.channels; c++) channels += open[(size_t)row * width + c] != 0;
        if ((channels == map.channels) == all) order[next++] = row;
      }
      if (all) whole = next;
    }
  }
};

// Up to which share of open output channels the others are left out. The same on every processor, as it decides bits.
struct OutputLimits {
  double single, panels;  // of channels that open one by one, or whole panels at a time
};

// Rows of outputs that have more of their channels open get all of them: leaving out the others would be slower.
static inline void decide_open_outputs(int rows, const Map &map, OutputLimits limits, const float *mask, float *open) {
  const int width = map.blocks() * map.lanes;
  for (int row = 0; row < rows; row++, mask += width, open += width) {
    const double limit = OpenList::are_in_panels(mask, map.channels) ? limits.panels : limits.single;
    int count = 0;
    for (int c = 0; c < map.channels; c++) count += mask[c] != 0;
    for (int c = 0; c < width; c++) open[c] = c < map.channels && (count > limit * map.channels || mask[c] != 0) ? 1 : 0;
  }
}

// The tiles that an image, or several with all channels open, have in a chunk, and their open channels.
struct Segment {
  OpenList open;
  bool is_whole;
  int first[CLASSES][CLASSES], count[CLASSES][CLASSES];  // rows among the tiles of a pair of classes

  int first_of(int p, int q) const { return first[point_class(p)][point_class(q)]; }
  int count_of(int p, int q) const { return count[point_class(p)][point_class(q)]; }
};

struct OpenChannels {
  int count;
  Segment segments[MAXIMAL_CHUNK];
  uint8_t of_tile[MAXIMAL_CHUNK];

  // Floats that a chunk's lists of input or output channels take.
  static size_t memory(const WinogradPlan &plan) {
    const int channels = plan.from.channels > plan.to.channels ? plan.from.channels : plan.to.channels;
    return (size_t)plan.chunk *
           (OpenList::memory(channels) + OpenList::chains(channels));
  }
  // Those of a block of channels for so many panels, at all pairs of points.
  static size_t sums(const WinogradPlan &plan) { return (size_t)plan.pairs() * 16 * 8 * 16; }

  // No lists.
  OpenChannels() : count(0) {}

  // open: [row][channel, in whole blocks]; row_of_weights: of output channels, 0 of input channels.
  OpenChannels(const WinogradPlan &plan, const Map &map, const Chunk &chunk, const float *open, float *memory,
               size_t row_of_weights = 0)
      : count(0) {
    const int channels = map.channels, width = map.blocks() * map.lanes;
    Term *terms = reinterpret_cast<Term *>(memory);
    int *ends = reinterpret_cast<int *>(terms + (size_t)plan.chunk * OpenList::room(channels));
    for (int i = 0; i < chunk.count; i++) {
      const Tile &tile = chunk.tiles[i];
      if (i == 0 || tile.row != chunk.tiles[i - 1].row) {
        const float *const row = open + (size_t)tile.row * width;
        const OpenList list = row_of_weights > 0 ? OpenList::outputs(row, channels, row_of_weights, terms)
                                                 : OpenList::inputs(row, channels, plan.chunk_block(), terms, ends);
        const bool is_whole = list.channels == channels;
        if (count == 0 || !is_whole || !segments[count - 1].is_whole) {
          segments[count++] = {list, is_whole, {}, {}};
          terms += OpenList::room(channels), ends += OpenList::chains(channels);
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
