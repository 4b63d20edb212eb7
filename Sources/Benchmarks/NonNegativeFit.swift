/// The weights w ≥ 0 that minimise Σ_i (x_i·w − y_i)².
///
/// Coordinate descent: one weight after the other goes to where the sum is least with the others as they are, and no lower
/// than 0. The sum is convex, so that this ends at its minimum; the order is fixed, so that it ends at the same bits.
///
/// - Parameters:
///   - x: A row for each y, of one length. Numbers of about one size: the further apart columns are, the slower it is.
func nonNegativeFit(_ x: [[Double]], _ y: [Double], sweeps: Int = 10_000) -> [Double] {
  let columns = x[0].indices
  let products = columns.map { a in columns.map { b in x.reduce(0) { $0 + $1[a] * $1[b] } } }
  let targets = columns.map { a in zip(x, y).reduce(0) { $0 + $1.0[a] * $1.1 } }
  var weights = [Double](repeating: 0, count: columns.count)
  for _ in 0..<sweeps {
    for a in columns where products[a][a] > 0 {
      let others = columns.reduce(0) { $1 == a ? $0 : $0 + products[a][$1] * weights[$1] }
      weights[a] = max((targets[a] - others) / products[a][a], 0)
    }
  }
  return weights
}
