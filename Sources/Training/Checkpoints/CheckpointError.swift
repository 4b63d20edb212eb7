/// Why a checkpoint could not be used, in one sentence.
public enum CheckpointError: Error, Equatable, CustomStringConvertible {
  /// Nothing at this path is a checkpoint.
  case missing(path: String, problem: String)
  /// A checkpoint whose bytes are not those that were written.
  case damaged(path: String, problem: String)
  /// A checkpoint of another network: the first tensor that differs; a shape is nil where there is no tensor.
  case otherNetwork(path: String, tensor: String, expected: [Int]?, found: [Int]?)

  public var description: String {
    switch self {
    case .missing(let path, let problem): "\(path): not a checkpoint: \(problem)"
    case .damaged(let path, let problem): "\(path): damaged: \(problem)"
    case .otherNetwork(let path, let tensor, let expected?, let found?):
      "\(path): '\(tensor)' has shape \(found), the network needs \(expected)"
    case .otherNetwork(let path, let tensor, let expected?, nil):
      "\(path): holds no '\(tensor)', the network needs it with shape \(expected)"
    case .otherNetwork(let path, let tensor, nil, let found):
      "\(path): holds '\(tensor)' with shape \(found ?? []), the network has no such tensor"
    }
  }
}
