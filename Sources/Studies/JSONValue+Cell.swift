import Foundations

extension JSONValue {
  /// As it stands in a table: nothing for `null`, text without quotes.
  var cell: String {
    switch self {
    case .null: ""
    case .text(let text): text
    default: line == "null" ? "" : line
    }
  }
}
