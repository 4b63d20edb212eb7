import Layers
import Tensors

/// Uniform numbers that depend on gate, view and image alone, for tests without given ones.
public final class DrawnNoise: GateNoise {
  private let seed: UInt64
  private let firstImage: Int

  /// - Parameter layout: Where a rank's images lie in the batch; without one, they are all there is.
  public init(seed: UInt64, layout: BatchLayout? = nil) {
    self.seed = seed
    firstImage = layout?.images.lowerBound ?? 0
  }

  public func fill(_ uniforms: inout [Float], gate: Int, at place: RowLayout.Place) {
    RandomDraws(
      seed: seed, purpose: .test, index: firstImage + place.image, layer: gate, view: place.viewAndTurn
    ).fillUniform(&uniforms)
  }
}
