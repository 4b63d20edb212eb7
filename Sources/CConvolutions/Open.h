#pragma once

// Which input channels are open, image by image. The others are zeros, which sums can leave out: the input has open
// channels only, one after the other.

#include "WinogradPlan.h"

// A number that a product takes: where it is in a row of the chunk's block, and where its weights are in a panel.
struct Term {
  int number, weights;
};

// The tiles that one image has in a chunk, and its open channels.
struct Segment {
  int first[CLASSES][CLASSES], count[CLASSES][CLASSES];  // its rows among the tiles of a pair of classes
  Term *terms;  // ascending
  int *ends;    // of each chain of terms
  int channels;

  int first_of(int p, int q) const { return first[point_class(p)][point_class(q)]; }
  int count_of(int p, int q) const { return count[point_class(p)][point_class(q)]; }
};

// Chains of a product hold so many channels, open or not.
enum { CHAIN = 32 };

struct OpenChannels {
  int count;
  Segment segments[MAXIMAL_CHUNK];

  static int chains(int channels) { return (channels + CHAIN - 1) / CHAIN; }
  // Floats that a chunk's lists take.
  static size_t memory(const WinogradPlan &plan) {
    return (size_t)plan.chunk * (plan.from.channels * sizeof(Term) / sizeof(float) + chains(plan.from.channels));
  }

  // Those of a block of channels for so many panels, at all pairs of points.
  static size_t sums(const WinogradPlan &plan) { return (size_t)plan.pairs() * 16 * 8 * 16; }

  // open: [row][channel, in whole blocks], or NULL: no lists.
  OpenChannels(const WinogradPlan &plan, const Chunk &chunk, const float *open, float *memory) : count(0) {
    if (open == NULL) return;
    const int channels = plan.from.channels, width = plan.from.blocks() * plan.from.lanes;
    Term *terms = reinterpret_cast<Term *>(memory);
    int *ends = reinterpret_cast<int *>(terms + (size_t)plan.chunk * channels);
    for (int i = 0; i < chunk.count; i++) {
      const Tile &tile = chunk.tiles[i];
      if (i == 0 || tile.row != chunk.tiles[i - 1].row) {
        Segment &segment = segments[count++];
        segment = {{}, {}, terms, ends, 0};
        const float *const row = open + (size_t)tile.row * width;
        for (int c = 0; c < channels; c++) {
          if (row[c] != 0) {
            const int k = (int)(terms - segment.terms);
            *terms++ = {(int)(k / 16 * plan.chunk_block()) + k % 16, c * 16};
          }
          if (c % CHAIN == CHAIN - 1 || c == channels - 1) *ends++ = (int)(terms - segment.terms);
        }
        segment.channels = (int)(terms - segment.terms);
      }
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
