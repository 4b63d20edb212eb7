import CVector
import Tensors

/// Where a gate's uniform numbers come from: a function of image, view and gate, never of ranks or threads.
public protocol GateNoise: AnyObject {
  /// Fills `uniforms`, one number in [0, 1) for each channel, for gate `gate` and local row `row`.
  func fill(_ uniforms: UnsafeMutableBufferPointer<Float>, gate: Int, row: Int)
}

/// One trip through a network. Layers hold parameters, a pass holds activations: `forward` pushes what
/// backward needs, `backward` pops it again.
///
/// The rows of every activation are ordered [shard][view][image of the shard]. A shard is `shardSize`
/// consecutive images of the global batch, with all their views side by side; every kernel works on one
/// shard and every sum over the batch is taken per shard and added along `ShardTree` (contract C1). Batch
/// norm sees one view at a time, as if the views had passed one after the other [K].
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
  /// Local rows: images × views.
  public let rows: Int
  public let views: Int
  public let shardSize: Int
  public let pool: WorkerPool
  public let reducer: any ShardReducer
  /// Channels in a block of the activations' layout.
  public let lanes: Int
  public let noise: (any GateNoise)?
  /// Replaces hard masks by their sigmoids, which makes the loss differentiable: for gradient checks only.
  public let softGates: Bool
  /// Told after each parameter's local gradient is complete, so that its sum over ranks can begin.
  public var gradientIsReady: (Parameter) throws -> Void = { _ in }

  /// Called on the thread that drives the pass, between the pieces of its loops: for what has to be looked after
  /// while the pass computes.
  public var betweenPieces: () throws -> Void = {}

  /// Told the projections `[rows, D]` as they enter the loss: for what watches them.
  public var projectionsAreReady: (Tensor) throws -> Void = { _ in }

  /// Takes the time of the layers' work.
  public var clock: StepClock?

  /// What each gate decided, in the order of the forward pass.
  public internal(set) var gates: [GateRecord] = []
  /// ∂(budget + bound)/∂mask, by view and gate; set between forward and backward.
  public var maskGradients: [[MaskGradient]] = []

  /// Whether blocks keep their input alone and run forward again before backward; see `recomputable`.
  public let recomputes: Bool
  /// Which part of a step this pass sees, if not all of it.
  let microBatch: MicroBatch?
  private var tape: [Any] = []
  /// What forward came to that is small, in the order of its calls, where it may be called again; see `once`.
  private var notes: [Any]?
  private var nextNote = 0
  private var keepsMaps = true

  /// - Parameters:
  ///   - rows: In training a multiple of `views · shardSize`; the last shard of an evaluation may be short.
  ///   - noise: Needed where training meets gates.
  ///   - recomputes: Takes less memory and one forward pass more, for the same bits.
  public convenience init(
    _ mode: Mode, rows: Int, views: Int = 1, shardSize: Int, pool: WorkerPool,
    reducer: any ShardReducer = LocalShards(), lanes: Int = Pass.preferredLanes,
    noise: (any GateNoise)? = nil, softGates: Bool = false, recomputes: Bool = false
  ) {
    self.init(
      mode, rows: rows, views: views, shardSize: shardSize, pool: pool, reducer: reducer, lanes: lanes,
      noise: noise, softGates: softGates, recomputes: recomputes, microBatch: nil)
  }

  init(
    _ mode: Mode, rows: Int, views: Int, shardSize: Int, pool: WorkerPool, reducer: any ShardReducer,
    lanes: Int, noise: (any GateNoise)?, softGates: Bool, recomputes: Bool, microBatch: MicroBatch?
  ) {
    precondition(mode == .evaluation || rows % (views * shardSize) == 0, "training takes whole shards")
    self.recomputes = recomputes && mode != .evaluation
    self.microBatch = microBatch
    notes = self.recomputes || microBatch != nil ? [] : nil
    keepsMaps = microBatch == nil
    self.mode = mode
    self.rows = rows
    self.views = views
    self.shardSize = shardSize
    self.pool = pool
    self.reducer = reducer
    self.lanes = lanes
    self.noise = noise
    self.softGates = softGates
  }

  /// 16 channels with AVX-512, else 8: oneDNN's layouts.
  public static let preferredLanes = Int(vector_preferred_lanes())

  /// Whether this pass leads to gradients.
  public var isTraining: Bool { mode != .evaluation }
  /// This rank's shards.
  public var shards: Int { (rows + views * shardSize - 1) / (views * shardSize) }
  /// Images of one view over all ranks.
  public var globalImages: Int { rows / views * reducer.worldSize }

  /// The rows of a shard, all views.
  public func rows(ofShard shard: Int) -> Range<Int> {
    let first = shard * views * shardSize
    return first..<min(first + views * shardSize, rows)
  }

  /// The rows of one view of a shard.
  public func rows(ofShard shard: Int, view: Int) -> Range<Int> {
    let all = rows(ofShard: shard)
    let share = all.count / views
    return all.lowerBound + view * share..<all.lowerBound + (view + 1) * share
  }

  /// The view that a local row shows.
  public func view(ofRow row: Int) -> Int { row / shardSize % views }

  /// Remembers `saved` for backward; evaluation forgets it at once, as does a forward pass that will be repeated.
  public func push<Saved>(_ saved: @autoclosure () -> Saved) {
    if isTraining, keepsMaps { tape.append(saved()) }
  }

  /// What the matching forward call pushed.
  public func pop<Saved>(_ type: Saved.Type) -> Saved {
    guard let saved = tape.popLast() as? Saved else {
      preconditionFailure("backward must undo forward's calls in reverse order: expected \(type)")
    }
    return saved
  }

  // MARK: Forward again

  /// What `compute` gives, which must be small; when forward is repeated, what it gave the first time. For what a
  /// repetition must not do again: exchanges with other ranks, running statistics, random decisions.
  package func once<Result>(_ compute: () throws -> Result) rethrows -> Result {
    guard var notes else { return try compute() }
    if nextNote < notes.count {
      guard let known = notes[nextNote] as? Result else {
        preconditionFailure("forward must make the same calls when it is repeated: expected \(Result.self)")
      }
      nextNote += 1
      return known
    }
    // What is noted inside belongs to this note.
    self.notes = nil
    let result = try compute()
    notes.append(result)
    self.notes = notes
    nextNote += 1
    return result
  }

  /// Makes the next forward pass a repetition that keeps what backward needs.
  public func rewind() {
    nextNote = 0
    keepsMaps = true
  }

  private struct Repetition<Value> {
    let input: Value
    let firstNote: Int
  }

  /// Calls `forward`; if the pass recomputes, all that it keeps is `x`.
  package func recomputable<Value>(_ x: Value, _ forward: (Value) throws -> Value) throws -> Value {
    guard recomputes else { return try forward(x) }
    push(Repetition(input: x, firstNote: nextNote))
    let kept = keepsMaps
    keepsMaps = false
    defer { keepsMaps = kept }
    return try forward(x)
  }

  /// Calls `forward` a second time if the pass recomputes, so that its backward finds what it needs.
  package func recompute<Value>(_ forward: (Value) throws -> Value) throws {
    guard recomputes else { return }
    let repetition = pop(Repetition<Value>.self)
    nextNote = repetition.firstNote
    _ = try forward(repetition.input)
  }

  // MARK: Loops

  /// Calls `body` for every shard, on all threads.
  package func forEachShard(_ body: (Int) throws -> Void) throws {
    try pool.run(shards, between: betweenPieces, body)
  }

  /// Calls `body` for every shard, on all threads and on the clock.
  package func forEachShard(timed part: StepClock.Part, _ body: (Int) throws -> Void) throws {
    try timed(part) { try forEachShard(body) }
  }

  /// Calls `body` for every view of every shard with its rows, on all threads: element-wise work.
  ///
  /// - Parameter lastFirst: Begins with the last rows, which are still in the cache if they were written last.
  package func forEachView(
    lastFirst: Bool = false, _ body: (_ shard: Int, _ view: Int, _ rows: Range<Int>) throws -> Void
  ) throws {
    try timed(.elementwise) {
      let pieces = shards * views
      try pool.run(pieces, between: betweenPieces) { number in
        let piece = lastFirst ? pieces - 1 - number : number
        let (shard, view) = (piece / views, piece % views)
        try body(shard, view, rows(ofShard: shard, view: view))
      }
    }
  }
}
