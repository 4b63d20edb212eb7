/// A training row as seen from a test row.
struct Neighbour: Comparable {
  let row: Int
  /// Dot product of the normalized rows, or minus the squared distance: larger is nearer.
  let closeness: Double

  init(row: Int, closeness: Double) {
    self.row = row
    // Features that are not finite have no place in an order: as far as can be.
    self.closeness = closeness.isNaN ? -.infinity : closeness
  }

  /// Whether `a` is farther; of equally near rows, that of higher index.
  static func < (a: Neighbour, b: Neighbour) -> Bool {
    (a.closeness, b.row) < (b.closeness, a.row)
  }
}

/// Feature vectors with what their comparison needs of each.
struct FeatureRows {
  let dimension: Int
  private let features: [Float]
  private let metric: KNearestNeighbors.Metric
  /// Cosine: 1 / ‖row‖, 1 for a row of norm 0; Euclidean: ‖row‖².
  private let scales: [Double]

  init(_ features: [Float], dimension: Int, metric: KNearestNeighbors.Metric) {
    self.features = features
    self.dimension = dimension
    self.metric = metric
    scales = stride(from: 0, to: features.count, by: dimension).map { start in
      var square = 0.0
      for i in start..<start + dimension { square += Double(features[i]) * Double(features[i]) }
      return metric == .euclidean ? square : square > 0 ? 1 / square.squareRoot() : 1
    }
  }

  var count: Int { scales.count }

  /// The rows as the product of blocks takes them: normalized for cosine.
  func values(_ rows: Range<Int>) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(rows.count * dimension)
    for row in rows {
      let scale = metric == .cosine ? scales[row] : 1
      for i in row * dimension..<(row + 1) * dimension { values.append(Double(features[i]) * scale) }
    }
    return values
  }

  /// What orders this set's rows by nearness to one test row, from their dot product with it.
  @inline(__always)
  func closeness(product: Double, row: Int) -> Double {
    metric == .cosine ? product : 2 * product - scales[row]
  }

  /// `Neighbour.closeness` of a row to a row of another set, summed in the order of dimensions.
  func closeness(of row: Int, to otherRow: Int, in other: FeatureRows) -> Double {
    let (a, b) = (row * dimension, otherRow * dimension)
    var sum = 0.0
    switch metric {
    case .cosine:
      for i in 0..<dimension { sum += Double(features[a + i]) * Double(other.features[b + i]) }
      return sum * (scales[row] * other.scales[otherRow])
    case .euclidean:
      for i in 0..<dimension {
        let gap = Double(features[a + i]) - Double(other.features[b + i])
        sum += gap * gap
      }
      return -sum
    }
  }
}

/// The nearest rows offered so far: a heap with the farthest on top.
struct NearestCandidates {
  private let limit: Int
  private var heap: [Neighbour] = []

  init(limit: Int) { self.limit = limit }

  var rows: [Int] { heap.map(\.row) }

  /// Takes a row if it is among the nearest; rows are offered in ascending order.
  @inline(__always)
  mutating func offer(_ closeness: Double, row: Int) {
    if heap.count == limit {
      // An equally near row was offered earlier, so has the lower index.
      guard closeness > heap[0].closeness else { return }
      heap[0] = Neighbour(row: row, closeness: closeness)
      siftDown()
    } else {
      heap.append(Neighbour(row: row, closeness: closeness))
      siftUp()
    }
  }

  private mutating func siftUp() {
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func siftDown() {
    var parent = 0
    while true {
      var farthest = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child] < heap[farthest] { farthest = child }
      }
      if farthest == parent { return }
      heap.swapAt(parent, farthest)
      parent = farthest
    }
  }
}
