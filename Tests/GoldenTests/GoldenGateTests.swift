import GoldenCases
import Testing

@testable import Layers
@testable import Tensors

/// The channel gate alone: training with given uniform numbers, evaluation, straight-through gradients.
@Suite struct GoldenGateTests {
  @Test(arguments: GoldenCase.all(.gate))
  func goldenGates(_ golden: GoldenCase) throws {
    let file = try golden.tensors("gate")
    let settings = try golden.decode([String: Settings].self, "meta")
    var comparisons: [Comparison] = []
    for (name, settings) in settings.sorted(by: { $0.key < $1.key }) {
      let gate = GateCase(name: name, settings: settings, file: file)
      for variant in PassVariant.all(images: try gate.shape("x")[0]) {
        comparisons += try gate.training(variant) + gate.evaluation(variant)
      }
    }
    if let uniforms = try? file.floats("ends.uniform") {
      let expected = try file.floats("ends.noise").map(Double.init)
      for (i, u) in uniforms.enumerated() {
        comparisons.append(.scalar("noise of \(u)", logisticNoise([u])[0], expected[i], absolute: 1e-5))
      }
    }
    expectAll(comparisons, golden)
  }
}

private struct Settings: Decodable {
  let `in`: Int
  let out: Int
  let reduction: Int
  let temperature: Double
}

/// Uniform numbers as given, one row for each row of the pass.
private final class GivenNoise: GateNoise {
  private let uniforms: [Float]

  init(_ uniforms: [Float]) { self.uniforms = uniforms }

  func fill(_ buffer: inout [Float], gate: Int, at place: RowLayout.Place) {
    buffer = Array(uniforms[place.image * buffer.count..<(place.image + 1) * buffer.count])
  }
}

private struct GateCase {
  let name: String
  let settings: Settings
  let file: SafetensorsFile

  func shape(_ tensor: String) throws -> [Int] {
    guard let shape = file.shape(of: "\(name).\(tensor)") else {
      throw SafetensorsError.missingTensor(path: file.path, name: "\(name).\(tensor)")
    }
    return shape
  }

  func floats(_ tensor: String) throws -> [Float] { try file.floats("\(name).\(tensor)") }

  func makeGate() throws -> ChannelGate {
    let gate = ChannelGate(
      name, index: 0, inChannels: settings.in, hidden: settings.`in` / settings.reduction,
      outChannels: settings.out, rule: GateRule(temperature: settings.temperature))
    gate.squeeze.weight.array = try floats("w1")
    gate.excite.weight.array = try floats("w2")
    gate.batchNorm.weight?.array = try floats("bn_weight")
    gate.batchNorm.bias?.array = try floats("bn_bias")
    gate.batchNorm.runningMean = try floats("running_mean")
    gate.batchNorm.runningVariance = try floats("running_var")
    return gate
  }

  func input(_ variant: PassVariant) throws -> Tensor {
    Tensor(shape: try shape("x"), lanes: variant.lanes, try floats("x"))
  }

  func training(_ variant: PassVariant) throws -> [Comparison] {
    // Of Σ coef·mask, then of Σ coef_open·open: the count of open channels is a 1-norm whose derivative is the
    // mask's sign, so closed channels get none.
    let mask = try floats("train.mask")
    let channels = settings.out
    let open = try floats("coef_open")
    let dopen = mask.enumerated().map { i, m in m > 0 ? open[i / channels] : 0 }
    return try backward(variant, dmask: try floats("coef"), suffix: "", compareForward: true)
      + backward(variant, dmask: dopen, suffix: "_open", compareForward: false)
      + [.exact("\(name).train.dmask_open", dopen, try floats("train.dmask_open"))]
  }

  private func backward(
    _ variant: PassVariant, dmask: [Float], suffix: String, compareForward: Bool
  ) throws -> [Comparison] {
    let gate = try makeGate()
    let x = try input(variant)
    let pass = variant.pass(rows: x.rows, noise: GivenNoise(try floats("uniform")))
    let record = try gate.forward(x.means, in: pass)
    let mask = record.mask
    let dcontext = try gate.backward(
      Tensor(shape: [x.rows, settings.out], lanes: variant.lanes, dmask), in: pass)
    var found = [
      ("dx", MapGradient(means: dcontext).values(like: x)), ("dw1", gate.squeeze.weight.gradientArray),
      ("dbn_weight", gate.batchNorm.weight!.gradientArray),
      ("dbn_bias", gate.batchNorm.bias!.gradientArray), ("dw2", gate.excite.weight.gradientArray),
    ].map { ($0 + suffix, $1) }
    guard compareForward else { return try found.map { try compare("train", $0, $1, variant) } }

    found += try forwardTensors(gate, x, record, variant)
    found += [
      ("soft", record.soft!.values), ("running_mean_after", gate.batchNorm.runningMean),
      ("running_var_after", gate.batchNorm.runningVariance),
      ("noise", logisticNoise(try floats("uniform")).map { Float($0) }),
    ]
    return try found.map { try compare("train", $0, $1, variant) }
      + exact("train", mask, record, variant)
  }

  func evaluation(_ variant: PassVariant) throws -> [Comparison] {
    let gate = try makeGate()
    let x = try input(variant)
    let pass = variant.pass(.evaluation, rows: x.rows)
    let record = try gate.forward(x.means, in: pass)
    let mask = record.mask
    return try forwardTensors(gate, x, record, variant).map { try compare("eval", $0, $1, variant) }
      + exact("eval", mask, record, variant)
  }

  /// Context, hidden units before batch norm, logits.
  private func forwardTensors(
    _ gate: ChannelGate, _ x: Tensor, _ record: GateRecord, _ variant: PassVariant
  ) throws -> [(String, [Float])] {
    let pass = variant.pass(.evaluation, rows: x.rows)
    let context = x.means
    let hidden = try gate.squeeze.forward(context, in: pass)
    return [("context", context.values), ("hidden", hidden.values), ("logits", record.logits.values)]
  }

  private func exact(
    _ mode: String, _ mask: Tensor, _ record: GateRecord, _ variant: PassVariant
  ) throws -> [Comparison] {
    [
      .exact("\(name).\(mode).mask, \(variant)", mask.values, try floats("\(mode).mask")),
      .exact(
        "\(name).\(mode).open, \(variant)", record.openCounts.map(Float.init), try floats("\(mode).open")),
    ]
  }

  private func compare(
    _ mode: String, _ tensor: String, _ found: [Float], _ variant: PassVariant
  ) throws -> Comparison {
    .tensor(
      "\(name).\(mode).\(tensor), \(variant)", found, try floats("\(mode).\(tensor)"),
      relativeToLargest: 1e-5)
  }
}
