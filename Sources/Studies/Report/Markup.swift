/// HTML or SVG. Text that is interpolated into it is escaped, whoever wrote it; markup is taken as it is.
struct Markup: ExpressibleByStringInterpolation, Sendable {
  private(set) var text: String

  init(stringLiteral value: String) { text = value }

  init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  /// - Parameter parts: One after the other.
  init(_ parts: [Markup]) { text = parts.map(\.text).joined() }

  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(2 * literalCapacity) }

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ value: some StringProtocol) { text += Markup.escaped(value) }
    mutating func appendInterpolation(_ value: Markup) { text += value.text }
    mutating func appendInterpolation(_ values: [Markup]) { for value in values { text += value.text } }
    mutating func appendInterpolation(_ number: Int) { text += "\(number)" }

    /// A place in a drawing, to a tenth; one far outside of every drawing for what is not finite or farther.
    mutating func appendInterpolation(_ place: Double) {
      let farthest = 1e9
      let tenths = Int(((place.isFinite ? min(max(place, -farthest), farthest) : farthest) * 10).rounded())
      text +=
        tenths % 10 == 0
        ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }
  }

  /// Characters that HTML gives a meaning to, and control characters, which it does not allow, made harmless in text
  /// and in attributes.
  private static func escaped(_ text: some StringProtocol) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
