import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice bench loader`: what it prints, never how long it takes.
  @Suite struct BenchLoader {
    private static let parts: Set = ["read", "decode", "resize", "color", "blur", "normalize"]

    @Test(arguments: [1, 2]) func viewsOfAllRanksAreCounted(ranks: Int) throws {
      let output = try Program.run(
        words("bench loader shapes:24x8 --size 16 --threads 2 --images 30 --batch 8 --json"), ranks: ranks)
      try #require(output.status == 0, "\(output)")
      let object = try output.object()
      for (key, value) in [
        "images": 32, "batch": 8, "size": 16, "views": 2, "pictures": 24, "threads": 2, "ranks": ranks,
      ] {
        #expect(object[key] as? Int == value, "\(key)")
      }
      let images = try #require(object["images_per_s"] as? Double)
      let seconds = try #require(object["seconds"] as? Double)
      #expect(abs(images * seconds / 32 - 1) < 1e-9)
      for (key, factor) in ["views_per_s": 2, "images_per_s_per_thread": 1 / Double(2 * ranks)] {
        #expect(abs(try #require(object[key] as? Double) / (factor * images) - 1) < 1e-9, "\(key)")
      }
      #expect(try #require(object["peak_rss_mb"] as? Double) > 10)
      let breakdown = try #require(object["breakdown_ms"] as? [String: Double])
      #expect(Set(breakdown.keys) == Self.parts)
      // Images of the built-in data are painted when they are read; there is nothing to decode.
      #expect(try #require(breakdown["read"]) > 0 && breakdown["resize"]! > 0 && breakdown["color"]! > 0)
      #expect(output.lines.last == "batch 4/4", "\(output.lines)")
    }

    @Test func settingsDecideWhatIsDone() throws {
      let command = words("bench loader shapes:24x8 --quiet --set augmentation.blur_probability=")
      let (without, with) = try (
        Program.run(command.dropLast() + [command.last! + "0", "--json"]),
        Program.run(command.dropLast() + [command.last! + "1"])
      )
      let breakdown = try #require(try without.object()["breakdown_ms"] as? [String: Double])
      #expect(breakdown["blur"] == 0)
      #expect(without.lines == [])
      // 24 is the largest divisor up to 32, 9 such batches hold the least of 200.
      #expect(
        with.result.hasPrefix("2 views of 32×32 of 216 images, shapes train (24 images) in batches of 24\n"))
      for row in Self.parts.union(["images per second", "views per second", "peak memory", "together"]) {
        #expect(with.result.contains("\n\(row)  "), "\(row)")
      }
    }
  }
}
