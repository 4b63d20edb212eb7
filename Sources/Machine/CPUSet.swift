import Foundation

/// Sets of hardware threads in the kernel's notation, for example `0-3,8`.
public enum CPUSet {
  /// More than any machine has: what a file claims beyond it would only take memory.
  private static let mostThreads = 1 << 20

  /// What cannot be read is left out.
  public static func parse(_ list: some StringProtocol) -> Set<Int> {
    var numbers: Set<Int> = []
    for part in list.split(separator: ",") {
      let ends = part.split(separator: "-").map { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last, first >= 0,
        last < mostThreads
      else { continue }
      numbers.formUnion(first...last)
    }
    return numbers
  }

  /// The shortest such text; `dash` stands between the ends of a run.
  public static func text(_ numbers: some Sequence<Int>, dash: String = "-") -> String {
    var runs: [ClosedRange<Int>] = []
    for number in numbers.sorted() {
      if let last = runs.last, number <= last.upperBound + 1 {
        runs[runs.count - 1] = last.lowerBound...number
      } else {
        runs.append(number...number)
      }
    }
    return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)\(dash)\($0.upperBound)" }
      .joined(separator: ",")
  }
}
