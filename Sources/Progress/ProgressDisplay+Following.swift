import Foundations

extension ProgressDisplay {
  /// Shows how far something long is, and the time left.
  ///
  /// - Parameters:
  ///   - work: What is being done, for example "decoding 4200 images".
  ///   - body: Reports the share that is done, in [0, 1], as often as it likes.
  public func following<Result>(
    _ work: String, _ body: (_ report: (Double) -> Void) throws -> Result
  ) rethrows -> Result {
    let begin = ContinuousClock.now
    // What takes less than a second needs no lines but its last.
    var lastLine = begin
    defer { finish() }
    return try body { share in
      let now = ContinuousClock.now
      let left = share > 0 ? (now - begin) / .seconds(1) * (1 - share) / share : nil
      update(ProgressState(share: share, secondsLeft: left, details: [work]))
      guard share >= 1 || now - lastLine >= .seconds(1) else { return }
      lastLine = now
      line(
        "\(work): \(Int(100 * share)) %" + (left.map { ", \(durationText($0)) left" } ?? ""),
        isLast: share >= 1)
    }
  }
}
