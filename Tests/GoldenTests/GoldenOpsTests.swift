import Foundation
import GoldenCases
import Testing

@testable import Layers
@testable import Objectives
@testable import Tensors

/// Single operations, forward and backward, against float64. Which ones and how large is in the names and
/// shapes of the tensors.
@Suite struct GoldenOpsTests {
  @Test(arguments: GoldenCase.all(.ops))
  func goldenOperations(_ golden: GoldenCase) throws {
    let file = try golden.tensors("ops")
    let operations = Set(file.names.map { $0[..<$0.lastIndex(of: ".")!] }).map(String.init).sorted()
    var comparisons: [Comparison] = []
    for name in operations {
      comparisons += try Operation(name: name, file: file).compare()
    }
    expectAll(comparisons, golden)
  }
}

/// One operation of a case: `<name>.x`, `<name>.y` and so on.
private struct Operation {
  let name: String
  let file: SafetensorsFile

  func compare() throws -> [Comparison] {
    switch name.prefix(while: { $0 != "." && $0 != "_" }) {
    case "conv": try variants("x").flatMap(convolution)
    case "bn1d", "bn2d": try variants("x0").flatMap(batchNorm)
    case "relu": try variants("x").flatMap(relu)
    case "maxpool": try variants("x").flatMap(maxPool)
    case "gap": try variants("x").flatMap(globalAveragePool)
    case "linear": try variants("x").flatMap(linear)
    case "l2norm": try variants("x").flatMap(unitRows)
    default: [Comparison("\(name): no test knows this operation", error: .infinity, tolerance: 0)]
    }
  }

  // MARK: Reading

  func shape(_ tensor: String) throws -> [Int] {
    guard let shape = file.shape(of: "\(name).\(tensor)") else {
      throw SafetensorsError.missingTensor(path: file.path, name: "\(name).\(tensor)")
    }
    return shape
  }

  func floats(_ tensor: String) throws -> [Float] { try file.floats("\(name).\(tensor)") }

  func has(_ tensor: String) -> Bool { file.shape(of: "\(name).\(tensor)") != nil }

  /// The tensor in a layout: blocked maps, or a plain matrix where it has two dimensions.
  func tensor(_ tensor: String, lanes: Int) throws -> Tensor {
    let shape = try shape(tensor)
    return Tensor(shape: shape, lanes: shape.count == 2 ? shape[1] : lanes, try floats(tensor))
  }

  func variants(_ input: String) throws -> [PassVariant] {
    PassVariant.all(images: try shape(input)[0])
  }

  func compare(
    _ tensor: String, _ found: [Float], _ variant: PassVariant, algorithm: ConvolutionAlgorithm? = nil,
    tolerance: Double = 2e-6
  ) throws -> Comparison {
    let how = (algorithm.map { "\($0), " } ?? "") + "\(variant)"
    return .tensor("\(name).\(tensor), \(how)", found, try floats(tensor), relativeToLargest: tolerance)
  }

  // MARK: Operations

  /// Stride and padding are part of the name: `conv.k3s1p1`.
  func convolution(_ variant: PassVariant) throws -> [Comparison] {
    guard let match = name.firstMatch(of: /k\d+s(\d+)p(\d+)/), let stride = Int(match.1),
      let padding = Int(match.2)
    else { return [Comparison("\(name): not of the form k3s1p1", error: .infinity, tolerance: 0)] }
    let weights = try shape("w")
    let x = try tensor("x", lanes: variant.lanes)
    let shape = ConvolutionShape(
      rows: variant.shardSize, inChannels: weights[1], height: x.height, width: x.width,
      outChannels: weights[0], kernelSize: weights[2], stride: stride, padding: padding)
    let algorithms = ConvolutionBackends.linked.algorithms.filter { $0.precision == .f32 }
    return try algorithms.flatMap { algorithm in
      let layer = Convolution(
        name, inChannels: weights[1], outChannels: weights[0], kernelSize: weights[2], stride: stride,
        padding: padding, kernels: .always(algorithm, shape))
      layer.weight.array = try floats("w")
      let pass = variant.pass(rows: x.rows)
      let y = try layer.forward(x, in: pass)
      let dx = try layer.backward(try tensor("dy", lanes: variant.lanes), input: x, in: pass)
      var found = [("y", y.values), ("dx", dx?.values ?? []), ("dw", layer.weight.gradientArray)]
      if weights[1] <= 3 {
        // The first layer's images come in plain NCHW.
        found.append(("y", try layer.forward(try tensor("x", lanes: 1), in: pass).values))
      }
      return try found.map { try compare($0, $1, variant, algorithm: algorithm) }
    }
  }

  /// Training passes `x0`, `x1`, … one after the other, then `xe` with the running statistics.
  func batchNorm(_ variant: PassVariant) throws -> [Comparison] {
    let size = try shape("x0")
    let layer = BatchNorm(name, channels: size[1], affine: has("weight"))
    if has("weight") { layer.weight?.array = try floats("weight") }
    if has("bias") { layer.bias?.array = try floats("bias") }
    // With few values behind a mean their rounding shows more.
    let tolerance = size[0] * size.dropFirst(2).reduce(1, *) <= 8 ? 1e-5 : 2e-6
    var found: [(String, [Float])] = []
    for step in (0...).prefix(while: { has("x\($0)") }) {
      let x = try tensor("x\(step)", lanes: variant.lanes)
      let pass = variant.pass(rows: x.rows)
      let statistics = try layer.statistics(of: x, in: pass)
      let y = try layer.normalize(x, statistics, relu: false, in: pass)
      let dy = try tensor("dy\(step)", lanes: variant.lanes)
      let (dx, _) = try layer.backward(dy, input: x, statistics, relu: false, into: x.makeSimilar(), in: pass)
      found += [("y\(step)", y.values), ("dx\(step)", dx.values)]
      found += [("running_mean\(step)", layer.runningMean), ("running_var\(step)", layer.runningVariance)]
      if let weight = layer.weight { found.append(("dweight\(step)", weight.gradientArray)) }
      if let bias = layer.bias { found.append(("dbias\(step)", bias.gradientArray)) }
    }
    let x = try tensor("xe", lanes: variant.lanes)
    let pass = variant.pass(.evaluation, rows: x.rows)
    let statistics = try layer.statistics(of: x, in: pass)
    let dy = try tensor("dye", lanes: variant.lanes)
    found.append(("ye", try layer.normalize(x, statistics, relu: false, in: pass).values))
    found.append(
      ("dxe", try layer.backward(dy, input: x, statistics, relu: false, into: dy, in: pass).dx.values))
    return try found.map { try compare($0, $1, variant, tolerance: tolerance) }
  }

  /// ReLU has no pass of its own: it is part of batch norm's, here with scale 1 and shift 0.
  func relu(_ variant: PassVariant) throws -> [Comparison] {
    let x = try tensor("x", lanes: variant.lanes)
    let pass = variant.pass(rows: x.rows)
    let (layer, identity) = try BatchNorm.identity(like: x, in: pass)
    let y = try layer.normalize(x, identity, relu: true, in: pass)
    let dx = try layer.reluBackward(
      MapGradient(try tensor("dy", lanes: variant.lanes)), input: x, identity, in: pass
    ).g
    return [
      .exact("\(name).y, \(variant)", y.values, try floats("y")),
      .exact("\(name).dx, \(variant)", dx.values, try floats("dx")),
    ]
  }

  func maxPool(_ variant: PassVariant) throws -> [Comparison] {
    let x = try tensor("x", lanes: variant.lanes)
    let pass = variant.pass(rows: x.rows)
    let (layer, identity) = try BatchNorm.identity(like: x, in: pass)
    let output = try MaxPool.overlapping.forward(x, normalizedBy: identity, in: pass)
    let y = output.values
    // From the place inside its window to that inside the plane.
    let winners = Tensor(
      rows: y.rows, channels: y.channels, height: y.height, width: y.width, lanes: y.lanes)
    for i in 0..<y.count { winners.pointer[i] = Float(output.positions(ofRow: 0)[i]) }
    let index = winners.values.enumerated().map { i, winner in
      let (row, column) = (i % y.pixels / y.width, i % y.width)
      let (h, w) = (2 * row - 1 + Int(winner) / 3, 2 * column - 1 + Int(winner) % 3)
      return Int32(h * x.width + w)
    }
    let derivative = layer.derivative(
      try layer.sumOverBatch(2 * x.blocks * x.lanes, stride: x.blocks * x.lanes, in: pass) { _, _, _, _ in },
      identity, in: pass)
    let dx = try MaxPool.backward(
      try tensor("dy", lanes: variant.lanes), output, input: x, derivative, in: pass)
    return [
      .exact("\(name).index, \(variant)", index, try file.int32s("\(name).index")),
      .exact("\(name).y, \(variant)", y.values, try floats("y")),
      try compare("dx", dx.values, variant),
    ]
  }

  func globalAveragePool(_ variant: PassVariant) throws -> [Comparison] {
    let x = try tensor("x", lanes: variant.lanes)
    let pass = variant.pass(rows: x.rows)
    let (layer, identity) = try BatchNorm.identity(like: x, in: pass)
    // Where everything is open, the ReLU's gradient is the sum of its parts.
    let open = Tensor(shape: try shape("x"), lanes: variant.lanes, x.values.map { _ in 1 })
    let dy = MapGradient(means: try tensor("dy", lanes: 0))
    let dx = try layer.reluBackward(dy, input: open, identity, in: pass).g
    // mean x = mean relu(x) − mean relu(−x)
    let y = try [x.values, x.values.map(-)].map {
      try layer.normalizeAndPool(
        Tensor(shape: try shape("x"), lanes: variant.lanes, $0), identity, in: pass
      ).means.values
    }
    return [try compare("y", zip(y[0], y[1]).map(-), variant), try compare("dx", dx.values, variant)]
  }

  func linear(_ variant: PassVariant) throws -> [Comparison] {
    let weights = try shape("w")
    let layer = Linear(
      name, inFeatures: weights[1], outFeatures: weights[0], bias: has("b") ? .learned : .none)
    layer.weight.array = try floats("w")
    if has("b") { layer.bias?.array = try floats("b") }
    let x = try tensor("x", lanes: 0)
    let pass = variant.pass(rows: x.rows)
    let y = try layer.forward(x, in: pass)
    let dx = try layer.backward(try tensor("dy", lanes: 0), input: x, in: pass)
    var found = [("y", y.values), ("dx", dx.values), ("dw", layer.weight.gradientArray)]
    if let bias = layer.bias { found.append(("db", bias.gradientArray)) }
    return try found.map { try compare($0, $1, variant) }
  }

  func unitRows(_ variant: PassVariant) throws -> [Comparison] {
    let x = try tensor("x", lanes: 0)
    let rows = try UnitRows(x, in: variant.pass(rows: x.rows))
    let dy = try tensor("dy", lanes: 0)
    let dx = x.makeSimilar()
    for row in 0..<x.rows { rows.backward(row: row, dy.row(row), into: dx.row(row)) }
    return [try compare("y", rows.units.values, variant), try compare("dx", dx.values, variant)]
  }
}
