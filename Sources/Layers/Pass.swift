import CVector
import Tensors

/// One trip through a network: rows, a tape of what backward needs of them, and the surroundings to work in. Layers
/// hold parameters, a pass holds activations.
///
/// Batch norm sees one view at a time, as if the views had passed one after the other [K].
public final class Pass {
  public enum Mode: Sendable {
    /// Batch statistics, gate noise, everything remembered for backward.
    case training
    /// As training, but batch norms take their running statistics, as constants.
    case frozen
    /// Running statistics, no noise, nothing remembered.
    case evaluation
  }

  public let mode: Mode
  /// What this pass's rows are.
  public let layout: RowLayout
  public let surroundings: Surroundings
  public let noise: (any GateNoise)?
  /// Replaces the gates' decisions, in an evaluation.
  let masks: (any GateMasks)?
  /// Replaces hard masks by their sigmoids, which makes the loss differentiable: for gradient checks only.
  public let softGates: Bool

  private let recomputes: Bool
  private let tape: Tape
  /// What the micro-batches of a step add up; nil where the batch is taken whole.
  let microBatchSums: MicroBatchSums?

  /// - Parameters:
  ///   - layout: Of whole shards, but in an evaluation.
  ///   - noise: Needed where training meets gates.
  ///   - recomputes: Takes less memory and one forward pass more, for the same bits.
  public convenience init(
    _ mode: Mode, _ layout: RowLayout, in surroundings: Surroundings, noise: (any GateNoise)? = nil,
    masks: (any GateMasks)? = nil, softGates: Bool = false, recomputes: Bool = false
  ) {
    self.init(
      mode, layout, in: surroundings, noise: noise, masks: masks, softGates: softGates,
      recomputes: recomputes,
      microBatchSums: nil)
  }

  private init(
    _ mode: Mode, _ layout: RowLayout, in surroundings: Surroundings, noise: (any GateNoise)?,
    masks: (any GateMasks)?, softGates: Bool, recomputes: Bool, microBatchSums: MicroBatchSums?
  ) {
    precondition(mode == .evaluation || layout.hasWholeShards, "training takes whole shards")
    self.mode = mode
    self.layout = layout
    self.surroundings = surroundings
    self.noise = noise
    self.masks = masks
    self.softGates = softGates
    self.recomputes = recomputes
    self.microBatchSums = microBatchSums
    tape = Tape(
      records: mode != .evaluation, recomputes: recomputes && mode != .evaluation,
      repeats: microBatchSums != nil)
  }

  /// 16 channels with AVX-512, else 8: as many as a vector has, and oneDNN's layouts.
  public static let preferredLanes = InstructionSet.best == .avx512 ? 16 : 8

  /// This pass in `count` parts, each of which holds every `count`-th shard. Forward goes through each part twice,
  /// with `rewind` in between: the first time nothing is kept, the second time everything. Gradients are the whole
  /// step's, and ready, after the last part's backward.
  ///
  /// Batch norms in training normalise each part by its own statistics, over all ranks. Their running statistics move
  /// once, in the last part's first forward pass, by the statistics of all parts together.
  ///
  /// - Parameter count: Divides the shards of this pass.
  public func microBatches(_ count: Int) -> [Pass] {
    let sums = MicroBatchSums()
    return layout.microBatches(count).map {
      Pass(
        mode, $0, in: surroundings, noise: noise, masks: masks, softGates: softGates, recomputes: recomputes,
        microBatchSums: sums)
    }
  }

  /// Whether this pass leads to gradients.
  public var isTraining: Bool { mode != .evaluation }

  // MARK: Rows

  /// Local rows: images × views × turns.
  public var rows: Int { layout.rows }
  public var views: Int { layout.views }
  public var shardSize: Int { layout.shardSize }
  /// This rank's shards.
  public var shards: Int { layout.shards }
  /// Rows of one view over all ranks.
  public var globalRowsOfView: Int { layout.images * layout.turns * reducer.worldSize }

  /// The rows of a shard, all views.
  public func rows(ofShard shard: Int) -> Range<Int> { layout.rows(ofShard: shard) }

  /// The rows of one view of a shard, all turns.
  public func rows(ofShard shard: Int, view: Int) -> Range<Int> { layout.rows(ofShard: shard, view: view) }

  // MARK: Surroundings

  public var pool: WorkerPool { surroundings.pool }
  public var reducer: any ShardReducer { surroundings.reducer }
  public var lanes: Int { surroundings.lanes }
  /// Masks of zeros and ones alone say which channels are all zeros.
  var skipsClosedChannels: Bool { surroundings.skipsClosedChannels && !softGates }

  /// Tells that the gradient of `parameter` is complete on this rank.
  package func gradientIsReady(_ parameter: Parameter) throws {
    try surroundings.listener?.gradientIsReady(parameter)
  }

  func idle() throws { try surroundings.listener?.idle() }

  /// Does `body`, on the clock if the pass has one.
  public func timed<T>(_ part: StepClock.Part, _ body: () throws -> T) rethrows -> T {
    guard let clock = surroundings.clock else { return try body() }
    return try clock.time(part, body)
  }

  /// As `timed`, on any thread inside a loop of `pieces` that is on the clock as another part.
  func timedInsideLoop<T>(
    _ part: StepClock.Part, pieces: Int, _ body: () throws -> T
  ) rethrows -> T {
    guard let clock = surroundings.clock else { return try body() }
    return try clock.timeInsideLoop(part, threads: min(pool.threads, pieces), body)
  }

  // MARK: Tape

  /// Remembers `saved` for backward; evaluation forgets it at once, as does a forward pass that will be repeated.
  public func push<Saved>(_ saved: @autoclosure () -> Saved) { tape.push(saved()) }

  /// What the matching forward call pushed.
  public func pop<Saved>(_ type: Saved.Type) -> Saved { tape.pop(type) }

  /// What `compute` gives, which must be small; when forward is repeated, what it gave the first time. For what a
  /// repetition must not do again: exchanges with other ranks, running statistics, random decisions.
  package func once<Result>(_ compute: () throws -> Result) rethrows -> Result { try tape.once(compute) }

  /// Makes the next forward pass a repetition that keeps what backward needs.
  public func rewind() { tape.rewind() }

  /// Calls `forward`; if the pass recomputes, all that it keeps is `x`.
  package func recomputable<Value>(_ x: Value, _ forward: (Value) throws -> Value) throws -> Value {
    try tape.recomputable(x, forward)
  }

  /// Calls `forward` a second time if the pass recomputes, so that its backward finds what it needs.
  package func recompute<Value>(_ forward: (Value) throws -> Value) throws { try tape.recompute(forward) }

  // MARK: Loops

  /// Calls `body` for every shard, on all threads.
  package func forEachShard(_ body: (Int) throws -> Void) throws {
    try pool.run(shards, between: idle, body)
  }

  /// Calls `body` for every shard, on all threads and on the clock.
  package func forEachShard(timed part: StepClock.Part, _ body: (Int) throws -> Void) throws {
    try timed(part) { try forEachShard(body) }
  }

  /// Calls `body` for ranges that make up 0 ..< `count`, on all threads.
  func forEachPanels(of count: Int, _ body: (Range<Int>) throws -> Void) throws {
    // Two for each thread: they need not begin together.
    let pieces = min(count, pool.threads == 1 ? 1 : 2 * pool.threads)
    try pool.run(pieces) { try body($0 * count / pieces..<($0 + 1) * count / pieces) }
  }

  /// Calls `body` for every view of every shard with its rows, on all threads: element-wise work.
  ///
  /// - Parameter lastFirst: Begins with the last rows, which are still in the cache if they were written last.
  package func forEachView(
    lastFirst: Bool = false, _ body: (_ shard: Int, _ view: Int, _ rows: Range<Int>) throws -> Void
  ) throws {
    try timed(.elementwise) {
      let pieces = shards * views
      try pool.run(pieces, between: idle) { number in
        let piece = lastFirst ? pieces - 1 - number : number
        let (shard, view) = (piece / views, piece % views)
        try body(shard, view, rows(ofShard: shard, view: view))
      }
    }
  }

  // MARK: Sums

  /// The sum over this rank's shards of `count` numbers each, added along `ShardTree`.
  ///
  /// - Parameter parameter: Whose gradient this is.
  /// - Returns: nil in a micro-batch that is not the last: its part waits for the others'.
  package func sumOverShards(
    for parameter: Parameter, count: Int,
    _ compute: (_ shard: Int, UnsafeMutablePointer<Float>) throws -> Void
  ) throws -> Storage? {
    try sumOverShards(for: parameter, count: count, parts: 1) { shard, _, leaf in try compute(shard, leaf) }
  }

  /// As above, with each shard's numbers computed in so many parts.
  package func sumOverShards(
    for parameter: Parameter, count: Int, parts: Int,
    _ compute: (_ shard: Int, _ part: Int, UnsafeMutablePointer<Float>) throws -> Void
  ) throws -> Storage? {
    let tree = ConcurrentSum(leaves: shards)
    let leaves = SharedLeaves(parts: parts) {
      // A micro-batch's sums wait for the next one's.
      (self.microBatchSums == nil ? BufferPool.working : .shared).take(count: count)
    }
    try pool.run(shards * parts, between: idle) { number in
      let (shard, part) = number.quotientAndRemainder(dividingBy: parts)
      try compute(shard, part, leaves.leaf(shard).pointer)
      guard let buffer = leaves.finishPart(of: shard) else { return }
      guard let microBatchSums else { return tree.add(buffer, count: count, atLeaf: shard) }
      let run = MicroBatchSums.Run(parameter: ObjectIdentifier(parameter), number: shard)
      if let sum = microBatchSums.add(buffer, count: count, to: run, isLast: layout.microBatch.isLast) {
        tree.add(sum, count: count, atLeaf: shard)
      }
    }
    return microBatchSums == nil || layout.microBatch.isLast ? tree.total : nil
  }

  /// The sum of what every micro-batch of the step brings for `layer`, `numbers` if there is but one; nil before the
  /// last.
  func sumOverMicroBatches(_ numbers: [Double], of layer: AnyObject) -> [Double]? {
    guard let microBatchSums else { return numbers }
    return microBatchSums.add(numbers, for: ObjectIdentifier(layer), isLast: layout.microBatch.isLast)
  }
}

extension Pass {
  /// - Parameter rows: In training a multiple of `views · shardSize`.
  public convenience init(
    _ mode: Mode, rows: Int, views: Int = 1, shardSize: Int, pool: WorkerPool,
    reducer: any ShardReducer = LocalShards(), lanes: Int = Pass.preferredLanes,
    noise: (any GateNoise)? = nil, softGates: Bool = false, recomputes: Bool = false,
    listener: (any StepListener)? = nil
  ) {
    self.init(
      mode, RowLayout(images: rows / views, views: views, shardSize: shardSize),
      in: Surroundings(pool: pool, reducer: reducer, lanes: lanes, listener: listener), noise: noise,
      softGates: softGates, recomputes: recomputes)
  }
}
