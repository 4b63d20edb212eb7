/// The mean of the newest of many numbers, in constant space: slow first steps are forgotten early, and a change
/// of speed is noticed within a bounded number of steps.
///
/// It covers more than half of the numbers so far but, from the fourth on, not the first; and at most the newest
/// `2 × limit`. What is kept are the sums of two consecutive blocks, whose sizes grow 1, 2, 4 … up to `limit`.
struct RecentMean: Sendable {
  private var older = (sum: 0.0, count: 0)
  private var newer = (sum: 0.0, count: 0)
  private var blockSize = 1
  private let limit: Int
  /// Numbers so far, forgotten ones included.
  private(set) var count = 0

  init(limit: Int = 1024) { self.limit = limit }

  mutating func add(_ number: Double) {
    if newer.count == blockSize {
      older = newer
      newer = (0, 0)
      blockSize = min(2 * blockSize, limit)
    }
    newer.sum += number
    newer.count += 1
    count += 1
  }

  /// nil before the first number.
  var value: Double? {
    count == 0 ? nil : (older.sum + newer.sum) / Double(older.count + newer.count)
  }
}
