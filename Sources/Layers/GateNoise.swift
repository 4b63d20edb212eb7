import Tensors

/// Where a gate's uniform numbers come from: a function of image, view, turn and gate, never of ranks or threads.
public protocol GateNoise: AnyObject {
  /// Overwrites `uniforms`, one number in [0, 1) for each channel, for gate `gate` and an image of the local batch.
  func fill(_ uniforms: inout [Float], gate: Int, at place: RowLayout.Place)
}

/// The gates' uniform numbers of one training step: a function of seed, epoch, image, view, turn and gate.
package final class GateNoiseSource: GateNoise {
  private let seed: UInt64
  private let epoch: Int
  private let indices: [Int]

  /// - Parameter indices: Index in the data set of each image of the local batch.
  package init(seed: UInt64, epoch: Int, indices: [Int]) {
    self.seed = seed
    self.epoch = epoch
    self.indices = indices
  }

  package func fill(_ uniforms: inout [Float], gate: Int, at place: RowLayout.Place) {
    RandomDraws(
      seed: seed, purpose: .gateNoise, index: indices[place.image], epoch: epoch, layer: gate,
      view: place.viewAndTurn
    ).fillUniform(&uniforms)
  }
}
