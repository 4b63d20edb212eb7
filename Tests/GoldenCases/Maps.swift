import CVector
import Layers
import Tensors

// Means over pixels and their gradient on their own, in plain Swift: layers take and spread them inside other
// passes over memory.

extension Tensor {
  /// The mean over pixels, `[rows, C]`.
  public var means: Tensor {
    let values = values
    let means = (0..<rows * channels).map { plane in
      Float(values[plane * pixels..<(plane + 1) * pixels].reduce(0.0) { $0 + Double($1) } / Double(pixels))
    }
    return Tensor(rows: rows, columns: channels, means)
  }
}

extension PooledMap {
  public init(_ map: Tensor) { self.init(map: map, means: map.means) }
}

extension MapGradient {
  /// The sum of all parts, at every value of a map like `x`, in NCHW order.
  public func values(like x: Tensor) -> [Float] {
    var sum = means.map { means in
      means.values.flatMap { Array(repeating: $0 / Float(x.pixels), count: x.pixels) }
    }
    for map in maps { sum = sum.map { zip($0, map.values).map(+) } ?? map.values }
    return sum ?? Array(repeating: 0, count: x.rows * x.channels * x.pixels)
  }
}

extension BatchNorm {
  /// A layer that changes nothing, and its statistics for `x`: what happens in the same pass, on its own.
  public static func identity(like x: Tensor, in pass: Pass) throws -> (layer: BatchNorm, Statistics) {
    let layer = BatchNorm("identity", channels: x.channels, affine: false)
    layer.runningVariance = Array(repeating: 1 - 1e-5, count: x.channels)  // ε makes it 1
    let evaluation = Pass(
      .evaluation, rows: pass.rows, views: pass.views, shardSize: pass.shardSize, pool: pass.pool)
    return (layer, try layer.statistics(of: x, in: evaluation))
  }
}

/// The gates' noise for uniform numbers.
public func logisticNoise(_ uniforms: [Float]) -> [Double] {
  var noise = [Double](repeating: .nan, count: uniforms.count)
  vector_logistic_noise(uniforms.count, uniforms, &noise)
  return noise
}
