import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `environment.json`: what produced a run.
  @Suite struct Environments {
    private func file(_ run: SmallRun) -> URL { run.run.appendingPathComponent("environment.json") }

    private func sessions(_ run: SmallRun) throws -> [[String: Any]] {
      let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file(run))) as? [String: Any]
      return try #require(object?["sessions"] as? [[String: Any]])
    }

    @Test func everySessionThatProducedTheRunIsNoted() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let first = try Program.run(small.command("max_steps=2") + ["--json"])
        let noted = try sessions(small)
        #expect(noted.map { $0["from_step"] as? Int } == [0])
        #expect(noted.map { $0["ranks"] as? Int } == [1])
        #expect(try first.object()["environment"] as? NSDictionary == noted[0] as NSDictionary)

        let second = try Program.run(small.command("max_steps=4"), ranks: 2)
        #expect(try sessions(small).map { $0["from_step"] as? Int } == [0, 2])
        #expect(
          second.lines.contains {
            $0.hasPrefix("since the session from step 0: ") && $0.contains("ranks: 1 → 2")
          }
        )
        #expect(second.warnings.filter { $0.contains("bits") } == [])
        #expect(second.result.contains("environment: sluice "))
      }
    }

    @Test func aChangeThatDecidesBitsIsWarnedAbout() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let first = try Program.run(small.command("max_steps=2"))
        try #require(first.status == 0, "\(first)")
        let text = try String(contentsOf: file(small), encoding: .utf8)
        let edited = text.replacing(/glibc/, with: "musl")
        try #require(edited != text)
        try edited.write(to: file(small), atomically: true, encoding: .utf8)
        let second = try Program.run(small.command("max_steps=4"), ranks: 2)
        try #require(second.status == 0, "\(second)")
        let warnings = second.warnings.filter { $0.contains("bits can differ") }
        #expect(warnings.count == 1 && warnings.allSatisfy { $0.contains("C library: musl") }, "\(second)")
      }
    }

    @Test(arguments: ["", "{\"sessions\": [", "\u{0}\u{1}"]) func aDamagedFileStopsNothing(damage: String)
      throws
    {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let first = try Program.run(small.command("max_steps=2"))
        try #require(first.status == 0, "\(first)")
        try damage.write(to: file(small), atomically: true, encoding: .utf8)
        let second = try Program.run(small.command("max_steps=4"))
        try #require(second.status == 0, "\(second)")
        #expect(second.warnings.count == 1, "\(second.warnings)")
        #expect(second.warnings.first?.contains("\(file(small).path): cannot be read") == true)
        #expect(try sessions(small).map { $0["from_step"] as? Int } == [2])
      }
    }
  }
}
