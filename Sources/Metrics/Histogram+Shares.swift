import TensorBoardMessages

extension TensorBoardHistogram {
  private static let buckets = 20

  /// Of shares in [0, 1], in 20 buckets of equal width; the last one holds 1 as well.
  init(ofShares shares: [Double]) {
    self.init()
    min = shares.min() ?? 0
    max = shares.max() ?? 0
    num = Double(shares.count)
    sum = shares.reduce(0, +)
    sumSquares = shares.reduce(0) { $0 + $1 * $1 }
    bucketLimit = (1...Self.buckets).map { Double($0) / Double(Self.buckets) }
    bucket = [Double](repeating: 0, count: Self.buckets)
    for share in shares {
      bucket[Swift.max(0, Swift.min(Int(share * Double(Self.buckets)), Self.buckets - 1))] += 1
    }
  }
}
