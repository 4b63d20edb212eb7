import Exchange
import Foundations
import Networks
import Tensors

extension NetworkTensors {
  /// Replaces all by a file's.
  ///
  /// - Parameter allowingOthers: Whether the file may hold more, such as heads that evaluation does not need.
  /// - Throws: `CheckpointError.otherNetwork` naming the first tensor that differs; nothing is changed then.
  func load(_ file: SafetensorsFile, allowingOthers: Bool = false) throws {
    try file.match(shapes, allowingOthers: allowingOthers)
    try replace { try file.floats($0) }
  }
}

extension SafetensorsFile {
  /// Checks that the file holds the convolutions of a network that it, or what came with it, describes. Before the network
  /// is made: a few words describe one that no memory holds.
  ///
  /// - Throws: `CheckpointError.otherNetwork`.
  func match(_ blueprint: Blueprint) throws(CheckpointError) {
    try match(
      blueprint.sites.map { site in
        let shape = site.shape
        return (
          "\(site.name).weight", [shape.outChannels, shape.inChannels, shape.kernelSize, shape.kernelSize]
        )
      }, allowingOthers: true)
  }

  /// Checks that the file holds what a network needs, by name and shape.
  ///
  /// - Parameters:
  ///   - expected: The network's tensors; the first that differs is reported.
  ///   - allowingOthers: Whether the file may hold more.
  /// - Throws: `CheckpointError.otherNetwork` with both shapes.
  func match(
    _ expected: [(name: String, shape: [Int])], allowingOthers: Bool = false
  ) throws(CheckpointError) {
    for (name, shape) in expected {
      let found = self.shape(of: name)
      guard found == shape else {
        throw .otherNetwork(path: path, tensor: name, expected: shape, found: found)
      }
    }
    guard !allowingOthers else { return }
    let known = Set(expected.map { ByteName($0.name) })
    if let other = names.first(where: { !known.contains(ByteName($0)) }) {
      throw .otherNetwork(path: path, tensor: other, expected: nil, found: shape(of: other))
    }
  }
}
