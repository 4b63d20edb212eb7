// The time that an algorithm is expected to take, by which callers choose. A function of the shape alone, whatever the
// processor: another algorithm gives other bits (contract C9).

#include "DirectPlan.h"
#include "WinogradPlan.h"

// Nanoseconds of an AVX-512 core of 2.6 GHz. One with AVX2 alone takes up to twice as long, for one and the other.
static const double PRODUCT = 0.0125;  // a multiply-add
static const double WEIGHT = 0.25;     // a weight, each time that a chunk reads it
static const double MOVED = 0.15;      // a number that is gathered or scattered
static const double TRANSFORM = 0.3;   // a number of a tile, transformed there or back
static const double INVERSE = 0.2;     // one of a pair's sums of weights' gradients

// Channels as they lie in blocks: what isn't there is transformed and multiplied like what is.
static int whole(int channels) { return blocks_of(channels, 16) * 16; }

static int chunks(double outputs, int chunk) { return (int)((outputs + chunk - 1) / chunk); }

// Σ (size + 2) over an axis's tiles: what they multiply.
static int points_of(const Axis &axis) { return axis.tiles * (axis.smaller + 2) + axis.larger; }

static double winograd(const convolutions_problem &p) {
  const WinogradPlan plan(p);
  const double channels = (double)plan.from.channels * whole(plan.to.channels);
  const double products = (double)p.rows * points_of(plan.vertical) * points_of(plan.horizontal);
  const bool sums = p.direction == CONVOLUTIONS_BACKWARD_WEIGHTS;
  return channels * (PRODUCT * products + (sums ? INVERSE : WEIGHT) * plan.pairs() * chunks(plan.tiles, plan.chunk)) +
         TRANSFORM * products * (whole(plan.from.channels) + whole(plan.to.channels));
}

static double direct(const convolutions_problem &p) {
  const DirectPlan plan(p);
  const Map output = output_map(p);
  const double taps = (double)p.kernel * p.kernel, outputs = (double)p.rows * output.pixels();
  const double channels = (double)plan.from.channels * whole(plan.to.channels);
  return channels * taps * (PRODUCT * outputs + WEIGHT * chunks(outputs, CHUNK)) +
         MOVED * outputs * (taps * whole(plan.from.channels) + whole(plan.to.channels));
}

double convolutions_nanoseconds(const convolutions_problem *p) {
  return p->algorithm == CONVOLUTIONS_WINOGRAD ? winograd(*p) : direct(*p);
}

// Up to which share of open channels skipping was faster. The fewer tiles an image has, the less the products that skip
// make of their weights and sums; with AVX-512 they are a smaller part of the whole. Limits for images of one tile, of
// four, of more.
struct Densities {
  double one, four, more;

  double limit(int tiles) const { return tiles < 4 ? one : tiles < 8 ? four : more; }
};

int convolutions_skips(const convolutions_problem *p, double density) {
  if (p->direction == CONVOLUTIONS_BACKWARD_DATA || p->in_lanes == 1) return 0;
  if (p->algorithm == CONVOLUTIONS_DIRECT) return p->direction == CONVOLUTIONS_FORWARD && density <= 0.8;
  const bool wide = p->instructions == INSTRUCTIONS_AVX512 && p->lanes == 16;
  const Densities forward = wide ? Densities{0.6, 0.85, 0.85} : Densities{0.7, 0.85, 0.9};
  const Densities weights = wide ? Densities{0.25, 0.5, 0.7} : Densities{0.5, 0.6, 0.75};
  const WinogradPlan plan(*p);
  const int tiles = plan.vertical.tiles * plan.horizontal.tiles;
  return density <= (p->direction == CONVOLUTIONS_FORWARD ? forward : weights).limit(tiles);
}
