import Layers
import Tensors

/// Uniform numbers that depend on gate and row alone, for tests without given ones.
public final class DrawnNoise: GateNoise {
  private let seed: UInt64
  /// The row that the first local row is among the rows of all ranks.
  private let firstRow: Int

  public init(seed: UInt64, firstRow: Int = 0) {
    self.seed = seed
    self.firstRow = firstRow
  }

  public func fill(_ uniforms: UnsafeMutableBufferPointer<Float>, gate: Int, row: Int) {
    RandomDraws(seed: seed, purpose: .test, index: firstRow + row, layer: gate).fillUniform(uniforms)
  }
}
