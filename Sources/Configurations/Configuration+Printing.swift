extension Configuration {
  /// Every key with its section, in the order in which a configuration is printed.
  public static var keyNames: [String] { ConfigurationKey.all.map(\.name) }

  /// Every key with its value, as YAML that resolves to an equal configuration whatever the data; comments say what
  /// 'auto' and scaled rates come to.
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

  /// What changed since `old`, in the order of keys.
  public func differences(from old: Configuration) -> [Difference] {
    let (old, new) = (ConfigurationFile(old), ConfigurationFile(self))
    return ConfigurationKey.all.compactMap { key in
      key.print(old) == key.print(new)
        ? nil
        : Difference(key: key.name, old: key.show(old), new: key.show(new), decidesResult: !key.mayChange)
    }
  }
}

extension ConfigurationFile {
  /// Every key with its value; comments say what 'auto' and scaled rates come to.
  public var yaml: String { yaml(keys: ConfigurationKey.all) }

  func yaml(keys: [ConfigurationKey]) -> String {
    var lines: [String] = []
    var section: Substring = ""
    for key in keys {
      if key.section != section, !key.section.isEmpty { lines.append("\(key.section):") }
      section = key.section
      let name = section.isEmpty ? key.name : "  " + key.name.dropFirst(section.count + 1)
      let note = key.note(self).map { "  # \($0)" } ?? ""
      let value = key.print(self)
      lines.append("\(name):\(value.hasPrefix("\n") ? "" : " ")\(value)\(note)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
