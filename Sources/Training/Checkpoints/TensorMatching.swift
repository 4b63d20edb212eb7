import Tensors

/// Checks that a file holds what a network needs, by name and shape.
///
/// - Parameters:
///   - expected: The network's tensors; the first that differs is reported.
///   - allowingOthers: Whether the file may hold more, such as heads that evaluation does not need.
/// - Throws: `CheckpointError.otherNetwork` with both shapes.
public func matchTensors(
  _ expected: [(name: String, shape: [Int])], in file: SafetensorsFile, allowingOthers: Bool = false
) throws(CheckpointError) {
  for (name, shape) in expected {
    let found = file.shape(of: name)
    guard found == shape else {
      throw .otherNetwork(path: file.path, tensor: name, expected: shape, found: found)
    }
  }
  guard !allowingOthers else { return }
  let known = Set(expected.map(\.name))
  if let other = file.names.first(where: { !known.contains($0) }) {
    throw .otherNetwork(path: file.path, tensor: other, expected: nil, found: file.shape(of: other))
  }
}
