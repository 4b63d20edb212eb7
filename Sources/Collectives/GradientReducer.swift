import Tensors

/// Replaces gradients on every rank by their sum over ranks, in the background while backward still runs.
///
/// The buffer is cut into buckets from its end to its start, the order in which backward finishes it. A final
/// bucket goes through an all-to-all (rank r receives piece r of it from everybody), local addition of the
/// pieces along `ShardTree` over ranks, and an all-gather of the sums: the traffic of MPI's all-reduce, in
/// one fixed order (contract C1). Every rank gets the same bits; if the ranks' own sums were taken along
/// `ShardTree` over power-of-two runs of shards, they are the bits that one rank would get.
///
/// Both phases are posted in bucket order on a channel each, however the ranks' timing differs. A world of
/// one does nothing. There is one reducer a communicator.
///
///     backward of each layer:  reducer.ready(downTo: its first gradient) … reducer.progress()
///     then:                    let waits = try reducer.finish()
public final class GradientReducer {
  private let channels: Communicator.Channels?
  private let gradients: UnsafeMutableBufferPointer<Float>
  /// The ranges of gradients that are summed together, in the order in which they are sent.
  public let ranges: [Range<Int>]
  private let buckets: [Bucket]
  /// Received pieces, all buckets one after the other; about as large as the gradients.
  private let rows: UnsafeMutableBufferPointer<Float>
  /// How many buckets, counted from the first, were sent, were added up, and are done.
  private var sent = 0
  private var added = 0
  private var done = 0
  private var requests: [Request] = []
  private var launched: ContinuousClock.Instant?

  private struct Bucket {
    let range: Range<Int>
    let pieces: Pieces
    let firstRow: Int
  }

  /// - Parameters:
  ///   - gradients: What every step's backward writes; must outlive the reducer.
  ///   - bucketBytes: How much is sent at once; at least one number's 4 bytes, at most 4 GiB.
  public init(
    _ communicator: Communicator, gradients: UnsafeMutableBufferPointer<Float>, bucketBytes: Int = 4 << 20
  ) {
    precondition((4...4 << 30).contains(bucketBytes), "a bucket holds 4 bytes to 4 GiB")
    self.gradients = gradients
    ranges = GradientBuckets.ranges(count: gradients.count, size: bucketBytes / 4)
    channels = communicator.channels
    guard channels != nil else {
      buckets = []
      rows = UnsafeMutableBufferPointer(start: nil, count: 0)
      return
    }
    var buckets: [Bucket] = []
    var rowsEnd = 0
    for range in ranges {
      let pieces = Pieces(total: range.count, ranks: communicator.worldSize)
      buckets.append(Bucket(range: range, pieces: pieces, firstRow: rowsEnd))
      rowsEnd += pieces[communicator.rank].count * communicator.worldSize
    }
    self.buckets = buckets
    rows = .allocate(capacity: rowsEnd)
  }

  deinit {
    // After an error MPI may still write to the rows: they are given up rather than freed.
    if requests.isEmpty { rows.deallocate() }
  }

  /// States that the gradients from index `start` on are final, and sends the buckets that this completes.
  /// Until `finish` returns they belong to the reducer. Ranks may call this at different times and places.
  ///
  /// - Throws: `CollectiveError`.
  public func ready(downTo start: Int) throws {
    guard let channels, let base = gradients.baseAddress, let rowsBase = rows.baseAddress else { return }
    if launched == nil { launched = .now }
    while sent < buckets.count, buckets[sent].range.lowerBound >= start {
      let bucket = buckets[sent]
      requests.append(
        try channels.scatter.startScatter(
          base + bucket.range.lowerBound, bucket.pieces, rows: rowsBase + bucket.firstRow))
      sent += 1
    }
    try progress()
  }

  /// Lets MPI work, and adds up what has arrived. Does not wait; called between layers.
  ///
  /// - Throws: `CollectiveError`.
  public func progress() throws {
    // Sums are sent on in bucket order only, whichever bucket arrives first.
    while added < sent, try requests[added].test() { try addUp(added) }
    while done < added, try requests[done].test() { done += 1 }
  }

  /// Waits until every gradient is the sum over ranks, and makes ready for the next step.
  ///
  /// - Throws: `CollectiveError`.
  public func finish() throws -> GradientWaits {
    let begin = ContinuousClock.now
    let launch = launched ?? begin
    try ready(downTo: 0)
    while added < buckets.count {
      try requests[added].wait()
      try addUp(added)
    }
    while done < buckets.count {
      try requests[done].wait()
      done += 1
    }
    let end = ContinuousClock.now
    let waits = GradientWaits(
      exposedSeconds: (end - begin) / .seconds(1), totalSeconds: (end - launch) / .seconds(1))
    requests.removeAll(keepingCapacity: true)
    (sent, added, done, launched) = (0, 0, 0, nil)
    return waits
  }

  /// Adds this rank's piece of a bucket over ranks and sends the sum to everybody.
  private func addUp(_ index: Int) throws {
    guard let channels, let base = gradients.baseAddress, let rowsBase = rows.baseAddress else { return }
    let bucket = buckets[index]
    let numbers = base + bucket.range.lowerBound
    let piece = bucket.pieces[channels.scatter.rank]
    ShardTree.sum(
      rows: rowsBase + bucket.firstRow, count: channels.scatter.size, width: piece.count,
      into: numbers + piece.lowerBound)
    requests[index] = try channels.gather.startGather(numbers, bucket.pieces)
    added += 1
  }
}

/// How long one step's gradient sum took.
public struct GradientWaits: Equatable, Sendable {
  /// What it cost the step after backward: the seconds inside `finish`.
  public let exposedSeconds: Double
  /// From the first `ready` to the end of `finish`.
  public let totalSeconds: Double
}
