import Foundations

/// What a value of a configuration must be, as a `--where` option's `KEY=VALUE` says it. Values are compared, not their
/// texts: 0.3 is 0.30.
public struct ConfigurationCondition: Sendable {
  private let key: ConfigurationKey
  /// Has the value in its place.
  private let wanted: ConfigurationFile

  /// - Throws: `ConfigurationError` where there is no such key, or the value is not one that it takes.
  public init(_ text: String) throws(ConfigurationError) {
    var wanted = ConfigurationFile(dataSource: "")
    key = try wanted.apply(text, at: .condition(text))
    self.wanted = wanted
  }

  /// Whether the key says something in this configuration, and just that.
  public func holds(in file: ConfigurationFile) -> Bool {
    key.isInForce(file) && ByteName(key.print(file)) == ByteName(key.print(wanted))
  }
}
