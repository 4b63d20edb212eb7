// All leaves in one place: each is a row of `width` numbers, and each column is summed.
extension ShardTree {
  /// The sum of `leaves` rows of `width` numbers each, added along the tree. No leaves: zeros.
  public static func sum(_ rows: [Double], leaves: Int, width: Int) -> [Double] {
    precondition(rows.count == leaves * width, "\(leaves) leaves of \(width) need \(leaves * width) numbers")
    guard leaves > 0 else { return Array(repeating: 0, count: width) }
    var sums = rows
    sums.withUnsafeMutableBufferPointer { add($0, first: 0, count: leaves, width: width) }
    return Array(sums[0..<width])
  }

  /// Writes the sum of `count` rows of `width` floats to `sum`, which lies outside the rows. Overwrites the rows.
  /// One row is copied, no row leaves `sum` as it is.
  package static func sum(
    rows: UnsafeMutablePointer<Float>, count: Int, width: Int, into sum: UnsafeMutablePointer<Float>
  ) {
    guard count > 1 else {
      sum.update(from: rows, count: count == 1 ? width : 0)
      return
    }
    // The root goes to `sum` rather than to the first row: one trip through memory less.
    let half = split(count)
    let all = UnsafeMutableBufferPointer(start: rows, count: count * width)
    add(all, first: 0, count: half, width: width)
    add(all, first: half, count: count - half, width: width)
    let right = rows + half * width
    for i in 0..<width { sum[i] = rows[i] + right[i] }
  }

  /// Leaves the sum of rows `first` ..< `first + count` in row `first`.
  private static func add<Number: FloatingPoint>(
    _ rows: UnsafeMutableBufferPointer<Number>, first: Int, count: Int, width: Int
  ) {
    guard count > 1 else { return }
    let half = split(count)
    add(rows, first: first, count: half, width: width)
    add(rows, first: first + half, count: count - half, width: width)
    for i in 0..<width { rows[first * width + i] += rows[(first + half) * width + i] }
  }
}
