/// A value as it was written, before it is known what it should be.
public enum ConfigurationValue: Sendable {
  /// `isQuoted`: written in quotes or as a block, so text even if it looks like a number.
  case scalar(String, isQuoted: Bool)
  case list([ConfigurationValue])
  case section
  case nothing

  /// The text of a scalar that is not in quotes.
  public var plain: String? {
    if case .scalar(let text, isQuoted: false) = self { text } else { nil }
  }

  /// The text of any scalar.
  public var text: String? {
    if case .scalar(let text, _) = self { text } else { nil }
  }

  /// How a message shows the value.
  public var shown: String {
    switch self {
    case .scalar("", _), .nothing: "nothing"
    case .scalar(let text, let isQuoted): isQuoted ? "the text \"\(text)\"" : "'\(text)'"
    case .list(let items): "[" + items.map { $0.text ?? $0.shown }.joined(separator: ", ") + "]"
    case .section: "a section of keys"
    }
  }
}
