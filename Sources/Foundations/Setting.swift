/// One setting of `Owner`: its key, where its value lives, and what it may be.
public struct Setting<Owner>: Sendable {
  public let name: String
  /// Completes the sentence "it must be …".
  public let expected: String
  /// Whether any text is a value, so that `--set` need not quote it.
  public let isText: Bool
  /// Puts the value in its place; false: it is not one that this setting takes.
  public let store: @Sendable (ConfigurationValue, inout Owner) -> Bool
  /// Takes over the value that another owner has.
  public let copy: @Sendable (_ other: Owner, inout Owner) -> Void
  /// The value as YAML.
  public let print: @Sendable (Owner) -> String
  /// The value in a sentence.
  public let show: @Sendable (Owner) -> String

  public init<Value: Sendable>(
    _ name: String, _ path: WritableKeyPath<Owner, Value> & Sendable, _ form: ValueForm<Value>
  ) {
    self.init(name, form, get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 })
  }

  public init<Value: Sendable>(
    _ name: String, _ form: ValueForm<Value>, get: @escaping @Sendable (Owner) -> Value,
    set: @escaping @Sendable (inout Owner, Value) -> Void
  ) {
    self.name = name
    expected = form.expected
    isText = Value.self == String.self
    store = { value, owner in
      guard let read = form.read(value) else { return false }
      set(&owner, read)
      return true
    }
    copy = { set(&$1, get($0)) }
    print = { form.print(get($0)) }
    show = { form.show(get($0)) }
  }
}
