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

/// The seconds of a length of time as a person types it: `90`, `90s`, `10m`, `3h50m`, `1d`; nil if it is none.
package func seconds(fromDuration text: String) -> Int? {
  if text.count < 9, text.allSatisfy(\.isASCII), let seconds = UInt32(text) { return Int(seconds) }
  guard let match = text.wholeMatch(of: /(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?/),
    !text.isEmpty
  else { return nil }
  let parts = [(match.1, 86400), (match.2, 3600), (match.3, 60), (match.4, 1)]
  return parts.reduce(0) { $0 + (Int($1.0 ?? "0") ?? 0) * $1.1 }
}
