import Collectives
import Foundations
import Tensors
import Yams

extension ConfigurationFile {
  /// Reads a YAML file and lays `settings`, the texts of `--set KEY=VALUE` options, over it.
  ///
  /// - Throws: `ConfigurationError` with the first thing that is wrong and its line.
  public init(contentsOf path: String, settings: [String] = []) throws(ConfigurationError) {
    try self.init(yaml: Self.text(of: path), path: path, settings: settings)
  }

  /// Reads the file on rank 0 for all: other ranks need not see its disk, and a pipe brings its text once.
  ///
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public init(contentsOf path: String, settings: [String] = [], on communicator: Communicator) throws {
    let text = try communicator.agree { communicator.rank == 0 ? try Self.text(of: path) : "" }
    let yaml = try communicator.broadcast(value: text)
    self = try communicator.agree { try ConfigurationFile(yaml: yaml, path: path, settings: settings) }
  }

  /// - Throws: `ConfigurationError.unreadable`.
  static func text(of path: String) throws(ConfigurationError) -> String {
    do throws(UnreadableText) {
      return try readText(path, atMost: YAMLText.mostBytes)
    } catch {
      throw .unreadable(path: path, reason: error.reason)
    }
  }

  /// Reads YAML text; `path` is what errors name.
  public init(yaml: String, path: String, settings: [String] = []) throws(ConfigurationError) {
    self.init(dataSource: "")
    let root: Node?
    do {
      root = try YAMLText.compose(yaml)
    } catch {
      throw Self.notYAML(error, path: path)
    }
    if let root { try read(root, path: path) }
    for setting in settings { try apply(setting, at: .option(setting)) }
    if values.data.source.isEmpty {
      let key = ConfigurationKey.named("data.source")
      throw .missingKey(path: path, key: "data.source", expected: key?.expected ?? "")
    }
  }

  /// The same with the values of `settings`, the texts of `--set KEY=VALUE` options.
  public func applying(_ settings: [String]) throws(ConfigurationError) -> ConfigurationFile {
    var file = self
    for setting in settings { try file.apply(setting, at: .option(setting)) }
    return file
  }

  /// Replaces one value by that of an option's `KEY=VALUE`.
  ///
  /// - Returns: The key.
  @discardableResult
  mutating func apply(_ setting: String, at place: ConfigurationPlace) throws(ConfigurationError)
    -> ConfigurationKey
  {
    // By scalars: the first of a value may be an accent, which Unicode adds to the sign.
    guard let equals = setting.unicodeScalars.firstIndex(of: "=") else {
      throw .notYAML(place, problem: "expected KEY=VALUE, for example epochs=20")
    }
    let name = String(setting[..<equals])
    let text = String(setting[setting.unicodeScalars.index(after: equals)...])
    guard let key = ConfigurationKey.named(name) else { throw Self.unknown(name, at: place) }
    var value = ConfigurationValue.scalar(text, isQuoted: false)
    if !key.isText {
      do {
        value = try YAMLText.compose(text).map(ConfigurationValue.init) ?? .nothing
      } catch {
        throw .wrongValue(place, key: name, expected: key.expected, found: "'\(text)'")
      }
    }
    try store(value, for: key, at: place)
    return key
  }

  private mutating func read(_ root: Node, path: String) throws(ConfigurationError) {
    guard let sections = root.mapping else {
      throw .notYAML(
        .file(path: path, line: root.mark?.line ?? 1),
        problem: "expected keys and values, for example 'epochs: 20'")
    }
    try read(sections, below: "", path: path)
  }

  /// - Parameter section: The name that those of the keys begin with, and a dot; empty outside sections.
  private mutating func read(
    _ keys: Node.Mapping, below section: String, path: String
  ) throws(ConfigurationError) {
    for (keyNode, node) in keys {
      let place = ConfigurationPlace.file(path: path, line: keyNode.mark?.line ?? 1)
      let word = try Self.name(of: keyNode, at: place)
      let name = section + word
      let isSection = ConfigurationKey.sections.contains(name)
      if word.contains("."), isSection || ConfigurationKey.named(name) != nil {
        let section = ConfigurationKey.section(of: name)
        throw .notYAML(place, problem: "write '\(word)' as a key of the section '\(section):'")
      }
      guard isSection else {
        try read(node, for: name, at: place)
        continue
      }
      if case .nothing = ConfigurationValue(node) { continue }
      guard let keys = node.mapping else {
        throw .wrongValue(
          place, key: name, expected: "a section of keys", found: ConfigurationValue(node).shown)
      }
      try read(keys, below: name + ".", path: path)
    }
  }

  private mutating func read(
    _ node: Node, for name: String, at place: ConfigurationPlace
  ) throws(ConfigurationError) {
    guard let key = ConfigurationKey.named(name) else {
      throw Self.unknown(name, isSection: node.mapping != nil, at: place)
    }
    try store(ConfigurationValue(node), for: key, at: place)
  }

  private mutating func store(
    _ value: ConfigurationValue, for key: ConfigurationKey, at place: ConfigurationPlace
  ) throws(ConfigurationError) {
    guard key.store(value, &self) else {
      throw .wrongValue(place, key: key.name, expected: key.expected, found: value.shown)
    }
  }

  private static func name(of node: Node, at place: ConfigurationPlace) throws(ConfigurationError) -> String {
    guard let name = node.scalar?.string else {
      throw .notYAML(place, problem: "a key must be a word, found \(ConfigurationValue(node).shown)")
    }
    return name
  }

  private static func unknown(
    _ name: String, isSection: Bool = false, at place: ConfigurationPlace
  ) -> ConfigurationError {
    let keys = ConfigurationKey.all
    let sections = ConfigurationKey.sections.sorted()
    let inSection = keys.map(\.name).filter { $0.hasPrefix(ConfigurationKey.section(of: name) + ".") }
    let candidates = isSection ? sections : ConfigurationKey.byLikelihood.map(\.name)
    return .unknownKey(
      place, key: name, nearest: similarName(to: name, among: candidates),
      others: inSection.isEmpty
        ? sections.filter { !$0.contains(".") } + keys.filter(\.section.isEmpty).map(\.name) : inSection)
  }

  static func notYAML(_ error: any Error, path: String) -> ConfigurationError {
    if let refusal = error as? YAMLText.Refusal {
      return .notYAML(.file(path: path, line: refusal.line), problem: refusal.problem)
    }
    return switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      .notYAML(.file(path: path, line: mark.line), problem: "not valid YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      .notYAML(
        .file(path: path, line: context.mark.line), problem: "'\(duplicates[0])' is given more than once")
    default:
      .notYAML(.file(path: path, line: 1), problem: "not valid YAML: \(error)")
    }
  }
}

extension ConfigurationValue {
  init(_ node: Node) {
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      if isPlain, ["", "~", "null"].contains(scalar.string) {
        self = .nothing
      } else {
        self = .scalar(scalar.string, isQuoted: !isPlain)
      }
    case .sequence(let items): self = .list(items.map(ConfigurationValue.init))
    case .mapping, .alias: self = .section
    }
  }
}
