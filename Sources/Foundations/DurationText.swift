import Foundation

/// A length of time in its two largest units; `–` if it is not finite.
package func durationText(_ seconds: Double) -> String {
  // A century: longer than any run, and safely an Int.
  guard seconds.isFinite, seconds >= 0, seconds < 3.2e9 else { return "–" }
  let whole = Int(seconds.rounded())
  let (days, hours, minutes) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60)
  if days > 0 { return "\(days) d \(hours) h" }
  if hours > 0 { return String(format: "%d h %02d min", hours, minutes) }
  if minutes > 0 { return String(format: "%d min %02d s", minutes, whole % 60) }
  return "\(whole) s"
}
