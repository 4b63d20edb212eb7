import Foundations
import Yams

/// YAML from a file, within bounds: a few lines of it can stand for more than any memory holds.
///
/// libyaml itself refuses what is nested deeper than 1,000 levels.
enum YAMLText {
  /// Ten times the longest list of classes that people have.
  static let mostBytes = 1 << 20

  /// Why a text is not read.
  struct Refusal: Error {
    /// From 1.
    let line: Int
    let problem: String
  }

  /// The text's only document; nil: it is empty.
  ///
  /// - Throws: `Refusal`, `YamlError`.
  static func compose(_ text: String) throws -> Node? {
    guard text.utf8.count <= mostBytes else {
      throw Refusal(line: 1, problem: "it has more than \(grouped(mostBytes)) bytes")
    }
    if let alias = firstAlias(in: Array(text.utf8)) { throw alias }
    return try Yams.compose(yaml: text)
  }

  /// The first `*name` with an `&name` somewhere in the text. Aliases repeat what they name, and these can name others: 40
  /// lines become 2⁴⁰ values, or a tree too deep to be given back. It is looked for before the text is parsed, as the parser
  /// already walks them; where both stand in texts of a person they are refused as well.
  private static func firstAlias(in text: [UInt8]) -> Refusal? {
    var anchors: Set<ArraySlice<UInt8>> = []
    var aliases: [(name: ArraySlice<UInt8>, line: Int)] = []
    var line = 1
    for (place, byte) in text.enumerated() {
      switch byte {
      case UInt8(ascii: "\n"): line += 1
      case UInt8(ascii: "&"): anchors.insert(name(text[(place + 1)...]))
      case UInt8(ascii: "*"): aliases.append((name(text[(place + 1)...]), line))
      default: break
      }
    }
    return aliases.first { !$0.name.isEmpty && anchors.contains($0.name) }.map { alias in
      let name = String(decoding: alias.name, as: UTF8.self)
      return Refusal(
        line: alias.line,
        problem: "'*\(name)' stands for '&\(name)', and aliases are not read: write the value in its place")
    }
  }

  /// What libyaml takes as the name of an anchor.
  private static func name(_ rest: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    rest.prefix { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }
}
