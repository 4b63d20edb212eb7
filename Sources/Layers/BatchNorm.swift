import CVector
import Tensors

/// Batch normalisation with statistics over the global batch, one view at a time.
///
/// Source: Ioffe & Szegedy (2015); conventions are PyTorch's: normalises by the biased variance, moves the
/// running variance by the unbiased one, `running = 0.9·running + 0.1·new`, ε = 1e-5. Maps and matrices
/// alike. What follows it (ReLU, mask, residual sum) happens in the same pass over memory.
public final class BatchNorm {
  public let name: String
  public let channels: Int
  /// γ and β; nil without affine.
  public let weight: Parameter?
  public let bias: Parameter?
  public var runningMean: [Float]
  public var runningVariance: [Float]

  static let epsilon = 1e-5
  static let momentum = 0.1

  /// - Parameter decays: Whether weight decay applies to γ and β.
  public init(_ name: String, channels: Int, affine: Bool = true, decays: Bool = true) {
    self.name = name
    self.channels = channels
    weight = affine ? Parameter("\(name).weight", shape: [channels], decays: decays) : nil
    bias = affine ? Parameter("\(name).bias", shape: [channels], decays: decays) : nil
    weight?.array = Array(repeating: 1, count: channels)
    runningMean = Array(repeating: 0, count: channels)
    runningVariance = Array(repeating: 1, count: channels)
  }

  public var parameters: [Parameter] { [weight, bias].compactMap { $0 } }

  /// How one pass normalises: `[views, blocks · lanes]` numbers each, y = scale·x + shift.
  public struct Statistics {
    let mean: Tensor
    let inverseDeviation: Tensor
    let scale: Tensor
    let shift: Tensor
    /// Numbers per view: blocks · lanes.
    var stride: Int { scale.channels }
    /// Values behind each mean; 0 where the statistics are constants (evaluation).
    let count: Int
  }

  // MARK: Forward

  /// Takes the statistics of `x`: of the global batch in training, which also moves the running ones, view
  /// after view; the running ones in evaluation.
  ///
  /// - Throws: `LayerError.nonFinite` where `x` holds values that are not finite.
  public func statistics(of x: Tensor, in pass: Pass) throws -> Statistics {
    try pass.once { try takeStatistics(of: x, in: pass) }
  }

  private func takeStatistics(of x: Tensor, in pass: Pass) throws -> Statistics {
    precondition(x.channels == channels, "\(name) takes \(channels) channels, got \(x.channels)")
    let stride = x.blocks * x.lanes
    guard pass.mode == .training else {
      let mean = runningMean.map(Double.init)
      let variance = runningVariance.map(Double.init)
      return combine([(mean, variance)], views: pass.views, stride: stride, count: 0)
    }
    let width = pass.views * 2 * stride
    let rows = try perShard(width: width, in: pass) { shard, sums in
      for view in 0..<pass.views {
        let rows = pass.rows(ofShard: shard, view: view)
        vector_moments(x.map(rows.count), x.row(rows.lowerBound), sums + view * 2 * stride)
      }
    }
    let sums = try pass.reducer.sum(rows, leaves: pass.shards, width: width)
    let count = pass.globalImages * x.pixels
    guard sums.allSatisfy(\.isFinite) else { throw LayerError.nonFinite(layer: name) }
    let moments = moments(sums, views: pass.views, stride: stride, count: count)
    if let whole = pass.sumOverMicroBatches(sums, of: self) {
      let count = count * (pass.microBatch?.count ?? 1)
      for (mean, variance) in self.moments(whole, views: pass.views, stride: stride, count: count) {
        moveRunningStatistics(mean, variance, count: count)
      }
    }
    return combine(moments, views: pass.views, stride: stride, count: count)
  }

  /// Means and biased variances of each view from sums and sums of squares.
  private func moments(
    _ sums: [Double], views: Int, stride: Int, count: Int
  ) -> [(mean: [Double], variance: [Double])] {
    (0..<views).map { view in
      let first = sums[(view * 2 * stride)...]
      let second = sums[((view * 2 + 1) * stride)...]
      let mean = first.prefix(channels).map { $0 / Double(count) }
      let variance = zip(second.prefix(channels), mean).map { max($0 / Double(count) - $1 * $1, 0) }
      return (mean, variance)
    }
  }

  /// relu?(BN(x)) ⊙ mask.
  ///
  /// - Parameter mask: Blocked `[rows, channels, 1, 1]`.
  public func normalize(
    _ x: Tensor, _ statistics: Statistics, relu: Bool, mask: Tensor? = nil, in pass: Pass
  ) throws -> Tensor {
    let y = x.makeSimilar()
    try pass.forEachView { _, view, rows in
      vector_normalize(
        x.map(rows.count), x.row(rows.lowerBound), statistics.scale.row(view),
        statistics.shift.row(view), relu ? 1 : 0, mask?.row(rows.lowerBound),
        y.row(rows.lowerBound))
    }
    return y
  }

  /// relu(BN(x) + shortcut), where the shortcut may have a batch norm of its own (down-sampling blocks).
  public func normalize(
    _ x: Tensor, _ statistics: Statistics, adding shortcut: Tensor,
    normalizedBy shortcutStatistics: Statistics?, in pass: Pass
  ) throws -> Tensor {
    let y = x.makeSimilar()
    try pass.forEachView { _, view, rows in
      vector_normalize_add(
        x.map(rows.count), x.row(rows.lowerBound), statistics.scale.row(view),
        statistics.shift.row(view), shortcut.row(rows.lowerBound),
        shortcutStatistics?.scale.row(view),
        shortcutStatistics?.shift.row(view), y.row(rows.lowerBound))
    }
    return y
  }

  // MARK: Backward

  /// The gradients of `normalize(_:_:relu:mask:)`; sets those of γ and β.
  ///
  /// - Parameter needsMaskGradient: Whether to return ∂L/∂mask, blocked `[rows, channels, 1, 1]`.
  public func backward(
    _ dy: Tensor, input x: Tensor, _ statistics: Statistics, relu: Bool, mask: Tensor? = nil,
    needsMaskGradient: Bool = false, in pass: Pass
  ) throws -> (dx: Tensor, dmask: Tensor?) {
    let stride = statistics.stride
    let dmask =
      needsMaskGradient
      ? Tensor(images: x.images, channels: channels, height: 1, width: 1, lanes: x.lanes) : nil
    let width = pass.views * 2 * stride
    let rows = try perShard(width: width, in: pass) { shard, sums in
      for view in 0..<pass.views {
        let rows = pass.rows(ofShard: shard, view: view)
        vector_normalize_backward_sums(
          x.map(rows.count), x.row(rows.lowerBound), dy.row(rows.lowerBound),
          statistics.mean.row(view), statistics.scale.row(view),
          statistics.shift.row(view), relu ? 1 : 0, mask?.row(rows.lowerBound),
          sums + view * 2 * stride, dmask?.row(rows.lowerBound))
      }
    }
    try setParameterGradients(rows, statistics, in: pass)

    // dx = scale·(g − Σg/m − x̂·Σ(g·x̂)/m), x̂ = (x − mean)·inverseDeviation
    let constant = Tensor(zeros: pass.views, columns: stride)
    let slope = Tensor(zeros: pass.views, columns: stride)
    if statistics.count > 0 {
      let sums = try pass.reducer.sum(rows, leaves: pass.shards, width: width)
      for view in 0..<pass.views {
        for c in 0..<channels {
          let scale = Double(statistics.scale.row(view)[c]) / Double(statistics.count)
          let deviation = Double(statistics.inverseDeviation.row(view)[c])
          constant.row(view)[c] = Float(scale * sums[view * 2 * stride + c])
          slope.row(view)[c] = Float(scale * deviation * deviation * sums[(view * 2 + 1) * stride + c])
        }
      }
    }
    let dx = x.makeSimilar()
    try pass.forEachView { _, view, rows in
      vector_normalize_backward(
        x.map(rows.count), x.row(rows.lowerBound), dy.row(rows.lowerBound), statistics.mean.row(view),
        statistics.scale.row(view), statistics.shift.row(view), relu ? 1 : 0,
        mask?.row(rows.lowerBound), constant.row(view), slope.row(view),
        dx.row(rows.lowerBound))
    }
    return (dx, dmask)
  }

  // MARK: Details

  /// Doubles of every shard, computed on all threads: `[shards × width]`.
  private func perShard(
    width: Int, in pass: Pass, _ compute: (Int, UnsafeMutablePointer<Double>) -> Void
  ) throws -> [Double] {
    var rows = [Double](repeating: 0, count: pass.shards * width)
    try rows.withUnsafeMutableBufferPointer { rows in
      nonisolated(unsafe) let base = rows.baseAddress!  // shards write to disjoint rows
      try pass.timed(.elementwise) {
        try pass.forEachShard { shard in compute(shard, base + shard * width) }
      }
    }
    return rows
  }

  /// ∂L/∂β = Σ g and ∂L/∂γ = Σ g·x̂ from `[shards][views][Σ g, Σ g·(x − mean)]`; summed over shards and ranks like
  /// every other gradient.
  private func setParameterGradients(
    _ rows: [Double], _ statistics: Statistics, in pass: Pass
  ) throws {
    guard let weight, let bias else { return }
    let stride = statistics.stride
    let sums = try pass.sumOverShards(for: weight, count: 2 * channels) { shard, leaf in
      for c in 0..<channels {
        var dweight = 0.0
        var dbias = 0.0
        for view in 0..<pass.views {
          let first = (shard * pass.views + view) * 2 * stride
          dweight += rows[first + stride + c] * Double(statistics.inverseDeviation.row(view)[c])
          dbias += rows[first + c]
        }
        leaf[c] = Float(dweight)
        leaf[channels + c] = Float(dbias)
      }
    }
    guard let sums else { return }
    weight.gradient.update(from: sums.pointer, count: channels)
    bias.gradient.update(from: sums.pointer + channels, count: channels)
    try pass.gradientIsReady(bias)
    try pass.gradientIsReady(weight)
  }

  private func moveRunningStatistics(_ mean: [Double], _ variance: [Double], count: Int) {
    let unbiased = count > 1 ? Double(count) / Double(count - 1) : 1
    for c in 0..<channels {
      runningMean[c] = Float((1 - Self.momentum) * Double(runningMean[c]) + Self.momentum * mean[c])
      runningVariance[c] = Float(
        (1 - Self.momentum) * Double(runningVariance[c]) + Self.momentum * variance[c] * unbiased)
    }
  }

  /// Scales and shifts from means and variances, one pair for each view or one for all.
  private func combine(
    _ moments: [(mean: [Double], variance: [Double])], views: Int, stride: Int, count: Int
  ) -> Statistics {
    let mean = Tensor(zeros: views, columns: stride)
    let inverseDeviation = Tensor(zeros: views, columns: stride)
    let scale = Tensor(zeros: views, columns: stride)
    let shift = Tensor(zeros: views, columns: stride)
    for view in 0..<views {
      let (means, variances) = moments[moments.count == 1 ? 0 : view]
      for c in 0..<channels {
        let deviation = 1 / (variances[c] + Self.epsilon).squareRoot()
        let gamma = weight.map { Double($0.value[c]) } ?? 1
        let beta = bias.map { Double($0.value[c]) } ?? 0
        mean.row(view)[c] = Float(means[c])
        inverseDeviation.row(view)[c] = Float(deviation)
        scale.row(view)[c] = Float(gamma * deviation)
        shift.row(view)[c] = Float(beta - means[c] * gamma * deviation)
      }
    }
    return Statistics(
      mean: mean, inverseDeviation: inverseDeviation, scale: scale, shift: shift, count: count)
  }
}
