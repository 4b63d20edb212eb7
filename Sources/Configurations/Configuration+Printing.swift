import Foundations

extension Configuration {
  /// Every key with its section, in the order in which a configuration is printed.
  public static var keyNames: [String] { ConfigurationKey.all.map(\.name) }

  /// Every key that is in force with its value, as YAML that resolves to an equal configuration whatever the data;
  /// comments say what 'auto' and scaled rates come to. Of objectives the chosen one alone is printed: what others
  /// are set to would look as if it did something.
  public var resolvedYAML: String { ConfigurationFile(self).yaml }

  /// The values that decide a run's result, as YAML: what a checkpoint carries, so that it can be read
  /// without its run's folder. Two runs with the same text can continue each other.
  public var decisiveYAML: String {
    ConfigurationFile(self).yaml(keys: ConfigurationKey.all.filter { !$0.mayChange })
  }

  /// A key whose value differs between two configurations; values as in YAML, or what stands for long ones.
  public struct Difference: Equatable, Sendable, CustomStringConvertible {
    public let key: String
    public let old: String
    public let new: String
    /// False for what a resumed run may change, such as the number of threads.
    public let decidesResult: Bool

    public var description: String { "\(key): \(old) → \(new)" }
  }

  /// What changed since `old` among the keys that are in force now, in the order of keys.
  public func differences(from old: Configuration) -> [Difference] {
    let (old, new) = (ConfigurationFile(old), ConfigurationFile(self))
    return ConfigurationKey.all.filter { $0.isInForce(new) }.compactMap { key in
      guard ByteName(key.print(old)) != ByteName(key.print(new)) else { return nil }
      let shown = toldApart(key.show(old), key.show(new))
      return Difference(key: key.name, old: shown.0, new: shown.1, decidesResult: !key.mayChange)
    }
  }
}

extension ConfigurationFile {
  /// Every key that is in force and its value as YAML, in the order of keys.
  public var printedValues: [(key: String, value: String)] {
    ConfigurationKey.all.filter { $0.isInForce(self) }.map { ($0.name, $0.print(self)) }
  }

  /// Every key with its value; comments say what 'auto' and scaled rates come to.
  public var yaml: String { yaml(keys: ConfigurationKey.all) }

  func yaml(keys: [ConfigurationKey]) -> String {
    var lines: [String] = []
    var open: [Substring] = []
    for key in keys where key.isInForce(self) {
      let path = key.name.split(separator: ".")
      let sections = path.dropLast()
      let shared = zip(open, sections).prefix { $0 == $1 }.count
      for depth in shared..<sections.count { lines.append("\(indent(depth))\(sections[depth]):") }
      open = Array(sections)
      let name = indent(sections.count) + path[sections.count]
      let note = key.note(self).map { "  # \($0)" } ?? ""
      let value = key.print(self)
      lines.append("\(name):\(value.hasPrefix("\n") ? "" : " ")\(value)\(note)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }
}
