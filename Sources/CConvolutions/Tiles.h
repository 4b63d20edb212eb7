#pragma once

// How Winograd's tiles cover a map.

// One axis of a map: tiles of 3, 4 or 5 outputs that fit it, the larger ones first; a map of 1 or 2 has one tile of 3.
//
// Tiles of 4 cost (6/4)² multiplications an output, and their points round least for it. Tiles of 5 (7/5)² round about
// twice as much, so they only take what would else need a tile more: 9 is 5 + 4, 14 is 5 + 5 + 4. What is left is made
// of 4 and 3: 6 is 3 + 3, 7 is 4 + 3, 11 is 4 + 4 + 3. So the tiles of an axis differ by at most one, and those of 3
// and 5 never meet.
struct Axis {
  int outputs, tiles;
  int smaller;  // outputs of all tiles but the first `larger`, which have one more
  int larger;

  explicit Axis(int outputs) : outputs(outputs) {
    tiles = outputs < 4 ? 1 : outputs / 4;
    if (outputs > 5 * tiles) tiles++;
    smaller = outputs < 3 ? 3 : outputs / tiles;
    larger = outputs < 3 ? 0 : outputs % tiles;
  }

  int size(int tile) const { return smaller + (tile < larger); }
  int start(int tile) const { return tile * smaller + (tile < larger ? tile : larger); }
  bool has(int size) const { return (size == smaller && larger < tiles) || (size == smaller + 1 && larger > 0); }
};

// The points at which tiles are evaluated: those of 3 outputs take the first five, tiles of 4 add 0, tiles of 5 add ±c.
// Transformed weights do not depend on the tile, so tiles of different sizes share them.
enum { PLUS_A, MINUS_A, PLUS_B, MINUS_B, INFINITE, ZERO, PLUS_C, MINUS_C, POINTS };

// The i-th of the points of a tile of `size` outputs.
constexpr int point(int size, int i) { return size == 5 && i > INFINITE ? i + 1 : i; }

// Points fall into classes that are used together: by all tiles, by those of 4, by those of 5.
enum { CLASSES = 3 };
constexpr int point_class(int point) { return point <= INFINITE ? 0 : point == ZERO ? 1 : 2; }

// The points that an axis uses, in order.
struct AxisPoints {
  int count;
  int of[POINTS];    // slot → point
  int slot[POINTS];  // point → slot, or −1

  explicit AxisPoints(const Axis &axis) : count(0) {
    for (int p = 0; p < POINTS; p++) {
      const int c = point_class(p);
      const bool used = c == 0 || (c == 1 && axis.has(4)) || (c == 2 && axis.has(5));
      slot[p] = used ? count : -1;
      if (used) of[count++] = p;
    }
  }
};
