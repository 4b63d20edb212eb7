import Layers
import Networks
import Tensors
import TestSupport

extension MLP {
  /// Fills all parameters with random numbers.
  public func randomize(_ numbers: inout TestNumbers) {
    for parameter in parameters { parameter.array = numbers.normals(parameter.count) }
    for norm in batchNorms { norm.weight?.array = numbers.uniforms(norm.channels, 0.5, 1.5) }
  }

  /// How close the input of a ReLU comes to its kink at 0, for inputs `[rows, in]`.
  public func distanceToKink(_ x: Tensor, in pass: Pass) throws -> Float {
    var (y, distance) = (x, Float.infinity)
    for stage in stages {
      y = try stage.linear.forward(y, in: pass)
      guard let norm = stage.batchNorm else { continue }
      let statistics = try norm.statistics(of: y, in: pass)
      let before = try norm.normalize(y, statistics, relu: false, in: pass)
      if stage.relu { distance = min(distance, before.values.map(abs).min() ?? .infinity) }
      y = try norm.normalize(y, statistics, relu: stage.relu, in: pass)
    }
    return distance
  }

  /// An MLP with random parameters and an input, drawn until no ReLU is near its kink: units are on for some
  /// rows and off for others, and small steps change none.
  public static func awayFromKinks(
    rows: Int, columns: Int, pass: Pass, _ numbers: inout TestNumbers, _ make: () -> MLP
  ) throws -> (mlp: MLP, x: [Float]) {
    while true {
      let mlp = make()
      mlp.randomize(&numbers)
      let x = numbers.normals(rows * columns)
      if try mlp.distanceToKink(Tensor(rows: rows, columns: columns, x), in: pass) > 0.01 { return (mlp, x) }
    }
  }
}
