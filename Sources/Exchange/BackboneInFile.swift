import Foundations
import Networks
import Tensors

/// A backbone as it was found in a file of this program or another's.
///
/// Programs put the tensors of a backbone, which torchvision has named, behind a prefix of their own, and other tensors
/// beside them: classifiers, projectors, queues, a second network that follows the first. Those are left out.
public struct BackboneInFile {
  /// What stands before the names of tensors, for example `module.encoder_q.`; empty: nothing.
  public let prefix: String
  /// Tensors of the network that the file has.
  public let names: [String]
  /// Tensors of gates that the file does not have, which stay as they are.
  public let absent: [String]
  /// The biases that the file has of convolutions in front of batch norms, by the names of running means.
  private let biases: [String: String]
  private let file: SafetensorsFile

  /// What may stand before names: solo-learn has `backbone.`, MoCo `module.encoder_q.`, SimCLRs have `encoder.` or
  /// `backbone.`; data-parallel training adds `module.`, Lightning `model.`, to these or to none.
  static let prefixes: [String] = ["", "module.", "model."].flatMap { outer in
    ["", "backbone.", "encoder.", "encoder_q.", "net."].map { outer + $0 }
  }

  /// Looks for every tensor of `backbone`, under the prefix that most are found with. A gate may be absent as a whole.
  ///
  /// - Throws: `BackboneInFileError.none` or `.other`.
  public init(_ file: SafetensorsFile, for backbone: any Backbone) throws(BackboneInFileError) {
    let expected = NetworkTensors(backbone).shapes
    func found(_ prefix: String) -> Int { expected.count { file.shape(of: prefix + $0.name) != nil } }
    // Of equally good ones the first.
    let (prefix, count) = Self.prefixes.map { ($0, found($0)) }.reduce(("", 0)) { $1.1 > $0.1 ? $1 : $0 }
    guard count > 0 else { throw .none(path: file.path, example: expected[0].name) }

    let gates = backbone.blueprint.gates.map { gate in
      expected.map(\.name).filter { $0.hasPrefix("\(gate.name).") }
    }
    absent = gates.filter { $0.allSatisfy { file.shape(of: prefix + $0) == nil } }.flatMap(\.self)
    let wanted = expected.filter { [absent] in !absent.contains($0.name) }
    names = wanted.map(\.name)
    let sites = backbone.blueprint.sites.filter { file.shape(of: "\(prefix)\($0.name).bias") != nil }
    biases = Dictionary(
      uniqueKeysWithValues: sites.map { ("\($0.batchNorm).running_mean", "\($0.name).bias") })
    self.prefix = prefix
    self.file = file

    var mismatch = BackboneMismatch(path: file.path, prefix: prefix)
    let wantedBiases = sites.map { (name: "\($0.name).bias", shape: [$0.shape.outChannels]) }
    for (name, shape) in wanted + wantedBiases {
      switch file.shape(of: prefix + name) {
      case nil: mismatch.missing.append(name)
      case shape: break
      case let found?: mismatch.wrongShapes.append((name: name, found: found, expected: shape))
      }
    }
    mismatch.unexpected = Self.unexpected(in: file, prefix, (expected + wantedBiases).map(\.name))
    guard mismatch.isEmpty else {
      mismatch.innerChannels = Self.innerChannels(in: file, prefix, backbone.blueprint)
      throw .other(mismatch)
    }
  }

  /// Those of the file's network where it differs in nothing else from the network of a blueprint.
  private static func innerChannels(
    in file: SafetensorsFile, _ prefix: String, _ blueprint: Blueprint
  ) -> [Int]? {
    func channels(_ site: Blueprint.Site) -> Int? { file.shape(of: "\(prefix)\(site.name).weight")?.first }
    let outer = [blueprint.stem] + blueprint.blocks.map { $0.path[$0.path.count - 1] }
    guard outer.allSatisfy({ channels($0) == $0.shape.outChannels }) else { return nil }
    let inner = blueprint.blocks.flatMap { $0.path.dropLast().compactMap(channels) }
    return inner.count == blueprint.innerChannels.count && inner != blueprint.innerChannels ? inner : nil
  }

  /// Gives the backbone the tensors that were found; others stay as they are.
  ///
  /// A convolution's bias b, which torchvision's VGGs have, moves the mean that the batch norm behind takes off again:
  /// BN(y + b) with running mean μ is BN(y) with μ − b. In training it does nothing at all.
  ///
  /// - Throws: `SafetensorsError.wrongType`, `BackboneInFileError.nonFinite`.
  public func load(into backbone: any Backbone) throws {
    let present = Set(names)
    try NetworkTensors(backbone).replace { name in
      guard present.contains(name) else { return nil }
      let values = try finiteValues(name)
      return try biases[name].map { zip(values, try finiteValues($0)).map(-) } ?? values
    }
  }

  private func finiteValues(_ name: String) throws -> [Float] {
    let values = try file.floats(converting: prefix + name)
    guard values.allSatisfy(\.isFinite) else {
      throw BackboneInFileError.nonFinite(path: file.path, tensor: prefix + name)
    }
    return values
  }

  /// Tensors of parts that the network has (`layer1`, …), but not with these names: it is another network's backbone.
  private static func unexpected(
    in file: SafetensorsFile, _ prefix: String, _ expected: [String]
  ) -> [String] {
    func part(_ name: Substring) -> Substring { name.prefix { $0 != "." } }
    let parts = Set(expected.map { part($0[...]) })
    let known = Set(expected)
    return file.names.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
      // PyTorch counts the batches that a batch norm has seen.
      .filter {
        parts.contains(part($0)) && !known.contains(String($0)) && !$0.hasSuffix(".num_batches_tracked")
      }
      .map(String.init)
  }
}
