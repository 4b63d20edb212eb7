import Layers
import Tensors

/// Uniform numbers that depend on gate, view and image alone, for tests without given ones.
public final class DrawnNoise: GateNoise {
  private let seed: UInt64
  private let layout: BatchLayout?

  /// - Parameter layout: Where rows lie in the batch; without one, a row is an image of one view.
  public init(seed: UInt64, layout: BatchLayout? = nil) {
    self.seed = seed
    self.layout = layout
  }

  public func fill(_ uniforms: UnsafeMutableBufferPointer<Float>, gate: Int, row: Int) {
    let (view, image) = layout?.place(ofRow: row) ?? (0, row)
    RandomDraws(seed: seed, purpose: .test, index: image, layer: gate, view: view).fillUniform(uniforms)
  }
}
