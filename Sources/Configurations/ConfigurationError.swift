/// What is wrong with a configuration, in one sentence for the person who wrote it.
public enum ConfigurationError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case notYAML(ConfigurationPlace, problem: String)
  /// `nearest`: nil where no key looks like this one; `others` are those of its section.
  case unknownKey(ConfigurationPlace, key: String, nearest: String?, others: [String])
  case wrongValue(ConfigurationPlace, key: String, expected: String, found: String)
  case missingKey(path: String, key: String, expected: String)
  /// Values that are each allowed but not together, or not with this data set or number of ranks.
  case conflict(String)

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
    case .notYAML(let place, let problem): "\(place): \(problem)"
    case .unknownKey(let place, let key, let nearest?, _):
      "\(place): there is no key '\(key)'; did you mean '\(nearest)'?"
    case .unknownKey(let place, let key, nil, let others):
      "\(place): there is no key '\(key)'; there are \(others.joined(separator: ", "))"
    case .wrongValue(let place, let key, let expected, let found):
      "\(place): '\(key)' must be \(expected), found \(found)"
    case .missingKey(let path, let key, let expected): "\(path): '\(key)' is missing; it must be \(expected)"
    case .conflict(let sentence): sentence
    }
  }
}

/// Where a part of a configuration was written.
public enum ConfigurationPlace: Equatable, Sendable, CustomStringConvertible {
  case file(path: String, line: Int)
  /// A `--set` option with this text.
  case option(String)
  /// A `--where` option with this text.
  case condition(String)

  public var description: String {
    switch self {
    case .file(let path, let line): "\(path):\(line)"
    case .option(let text): "--set \(text)"
    case .condition(let text): "--where \(text)"
    }
  }
}
