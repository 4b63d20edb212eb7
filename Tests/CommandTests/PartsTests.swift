import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Training without labels where other images have some.
  @Suite struct Parts {
    /// A small STL-10: 40 images without labels, 20 to compare with, 10 to classify.
    private func write(to folder: URL) throws {
      var state: UInt32 = 1
      for (part, count, isLabelled) in [("unlabeled", 40, false), ("train", 20, true), ("test", 10, true)] {
        let bytes = (0..<count * 27_648).map { _ in
          state = state &* 1_664_525 &+ 1_013_904_223
          return UInt8(state >> 24)
        }
        try Data(bytes).write(to: folder.appendingPathComponent("\(part)_X.bin"))
        guard isLabelled else { continue }
        try Data((0..<count).map { UInt8(1 + $0 % 10) }).write(
          to: folder.appendingPathComponent("\(part)_y.bin"))
      }
    }

    private func pretrain(_ small: SmallRun, _ source: String) throws -> Program.Output {
      let settings = ["data.source=\(source)", "max_steps=1", "network.input_size=16"]
      return try Program.run(
        ["pretrain", small.configuration.path, "--run", small.run.path, "--json"]
          + settings.flatMap { ["--set", $0] })
    }

    @Test func testImagesAreComparedWithTheReference() throws {
      try withTemporaryFolder { folder in
        try write(to: folder)
        let small = try SmallRun(in: folder.appendingPathComponent("small"))
        let output = try pretrain(small, "stl10:\(folder.path)")
        try #require(output.status == 0, "\(output)")
        let evaluation = try #require(try output.object()["evaluation"] as? [String: Any])
        #expect(evaluation["images"] as? Int == 10)

        let knn = try Program.run(
          words(
            "evaluate knn --checkpoint \(small.run.path)/checkpoints/latest --data stl10:\(folder.path) --json"
          ))
        try #require(knn.status == 0, "\(knn)")
        #expect(try knn.object()["top1"] as? Double == evaluation["top1"] as? Double)
      }
    }
  }
}
