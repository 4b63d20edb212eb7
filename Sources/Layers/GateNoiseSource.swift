import Tensors

/// The gates' uniform numbers of one training step: a function of seed, epoch, image, view and gate.
package final class GateNoiseSource: GateNoise {
  private let seed: UInt64
  private let epoch: Int
  private let indices: [Int]
  private let views: Int
  private let shardSize: Int

  /// - Parameter indices: Index in the data set of each local image, shard after shard.
  package init(seed: UInt64, epoch: Int, indices: [Int], views: Int, shardSize: Int) {
    self.seed = seed
    self.epoch = epoch
    self.indices = indices
    self.views = views
    self.shardSize = shardSize
  }

  package func fill(_ uniforms: UnsafeMutableBufferPointer<Float>, gate: Int, row: Int) {
    let (shard, rest) = row.quotientAndRemainder(dividingBy: views * shardSize)
    let (view, image) = rest.quotientAndRemainder(dividingBy: shardSize)
    RandomDraws(
      seed: seed, purpose: .gateNoise, index: indices[shard * shardSize + image], epoch: epoch, layer: gate,
      view: view
    ).fillUniform(uniforms)
  }
}
