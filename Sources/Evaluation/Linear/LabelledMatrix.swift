/// Feature vectors and classes of images, whole on one rank.
struct LabelledMatrix {
  private(set) var features: FeatureMatrix
  private(set) var labels: [Int]
  let classCount: Int

  /// - Parameter labels: Of the rows, in 0 ..< `classCount`.
  init(_ features: FeatureMatrix, labels: [Int], classCount: Int) {
    precondition(features.rows == labels.count && labels.allSatisfy { 0..<classCount ~= $0 })
    self.features = features
    self.labels = labels
    self.classCount = classCount
  }

  var rows: Int { labels.count }
  var dimension: Int { features.dimension }

  /// Calls `body` while some rows stand behind all others, without a second copy of the features.
  ///
  /// - Parameters:
  ///   - held: Of the rows, ascending.
  ///   - body: Is given this matrix so ordered, and where the others end.
  mutating func withRowsLast<Result>(
    _ held: [Int], _ body: (_ matrix: borrowing LabelledMatrix, _ end: Int) throws -> Result
  ) rethrows -> Result {
    let end = rows - held.count
    // Those that stand in front change places with those behind that are not held.
    let isHeld = Set(held)
    let swaps = Array(zip(held.filter { $0 < end }, (end..<rows).filter { !isHeld.contains($0) }))
    for (a, b) in swaps { swapRows(a, b) }
    defer { for (a, b) in swaps { swapRows(a, b) } }
    return try body(self, end)
  }

  private mutating func swapRows(_ a: Int, _ b: Int) {
    labels.swapAt(a, b)
    for i in 0..<dimension { features.values.swapAt(a * dimension + i, b * dimension + i) }
  }
}
