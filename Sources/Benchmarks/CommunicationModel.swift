/// What collectives cost between equal nodes of a network, as this program and Open MPI do them: a latency for each
/// exchange that waits for the one before, and bytes over bandwidth for what passes the link of a node.
///
/// Source of the form: Hockney, "The communication challenge for MPP" (1994), and Thakur, Rabenseifner and Gropp,
/// "Optimization of Collective Communication Operations in MPICH" (2005), for the algorithms' counts. Inside a node
/// nothing but latency is counted.
public struct CommunicationModel: Equatable, Sendable {
  /// What is known of the network, measured or given.
  public struct Link: Equatable, Sendable {
    /// Seconds until another rank has a small message.
    public var latency: Double
    /// Bytes a second of a node's link, each way.
    public var bandwidth: Double

    public init(latency: Double, bandwidth: Double) {
      (self.latency, self.bandwidth) = (latency, bandwidth)
    }
  }

  public let link: Link
  public let nodes: Int
  public let ranksPerNode: Int

  /// A message that is sent beside others costs its sender this share of the latency: what TCP takes of a core.
  static let messageShare = 0.2
  /// Open MPI gathers up to this many bytes in all in ⌈log₂ ranks⌉ exchanges, more in a ring.
  static let largestSmallGather = 50_000

  /// - Parameters:
  ///   - nodes: At least 1.
  ///   - ranksPerNode: At least 1.
  public init(link: Link, nodes: Int, ranksPerNode: Int = 1) {
    precondition(nodes > 0 && ranksPerNode > 0)
    (self.link, self.nodes, self.ranksPerNode) = (link, nodes, ranksPerNode)
  }

  public var ranks: Int { nodes * ranksPerNode }

  /// ⌈log₂ ranks⌉.
  private var rounds: Int { Int.bitWidth - (ranks - 1).leadingZeroBitCount }
  /// Ranks that are reached through a node's link.
  private var distantRanks: Int { ranks - ranksPerNode }

  /// Seconds of an all-gather to which every rank brings `bytes`.
  public func gather(bytes: Int) -> Double {
    guard ranks > 1 else { return 0 }
    let own = Double(bytes) / link.bandwidth
    if bytes * ranks <= Self.largestSmallGather {
      return Double(rounds) * link.latency + Double(ranksPerNode * distantRanks) * own
    }
    // Each rank hands on to the next: one of a node's ranks sends through the link.
    let crossing = nodes > 1 ? Double(ranks - 1) * own : 0
    return Double(ranks - 1) * link.latency + crossing
  }

  /// Seconds of a sum over the batch to which every rank brings `bytes` (`Communicator.sum`).
  public func sum(bytes: Int) -> Double {
    ranks & (ranks - 1) == 0 ? reduce(bytes: bytes) : gather(bytes: bytes)
  }

  /// Seconds of an all-reduce of `bytes` by recursive doubling.
  public func reduce(bytes: Int) -> Double {
    let crossing = nodes > 1 ? Double(ranksPerNode * bytes) / link.bandwidth : 0
    return Double(rounds) * (link.latency + crossing)
  }

  /// Seconds that one of the two phases of a bucket of gradients occupies the link: every rank sends every other one
  /// its share of the bucket, all at once.
  public func bucketPhase(bytes: Int) -> Double {
    guard ranks > 1 else { return 0 }
    let crossing = Double(ranksPerNode * distantRanks) / Double(ranks) * Double(bytes) / link.bandwidth
    return max(Double(ranks - 1) * Self.messageShare * link.latency, crossing)
  }

  /// Seconds of the sum of these buckets with nothing else to do.
  public func gradientSum(bucketBytes: [Int]) -> Double {
    guard ranks > 1, !bucketBytes.isEmpty else { return 0 }
    // The first phase begins and the last one ends with a message under way.
    return bucketBytes.reduce(2 * link.latency) { $0 + 2 * bucketPhase(bytes: $1) }
  }
}
