import Collectives
import Tensors

/// How long exchanges took between the ranks of a job with nothing else going on: medians of the slowest rank's
/// seconds.
public struct CollectiveTimes: Equatable, Sendable {
  public let ranks: Int
  public let hosts: Int
  /// A barrier.
  public let barrier: Double
  /// An all-gather of one number a rank.
  public let smallGather: Double
  /// An all-gather of embeddings, and what a rank brings to it.
  public let embeddings: (bytes: Int, seconds: Double)
  /// The sum of all gradients, and what a rank sends if each bucket's pieces are counted once.
  public let gradients: (bucketBytes: [Int], seconds: Double)

  public init(
    ranks: Int, hosts: Int, barrier: Double, smallGather: Double, embeddings: (bytes: Int, seconds: Double),
    gradients: (bucketBytes: [Int], seconds: Double)
  ) {
    (self.ranks, self.hosts, self.barrier, self.smallGather) = (ranks, hosts, barrier, smallGather)
    (self.embeddings, self.gradients) = (embeddings, gradients)
  }

  public static func == (a: CollectiveTimes, b: CollectiveTimes) -> Bool {
    a.ranks == b.ranks && a.hosts == b.hosts && a.barrier == b.barrier && a.smallGather == b.smallGather
      && a.embeddings == b.embeddings && a.gradients == b.gradients
  }

  /// The network that the model explains these times with. Ranks of one host count as nodes of their own: memory
  /// is their link.
  public var link: CommunicationModel.Link {
    let nodes = hosts > 1 ? hosts : ranks
    let ranksPerNode = (ranks + nodes - 1) / nodes
    let rounds = Int.bitWidth - (ranks - 1).leadingZeroBitCount
    let latency = smallGather / Double(rounds)
    let share = Double(ranksPerNode * (ranks - ranksPerNode)) / Double(ranks)
    let crossing = 2 * share * Double(gradients.bucketBytes.reduce(0, +))
    return CommunicationModel.Link(
      latency: latency, bandwidth: crossing / max(gradients.seconds - 2 * latency, .leastNonzeroMagnitude))
  }
}

/// Times exchanges between the ranks of a job; every rank calls the same.
struct CollectiveStopwatch {
  let communicator: Communicator

  private static let smallRepetitions = 200
  private static let largeRepetitions = 5

  /// - Parameters:
  ///   - embeddings: Numbers that a rank brings to a loss.
  ///   - reducer: Its gradients are worthless afterwards.
  func measure(embeddings: Int, gradients reducer: GradientReducer) throws -> CollectiveTimes {
    let mine = Tensor(rows: 1, columns: embeddings, [Float](repeating: 1, count: embeddings))
    let hosts = Set(try communicator.gatherEach(communicator.hostName)).count
    return CollectiveTimes(
      ranks: communicator.worldSize, hosts: hosts,
      barrier: try time(Self.smallRepetitions) { try communicator.barrier() },
      smallGather: try time(Self.smallRepetitions) { _ = try communicator.sum([1], leaves: 1, width: 1) },
      embeddings: (
        embeddings * MemoryLayout<Float>.size,
        try time(Self.largeRepetitions) { _ = try communicator.gather(mine) }
      ),
      gradients: (
        reducer.ranges.map { $0.count * reducer.precision.bytes },
        // With nothing to hide behind.
        try time(Self.largeRepetitions) { _ = try reducer.finish() }
      ))
  }

  /// The median over repetitions of the slowest rank's seconds for `body`, after one that is not counted.
  private func time(_ repetitions: Int, _ body: () throws -> Void) throws -> Double {
    try body()
    var seconds: [Double] = []
    for _ in 0..<repetitions {
      try communicator.barrier()
      let begin = ContinuousClock.now
      try body()
      seconds.append((ContinuousClock.now - begin) / .seconds(1))
    }
    return try communicator.largest(median(seconds))
  }
}
