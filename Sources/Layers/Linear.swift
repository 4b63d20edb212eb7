import CVector
import Tensors

/// y = x·Wᵀ + b on matrices `[rows, in]`; W is `[out, in]`. Also the gates' 1×1 convolutions, `[out, in, 1, 1]`.
///
/// y_ro = Σ_i x_ri·W_oi + b_o, hence dx_ri = Σ_o dy_ro·W_oi (dx = dy·W), dW_oi = Σ_r dy_ro·x_ri (dW = dyᵀ·x) and
/// db_o = Σ_r dy_ro. The sums over rows are the batch's: taken per shard and added along `ShardTree` (contract C1).
public final class Linear {
  public let weight: Parameter
  public let bias: Parameter?
  public let inFeatures: Int
  public let outFeatures: Int

  public enum Bias: Sendable {
    case none
    case learned
    /// Kept at its initial value: SimSiam's last projector layer [X].
    case frozen
  }

  public init(
    _ name: String, inFeatures: Int, outFeatures: Int, bias: Bias = .none, decays: Bool = true,
    asConvolution: Bool = false
  ) {
    self.inFeatures = inFeatures
    self.outFeatures = outFeatures
    let shape = [outFeatures, inFeatures] + (asConvolution ? [1, 1] : [])
    weight = Parameter("\(name).weight", shape: shape, decays: decays)
    self.bias =
      bias == .none
      ? nil
      : Parameter("\(name).bias", shape: [outFeatures], decays: decays, isTrainable: bias == .learned)
  }

  public var parameters: [Parameter] { [weight, bias].compactMap { $0 } }

  public func forward(_ x: Tensor, in pass: Pass) throws -> Tensor {
    precondition(x.isMatrix && x.channels == inFeatures, "\(weight.name) takes \(inFeatures) columns")
    let y = Tensor(rows: x.rows, columns: outFeatures)
    let transpose = PackedMatrix(transposing: weight.value, rows: inFeatures, columns: outFeatures)
    try pass.forEachShard { shard in
      let rows = pass.rows(ofShard: shard)
      let out = y.row(rows.lowerBound)
      transpose.multiply(x.row(rows.lowerBound), rows: rows.count, into: out)
      if let bias {
        for row in 0..<rows.count { vector_add(outFeatures, out + row * outFeatures, bias.value) }
      }
    }
    return y
  }

  /// ∂L/∂x; sets the gradients of weight and bias from this rank's rows.
  public func backward(_ dy: Tensor, input x: Tensor, in pass: Pass) throws -> Tensor {
    if let bias, bias.isTrainable {
      let sums = try pass.sumOverShards(for: bias, count: outFeatures) { shard, leaf in
        leaf.update(repeating: 0, count: outFeatures)
        for row in pass.rows(ofShard: shard) { vector_add(outFeatures, leaf, dy.row(row)) }
      }
      if let sums {
        bias.gradient.update(from: sums.pointer, count: outFeatures)
        try pass.gradientIsReady(bias)
      }
    }
    let dweight = try pass.sumOverShards(for: weight, count: weight.count) { shard, leaf in
      let rows = pass.rows(ofShard: shard)
      PackedMatrix(x.row(rows.lowerBound), rows: rows.count, columns: inFeatures)
        .multiply(transposing: dy.row(rows.lowerBound), columns: outFeatures, into: leaf)
    }
    if let dweight {
      weight.gradient.update(from: dweight.pointer, count: weight.count)
      try pass.gradientIsReady(weight)
    }

    let dx = x.makeSimilar()
    let weights = PackedMatrix(weight.value, rows: outFeatures, columns: inFeatures)
    try pass.forEachShard { shard in
      let rows = pass.rows(ofShard: shard)
      weights.multiply(dy.row(rows.lowerBound), rows: rows.count, into: dx.row(rows.lowerBound))
    }
    return dx
  }
}
