import Foundations

/// Why a file's tensors cannot be a network's backbone, in one sentence.
public enum BackboneInFileError: Error, CustomStringConvertible {
  /// PyTorch's archive or pickle, which can hold programs.
  case pickled(path: String)
  /// No tensor has a name that the network knows, which `example` is one of.
  case none(path: String, example: String)
  /// A backbone, but of another network.
  case other(BackboneMismatch)
  case nonFinite(path: String, tensor: String)

  public var description: String {
    switch self {
    case .pickled(let path):
      "\(path) is a file of PyTorch's own kind: convert it to safetensors (docs/exchange.md)"
    case .none(let path, let example):
      "\(path) holds no tensor of this network as torchvision calls them, such as '\(example)', by itself or behind one "
        + "of the prefixes backbone., encoder., encoder_q. and net., module. and model.: choose another network.family, "
        + "or rename its tensors"
    case .other(let mismatch): "\(mismatch)"
    case .nonFinite(let path, let tensor): "\(path): '\(tensor)' holds values that are not finite"
    }
  }
}

/// In what a file's backbone is not the network's. Names are the network's, without the file's prefix.
public struct BackboneMismatch: Sendable, CustomStringConvertible {
  let path: String
  let prefix: String
  var missing: [String] = []
  var wrongShapes: [(name: String, found: [Int], expected: [Int])] = []
  var unexpected: [String] = []
  /// Those of the file where they may be all that differs.
  var innerChannels: [Int]?

  init(path: String, prefix: String) {
    self.path = path
    self.prefix = prefix
  }

  var isEmpty: Bool { missing.isEmpty && wrongShapes.isEmpty && unexpected.isEmpty }

  /// Names that a sentence lists of each kind.
  private static let listed = 3

  public var description: String {
    let parts = [
      Self.part("the file lacks", missing),
      Self.part(
        "of another shape",
        wrongShapes.map { "\($0.name) (\($0.found) in the file, \($0.expected) in the network)" }),
      Self.part("the network lacks", unexpected),
    ].compactMap(\.self)
    let cure =
      if let innerChannels, missing.isEmpty, unexpected.isEmpty {
        "set network.inner_channels to \(innerChannels)"
      } else {
        "choose network.family, network.depth, network.width, network.stem and gates.enabled as the file has them"
      }
    let place = prefix.isEmpty ? "" : ", read under '\(prefix)',"
    return
      "\(path)\(place) holds the backbone of another network: \(parts.joined(separator: "; ")): \(cure)"
  }

  private static func part(_ what: String, _ names: [String]) -> String? {
    guard !names.isEmpty else { return nil }
    let more = names.count > listed ? " and \(grouped(names.count - listed)) more" : ""
    return "\(what): \(names.prefix(listed).joined(separator: ", "))\(more)"
  }
}
