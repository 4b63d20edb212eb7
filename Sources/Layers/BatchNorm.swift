import CVector
import Tensors

/// Batch normalisation with statistics over the global batch, one view at a time.
///
/// Source: Ioffe & Szegedy (2015); conventions are PyTorch's: normalises by the biased variance, moves the
/// running variance by the unbiased one, `running = 0.9·running + 0.1·new`, ε = 1e-5. Maps and matrices
/// alike. What follows it (ReLU, mask, residual sum) happens in the same pass over memory.
///
/// Forward is y = scale·x + shift with scale = γ/σ and shift = β − scale·μ, σ = √(variance + ε). Backward takes two
/// sums over the batch, S₀ = Σ g and S₁ = Σ g·(x − μ), and is dx = scale·g − constant − slope·(x − μ) with constant
/// = scale·S₀/m and slope = scale·S₁/(m·σ²); ∂L/∂β = S₀, ∂L/∂γ = S₁/σ. Every step of the derivation is in
/// docs/derivations.md, "Batch norm" and "ReLU and mask".
public final class BatchNorm {
  public let name: String
  public let channels: Int
  /// γ and β; nil without affine.
  public let weight: Parameter?
  public let bias: Parameter?
  public var runningMean: [Float]
  public var runningVariance: [Float]

  /// Is added to the variance.
  package static let epsilon = 1e-5
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
    let batchSums = try sumOverBatch(2 * stride, stride: stride, in: pass) { _, _, rows, sums in
      vector_moments(x.geometry(rows: rows.count), x.row(rows.lowerBound), sums)
    }
    let sums = batchSums.total
    let count = pass.globalRowsOfView * x.pixels
    guard sums.allSatisfy(\.isFinite) else {
      throw LayerError.nonFinite(layer: name, shards: batchSums.nonFiniteShards(in: pass.layout))
    }
    let moments = moments(sums, views: pass.views, stride: stride, count: count)
    if let whole = pass.sumOverMicroBatches(sums, of: self) {
      let count = count * pass.layout.microBatch.count
      for (mean, variance) in self.moments(whole, views: pass.views, stride: stride, count: count) {
        moveRunningStatistics(mean, variance, count: count)
      }
    }
    return combine(moments, views: pass.views, stride: stride, count: count)
  }

  /// Means and biased variances of each view from sums and sums of squares: E[x²] − E[x]².
  ///
  /// The difference cancels by about E[x]²/variance. In double precision, in which squares of floats are exact, that
  /// leaves more digits than a float has; a variance that is all rounding may come out below 0 and counts as 0.
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
      normalize(
        x, statistics, relu: relu, mask: mask, view: view, rows: rows, into: y.row(rows.lowerBound),
        means: nil)
    }
    return y
  }

  /// relu(BN(x)) ⊙ mask, with its means over pixels.
  ///
  /// - Parameter mask: Blocked `[rows, channels, 1, 1]`.
  public func normalizeAndPool(
    _ x: Tensor, _ statistics: Statistics, mask: Tensor? = nil, in pass: Pass
  ) throws -> PooledMap {
    let y = PooledMap(map: x.makeSimilar(), means: Tensor(rows: x.rows, columns: channels))
    try pass.forEachView { _, view, rows in
      normalize(
        x, statistics, relu: true, mask: mask, view: view, rows: rows, into: y.map.row(rows.lowerBound),
        means: y.means.row(rows.lowerBound))
    }
    return y
  }

  /// Some rows of one view.
  func normalize(
    _ x: Tensor, _ statistics: Statistics, relu: Bool, mask: Tensor?, view: Int, rows: Range<Int>,
    into y: UnsafeMutablePointer<Float>, means: UnsafeMutablePointer<Float>?
  ) {
    let first = rows.lowerBound
    vector_normalize(
      x.geometry(rows: rows.count), x.row(first), statistics.scale.row(view), statistics.shift.row(view),
      relu ? 1 : 0,
      mask?.row(first), y, Int32(channels), means)
  }

  /// The open channels of relu(BN(x)) for some rows of one view, one after the other in the blocks of each row.
  ///
  /// - Parameter mask: Blocked `[rows, channels, 1, 1]`, of zeros and ones.
  func normalizeOpen(
    _ x: Tensor, _ statistics: Statistics, mask: Tensor, view: Int, rows: Range<Int>,
    into y: UnsafeMutablePointer<Float>
  ) {
    let first = rows.lowerBound
    vector_normalize_open(
      x.geometry(rows: rows.count), x.row(first), statistics.scale.row(view), statistics.shift.row(view),
      mask.row(first), y)
  }

  // MARK: Backward

  /// What the second pass of backward needs to know: dx = scale·g − constant − slope·(x − mean), where g is the
  /// gradient of scale·x + shift. `[views, blocks · lanes]` numbers each.
  public struct Derivative {
    let statistics: Statistics
    let constant: Tensor
    let slope: Tensor
  }

  /// The gradients of `normalize(_:_:relu:mask:)`; sets those of γ and β.
  ///
  /// - Parameters:
  ///   - needsMaskGradient: Whether to return ∂L/∂mask, blocked `[rows, channels, 1, 1]`.
  ///   - dx: Where the gradient of `x` goes; may be `dy`, if nobody needs that afterwards.
  public func backward(
    _ dy: Tensor, input x: Tensor, _ statistics: Statistics, relu: Bool, mask: Tensor? = nil,
    needsMaskGradient: Bool = false, into dx: Tensor, in pass: Pass
  ) throws -> (dx: Tensor, dmask: Tensor?) {
    let dmask =
      needsMaskGradient
      ? Tensor(rows: x.rows, channels: channels, height: 1, width: 1, lanes: x.lanes) : nil
    let sums = try sumOverBatch(Self.sumsWidth(statistics), stride: statistics.stride, in: pass) {
      _, view, rows, sums in
      let first = rows.lowerBound
      vector_normalize_backward_sums(
        x.geometry(rows: rows.count), x.row(first), dy.row(first), statistics.mean.row(view),
        statistics.scale.row(view),
        statistics.shift.row(view), relu ? 1 : 0, mask?.row(first), sums, dmask?.row(first))
    }
    let derivative = derivative(sums, statistics, in: pass)
    try setParameterGradients(sums, statistics, in: pass)
    try pass.forEachView { _, view, rows in
      derivative.apply(dy, input: x, relu: relu, mask: mask, view: view, rows: rows, into: dx)
    }
    return (dx, dmask)
  }

  /// The first pass of backward through y = relu(BN(x)); sets the gradients of γ and β.
  ///
  /// - Parameter x: What was normalised, or of it what pooling left.
  /// - Returns: The gradient of BN(x), in place of the first of `dy`'s maps.
  public func reluBackward(
    _ dy: MapGradient, input x: Tensor, _ statistics: Statistics, in pass: Pass
  ) throws -> (g: Tensor, derivative: Derivative) {
    let g = dy.maps.first ?? x.makeSimilar()
    let sums = try sumOverBatch(Self.sumsWidth(statistics), stride: statistics.stride, in: pass) {
      _, view, rows, sums in
      let first = rows.lowerBound
      vector_relu_backward_sums(
        x.geometry(rows: rows.count), dy.row(first), nil, x.row(first), statistics.mean.row(view),
        statistics.scale.row(view), statistics.shift.row(view), g.row(first), sums)
    }
    try setParameterGradients(sums, statistics, in: pass)
    return (g, derivative(sums, statistics, in: pass))
  }

  // MARK: Details

  /// Two sums a channel.
  static func sumsWidth(_ statistics: Statistics) -> Int { 2 * statistics.stride }

  /// Sums over images and pixels, taken by view.
  struct BatchSums {
    /// What this rank's shards contribute, `[shards × views × width]`.
    let rows: [Double]
    /// Over the global batch, `[views × width]`.
    let total: [Double]
    let width: Int

    /// The shards of this rank's batch that contribute a value that is not finite.
    func nonFiniteShards(in layout: RowLayout) -> [Int] {
      let width = width * layout.views
      return (0..<layout.shards).filter { shard in
        !rows[shard * width..<(shard + 1) * width].allSatisfy(\.isFinite)
      }.map(layout.shardOfBatch)
    }
  }

  /// Sums over the global batch for each view: what `compute` finds for the rows of one view of one shard, on all threads,
  /// added along `ShardTree`.
  ///
  /// - Parameter width: Of a view: a number of sums, each of `stride` numbers (the channels in whole blocks).
  func sumOverBatch(
    _ width: Int, stride: Int, in pass: Pass,
    _ compute: (_ shard: Int, _ view: Int, _ rows: Range<Int>, _ sums: UnsafeMutablePointer<Double>) -> Void
  ) throws -> BatchSums {
    var rows = [Double](repeating: 0, count: pass.shards * pass.views * width)
    try rows.withUnsafeMutableBufferPointer { sums in
      nonisolated(unsafe) let base = sums.baseAddress!  // views of shards write to disjoint places
      try pass.forEachView(lastFirst: true) { shard, view, rows in
        compute(shard, view, rows, base + (shard * pass.views + view) * width)
      }
    }
    // Ranks on other processors may have blocks of another size.
    let total = try pass.reducer.sum(
      rows.regrouped(from: stride, to: channels), leaves: pass.shards,
      width: pass.views * width / stride * channels)
    return BatchSums(rows: rows, total: total.regrouped(from: channels, to: stride), width: width)
  }

  /// From Σ g and Σ g·(x − mean) of every view.
  ///
  /// - Parameter offset: Where this layer's two sums begin among those of a view.
  func derivative(
    _ sums: BatchSums, _ statistics: Statistics, offset: Int = 0, in pass: Pass
  ) -> Derivative {
    let stride = statistics.stride
    func sum(_ view: Int, _ which: Int, _ c: Int) -> Double {
      sums.total[view * sums.width + offset + which * stride + c]
    }
    // dx = scale·(g − Σg/m − x̂·Σ(g·x̂)/m), x̂ = (x − mean)·inverseDeviation, and x̂·Σ(g·x̂) =
    // (x − mean)·inverseDeviation²·Σ g·(x − mean). Constant statistics (count 0) do not move with x: dx = scale·g.
    var constant = [Float](repeating: 0, count: pass.views * stride)
    var slope = constant
    if statistics.count > 0 {
      let (scales, deviations) = (statistics.scale.values, statistics.inverseDeviation.values)
      for view in 0..<pass.views {
        for c in 0..<channels {
          let i = view * stride + c
          let scale = Double(scales[i]) / Double(statistics.count)
          let deviation = Double(deviations[i])
          constant[i] = Float(scale * sum(view, 0, c))
          slope[i] = Float(scale * deviation * deviation * sum(view, 1, c))
        }
      }
    }
    return Derivative(
      statistics: statistics, constant: Tensor(rows: pass.views, columns: stride, constant),
      slope: Tensor(rows: pass.views, columns: stride, slope))
  }

  /// ∂L/∂β = Σ g and ∂L/∂γ = Σ g·x̂; summed over shards and ranks like every other gradient.
  ///
  /// - Parameter offset: As in `derivative`.
  func setParameterGradients(
    _ sums: BatchSums, _ statistics: Statistics, offset: Int = 0, in pass: Pass
  ) throws {
    guard let weight, let bias else { return }
    let stride = statistics.stride
    let deviations = statistics.inverseDeviation.values
    let gradients = try pass.sumOverShards(for: weight, count: 2 * channels) { shard, leaf in
      for c in 0..<channels {
        var dweight = 0.0
        var dbias = 0.0
        for view in 0..<pass.views {
          let first = (shard * pass.views + view) * sums.width + offset
          dweight += sums.rows[first + stride + c] * Double(deviations[view * stride + c])
          dbias += sums.rows[first + c]
        }
        leaf[c] = Float(dweight)
        leaf[channels + c] = Float(dbias)
      }
    }
    guard let gradients else { return }
    weight.gradient.update(from: gradients.pointer, count: channels)
    bias.gradient.update(from: gradients.pointer + channels, count: channels)
    try pass.gradientIsReady(bias)
    try pass.gradientIsReady(weight)
  }

  /// running ← 0.9·running + 0.1·new, the variance by its unbiased estimate m/(m − 1)·variance.
  ///
  /// Of micro-batches together, as in docs/derivations.md, "Running statistics".
  ///
  /// - Parameter count: m, the values behind the statistics.
  private func moveRunningStatistics(_ mean: [Double], _ variance: [Double], count: Int) {
    let unbiased = count > 1 ? Double(count) / Double(count - 1) : 1
    for c in 0..<channels {
      runningMean[c] = Float((1 - Self.momentum) * Double(runningMean[c]) + Self.momentum * mean[c])
      runningVariance[c] = Float(
        (1 - Self.momentum) * Double(runningVariance[c]) + Self.momentum * variance[c] * unbiased)
    }
  }

  /// Scales and shifts from means and variances, one pair for each view or one for all: γ·(x − μ)/σ + β = scale·x +
  /// shift.
  ///
  /// Lanes beyond the last channel stay 0, so that they come out as zeros.
  private func combine(
    _ moments: [(mean: [Double], variance: [Double])], views: Int, stride: Int, count: Int
  ) -> Statistics {
    let gammas = weight?.array ?? Array(repeating: 1, count: channels)
    let betas = bias?.array ?? Array(repeating: 0, count: channels)
    var mean = [Float](repeating: 0, count: views * stride)
    var (inverseDeviation, scale, shift) = (mean, mean, mean)
    for view in 0..<views {
      let (means, variances) = moments[moments.count == 1 ? 0 : view]
      for c in 0..<channels {
        let i = view * stride + c
        let deviation = 1 / (variances[c] + Self.epsilon).squareRoot()
        let gamma = Double(gammas[c])
        mean[i] = Float(means[c])
        inverseDeviation[i] = Float(deviation)
        scale[i] = Float(gamma * deviation)
        shift[i] = Float(Double(betas[c]) - means[c] * gamma * deviation)
      }
    }
    func matrix(_ values: [Float]) -> Tensor { Tensor(rows: views, columns: stride, values) }
    return Statistics(
      mean: matrix(mean), inverseDeviation: matrix(inverseDeviation), scale: matrix(scale),
      shift: matrix(shift), count: count)
  }
}

extension BatchNorm.Derivative {
  /// The second pass of backward for some rows of one view: dx, which may be written over `x` or `dy`.
  func apply(
    _ dy: Tensor, input x: Tensor, relu: Bool = false, mask: Tensor? = nil, view: Int, rows: Range<Int>,
    into dx: Tensor
  ) {
    let first = rows.lowerBound
    vector_normalize_backward(
      x.geometry(rows: rows.count), x.row(first), dy.row(first), statistics.mean.row(view),
      statistics.scale.row(view),
      statistics.shift.row(view), relu ? 1 : 0, mask?.row(first), constant.row(view), slope.row(view),
      dx.row(first))
  }

  /// ∂L/∂x from the gradient `g` of BN(x), in place of `g`.
  public func inputGradient(_ g: Tensor, input x: Tensor, in pass: Pass) throws -> Tensor {
    try pass.forEachView { _, view, rows in apply(g, input: x, view: view, rows: rows, into: g) }
    return g
  }
}

extension [Double] {
  /// The first numbers of each group of `size`, or each with zeros behind it: so that groups have `newSize`.
  fileprivate func regrouped(from size: Int, to newSize: Int) -> [Double] {
    guard size != newSize else { return self }
    let zeros = [Double](repeating: 0, count: Swift.max(0, newSize - size))
    return Swift.stride(from: 0, to: count, by: size).flatMap {
      self[$0..<$0 + Swift.min(size, newSize)] + zeros
    }
  }
}
