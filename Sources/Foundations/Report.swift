/// The result of a command: as it reads on a terminal, and as one JSON object for scripts.
public protocol Report {
  /// Lines without a line break at the end.
  var text: String { get }
  var json: JSONValue { get }
}
