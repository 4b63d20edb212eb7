import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Exchange

/// Backbones in the files of other programs.
@Suite struct BackboneInFileTests {
  /// The tensors of a backbone behind a prefix, and others.
  static func file(
    _ backbone: any Backbone, prefix: String = "", others: [String] = [],
    where isThere: (String) -> Bool = { _ in true }
  ) throws -> SafetensorsFile {
    let entries = try entries(backbone).filter { isThere($0.name) }.map {
      Safetensors.Entry(name: prefix + $0.name, shape: $0.shape, values: $0.values)
    }
    let more = others.map { Safetensors.Entry(name: $0, shape: [1], values: [0 as Float]) }
    return try SafetensorsFile(Safetensors.encode(entries + more), path: "x.safetensors")
  }

  static func entries(
    _ backbone: any Backbone
  ) throws -> [(name: String, shape: [Int], values: [Float])] {
    let file = try SafetensorsFile(Safetensors.encode(NetworkTensors(backbone).entries), path: "")
    return try file.names.map { ($0, file.shape(of: $0)!, try file.floats($0)) }
  }

  static func problem(_ file: SafetensorsFile, for made: MadeBackbone = MadeBackbone(gated: false)) -> String
  {
    do {
      _ = try BackboneInFile(file, for: made.make(seed: 2))
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [
    ("", ["fc.weight", "fc.bias", "bn1.num_batches_tracked"]),
    ("backbone.", ["projector.0.weight", "momentum_backbone.conv1.weight", "queue"]),
    ("module.encoder_q.", ["module.encoder_q.fc.0.weight", "module.encoder_k.conv1.weight", "module.queue"]),
    ("encoder.", ["projector.0.weight"]),
    ("module.backbone.", ["module.backbone.fc.2.bias", "module.backbone.layer1.0.bn1.num_batches_tracked"]),
    ("model.net.", ["epoch"]),
  ])
  func isFoundBehindAPrefix(prefix: String, others: [String]) throws {
    let (source, target) = (MadeBackbone().make(seed: 1), MadeBackbone().make(seed: 2))
    let found = try BackboneInFile(try Self.file(source, prefix: prefix, others: others), for: target)
    #expect(found.prefix == prefix && found.absent == [])
    try found.load(into: target)
    for (own, given) in zip(try Self.entries(target), try Self.entries(source)) {
      #expect(own.name == given.name && own.values == given.values, "\(own.name)")
    }
  }

  @Test func gatesThatAreNotThereStayAsTheyAre() throws {
    let (source, target) = (MadeBackbone().make(seed: 1), MadeBackbone().make(seed: 2))
    let before = Dictionary(uniqueKeysWithValues: try Self.entries(target).map { ($0.name, $0.values) })
    let given = Dictionary(uniqueKeysWithValues: try Self.entries(source).map { ($0.name, $0.values) })
    let found = try BackboneInFile(try Self.file(source) { !$0.contains(".gate.") }, for: target)
    #expect(found.absent.count == 8 * 6 && found.names.count == 20 * 5)
    try found.load(into: target)
    for (name, _, values) in try Self.entries(target) {
      #expect(values == (name.contains(".gate.") ? before[name] : given[name]), "\(name)")
    }
  }

  /// torchvision's VGGs have biases in front of batch norms, which take them off again.
  @Test func biasesOfConvolutionsMoveRunningMeans() throws {
    let (source, target) = (MadeBackbone.vgg16.make(seed: 1), MadeBackbone.vgg16.make(seed: 2))
    func file(biasCount: Int) throws -> SafetensorsFile {
      let biases = (0..<biasCount).map { Float($0) / 4 }
      let entries =
        NetworkTensors(source).entries + [
          .init(name: "features.3.bias", shape: [biasCount], values: biases),
          .init(name: "classifier.0.bias", shape: [2], values: [1, 2]),
        ]
      return try SafetensorsFile(Safetensors.encode(entries), path: "x.safetensors")
    }
    let found = try BackboneInFile(try file(biasCount: 8), for: target)
    #expect(found.names.count == NetworkTensors(source).entries.count)
    try found.load(into: target)
    for (own, given) in zip(try Self.entries(target), try Self.entries(source)) {
      let isMoved = own.name == "features.4.running_mean"
      let expected = isMoved ? given.values.enumerated().map { $1 - Float($0) / 4 } : given.values
      #expect(own.values == expected, "\(own.name)")
    }
    #expect(
      Self.problem(try file(biasCount: 7), for: .vgg16)
        .contains("of another shape: features.3.bias ([7] in the file, [8] in the network): choose"))
  }

  @Test func halfAGateIsMissing() throws {
    let file = try Self.file(MadeBackbone().make(seed: 1)) { $0 != "layer1.0.gate.3.weight" }
    #expect(
      Self.problem(file, for: MadeBackbone()).contains("the file lacks: layer1.0.gate.3.weight: choose"))
  }

  @Test func anotherNetworkIsNamedByItsTensors() throws {
    let dense = MadeBackbone(gated: false)
    #expect(
      Self.problem(try Self.file(MadeBackbone(depth: 34, gated: false).make(seed: 1)))
        == "x.safetensors holds the backbone of another network: the network lacks: layer1.2.conv1.weight, "
        + "layer1.2.bn1.weight, layer1.2.bn1.bias and 77 more: choose network.family, network.depth, network.width, "
        + "network.stem and gates.enabled as the file has them")
    let wide = Self.problem(
      try Self.file(MadeBackbone(width: 16, gated: false).make(seed: 1), prefix: "backbone."))
    #expect(
      wide.hasPrefix(
        "x.safetensors, read under 'backbone.', holds the backbone of another network: of another shape: "
          + "conv1.weight ([16, 3, 3, 3] in the file, [8, 3, 3, 3] in the network), "), "\(wide)")
    let gated = Self.problem(try Self.file(MadeBackbone().make(seed: 1)))
    #expect(gated.contains("the network lacks: layer1.0.gate.0.weight, "), "\(gated)")
    let half = try Self.file(
      dense.make(seed: 1), prefix: "backbone.", others: ["layer4.1.bn2.running_var"]
    ) { !$0.hasPrefix("layer4.") }
    #expect(Self.problem(half).contains("the file lacks: layer4.0.conv1.weight, layer4.0.bn1.weight, "))
  }

  @Test func whatIsNoBackboneIsSaid() throws {
    let file = try Self.file(MadeBackbone().make(seed: 1), prefix: "student.")
    #expect(
      Self.problem(file).hasPrefix(
        "x.safetensors holds no tensor of this network as torchvision calls them, such as 'conv1.weight', "))
  }

  @Test func numbersThatAreNotFiniteAreRefused() throws {
    let source = MadeBackbone(gated: false).make(seed: 1)
    source.batchNorms[2].runningVariance[1] = .nan
    let found = try BackboneInFile(try Self.file(source), for: source)
    let error = #expect(throws: BackboneInFileError.self) { try found.load(into: source) }
    #expect(
      "\(error!)"
        == "x.safetensors: '\(source.batchNorms[2].name).running_var' holds values that are not finite")
  }
}
