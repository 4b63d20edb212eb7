// Products that leave out closed channels. Part of a body: see Bodies.cpp.
//
// What is left out are fused multiply-adds of zeros, which change no sum: it starts at +0 and stays what it is. The order
// of the others is that of `multiply`, so that bits are the same with and without closed channels.

// m = v·u for R rows of one image and P panels, over some terms; added to m if `adds`.
template <int R, int P>
static inline void multiply_terms(const Term *terms, const Term *end, const float *v, Blocks u, Panels m, bool adds) {
  Vector sums[R][P * PARTS] = {};
  for (; terms < end; terms++) {
    const float *const numbers = v + terms->number, *const weights = u.start + terms->weights;
    if constexpr (R <= P * PARTS) {  // the fewer of both are kept in registers
      Vector number[R];
      UNROLL
      for (int r = 0; r < R; r++) number[r] = all(numbers[BlockNumbers::ROW * r]);
      UNROLL
      for (int i = 0; i < P * PARTS; i++) {
        const Vector w = load(weights + i / PARTS * u.stride + i % PARTS * WIDTH);
        UNROLL
        for (int r = 0; r < R; r++) sums[r][i] = fma(number[r], w, sums[r][i]);
      }
    } else {
      add_products<R, P, BlockNumbers>(numbers, weights, u.stride, sums);
    }
  }
  write_sums<R, P>(sums, m, adds);
}

// Panels that R rows are multiplied by at one time: as many sums as there are registers for, or as hide the latency of a
// multiply-add where weights are read for one or two rows.
constexpr int panels_for(int rows) {
  int panels = 1;
  while (panels < 8 && 2 * panels * PARTS * rows <= ROWS * PANELS * PARTS && 2 * panels * PARTS <= 8) panels *= 2;
  return panels;
}

// The same for `rows` ≤ R rows and panels from `panel` on; `panels` is a power of two up to P.
template <int R, int P>
static void multiply_term_rows(int rows, int panels, const Term *terms, const Term *end, const float *v, Blocks u,
                               Panels m, bool adds) {
  if constexpr (R > 1) {
    if (rows < R) return multiply_term_rows<R - 1, panels_for(R - 1)>(rows, panels, terms, end, v, u, m, adds);
  }
  if constexpr (P > 1) {
    if (panels < P) return multiply_term_rows<R, P / 2>(rows, panels, terms, end, v, u, m, adds);
  }
  multiply_terms<R, P>(terms, end, v, u, m, adds);
}

// The same for `rows` rows from `row` on, shared out evenly, and `width` panels from `panel` on.
static void multiply_list(const Term *terms, const Term *end, int row, int rows, int panel, int width, Blocks v, Blocks u,
                          Blocks m, bool adds) {
  const int parts = (rows + ROWS - 1) / ROWS;
  for (int part = 0; part < parts; part++) {
    const int count = rows / parts + (part < rows % parts);
    for (int own = 0, step; own < width; own += step) {
      step = panels_for(count) < width ? panels_for(count) : width;
      multiply_term_rows<ROWS, panels_for(ROWS)>(count, step, terms, end, v.start + BlockNumbers::ROW * row,
                                                 {u.block(panel + own), u.stride}, Panels(m).from(panel + own, row),
                                                 adds);
    }
    row += count;
  }
}

// How many rows are multiplied at one time.
static int rows_of_part(int rows) {
  const int parts = (rows + ROWS - 1) / ROWS;
  return rows == 0 ? 0 : (rows + parts - 1) / parts;
}

// What is read next, prefetched part by part while images are computed, as these take weights here and there, which no
// processor foresees.
static inline void prefetch_part(const float *start, size_t count, int part, int parts) {
  const size_t first = count / 16 * part / parts, end = count / 16 * (part + 1) / parts;
  for (size_t line = first; line < end; line++) __builtin_prefetch(start + line * 16);
}

// m = v·u of a pair of points p, q for those of a chunk's images that have closed channels.
//
// Panels are outside and images inside: where an image has few tiles, a chain's weights are in the first cache for all
// of them.
static void multiply_open(const OpenChannels &open, int p, int q, int panels, int chains, Blocks v, Blocks u, Blocks m) {
  int most = 0;
  for (int s = 0; s < open.count; s++) {
    if (open.segments[s].is_whole) continue;
    const int rows = rows_of_part(open.segments[s].count_of(p, q));
    if (rows > most) most = rows;
  }
  if (most == 0) return;
  for (int panel = 0, width; panel < panels; panel += width) {
    width = panels_for(most);
    while (panel + width > panels) width /= 2;
    for (int chain = 0; chain < chains; chain++) {
      for (int s = 0; s < open.count; s++) {
        const Segment &segment = open.segments[s];
        if (segment.is_whole) continue;
        if (chain + 1 < chains && open.count >= 8) {
          for (int own = panel; own < panel + width; own++) {
            prefetch_part(u.block(own) + (chain + 1) * CHAIN * 16, CHAIN * 16, s, open.count);
          }
        }
        multiply_list(segment.open.start_of(chain), segment.open.end_of(chain), segment.first_of(p, q),
                      segment.count_of(p, q), panel, width, v, u, m, chain > 0);
      }
    }
  }
}
