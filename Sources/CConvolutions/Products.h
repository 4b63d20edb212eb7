// Matrix products of panels. Part of a body: see Bodies.cpp.
//
// Numbers lie in blocks of 16 channels, [block][row][16], where a row is a pixel or a Winograd tile; weights in panels
// of 16 output channels, [panel][inner][16]. Lanes of a vector are neighbouring output channels, so every output is the
// sum of chains of fused multiply-adds in the order of its terms, whatever the vectors' width and however the loops are
// cut: that is why all bodies give the same bits (contract C9). Several chains, because one of 2,304 terms rounded 3.5
// times as much as those of 128.

// WIDTH numbers at a time, in registers and anywhere in memory.
typedef float Vector __attribute__((vector_size(WIDTH * sizeof(float))));
typedef float VectorInMemory __attribute__((vector_size(WIDTH * sizeof(float)), aligned(4)));
enum { PARTS = 16 / WIDTH };  // vectors in a block

static inline Vector load(const float *p) { return *reinterpret_cast<const VectorInMemory *>(p); }
static inline void store(float *p, Vector v) { *reinterpret_cast<VectorInMemory *>(p) = v; }
static inline Vector all(float v) { return v - Vector{}; }
static inline Vector fma(Vector a, Vector b, Vector c) { return __builtin_elementwise_fma(a, b, c); }
static inline Vector fma(float a, Vector b, Vector c) { return fma(all(a), b, c); }

#define UNROLL _Pragma("clang loop unroll(full)")

// What a product sums over: `channels` numbers of each of `groups` (1, or the taps of a kernel), in whole blocks.
struct Inner {
  int groups, channels;
  int chain;  // blocks whose terms are one chain

  int blocks_in_group() const { return (channels + 15) / 16; }
  int blocks() const { return groups * blocks_in_group(); }
  int lanes(int block) const {
    const int left = channels - block % blocks_in_group() * 16;
    return left < 16 ? left : 16;
  }
};

// A matrix in blocks of 16 columns, `stride` numbers apart.
struct Blocks {
  float *start;
  size_t stride;

  float *block(int i) const { return start + i * stride; }
};

// What a product takes from such a matrix: at(block, lane) is a column, whose rows are ROW apart.
struct BlockNumbers {
  enum { ROW = 16 };
  Blocks blocks;

  const float *at(int block, int lane) const { return blocks.block(block) + lane; }
  BlockNumbers from_row(int row) const { return {{blocks.start + ROW * row, blocks.stride}}; }
};

// Rows of panels, in blocks of 16 or as a map has them, where those of 8 lanes make a panel of two halves.
struct Panels {
  float *start;
  size_t stride, half;  // from one panel, or half a panel, to the next
  int row;              // lanes

  Panels(Blocks blocks) : start(blocks.start), stride(blocks.stride), half(8), row(16) {}
  Panels(float *start, size_t stride, size_t half, int row) : start(start), stride(stride), half(half), row(row) {}

  float *part(int i) const { return start + i / PARTS * stride + i % PARTS * WIDTH / 8 * half + i % PARTS * WIDTH % 8; }
  Panels from(int panel, int first) const { return {start + panel * stride + (size_t)first * row, stride, half, row}; }
};

// Some of the blocks that a product sums over.
struct Piece {
  int first, end;

  explicit Piece(Inner inner) : first(0), end(inner.blocks()) {}
  Piece(int first, int end) : first(first), end(end) {}
};

// Adds one term's products to the sums: the numbers of R rows times the weights of P panels.
template <int R, int P, class Numbers>
static inline void add_products(const float *numbers, const float *weights, size_t panel, Vector (&sums)[R][P * PARTS]) {
  Vector w[P * PARTS];
  UNROLL
  for (int i = 0; i < P * PARTS; i++) w[i] = load(weights + i / PARTS * panel + i % PARTS * WIDTH);
  UNROLL
  for (int r = 0; r < R; r++) {
    const Vector number = all(numbers[Numbers::ROW * r]);
    UNROLL
    for (int i = 0; i < P * PARTS; i++) sums[r][i] = fma(number, w[i], sums[r][i]);
  }
}

// Writes the sums, or adds them to what is there.
template <int R, int P>
static inline void write_sums(const Vector (&sums)[R][P * PARTS], Panels m, bool adds) {
  UNROLL
  for (int r = 0; r < R; r++) {
    UNROLL
    for (int i = 0; i < P * PARTS; i++) {
      float *const place = m.part(i) + r * m.row;
      store(place, adds ? load(place) + sums[r][i] : sums[r][i]);
    }
  }
}

// m = v·u for R rows and P panels; what comes after a sum's first piece is added to it. v and u begin at the piece.
template <int R, int P, class Numbers>
static inline void multiply_some(Inner inner, Piece piece, Numbers v, Blocks u, Panels m) {
  const float *weights = u.start;
  int block = piece.first;
  do {
    const int first = block, left = piece.end - first;
    const int end = first + (left < inner.chain ? left : inner.chain);
    Vector sums[R][P * PARTS] = {};
    for (; block < end; block++) {
      const int lanes = inner.lanes(block);
      for (int lane = 0; lane < lanes; lane++, weights += 16) {
        const float *const numbers = v.at(block - piece.first, lane);
        add_products<R, P, Numbers>(numbers, weights, u.stride, sums);
      }
    }
    write_sums<R, P>(sums, m, first > 0);
  } while (block < piece.end);
}

// The same for `rows` ≤ R rows.
template <int R, int P, class Numbers>
static void multiply_rows(int rows, Inner inner, Piece piece, Numbers v, Blocks u, Panels m) {
  if (rows == R) return multiply_some<R, P>(inner, piece, v, u, m);
  if constexpr (R > 1) multiply_rows<R - 1, P>(rows, inner, piece, v, u, m);
}

// m = v·u: `rows` rows, `panels` panels of weights. Rows are shared out evenly: a rest of one row would wait for every
// multiply-add's latency.
template <class Numbers>
static void multiply(int rows, int panels, Inner inner, Piece piece, Numbers v, Blocks u, Panels m) {
  const int parts = (rows + ROWS - 1) / ROWS;
  for (int panel = 0; panel < panels;) {
    const int width = panel + PANELS <= panels ? PANELS : 1;
    const Blocks weights = {u.block(panel), u.stride};
    for (int part = 0, row = 0; part < parts; part++) {
      const int count = rows / parts + (part < rows % parts);
      const Numbers numbers = v.from_row(row);
      const Panels results = m.from(panel, row);
      if (width == PANELS) {
        multiply_rows<ROWS, PANELS>(count, inner, piece, numbers, weights, results);
      } else {
        multiply_rows<ROWS, 1>(count, inner, piece, numbers, weights, results);
      }
      row += count;
    }
    panel += width;
  }
}

// Adds Σ v ⊗ d over `rows` rows: of R columns of v, and P panels of d.
template <int R, int P, class Numbers>
static inline void outer_of(int rows, const float *const (&numbers)[R], Panels d, Vector (&sums)[R][P * PARTS]) {
  const float *gradients[P * PARTS];
  UNROLL
  for (int i = 0; i < P * PARTS; i++) gradients[i] = d.part(i);
  for (int row = 0; row < rows; row++) {
    Vector g[P * PARTS];
    UNROLL
    for (int i = 0; i < P * PARTS; i++) g[i] = load(gradients[i]), gradients[i] += d.row;
    UNROLL
    for (int r = 0; r < R; r++) {
      const Vector number = all(numbers[r][Numbers::ROW * row]);
      UNROLL
      for (int i = 0; i < P * PARTS; i++) sums[r][i] = fma(number, g[i], sums[r][i]);
    }
  }
}

// The same for R columns of a block of v from `lane` on.
template <int R, int P, class Numbers>
static inline void outer_some(int rows, Numbers v, int block, int lane, Panels d, Vector (&sums)[R][P * PARTS]) {
  const float *numbers[R];
  UNROLL
  for (int r = 0; r < R; r++) numbers[r] = v.at(block, lane + r);
  outer_of<R, P, Numbers>(rows, numbers, d, sums);
}
