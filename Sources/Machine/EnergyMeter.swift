import Foundation

/// What the processors have used, as Intel's and AMD's running average power limit counts it: `energy_uj` of every package,
/// in microjoules, which begins at 0 again after `max_energy_range_uj`. Most systems let only root read it, most virtual
/// machines have none.
package struct EnergyMeter: Sendable {
  package static let live = EnergyMeter(folder: "/sys/class/powercap")

  private struct Package {
    let counter: String
    let range: Double
  }
  private let packages: [Package]

  package init(folder: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    // intel-rapl:0 is a package, intel-rapl:0:1 a part of it.
    packages = names.filter { $0.hasPrefix("intel-rapl:") && $0.split(separator: ":").count == 2 }.sorted()
      .compactMap { name in
        guard let range = Self.number("\(folder)/\(name)/max_energy_range_uj") else { return nil }
        return Package(counter: "\(folder)/\(name)/energy_uj", range: range)
      }
  }

  /// Each package's counter; nil where none can be read.
  package var reading: [Double]? {
    let counters = packages.compactMap { Self.number($0.counter) }
    return counters.isEmpty || counters.count < packages.count ? nil : counters
  }

  /// Joules of all packages since a reading; nil where they can't be read.
  package func joules(since before: [Double]?) -> Double? {
    guard let before, let now = reading else { return nil }
    return zip(zip(before, now), packages).reduce(0) { sum, step in
      let ((before, now), package) = step
      return sum + (now >= before ? now - before : now + package.range - before) / 1e6
    }
  }

  private static func number(_ path: String) -> Double? {
    (try? String(contentsOfFile: path, encoding: .utf8))
      .flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }
}
