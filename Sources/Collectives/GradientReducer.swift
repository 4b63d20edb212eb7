import CVector
import Tensors

/// Replaces gradients on every rank by their sum over ranks, in the background while backward still runs.
///
/// The buffer is cut into buckets from its end to its start, the order in which backward finishes it. A final
/// bucket goes through an all-to-all (rank r receives piece r of it from everybody), local addition of the
/// pieces along `ShardTree` over ranks, and an all-gather of the sums: the traffic of MPI's all-reduce, in
/// one fixed order (contract C1). Every rank gets the same bits; if the ranks' own sums were taken along
/// `ShardTree` over power-of-two runs of shards, they are the bits that one rank would get, unless they travel as
/// `GradientPrecision.bf16`.
///
/// Both phases are posted in bucket order on a channel each, however the ranks' timing differs. A world of
/// one does nothing. There is one reducer a communicator.
///
///     backward of each layer:  reducer.ready(downTo: its first gradient) … reducer.progress()
///     then:                    let waits = try reducer.finish()
public final class GradientReducer: GradientSink {
  private let channels: Communicator.Channels?
  private let place: NotedPlace
  private let gradients: UnsafeMutableBufferPointer<Float>
  /// The ranges of gradients that are summed together, in the order in which they are sent.
  public let ranges: [Range<Int>]
  private let buckets: [Bucket]
  /// How gradients travel.
  public let precision: GradientPrecision
  /// Received pieces, all buckets one after the other; about as many as the gradients.
  private let rows: UnsafeMutableRawPointer
  /// Where bf16 needs them: the gradients as they travel, and the rows of one bucket as floats.
  private let packed: UnsafeMutableBufferPointer<UInt16>
  private let wideRows: UnsafeMutableBufferPointer<Float>
  /// How many buckets, counted from the first, were sent, were added up, and are done.
  private var sent = 0
  private var added = 0
  private var done = 0
  private var requests: [any PendingExchange] = []
  private var launched: ContinuousClock.Instant?

  private struct Bucket {
    let range: Range<Int>
    let pieces: Pieces
    let firstRow: Int
  }

  /// - Parameters:
  ///   - gradients: What every step's backward writes; must outlive the reducer.
  ///   - precision: How they travel.
  ///   - bucketBytes: How much is sent at once, as floats; at least one number's 4 bytes, at most 4 GiB.
  public init(
    _ communicator: Communicator, gradients: UnsafeMutableBufferPointer<Float>,
    precision: GradientPrecision = .f32, bucketBytes: Int = 4 << 20
  ) {
    precondition((4...4 << 30).contains(bucketBytes), "a bucket holds 4 bytes to 4 GiB")
    self.gradients = gradients
    self.precision = precision
    ranges = GradientBuckets.ranges(count: gradients.count, size: bucketBytes / 4)
    channels = communicator.channels
    place = communicator.place
    var buckets: [Bucket] = []
    var rowsEnd = 0
    var widest = 0
    for range in channels == nil ? [] : ranges {
      let pieces = Pieces(total: range.count, ranks: communicator.worldSize)
      buckets.append(Bucket(range: range, pieces: pieces, firstRow: rowsEnd))
      let received = pieces[communicator.rank].count * communicator.worldSize
      rowsEnd += received
      widest = max(widest, received)
    }
    self.buckets = buckets
    rows = .allocate(byteCount: rowsEnd * precision.bytes, alignment: 64)
    let isPacked = precision == .bf16 && channels != nil
    packed = .allocate(capacity: isPacked ? gradients.count : 0)
    wideRows = .allocate(capacity: isPacked ? widest : 0)
  }

  deinit {
    // After an error the channel may still use these: they are given up rather than freed.
    guard requests.isEmpty else { return }
    rows.deallocate()
    packed.deallocate()
    wideRows.deallocate()
  }

  /// States that the gradients from index `start` on are final, and sends the buckets that this completes.
  /// Until `finish` returns they belong to the reducer. Ranks may call this at different times and places.
  ///
  /// - Throws: `CollectiveError`.
  public func ready(downTo start: Int) throws {
    guard channels != nil else { return }
    if launched == nil { launched = .now }
    while sent < buckets.count, buckets[sent].range.lowerBound >= start {
      requests.append(try send(buckets[sent]))
      sent += 1
    }
    try progress()
  }

  /// Lets the channel work, and adds up what has arrived. Does not wait; called between layers.
  ///
  /// - Throws: `CollectiveError`.
  public func progress() throws {
    // Sums are sent on in bucket order only, whichever bucket arrives first.
    while added < sent, try requests[added].test() { try addUp(added) }
    while done < added, try requests[done].test() { complete(done) }
  }

  /// Waits until every gradient is the sum over ranks, and makes ready for the next step.
  ///
  /// - Throws: `CollectiveError`.
  public func finish() throws -> GradientWaits {
    let begin = ContinuousClock.now
    let launch = launched ?? begin
    place.enter(.gradients)
    defer { place.leave() }
    try ready(downTo: 0)
    while added < buckets.count {
      try requests[added].wait()
      try addUp(added)
    }
    while done < buckets.count {
      try requests[done].wait()
      complete(done)
    }
    let end = ContinuousClock.now
    let waits = GradientWaits(
      exposedSeconds: (end - begin) / .seconds(1), totalSeconds: (end - launch) / .seconds(1))
    requests.removeAll(keepingCapacity: true)
    (sent, added, done, launched) = (0, 0, 0, nil)
    return waits
  }

  /// Sends every rank its piece of a bucket.
  private func send(_ bucket: Bucket) throws -> any PendingExchange {
    let own = UnsafeMutableBufferPointer(rebasing: gradients[bucket.range])
    let numbers = traveling(bucket)
    if precision == .bf16 {
      vector_to_bf16(own.count, own.baseAddress!, numbers.assumingMemoryBound(to: UInt16.self))
    }
    return try channels!.scatter.startScatter(
      numbers, bucket.pieces, rows: rows + bucket.firstRow * precision.bytes, of: precision.width)
  }

  /// Adds this rank's piece of a bucket over ranks and sends the sum to everybody.
  private func addUp(_ index: Int) throws {
    let bucket = buckets[index]
    let ranks = channels!.scatter.size
    let piece = bucket.pieces[channels!.scatter.rank]
    let sum = gradients.baseAddress! + bucket.range.lowerBound + piece.lowerBound
    let received = rows + bucket.firstRow * precision.bytes
    var floats = received.assumingMemoryBound(to: Float.self)
    if precision == .bf16, piece.count > 0 {
      floats = wideRows.baseAddress!
      vector_from_bf16(ranks * piece.count, received.assumingMemoryBound(to: UInt16.self), floats)
    }
    ShardTree.sum(rows: floats, count: ranks, width: piece.count, into: sum)
    let numbers = traveling(bucket)
    if precision == .bf16 {
      vector_to_bf16(piece.count, sum, numbers.assumingMemoryBound(to: UInt16.self) + piece.lowerBound)
    }
    requests[index] = try channels!.gather.startGather(numbers, bucket.pieces, of: precision.width)
    added += 1
  }

  /// Takes in the sums of a bucket.
  private func complete(_ index: Int) {
    let bucket = buckets[index]
    if precision == .bf16 {
      // This rank's own piece as well: else it would hold more digits of it than the others.
      vector_from_bf16(
        bucket.range.count, traveling(bucket).assumingMemoryBound(to: UInt16.self),
        gradients.baseAddress! + bucket.range.lowerBound)
    }
    done += 1
  }

  /// Where a bucket's numbers are sent from and arrive.
  private func traveling(_ bucket: Bucket) -> UnsafeMutableRawPointer {
    switch precision {
    case .f32: UnsafeMutableRawPointer(gradients.baseAddress! + bucket.range.lowerBound)
    case .bf16: UnsafeMutableRawPointer(packed.baseAddress! + bucket.range.lowerBound)
    }
  }
}
