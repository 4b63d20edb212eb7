// Winograd's transforms along one axis. Part of a body: see Bodies.cpp.
//
// A tile of m outputs of a correlation with three weights takes m + 2 inputs d. Outputs are y = Aᵀ·(G·g ⊙ Bᵀ·d), with
// rows of G, columns of Aᵀ and rows of Bᵀ for m + 2 points. For the finite ones
//
//   (G·g)(p) = g₀ + p·g₁ + p²·g₂,   Aᵀ: pʲ / N(p),   N(p) = Π (p − q) over the other finite points q,
//   (Bᵀ·d)(p) = Σ dⱼ·cⱼ, where Σ cⱼ·xʲ = Π (x − q),
//
// and for ∞ (G·g) = g₂, Aᵀ: 1 in the last row, Σ cⱼ·xʲ = Π (x − q) over all finite points. (Toom-Cook's interpolation,
// transposed. Signs and sizes are where they cost nothing: N is in Aᵀ, so that G·g is the same for every tile.)
//
// Points come in pairs ±p, which halves the work, and each larger tile adds points to the smallest's:
//
//   m = 3: ±a, ±b, ∞      m = 4: and 0      m = 5: and ±c instead
//
// Adding a point q multiplies the polynomials of the others by (x − q), which is the same as transforming dⱼ₊₁ − q·dⱼ
// instead of d.
//
// With 3/4, 13/8 and 9/32 all of B and G is exact in single precision, and few other points round less: root mean
// square of Σ over points of |A|²·|G|²·|B|², relative to a direct sum's, for both axes together
//
//   points                  m = 3   m = 4   m = 5
//   3/4, 13/8, 9/32           5.1     5.1    10.7
//   √½, √2, 9/32              4.3     5.0    13.7
//   0, ±1, ±2; and ½                 10.8    16.6
//
// Measured on 64 channels after a ReLU, against sums in double precision: 5.6e-7 of the outputs' root mean square on
// 32×32 (tiles of 4), 5.5e-7 on 7×7 (4 and 3), 9.3e-7 on 14×14 (5, 5 and 4), 12.5e-7 on 5×5; by the direct kernels
// 1.5e-7.

constexpr float A = 0.75f, B = 1.625f, C = 0.28125f;
constexpr float A2 = A * A, B2 = B * B, C2 = C * C;
// (x² − a²)·(x² − b²) = x⁴ − SUM·x² + PRODUCT.
constexpr float SUM = A2 + B2, PRODUCT = A2 * B2;

// Bᵀ·d for 3, 4 and 5 outputs; `v` in the order of the tile's points.
static inline void transform_inputs_3(const Vector *d, Vector *v) {
  const Vector ea = fma(-B2, d[1], d[3]), oa = fma(-B2, d[0], d[2]);
  const Vector eb = fma(-A2, d[1], d[3]), ob = fma(-A2, d[0], d[2]);
  v[0] = fma(A, oa, ea);
  v[1] = fma(-A, oa, ea);
  v[2] = fma(B, ob, eb);
  v[3] = fma(-B, ob, eb);
  v[4] = fma(PRODUCT, d[0], fma(-SUM, d[2], d[4]));
}

static inline void transform_inputs_4(const Vector *d, Vector *v) {
  transform_inputs_3(d + 1, v);
  v[5] = fma(PRODUCT, d[0], fma(-SUM, d[2], d[4]));
}

static inline void transform_inputs_5(const Vector *d, Vector *v) {
  Vector differences[5];
  UNROLL
  for (int i = 0; i < 5; i++) differences[i] = fma(-C2, d[i], d[i + 2]);
  transform_inputs_3(differences, v);
  const Vector e = fma(PRODUCT, d[1], fma(-SUM, d[3], d[5])), o = fma(PRODUCT, d[0], fma(-SUM, d[2], d[4]));
  v[5] = fma(C, o, e);
  v[6] = fma(-C, o, e);
}

template <int M>
static inline void transform_inputs(const Vector *d, Vector *v) {
  if constexpr (M == 3) transform_inputs_3(d, v);
  if constexpr (M == 4) transform_inputs_4(d, v);
  if constexpr (M == 5) transform_inputs_5(d, v);
}

// pʲ / N(p) for p = +a, +b or +c in a tile of M; for −p the same but for the sign, which is that of j + M + 1.
template <int M>
constexpr float output_weight(int pair, int power) {
  const double points[] = {A, B, C};
  const double p = points[pair], squared = p * p;
  double denominator = 2 * p;
  for (int other = 0; other < (M == 5 ? 3 : 2); other++) {
    if (other != pair) denominator *= squared - points[other] * points[other];
  }
  if (M == 4) denominator *= p;
  double weight = 1 / denominator;
  for (int j = 0; j < power; j++) weight *= p;
  return (float)weight;
}
template <int M>
constexpr int pairs() { return M == 5 ? 3 : 2; }
// Where the numbers of ±a, ±b, ±c begin in a tile's.
constexpr int pair_start(int pair) { return pair < 2 ? 2 * pair : 5; }

// y = Aᵀ·m.
template <int M>
static inline void transform_outputs(const Vector *m, Vector *y) {
  Vector sums[3], differences[3];
  UNROLL
  for (int i = 0; i < pairs<M>(); i++) {
    sums[i] = m[pair_start(i)] + m[pair_start(i) + 1];
    differences[i] = m[pair_start(i)] - m[pair_start(i) + 1];
  }
  UNROLL
  for (int j = 0; j < M; j++) {
    const Vector *const terms = (j + M) % 2 == 0 ? sums : differences;
    Vector sum = j == M - 1 ? m[4] : j == 0 && M == 4 ? all(1 / PRODUCT) * m[5] : Vector{};
    UNROLL
    for (int i = 0; i < pairs<M>(); i++) sum = fma(output_weight<M>(i, j), terms[i], sum);
    y[j] = sum;
  }
}

// A·dy: the transpose, for the gradient of the weights.
template <int M>
static inline void transform_gradients(const Vector *dy, Vector *m) {
  UNROLL
  for (int i = 0; i < pairs<M>(); i++) {
    Vector even = all(output_weight<M>(i, 0)) * dy[0], odd = all(output_weight<M>(i, 1)) * dy[1];
    UNROLL
    for (int j = 2; j < M; j += 2) even = fma(output_weight<M>(i, j), dy[j], even);
    UNROLL
    for (int j = 3; j < M; j += 2) odd = fma(output_weight<M>(i, j), dy[j], odd);
    m[pair_start(i)] = even + odd;
    m[pair_start(i) + 1] = M % 2 == 0 ? even - odd : odd - even;
  }
  m[4] = dy[M - 1];
  if (M == 4) m[5] = all(1 / PRODUCT) * dy[0];
}

// G·g at all points.
static inline void transform_weights(const Vector *g, Vector *u) {
  const float points[] = {A, B, C};
  UNROLL
  for (int i = 0; i < 3; i++) {
    const float p = points[i];
    const Vector even = fma(p * p, g[2], g[0]);
    const int start = i < 2 ? 2 * i : PLUS_C;
    u[start] = fma(p, g[1], even);
    u[start + 1] = fma(-p, g[1], even);
  }
  u[INFINITE] = g[2];
  u[ZERO] = g[0];
}

// Gᵀ·s: the transpose; at points that no tile used, s is zero.
static inline void transform_weight_sums(const Vector *s, Vector *g) {
  const float points[] = {A, B, C};
  g[0] = s[ZERO];
  g[1] = Vector{};
  g[2] = s[INFINITE];
  UNROLL
  for (int i = 0; i < 3; i++) {
    const float p = points[i];
    const int start = i < 2 ? 2 * i : PLUS_C;
    const Vector sum = s[start] + s[start + 1], difference = s[start] - s[start + 1];
    g[0] += sum;
    g[1] = fma(p, difference, g[1]);
    g[2] = fma(p * p, sum, g[2]);
  }
}
