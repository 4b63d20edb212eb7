import Foundation

/// Draws a moment of progress as one line: `15 % [███▊            ] 0:09:03 left  loss 5.1234`.
struct ProgressBar: Sendable {
  /// Whether block glyphs can be shown; else plain ASCII.
  let isUTF8: Bool

  /// At most `columns` − 1 characters: a full line would make some terminals wrap.
  ///
  /// Details are added from the first as long as the bar keeps an eighth of the line; it takes what is left.
  func line(_ state: ProgressState, columns: Int) -> String {
    let room = columns - 1
    let share = min(max(state.share, 0), 1)
    let percent = String(format: "%3d %%", Int(100 * share))
    let left = Self.clock(state.secondsLeft) + " left"
    // Percent, bar in brackets and time, a space between them.
    let fixed = percent.count + left.count + 4
    let smallest = max(5, room / 8)
    guard fixed + smallest <= room else { return String("\(percent) \(left)".prefix(room)) }
    var details = ""
    for detail in state.details {
      guard fixed + smallest + details.count + 2 + detail.count <= room else { break }
      details += "  " + detail
    }
    return "\(percent) [\(bar(share, width: room - fixed - details.count))] \(left)\(details)"
  }

  /// The bar between its brackets, in eighths of a column where glyphs allow.
  private func bar(_ share: Double, width: Int) -> String {
    let parts = isUTF8 ? [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] : [" "]
    let filled = Int(share * Double(width * parts.count))
    let (whole, part) = filled.quotientAndRemainder(dividingBy: parts.count)
    let head = String(repeating: isUTF8 ? "█" : "#", count: whole)
    return whole == width
      ? head : head + parts[part] + String(repeating: " ", count: width - whole - 1)
  }

  /// Hours, minutes and seconds in places that stay where they are while time passes.
  private static func clock(_ seconds: Double?) -> String {
    guard let seconds, seconds.isFinite, seconds >= 0, seconds < 3.2e9 else { return "-:--:--" }
    let whole = Int(seconds.rounded())
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    if hours >= 100 { return "\(hours / 24) d \(hours % 24) h" }
    return String(format: "%d:%02d:%02d", hours, minutes, whole % 60)
  }
}
