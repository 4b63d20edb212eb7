/// What a training step on several ranks is made of, as the model expects it; in seconds.
public struct StepPrediction: Equatable, Sendable {
  /// A rank's own work.
  public let compute: Double
  /// Waiting for batch norms' and losses' sums.
  public let statistics: Double
  /// Waiting for everybody's embeddings.
  public let gathers: Double
  /// Waiting for sums of gradients after backward.
  public let exposed: Double
  /// What the sums of gradients would take with nothing to hide behind.
  public let gradients: Double

  public var step: Double { compute + statistics + gathers + exposed }
  /// The share of the step in which a rank works.
  public var efficiency: Double { compute / step }
  /// The share of the gradients' sum that backward hides; nil without other ranks.
  public var hiddenShare: Double? { gradients > 0 ? 1 - exposed / gradients : nil }

  /// What takes the most time.
  public var dominant: String {
    let parts = [
      ("compute", compute), ("statistics", statistics), ("gathers", gathers), ("gradients", exposed),
    ]
    return parts.max { $0.1 < $1.1 }!.0
  }
}

extension CommunicationModel {
  /// Plays a step: blocking exchanges delay what follows; buckets of gradients go over the link one after the other
  /// as they become final, while backward goes on.
  ///
  /// - Parameters:
  ///   - buckets: Ranges of gradients in the order in which they are sent.
  ///   - bytesPerGradient: Of one number under way.
  public func predict(_ profile: StepProfile, buckets: [Range<Int>], bytesPerGradient: Int) -> StepPrediction
  {
    var statistics = 0.0
    var gathers = 0.0
    var linkIsFree = 0.0
    var sent = 0
    func send(from start: Int, at time: Double) {
      while sent < buckets.count, buckets[sent].lowerBound >= start {
        linkIsFree =
          max(linkIsFree, time) + 2 * bucketPhase(bytes: buckets[sent].count * bytesPerGradient)
        sent += 1
      }
    }
    for moment in profile.moments {
      switch moment.event {
      case .statistics(let bytes): statistics += sum(bytes: bytes)
      case .counts(let bytes): statistics += reduce(bytes: bytes)
      case .gather(let bytes): gathers += gather(bytes: bytes)
      case .gradients(let start): send(from: start, at: moment.seconds + statistics + gathers)
      }
    }
    let backwardEnd = profile.backwardEnd + statistics + gathers
    send(from: 0, at: backwardEnd)
    let lastMessages = ranks > 1 ? 2 * link.latency : 0
    return StepPrediction(
      compute: profile.seconds, statistics: statistics, gathers: gathers,
      exposed: ranks > 1 ? max(0, linkIsFree - backwardEnd) + lastMessages : 0,
      gradients: gradientSum(bucketBytes: buckets.map { $0.count * bytesPerGradient }))
  }
}
