import Tensors

extension ShardTree {
  /// Writes the sum of `count` rows of `width` floats, added along the tree, to `sum`, which lies outside the
  /// rows. Overwrites the rows. One row is copied.
  static func sum(
    rows: UnsafeMutablePointer<Float>, count: Int, width: Int, into sum: UnsafeMutablePointer<Float>
  ) {
    guard count > 1 else {
      sum.update(from: rows, count: count == 1 ? width : 0)
      return
    }
    let half = split(count)
    let right = rows + half * width
    collapse(rows, count: half, width: width)
    collapse(right, count: count - half, width: width)
    for i in 0..<width { sum[i] = rows[i] + right[i] }
  }

  /// Leaves the sum of `count` rows in the first one.
  private static func collapse(_ rows: UnsafeMutablePointer<Float>, count: Int, width: Int) {
    guard count > 1 else { return }
    let half = split(count)
    let right = rows + half * width
    collapse(rows, count: half, width: width)
    collapse(right, count: count - half, width: width)
    for i in 0..<width { rows[i] += right[i] }
  }
}
