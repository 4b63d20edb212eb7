/// What is wrong with a configuration, in one sentence for the person who wrote it.
public enum ConfigurationError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case notYAML(ConfigurationPlace, problem: String)
  case unknownKey(ConfigurationPlace, key: String, nearest: String)
  case wrongValue(ConfigurationPlace, key: String, expected: String, found: String)
  case missingKey(path: String, key: String, expected: String)
  /// Values that are each allowed but not together, or not with this data set or number of ranks.
  case conflict(String)

  public var description: String {
    switch self {
    case let .unreadable(path, reason): "\(path): cannot be read: \(reason)"
    case let .notYAML(place, problem): "\(place): \(problem)"
    case let .unknownKey(place, key, nearest):
      "\(place): there is no key '\(key)'; did you mean '\(nearest)'?"
    case let .wrongValue(place, key, expected, found):
      "\(place): '\(key)' must be \(expected), found \(found)"
    case let .missingKey(path, key, expected): "\(path): '\(key)' is missing; it must be \(expected)"
    case let .conflict(sentence): sentence
    }
  }
}

/// Where a part of a configuration was written.
public enum ConfigurationPlace: Equatable, Sendable, CustomStringConvertible {
  case file(path: String, line: Int)
  /// A `--set` option with this text.
  case option(String)

  public var description: String {
    switch self {
    case let .file(path, line): "\(path):\(line)"
    case let .option(text): "--set \(text)"
    }
  }
}
