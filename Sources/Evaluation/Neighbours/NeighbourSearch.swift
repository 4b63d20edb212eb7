import COpenBLAS
import CVector
import Tensors

/// The nearest of some rows to others, exactly, at the speed of single-precision products.
///
/// With c the mean of the training rows, ã = a − c and b̃ = b − c (of rows normalized before, for cosine), what orders the
/// training rows b by nearness to a test row a is
///
///     v(b) = ã·b̃ + β(b),   Euclidean: β = −½‖b̃‖², as −½‖a − b‖² = v − ½‖ã‖²
///                          cosine:    β = c·b̃,     as a·b = v + c·a
///
/// Products of blocks give v in single precision, which is off by at most ε = 2⁻²⁴·(D + 8)·(‖ã‖·max‖b̃‖ + max|β|): each
/// of the D products and sums of a dot product rounds once (Higham, *Accuracy and Stability of Numerical Algorithms*,
/// Section 3.1), rounding ã, b̃ and β and adding β take the rest. Subtracting c makes that small beside the differences
/// even where all features are alike.
///
/// Of each test row some more candidates are kept than are asked for, and their closeness is computed again in double
/// precision, row by row. If the last of the nearest is by more than ε nearer than any row that was not kept, nothing was
/// missed; otherwise every row within ε of it is looked at. So the result depends on no block, thread or rank.
struct NeighbourSearch {
  private let train: FeatureRows
  private let centre: [Double]
  private let pool: WorkerPool

  /// Rows of products at a time, at most: so many that packing the rows for the product costs little, and few enough that
  /// the products are in some cache when they are looked through.
  private static let block = (test: 2048, train: 2048)
  /// Candidates beyond those that are asked for.
  private static let spare = 16

  init(_ train: FeatureRows, pool: WorkerPool) {
    self.train = train
    self.pool = pool
    centre = train.mean()
  }

  /// The `k` nearest rows of every test row, nearest first; all if there are fewer.
  ///
  /// - Parameter check: Called now and then; ends the search by throwing.
  func nearest(to test: FeatureRows, k: Int, check: () throws -> Void = {}) throws -> [[Neighbour]] {
    let k = min(k, train.count)
    let largest = max(train.largestNorm, test.largestNorm)
    // Far from the ends of single precision, whatever the features' size.
    let factor = largest > 0 && largest.isFinite ? 1 / largest : 1
    let tests = Prepared(test, 0..<test.count, centre: centre, factor: factor)
    var found = (0..<test.count).map { _ in NearestCandidates(limit: k + Self.spare, of: train.count) }
    var bounds = (norm: 0.0, bias: 0.0)
    // As many pieces for each thread, however few rows there are.
    let rounds = (test.count + pool.threads * Self.block.test - 1) / (pool.threads * Self.block.test)
    let pieces = min(max(rounds, 1) * pool.threads, test.count)
    for first in stride(from: 0, to: train.count, by: Self.block.train) {
      try check()
      let rows = first..<min(first + Self.block.train, train.count)
      let block = Prepared(train, rows, centre: centre, factor: factor)
      bounds = (max(bounds.norm, block.norms.max() ?? 0), max(bounds.bias, block.largestBias))
      try found.withUnsafeMutableBufferPointer { found in
        nonisolated(unsafe) let found = found  // pieces take disjoint test rows
        try pool.run(pieces) { piece in
          let testRows = test.count * piece / pieces..<test.count * (piece + 1) / pieces
          let products = tests.products(testRows, with: block)
          var places = [UInt32](repeating: 0, count: rows.count)
          for row in testRows {
            found[row].offer(
              products.row(row - testRows.lowerBound), block.biases, from: first, places: &places)
          }
        }
      }
    }
    let slack = 0x1p-24 * Double(train.dimension + 8)
    return try pool.map(test.count) { row in
      guard test.isFinite[row] else {
        return (0..<k).map { Neighbour(row: $0, closeness: -.infinity) }
      }
      let error = slack * (tests.norms[row] * bounds.norm + bounds.bias)
      return nearest(to: row, of: test, in: found[row], k: k, error: error, factor: factor)
    }
  }

  /// The nearest of the candidates, or of all rows where one that is no candidate could be among them.
  private func nearest(
    to row: Int, of test: FeatureRows, in candidates: NearestCandidates, k: Int, error: Double, factor: Double
  ) -> [Neighbour] {
    func sorted(_ rows: some Sequence<Int>) -> [Neighbour] {
      rows.map { Neighbour(row: $0, closeness: train.closeness(of: $0, to: row, in: test)) }.sorted {
        $1 < $0
      }
    }
    var nearest = sorted(candidates.rows)
    if let farthest = candidates.farthest, nearest.count >= k {
      // v of the last of the nearest, from its closeness.
      let closeness = nearest[k - 1].closeness
      let value =
        switch train.metric {
        case .euclidean: (closeness + test.square(ofRow: row, from: centre)) / 2
        case .cosine: closeness - test.product(ofRow: row, with: centre)
        }
      let last = factor * factor * value
      if last - error <= Double(farthest) {
        let own = Prepared(test, row..<row + 1, centre: centre, factor: factor)
        nearest = sorted(rows(near: own, from: last - error, factor: factor))
      }
    }
    if nearest.count < k {
      // Too few rows are finite: the others are infinitely far, the first first.
      let others = (0..<train.count).lazy.filter { !train.isFinite[$0] }.prefix(k - nearest.count)
      nearest += others.map { Neighbour(row: $0, closeness: -.infinity) }
    }
    return Array(nearest.prefix(k))
  }

  /// Every row whose v in single precision is not below `least`.
  private func rows(near test: Prepared, from least: Double, factor: Double) -> [Int] {
    var found: [Int] = []
    for first in stride(from: 0, to: train.count, by: Self.block.train) {
      let rows = first..<min(first + Self.block.train, train.count)
      let block = Prepared(train, rows, centre: centre, factor: factor)
      let products = test.products(0..<1, with: block)
      var places = [UInt32](repeating: 0, count: rows.count)
      let count = vector_find_above(
        rows.count, products.row(0), block.biases, Float(least).nextDown, &places)
      found += places[..<count].map { first + Int($0) }
    }
    return found
  }
}

/// Rows as products take them.
private struct Prepared {
  let rows: Tensor
  /// ‖ã‖ or ‖b̃‖, times the common factor.
  let norms: [Double]
  /// β, times the square of the common factor; −∞ for rows that are not finite.
  let biases: [Float]

  init(_ source: FeatureRows, _ range: Range<Int>, centre: [Double], factor: Double) {
    rows = Tensor(rows: range.count, columns: source.dimension)
    source.write(range, centre: centre, factor: factor, to: rows.pointer)
    let width = source.dimension
    norms = (0..<range.count).map { [rows] in vector_norm(width, rows.row($0)) }
    let square = centre.reduce(0) { $0 + $1 * $1 }
    biases = zip(range, norms).map { row, norm in
      guard source.isFinite[row] else { return -.infinity }
      return switch source.metric {
      case .euclidean: Float(-norm * norm / 2)
      case .cosine: Float(factor * factor * (source.product(ofRow: row, with: centre) - square))
      }
    }
  }

  var largestBias: Double { biases.reduce(0) { $1.isFinite ? max($0, abs(Double($1))) : $0 } }

  /// ã·b̃ of some of these rows with all of the others'.
  func products(_ range: Range<Int>, with other: Prepared) -> Tensor {
    let products = Tensor(rows: range.count, columns: other.rows.rows)
    let width = Int32(rows.channels)
    openblas_sgemm(
      0, 1, Int32(range.count), Int32(products.channels), width, 1, rows.row(range.lowerBound), width,
      other.rows.pointer, width, 0, products.pointer, Int32(products.channels))
    return products
  }
}

/// The nearest rows offered so far, by v in single precision: a heap with the farthest on top.
struct NearestCandidates {
  private let limit: Int
  private let isLimited: Bool
  private var heap: [(value: Float, row: Int32)] = []

  /// - Parameters:
  ///   - limit: How many candidates are kept.
  ///   - count: How many rows will be offered.
  init(limit: Int, of count: Int) {
    self.limit = min(limit, count)
    isLimited = limit < count
    heap.reserveCapacity(self.limit)
  }

  var rows: [Int] { heap.map { Int($0.row) } }

  /// No row that is not a candidate has a larger v; nil: every row is one, or is not finite.
  var farthest: Float? { heap.count == limit && isLimited ? heap[0].value : nil }

  /// Takes those of a block that are among the nearest; blocks come in ascending order.
  ///
  /// - Parameters:
  ///   - products: ã·b̃, one for each bias.
  ///   - places: Room for as many numbers.
  mutating func offer(
    _ products: UnsafePointer<Float>, _ biases: [Float], from first: Int, places: inout [UInt32]
  ) {
    // Short runs first, as long as the farthest candidate is no guide.
    var start = 0
    while start < biases.count {
      let isFull = heap.count == limit
      let end = isFull ? biases.count : min(start + 128, biases.count)
      let threshold = isFull ? heap[0].value : -.infinity
      biases.withUnsafeBufferPointer { biases in
        let count = vector_find_above(
          end - start, products + start, biases.baseAddress! + start, threshold, &places)
        for place in places[..<count] {
          let index = start + Int(place)
          take(products[index] + biases[index], row: Int32(first + index))
        }
      }
      start = end
    }
  }

  private mutating func take(_ value: Float, row: Int32) {
    guard heap.count == limit else {
      heap.append((value, row))
      siftUp()
      return
    }
    guard value > heap[0].value else { return }
    heap[0] = (value, row)
    siftDown()
  }

  private mutating func siftUp() {
    var child = heap.count - 1
    while child > 0, heap[child].value < heap[(child - 1) / 2].value {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func siftDown() {
    var parent = 0
    while true {
      var farthest = parent
      var child = 2 * parent + 1
      while child < min(2 * parent + 3, heap.count) {
        if heap[child].value < heap[farthest].value { farthest = child }
        child += 1
      }
      if farthest == parent { return }
      heap.swapAt(parent, farthest)
      parent = farthest
    }
  }
}
