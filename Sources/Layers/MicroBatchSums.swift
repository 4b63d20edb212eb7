import Foundation
import Tensors

/// What the micro-batches of a step add up: gradients along `ShardTree` inside each run of shards, one of which each
/// micro-batch brings (see `RowLayout`), and other sums over the batch in their order.
final class MicroBatchSums: @unchecked Sendable {
  // @unchecked: everything is guarded by `lock`.
  struct Run: Hashable {
    let parameter: ObjectIdentifier
    /// Among this rank's runs of shards.
    let number: Int
  }
  private let lock = NSLock()
  private var gradients: [Run: StreamedSum] = [:]
  private var numbers: [ObjectIdentifier: [Double]] = [:]

  /// Adds the gradient of a micro-batch's shard to those before it. Threads bring shards of different runs.
  ///
  /// - Returns: The sum of the whole run, from the last micro-batch.
  func add(_ gradient: Storage, count: Int, to run: Run, isLast: Bool) -> Storage? {
    var sum = lock.withLock { gradients.removeValue(forKey: run) } ?? StreamedSum()
    sum.add(gradient, count: count)
    if isLast { return sum.total(count: count) }
    lock.withLock { gradients[run] = sum }
    return nil
  }

  /// The sum of what all micro-batches brought for a layer, from the last one.
  func add(_ more: [Double], for layer: ObjectIdentifier, isLast: Bool) -> [Double]? {
    lock.withLock {
      let sum = numbers.removeValue(forKey: layer).map { zip($0, more).map(+) } ?? more
      if isLast { return sum }
      numbers[layer] = sum
      return nil
    }
  }
}
