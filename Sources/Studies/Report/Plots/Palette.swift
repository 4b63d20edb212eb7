/// The colours of lines and marks, by number: those of the page's style, dashed from the ninth on.
enum Palette {
  static let colors = 8
  /// Of a dashed line in the first colour.
  static let dashed = colors

  /// Classes of a line.
  static func stroke(_ number: Int) -> String {
    "s\(number % colors)" + (number / colors % 2 == 1 ? " dashed" : "")
  }

  /// Class of an area or a mark.
  static func fill(_ number: Int) -> String { "f\(number % colors)" }
}
