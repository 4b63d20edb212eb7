import Metrics

extension ProgressDisplay {
  /// Shows how far something long is, and the time left.
  ///
  /// - Parameters:
  ///   - work: What is being done, for example "decoding 4200 images".
  ///   - body: Reports the share that is done, in (0, 1].
  func following<Result>(
    _ work: String, _ body: (_ report: (Double) -> Void) throws -> Result
  ) rethrows -> Result {
    let begin = ContinuousClock.now
    defer { finish() }
    return try body { share in
      let left = share > 0 ? (ContinuousClock.now - begin) / .seconds(1) * (1 - share) / share : nil
      update(ProgressState(share: share, secondsLeft: left, details: [work]))
      line("\(work): \(Int(100 * share)) %" + (left.map { ", \(ProgressLine.duration($0)) left" } ?? ""))
    }
  }
}
