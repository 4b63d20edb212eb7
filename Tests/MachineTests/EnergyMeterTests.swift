import Foundation
import TestSupport
import Testing

@testable import Machine

@Suite struct EnergyMeterTests {
  /// A package with its counter, and whether it begins anew in between.
  private func write(_ microjoules: Int, range: Int, to name: String, in folder: URL) throws {
    let package = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: package, withIntermediateDirectories: true)
    for (file, value) in [("energy_uj", microjoules), ("max_energy_range_uj", range)] {
      try "\(value)\n".write(to: package.appendingPathComponent(file), atomically: true, encoding: .utf8)
    }
  }

  @Test func packagesAreAddedUpAndCountersBeginAnew() throws {
    try withTemporaryFolder { folder in
      try write(4_000_000, range: 10_000_000, to: "intel-rapl:0", in: folder)
      try write(9_000_000, range: 10_000_000, to: "intel-rapl:1", in: folder)
      try write(1, range: 10_000_000, to: "intel-rapl:0:0", in: folder)
      let meter = EnergyMeter(folder: folder.path)
      let before = meter.reading
      #expect(before == [4_000_000, 9_000_000])
      try write(4_500_000, range: 10_000_000, to: "intel-rapl:0", in: folder)
      try write(1_000_000, range: 10_000_000, to: "intel-rapl:1", in: folder)
      #expect(meter.joules(since: before) == 2.5)
    }
  }

  @Test func thereMayBeNone() throws {
    try withTemporaryFolder { folder in
      let meter = EnergyMeter(folder: folder.appendingPathComponent("none").path)
      #expect(meter.reading == nil && meter.joules(since: meter.reading) == nil)
    }
  }
}
