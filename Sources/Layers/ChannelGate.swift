import CVector
import Tensors

/// ∂(budget + bound)/∂mask of one gate, for each row of a pass: the same for all channels of a row but for whether they
/// are open.
public struct MaskGradient: Sendable {
  /// By row, for every channel: the MAC count sums the mask.
  public let all: [Double]
  /// By row, in addition for open channels: the bound loss counts by a 1-norm, whose derivative is the mask's sign.
  public let open: [Double]

  public init(all: [Double], open: [Double]) {
    self.all = all
    self.open = open
  }
}

/// What one gate decided in one pass.
public struct GateRecord: Sendable {
  /// `[rows, channels]`, before noise.
  public let logits: Tensor
  /// 0 or 1 (soft values in gradient checks), blocked `[rows, channels, 1, 1]`.
  public let mask: Tensor
  /// σ(ℓ/τ) in training, `[rows, channels]`; nil in evaluation.
  let soft: Tensor?
  /// Whether the mask holds `soft` instead of zeros and ones.
  let isSoft: Bool

  /// Open channels of every local row.
  public var openCounts: [Int] {
    (0..<mask.rows).map { vector_count_positive(mask.rowStride, mask.row($0)) }
  }

  /// Channels of every local row that are open without noise, as in evaluation.
  public var decidedCounts: [Int] {
    (0..<logits.rows).map { row in
      let g = logits.row(row)
      return (0..<logits.channels).count { g[$0] >= 0 }
    }
  }

  /// Σ mask of every local row: the open channels, or what stands for them on the soft path.
  public var maskSums: [Double] {
    guard isSoft else { return openCounts.map(Double.init) }
    let (values, width) = (mask.values, mask.channels)
    return (0..<mask.rows).map { row in
      values[row * width..<(row + 1) * width].reduce(0.0) { $0 + Double($1) }
    }
  }
}

/// The small network that decides, input by input, which output channels of a convolution are open.
///
/// Source: [K]; c = global average of the gate's input, logits g = W₂·ReLU(BN(W₁·c)). In training
/// ℓ = g + log(u + 1e-8) − log(1 − u + 1e-8), s = σ(ℓ/τ), m = 1[s ≥ ½], and the gradient of m is taken as
/// that of s (straight-through). In evaluation m = 1[g ≥ 0]: a logit of exactly 0 opens.
///
/// With `GateRule.group` channels that open together (ours), every group has one random number and one mask, and its rows
/// of W₂ are equal: they begin equal (`tieGroups`) and get equal gradients. So a file of such a network needs no word about
/// groups, and any program that reads it opens whole groups.
public final class ChannelGate {
  public let inChannels: Int
  public let outChannels: Int
  /// Which gate of the network this is: the layer in its noise's random numbers.
  public let index: Int
  public let rule: GateRule
  public let squeeze: Linear
  public let batchNorm: BatchNorm
  public let excite: Linear

  /// Channels of the input for a hidden unit, rounded down.
  public static let reduction = 4

  /// No biases, no weight decay.
  ///
  /// - Parameter hidden: Units between W₁ and W₂.
  public init(
    _ name: String, index: Int, inChannels: Int, hidden: Int, outChannels: Int, rule: GateRule
  ) {
    precondition(
      outChannels % rule.group == 0, "\(outChannels) channels are not whole groups of \(rule.group)")
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.index = index
    self.rule = rule
    squeeze = Linear(
      "\(name).0", inFeatures: inChannels, outFeatures: hidden, decays: false, asConvolution: true)
    batchNorm = BatchNorm("\(name).1", channels: hidden, decays: false)
    excite = Linear(
      "\(name).3", inFeatures: hidden, outFeatures: outChannels, decays: false, asConvolution: true)
  }

  public var parameters: [Parameter] { squeeze.parameters + batchNorm.parameters + excite.parameters }

  /// Gives every channel of a group the weights of its first one.
  public func tieGroups() {
    let hidden = excite.weight.count / outChannels
    for c in 0..<outChannels where c % rule.group != 0 {
      let first = c - c % rule.group
      for i in 0..<hidden { excite.weight.value[c * hidden + i] = excite.weight.value[first * hidden + i] }
    }
  }

  private struct Saved {
    let context: Tensor
    let squeezed: Tensor
    let statistics: BatchNorm.Statistics
    let hidden: Tensor
    let record: GateRecord
  }

  /// What the gate decides for every row.
  ///
  /// - Parameter context: The gate input's means over pixels, `[rows, inChannels]`.
  public func forward(_ context: Tensor, in pass: Pass) throws -> GateRecord {
    let saved = try pass.once {
      let squeezed = try squeeze.forward(context, in: pass)
      let statistics = try batchNorm.statistics(of: squeezed, in: pass)
      let hidden = try batchNorm.normalize(squeezed, statistics, relu: true, in: pass)
      let logits = try excite.forward(hidden, in: pass)
      let record = try decide(logits, in: pass)
      return Saved(
        context: context, squeezed: squeezed, statistics: statistics, hidden: hidden, record: record)
    }
    pass.push(saved)
    return saved.record
  }

  /// ∂L/∂context `[rows, inChannels]` from ∂L/∂mask (blocked).
  ///
  /// - Parameter direct: What budget and bound losses add to `dmask`; nil: nothing.
  public func backward(_ dmask: Tensor, adding direct: MaskGradient? = nil, in pass: Pass) throws -> Tensor {
    let saved = pass.pop(Saved.self)
    let dlogits = try straightThrough(dmask, adding: direct, saved.record, in: pass)
    let dhidden = try excite.backward(dlogits, input: saved.hidden, in: pass)
    let (dsqueezed, _) = try batchNorm.backward(
      dhidden, input: saved.squeezed, saved.statistics, relu: true, into: dhidden, in: pass)
    return try squeeze.backward(dsqueezed, input: saved.context, in: pass)
  }

  private func decide(_ logits: Tensor, in pass: Pass) throws -> GateRecord {
    let mask = Tensor(rows: logits.rows, channels: outChannels, height: 1, width: 1, lanes: pass.lanes)
    let soft = pass.isTraining ? logits.makeSimilar() : nil
    precondition(!pass.isTraining || pass.noise != nil, "training through gates needs noise")
    let groups = outChannels / rule.group
    try pass.forEachShard { shard in
      var uniforms = [Float](repeating: 0, count: groups)
      var noise = [Double](repeating: 0, count: groups)
      var (first, own) = (uniforms, (soft: uniforms, mask: uniforms))
      var given = [Float](repeating: 0, count: outChannels)
      for row in pass.rows(ofShard: shard) {
        let (g, m) = (logits.row(row), mask.row(row))
        m.update(repeating: 0, count: mask.rowStride)
        guard let soft else {
          if let masks = pass.masks {
            masks.fill(&given, gate: index, row: row)
            m.update(from: given, count: outChannels)
          } else {
            for c in 0..<outChannels { m[c] = g[c] >= 0 ? 1 : 0 }
          }
          continue
        }
        pass.noise?.fill(&uniforms, gate: index, at: pass.layout.place(ofRow: row))
        vector_logistic_noise(groups, uniforms, &noise)
        for group in 0..<groups { first[group] = g[group * rule.group] }
        vector_gate(groups, first, noise, rule.temperature, &own.soft, &own.mask)
        let s = soft.row(row)
        for c in 0..<outChannels { (s[c], m[c]) = (own.soft[c / rule.group], own.mask[c / rule.group]) }
        if pass.softGates { m.update(from: s, count: outChannels) }
      }
    }
    return GateRecord(logits: logits, mask: mask, soft: soft, isSoft: soft != nil && pass.softGates)
  }

  /// ∂L/∂logits: the mask's gradient times ∂s/∂g = s(1 − s)/τ.
  ///
  /// The mask is a step function of s, whose derivative is 0 wherever it has one: nothing would be learned. The
  /// straight-through estimator uses forward's m = 1[s ≥ ½] in everything that is computed from it, ∂L/∂m included, and
  /// lets that pass as if m were s: ∂L/∂g = ∂L/∂m · ∂s/∂g. With ℓ = g + noise and s = σ(ℓ/τ), ∂s/∂g = s(1 − s)/τ.
  /// Where masks are soft (m = s) this is the true derivative, which finite differences confirm.
  ///
  /// A group's logit g has the sum of its channels' derivatives. Each of its equal rows of W₂ gets an equal part of it: so a
  /// step turns gates as fast whatever the size of groups.
  private func straightThrough(
    _ dmask: Tensor, adding direct: MaskGradient?, _ record: GateRecord, in pass: Pass
  ) throws -> Tensor {
    guard let soft = record.soft else { preconditionFailure("gates learn in training passes only") }
    let dlogits = soft.makeSimilar()
    let (size, temperature) = (rule.group, rule.temperature)
    try pass.forEachShard { shard in
      for row in pass.rows(ofShard: shard) {
        let (all, open) = (direct?.all[row] ?? 0, direct?.open[row] ?? 0)
        let (d, m, s, out) = (dmask.row(row), record.mask.row(row), soft.row(row), dlogits.row(row))
        for start in stride(from: 0, to: outChannels, by: size) {
          var dm = 0.0
          for c in start..<start + size { dm += Double(d[c]) + all + (m[c] > 0 ? open : 0) }
          let sc = Double(s[start])
          let dg = Float(dm / Double(size) * sc * (1 - sc) / temperature)
          for c in start..<start + size { out[c] = dg }
        }
      }
    }
    return dlogits
  }
}
