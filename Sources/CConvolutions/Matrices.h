// Products of row-major matrices. Part of a body: see Bodies.cpp.

// Rows whose numbers are copied at one time.
enum { MATRIX_ROWS = 96 };

// A piece of the columns of a[inner, rows], whose rows are the product's sums.
struct TransposedNumbers {
  enum { ROW = 1 };
  const float *start;
  int rows;

  const float *at(int block, int lane) const { return start + (size_t)(16 * block + lane) * rows; }
  TransposedNumbers from_row(int row) const { return {start + row, rows}; }
};

// c[rows, columns] = a·b for some rows of it and a piece of the sums. The last columns, if they are no whole panel, are
// summed in `rest`, which lies like a panel.
template <class Numbers>
static void multiply_matrix_piece(int rows, int columns, Inner inner, Piece piece, Numbers numbers, const float *panels,
                                  float *c, float *rest) {
  const size_t panel = (size_t)inner.channels * 16;
  const Blocks weights = {const_cast<float *>(panels) + (size_t)piece.first * 256, panel};
  const int whole = columns / 16, lanes = columns % 16;
  if (whole > 0) multiply(rows, whole, inner, piece, numbers, weights, {c, 16, 8, columns});
  if (lanes == 0) return;
  multiply(rows, 1, inner, piece, numbers, {weights.block(whole), panel}, {rest, 16, 8, 16});
  if (piece.end < inner.blocks()) return;
  for (int row = 0; row < rows; row++) {
    for (int lane = 0; lane < lanes; lane++) c[(size_t)row * columns + whole * 16 + lane] = rest[row * 16 + lane];
  }
}

static void multiply_matrices(int rows, int columns, int inner_count, const float *a, bool transposed,
                              const float *panels, float *c) {
  const Inner inner = {1, inner_count, PIECE};
  float copy[PIECE * (MATRIX_ROWS + 1) * 16], rest[MATRIX_ROWS * 16];
  const Blocks numbers = {copy, block_stride(MATRIX_ROWS)};
  for (int first = 0, count; first < rows; first += count) {
    count = rows - first < MATRIX_ROWS ? rows - first : MATRIX_ROWS;
    float *const results = c + (size_t)first * columns;
    for_each_piece(inner, [&](Piece piece) {
      if (transposed) {
        const TransposedNumbers own = {a + (size_t)piece.first * 16 * rows + first, rows};
        return multiply_matrix_piece(count, columns, inner, piece, own, panels, results, rest);
      }
      for (int block = piece.first; block < piece.end; block++) {
        float *const place = numbers.block(block - piece.first);
        const float *const from = a + (size_t)first * inner_count + block * 16;
        const int lanes = inner.lanes(block);
        for (int row = 0; row < count; row++) {
          memcpy(place + row * 16, from + (size_t)row * inner_count, lanes * sizeof *place);
        }
      }
      multiply_matrix_piece(count, columns, inner, piece, BlockNumbers{numbers}, panels, results, rest);
    });
  }
}
