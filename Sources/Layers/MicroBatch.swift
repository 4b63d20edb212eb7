import CVector
import Foundation
import Tensors

/// The part of a step that one pass sees where a batch is taken in several micro-batches.
///
/// The shards of the global batch form runs as long as there are micro-batches, and micro-batch m takes shard m of
/// every run. So what a micro-batch holds does not depend on the number of ranks, each of which has whole runs; and as
/// shards are added along `ShardTree` first inside a run, the sums have the same bits as without micro-batches if
/// their number is a power of two.
final class MicroBatch {
  let number: Int
  let count: Int
  private let sums: MicroBatchSums

  init(_ number: Int, of count: Int, _ sums: MicroBatchSums) {
    self.number = number
    self.count = count
    self.sums = sums
  }

  var isLast: Bool { number == count - 1 }

  /// Adds the gradient of this micro-batch's shard of a run to those before it.
  ///
  /// - Returns: The sum of the whole run, from the last micro-batch.
  func add(_ gradient: Storage, count: Int, to parameter: Parameter, run: Int) -> Storage? {
    sums.add(
      gradient, count: count, to: .init(parameter: ObjectIdentifier(parameter), run: run), isLast: isLast)
  }

  /// The sum of what all micro-batches brought for this layer, from the last one.
  func add(_ numbers: [Double], for layer: AnyObject) -> [Double]? {
    sums.add(numbers, for: ObjectIdentifier(layer), isLast: isLast)
  }
}

/// What the micro-batches of a step add up.
final class MicroBatchSums: @unchecked Sendable {
  // @unchecked: everything is guarded by `lock`.
  struct Run: Hashable {
    let parameter: ObjectIdentifier
    /// A place among this rank's runs of shards.
    let run: Int
  }
  private let lock = NSLock()
  /// Completed subtrees of each run, from the left, with their leaves.
  private var gradients: [Run: [(sum: Storage, leaves: Int)]] = [:]
  private var numbers: [ObjectIdentifier: [Double]] = [:]

  /// Threads bring shards of different runs.
  func add(_ gradient: Storage, count: Int, to run: Run, isLast: Bool) -> Storage? {
    var subtrees = lock.withLock { gradients.removeValue(forKey: run) } ?? []
    var (sum, leaves) = (gradient, 1)
    // Along `ShardTree`: neighbours of equal length at once, what is left over at the end, from the right.
    while let last = subtrees.last, last.leaves == leaves || isLast {
      vector_add(count, last.sum.pointer, sum.pointer)
      (sum, leaves) = (last.sum, last.leaves + leaves)
      subtrees.removeLast()
    }
    if isLast { return sum }
    subtrees.append((sum, leaves))
    lock.withLock { gradients[run] = subtrees }
    return nil
  }

  func add(_ more: [Double], for layer: ObjectIdentifier, isLast: Bool) -> [Double]? {
    lock.withLock {
      let sum = numbers.removeValue(forKey: layer).map { zip($0, more).map(+) } ?? more
      if isLast { return sum }
      numbers[layer] = sum
      return nil
    }
  }
}

extension Pass {
  /// This pass in `count` parts, each of which holds every `count`-th shard. Forward goes through each part twice,
  /// with `rewind` in between: the first time nothing is kept, the second time everything. Gradients are the whole
  /// step's, and ready, after the last part's backward.
  ///
  /// Batch norms in training normalise each part by its own statistics, over all ranks. Their running statistics move
  /// once, in the last part's first forward pass, by the statistics of all parts together.
  ///
  /// - Parameter count: Divides the shards of this pass.
  public func microBatches(_ count: Int) -> [Pass] {
    precondition(count > 0 && shards % count == 0, "\(shards) shards in \(count) micro-batches")
    let sums = MicroBatchSums()
    return (0..<count).map { number in
      let part = Pass(
        mode, rows: rows / count, views: views, shardSize: shardSize, pool: pool, reducer: reducer,
        lanes: lanes, noise: noise.map { PartOfNoise($0, of: self, number, count) }, softGates: softGates,
        recomputes: recomputes, microBatch: MicroBatch(number, of: count, sums))
      part.gradientIsReady = gradientIsReady
      part.clock = clock
      return part
    }
  }

  /// The rows of `whole` that this part of a pass holds.
  public func part(of whole: Tensor) -> Tensor {
    let part = Tensor(
      rows: rows, channels: whole.channels, height: whole.height, width: whole.width, lanes: whole.lanes)
    forEachShardOfWhole { own, first in
      part.row(own.lowerBound).update(from: whole.row(first), count: own.count * whole.rowStride)
    }
    return part
  }

  /// Puts the rows of this part of a pass where they are in `whole`.
  public func put(_ part: Tensor, into whole: Tensor) {
    forEachShardOfWhole { own, first in
      whole.row(first).update(from: part.row(own.lowerBound), count: own.count * whole.rowStride)
    }
  }

  private func forEachShardOfWhole(_ body: (_ own: Range<Int>, _ firstOfWhole: Int) -> Void) {
    let (number, count) = (microBatch?.number ?? 0, microBatch?.count ?? 1)
    for shard in 0..<shards {
      body(rows(ofShard: shard), (shard * count + number) * views * shardSize)
    }
  }

  /// The sum of what every micro-batch of the step brings, `numbers` if there is but one; nil before the last.
  func sumOverMicroBatches(_ numbers: [Double], of layer: AnyObject) -> [Double]? {
    guard let microBatch else { return numbers }
    return microBatch.add(numbers, for: layer)
  }
}

/// The noise of the rows that a micro-batch holds.
private final class PartOfNoise: GateNoise {
  private let whole: any GateNoise
  private let rowsOfShard: Int
  private let number: Int
  private let count: Int

  init(_ whole: any GateNoise, of pass: Pass, _ number: Int, _ count: Int) {
    self.whole = whole
    rowsOfShard = pass.views * pass.shardSize
    self.number = number
    self.count = count
  }

  func fill(_ uniforms: UnsafeMutableBufferPointer<Float>, gate: Int, row: Int) {
    let (shard, rest) = row.quotientAndRemainder(dividingBy: rowsOfShard)
    whole.fill(uniforms, gate: gate, row: (shard * count + number) * rowsOfShard + rest)
  }
}
