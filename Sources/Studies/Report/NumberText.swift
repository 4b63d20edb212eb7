import Foundation
import Foundations

/// How numbers read on a report page.
enum NumberText {
  /// A share as percent with one decimal.
  static func percent(_ share: Double) -> String { Foundations.percent(100 * share, decimals: 1) }

  /// With four significant digits, and no more zeros than those need.
  static func short(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    if value == value.rounded(), abs(value) < 1e9 { return grouped(Int(value)) }
    return String(format: "%.4g", value).replacing("-", with: "−")
  }

  /// A time span in the unit that reads best.
  static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<100: "\(decimals(seconds, seconds < 10 ? 1 : 0)) s"
    case ..<6000: "\(decimals(seconds / 60, 1)) min"
    case ..<360_000: "\(decimals(seconds / 3600, 1)) h"
    default: "\(decimals(seconds / 86_400, 1)) days"
    }
  }
}
