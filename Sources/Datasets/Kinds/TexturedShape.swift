import Foundation

/// The classes of `ShapesDataset`: an outline and a two-colour texture each.
///
/// Neither colour, orientation nor handedness tells one from another (every outline and texture is its own
/// mirror image up to a rotation); outline and texture each do, so that a crop that hides one still shows the
/// other.
enum TexturedShape: Int, CaseIterable, Sendable {
  case stripedDisk
  case checkeredSquare
  case dottedTriangle
  case target
  case outlinedPlus
  case nestedStar
  case zigzagBar
  case flower
  case hatchedCrescent
  case pinwheel

  /// What is seen at one point.
  enum Surface: Int {
    case background, ground, pattern
  }

  /// No shape reaches farther from its centre, in units of its radius (the bar's corners: 1.23).
  static let reach: Float = 1.25

  var name: String {
    switch self {
    case .stripedDisk: "striped disk"
    case .checkeredSquare: "checkered square"
    case .dottedTriangle: "dotted triangle"
    case .target: "target"
    case .outlinedPlus: "outlined plus"
    case .nestedStar: "nested star"
    case .zigzagBar: "zigzag bar"
    case .flower: "flower"
    case .hatchedCrescent: "hatched crescent"
    case .pinwheel: "pinwheel"
    }
  }

  /// - Parameters:
  ///   - x: From the shape's centre in units of its radius, in its own orientation; `y` likewise.
  ///   - period: Of the texture, in the same units.
  func surface(x: Float, y: Float, period: Float) -> Surface {
    let radius = (x * x + y * y).squareRoot()
    switch self {
    case .stripedDisk:
      guard radius <= 1 else { return .background }
      return Self.isOdd(2 * x / period) ? .pattern : .ground
    case .checkeredSquare:
      guard max(abs(x), abs(y)) <= 0.85 else { return .background }
      return Self.isOdd(2 * x / period) != Self.isOdd(2 * y / period) ? .pattern : .ground
    case .dottedTriangle:
      guard max(-y, 0.5 * y + 0.866 * abs(x)) <= 0.58 else { return .background }
      let dx = x / period - (x / period).rounded()
      let dy = y / period - (y / period).rounded()
      return dx * dx + dy * dy < 0.1 ? .pattern : .ground
    case .target:
      guard radius <= 1 else { return .background }
      return Self.isOdd(2 * radius / period) ? .pattern : .ground
    case .outlinedPlus:
      let (short, long) = (min(abs(x), abs(y)), max(abs(x), abs(y)))
      guard short <= 0.4, long <= 1.1 else { return .background }
      return short <= 0.2 && long <= 0.9 ? .pattern : .ground
    case .nestedStar:
      let outline = Self.star(x, y)
      guard outline <= 1 else { return .background }
      return outline <= 0.5 ? .pattern : .ground
    case .zigzagBar:
      guard abs(x) <= 1.1, abs(y) <= 0.55 else { return .background }
      let wave = abs(y / 0.55 - (y / 0.55).rounded(.down) - 0.5)
      return Self.isOdd(2 * x / period + 2.4 * wave) ? .pattern : .ground
    case .flower:
      guard radius <= 0.75 + 0.33 * cos(5 * atan2(y, x)) else { return .background }
      return radius <= 0.38 ? .pattern : .ground
    case .hatchedCrescent:
      let bite = ((x - 0.5) * (x - 0.5) + y * y).squareRoot()
      guard radius <= 1.1, bite > 0.8 else { return .background }
      let (u, v) = ((x + y) / period, (x - y) / period)
      return min(abs(u - u.rounded()), abs(v - v.rounded())) < 0.14 ? .pattern : .ground
    case .pinwheel:
      guard radius <= 1 else { return .background }
      return Self.isOdd(atan2(y, x) * 4 / .pi + 0.5) ? .pattern : .ground
    }
  }

  private static func isOdd(_ value: Float) -> Bool { Int(value.rounded(.down)) & 1 == 1 }

  /// 1 on the outline of a five-pointed star whose points reach 1.15, proportional to size inside.
  private static func star(_ x: Float, _ y: Float) -> Float {
    let fifth = Float.pi / 5
    var angle = abs(atan2(y, x)).truncatingRemainder(dividingBy: 2 * fifth)
    angle = min(angle, 2 * fifth - angle)
    let radius = (x * x + y * y).squareRoot()
    // The edge from the point (1.15 at angle 0) to the notch (0.5 at angle π/5), as a·u + b·v = 1.
    let (notchX, notchY) = (0.5 * cos(fifth), 0.5 * sin(fifth))
    let a: Float = 1 / 1.15
    let b = (1 - a * notchX) / notchY
    return a * radius * cos(angle) + b * radius * sin(angle)
  }
}
