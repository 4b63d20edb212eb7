import CVector
import Tensors

/// ∂(budget + bound)/∂mask of one gate for one view, the same for every sample and channel.
public struct MaskGradient: Sendable {
  /// For every channel: the MAC count sums the mask.
  public let all: Double
  /// In addition for open channels: the bound loss counts by a 1-norm, whose derivative is the mask's sign.
  public let open: Double

  public init(all: Double, open: Double) {
    self.all = all
    self.open = open
  }

  public static let zero = MaskGradient(all: 0, open: 0)
}

/// What one gate decided in one pass.
public struct GateRecord: Sendable {
  /// `[rows, channels]`, before noise.
  public let logits: Tensor
  /// 0 or 1 (soft values in gradient checks), blocked `[rows, channels, 1, 1]`.
  public let mask: Tensor
  /// σ(ℓ/τ) in training, `[rows, channels]`; nil in evaluation.
  let soft: Tensor?

  /// Open channels of every local row.
  public var openCounts: [Int] {
    (0..<mask.rows).map { vector_count_positive(mask.rowStride, mask.row($0)) }
  }
}

/// The small network that decides, input by input, which channels of a block's first convolution are open.
///
/// Source: [K]; c = global average of the block's input, logits g = W₂·ReLU(BN(W₁·c)). In training
/// ℓ = g + log(u + 1e-8) − log(1 − u + 1e-8), s = σ(ℓ/τ), m = 1[s ≥ ½], and the gradient of m is taken as
/// that of s (straight-through). In evaluation m = 1[g ≥ 0]: a logit of exactly 0 opens.
public final class ChannelGate {
  public let inChannels: Int
  public let outChannels: Int
  /// Which gate of the network this is: the layer in its noise's random numbers.
  public let index: Int
  public let temperature: Double
  public let squeeze: Linear
  public let batchNorm: BatchNorm
  public let excite: Linear

  /// ⌊inChannels / reduction⌋ hidden units, no biases, no weight decay.
  public init(
    _ name: String, index: Int, inChannels: Int, outChannels: Int, reduction: Int = 4, temperature: Double
  ) {
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.index = index
    self.temperature = temperature
    let hidden = inChannels / reduction
    squeeze = Linear(
      "\(name).0", inFeatures: inChannels, outFeatures: hidden, decays: false, asConvolution: true)
    batchNorm = BatchNorm("\(name).1", channels: hidden, decays: false)
    excite = Linear(
      "\(name).3", inFeatures: hidden, outFeatures: outChannels, decays: false, asConvolution: true)
  }

  public var parameters: [Parameter] { squeeze.parameters + batchNorm.parameters + excite.parameters }

  /// Multiply-adds of the gate itself: C_in·hidden + hidden·C_out.
  public var macs: Int64 {
    Int64(inChannels * squeeze.outFeatures + squeeze.outFeatures * outChannels)
  }

  private struct Saved {
    let context: Tensor
    let squeezed: Tensor
    let statistics: BatchNorm.Statistics
    let hidden: Tensor
    let record: GateRecord
  }

  /// The mask, blocked `[rows, outChannels, 1, 1]`; also appended to `pass.gates`.
  ///
  /// - Parameter context: The block input's means over pixels, `[rows, inChannels]`.
  public func forward(_ context: Tensor, in pass: Pass) throws -> Tensor {
    let saved = try pass.once {
      let squeezed = try squeeze.forward(context, in: pass)
      let statistics = try batchNorm.statistics(of: squeezed, in: pass)
      let hidden = try batchNorm.normalize(squeezed, statistics, relu: true, in: pass)
      let logits = try excite.forward(hidden, in: pass)
      let record = try decide(logits, in: pass)
      pass.gates.append(record)
      return Saved(
        context: context, squeezed: squeezed, statistics: statistics, hidden: hidden, record: record)
    }
    pass.push(saved)
    return saved.record.mask
  }

  /// ∂L/∂context `[rows, inChannels]` from ∂L/∂mask (blocked), to which budget and bound losses add theirs.
  public func backward(_ dmask: Tensor, in pass: Pass) throws -> Tensor {
    let saved = pass.pop(Saved.self)
    let dlogits = try straightThrough(dmask, saved.record, in: pass)
    let dhidden = try excite.backward(dlogits, input: saved.hidden, in: pass)
    let (dsqueezed, _) = try batchNorm.backward(
      dhidden, input: saved.squeezed, saved.statistics, relu: true, into: dhidden, in: pass)
    return try squeeze.backward(dsqueezed, input: saved.context, in: pass)
  }

  private func decide(_ logits: Tensor, in pass: Pass) throws -> GateRecord {
    let mask = Tensor(rows: logits.rows, channels: outChannels, height: 1, width: 1, lanes: pass.lanes)
    let soft = pass.isTraining ? logits.makeSimilar() : nil
    precondition(!pass.isTraining || pass.noise != nil, "training through gates needs noise")
    try pass.forEachShard { shard in
      var uniforms = [Float](repeating: 0, count: outChannels)
      var noise = [Double](repeating: 0, count: outChannels)
      for row in pass.rows(ofShard: shard) {
        let (g, m) = (logits.row(row), mask.row(row))
        m.update(repeating: 0, count: mask.rowStride)
        guard let soft else {
          for c in 0..<outChannels { m[c] = g[c] >= 0 ? 1 : 0 }
          continue
        }
        pass.noise?.fill(&uniforms, gate: index, at: pass.layout.place(ofRow: row))
        vector_logistic_noise(outChannels, uniforms, &noise)
        vector_gate(outChannels, g, noise, temperature, soft.row(row), m)
        if pass.softGates { m.update(from: soft.row(row), count: outChannels) }
      }
    }
    return GateRecord(logits: logits, mask: mask, soft: soft)
  }

  /// ∂L/∂logits: the mask's gradient times ∂s/∂g = s(1 − s)/τ.
  private func straightThrough(_ dmask: Tensor, _ record: GateRecord, in pass: Pass) throws -> Tensor {
    guard let soft = record.soft else { preconditionFailure("gates learn in training passes only") }
    let dlogits = soft.makeSimilar()
    try pass.forEachShard { shard in
      for row in pass.rows(ofShard: shard) {
        let view = pass.layout.view(ofRow: row)
        let extra = pass.maskGradients.isEmpty ? .zero : pass.maskGradients[view][index]
        let (d, m, s, out) = (dmask.row(row), record.mask.row(row), soft.row(row), dlogits.row(row))
        for c in 0..<outChannels {
          let dm = Double(d[c]) + extra.all + (m[c] > 0 ? extra.open : 0)
          let sc = Double(s[c])
          out[c] = Float(dm * sc * (1 - sc) / temperature)
        }
      }
    }
    return dlogits
  }
}
