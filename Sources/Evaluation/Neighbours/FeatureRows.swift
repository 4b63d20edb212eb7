import CVector

/// A training row as seen from a test row.
struct Neighbour: Comparable, BitwiseCopyable {
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
  let matrix: FeatureMatrix
  let metric: KNearestNeighbors.Metric
  /// What a row is multiplied by before it is compared. Cosine: 1 / ‖row‖, 1 for a row of norm 0; Euclidean: 1.
  let scales: [Double]
  /// Whether all numbers of a row are finite.
  let isFinite: [Bool]
  /// Of a finite row as it is compared.
  let largestNorm: Double

  init(_ matrix: FeatureMatrix, metric: KNearestNeighbors.Metric) {
    self.matrix = matrix
    self.metric = metric
    let dimension = matrix.dimension
    let squares = matrix.values.withUnsafeBufferPointer { values in
      (0..<matrix.rows).map { row in
        let own = values.baseAddress! + row * dimension
        return vector_dot(dimension, own, own)
      }
    }
    isFinite = squares.map(\.isFinite)
    scales = squares.map { metric == .cosine && $0 > 0 ? 1 / $0.squareRoot() : 1 }
    largestNorm = zip(squares, scales).reduce(0) {
      $1.0.isFinite ? max($0, $1.0.squareRoot() * $1.1) : $0
    }
  }

  var count: Int { scales.count }
  var dimension: Int { matrix.dimension }

  /// `Neighbour.closeness` of a row to a row of another set, summed in double precision in an order that depends on the
  /// number of dimensions alone.
  func closeness(of row: Int, to otherRow: Int, in other: FeatureRows) -> Double {
    matrix.values.withUnsafeBufferPointer { features in
      other.matrix.values.withUnsafeBufferPointer { otherFeatures in
        let a = features.baseAddress! + row * dimension
        let b = otherFeatures.baseAddress! + otherRow * dimension
        return switch metric {
        case .cosine: vector_dot(dimension, a, b) * (scales[row] * other.scales[otherRow])
        case .euclidean: -vector_square_distance(dimension, a, b)
        }
      }
    }
  }

  /// The product of a row as it is compared with `vector`.
  func product(ofRow row: Int, with vector: [Double]) -> Double {
    matrix.values.withUnsafeBufferPointer {
      scales[row] * vector_dot_wide(dimension, $0.baseAddress! + row * dimension, vector)
    }
  }

  /// ‖row − centre‖² of a row as it is compared.
  func square(ofRow row: Int, from centre: [Double]) -> Double {
    matrix.values.withUnsafeBufferPointer { values in
      var sum = 0.0
      for i in 0..<dimension {
        let gap = Double(values[row * dimension + i]) * scales[row] - centre[i]
        sum += gap * gap
      }
      return sum
    }
  }

  /// The mean of the rows as they are compared; of those that are finite.
  func mean() -> [Double] {
    var sums = [Double](repeating: 0, count: dimension)
    var count = 0
    matrix.values.withUnsafeBufferPointer { values in
      for row in isFinite.indices where isFinite[row] {
        vector_add_wide(dimension, scales[row], values.baseAddress! + row * dimension, &sums)
        count += 1
      }
    }
    return sums.map { $0 / Double(max(count, 1)) }
  }

  /// Writes rows as they are multiplied: (scale·row − centre)·factor, rounded; zeros for those that are not finite.
  func write(
    _ rows: Range<Int>, centre: [Double], factor: Double, to target: UnsafeMutablePointer<Float>
  ) {
    matrix.values.withUnsafeBufferPointer { values in
      for row in rows {
        let out = target + (row - rows.lowerBound) * dimension
        if isFinite[row] {
          vector_centre(
            dimension, scales[row], values.baseAddress! + row * dimension, centre, factor, out)
        } else {
          out.update(repeating: 0, count: dimension)
        }
      }
    }
  }
}
