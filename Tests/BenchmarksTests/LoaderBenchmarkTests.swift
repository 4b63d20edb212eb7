import Collectives
import DataTools
import Datasets
import Foundation
import Progress
import Tensors
import TestSupport
import Testing

@testable import Benchmarks

/// `bench loader` makes its loader as training does: what a configuration says about loading is done.
@Suite struct LoaderBenchmarkTests {
  /// The indices of two epochs.
  private func order(of source: String, _ settings: String...) throws -> [Int] {
    var options = LoaderBenchmarkOptions()
    options.source = source
    options.settings = settings
    options.batch = 8
    options.threads = 1
    let loader = try LoaderBenchmark(options, communicator: .alone()).makeLoader()
    defer { loader.stop() }
    return try (0..<2 * loader.stepsPerEpoch).flatMap { _ in try loader.next().indices }
  }

  /// Packs are read in blocks; a window of one image is no shuffle within them.
  @Test func theShuffleWindowDecidesTheOrder() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("pack").path
      let packer = Packer(
        .init(
          source: "shapes:64x2", folder: path, shards: 8, encoding: ImageEncoding(),
          skipsBadImages: false),
        data: DataParts(train: ShapesDataset(.train, count: 64), test: nil), communicator: .alone(),
        pool: WorkerPool(threads: 2), display: ProgressDisplay(style: nil))
      _ = try packer.run()
      let usual = try order(of: "packed:\(path)")
      let narrow = try order(of: "packed:\(path)", "data.shuffle_window=8")
      #expect(usual != narrow)
      #expect(Set(usual) == Set(narrow) && usual.count == 128)
      #expect(try order(of: "packed:\(path)", "data.shuffle_window=8") == narrow)
    }
  }

  @Test func badImagesAreSkippedWhereAskedFor() throws {
    try withTemporaryFolder { folder in
      let train = folder.appendingPathComponent("train/only")
      try FileManager.default.createDirectory(at: train, withIntermediateDirectories: true)
      for index in 0..<16 {
        var bytes = try ShapesDataset(.train, count: 16).image(at: index).pngData()
        if index == 5 { bytes.removeLast(bytes.count / 2) }
        try Data(bytes).write(to: train.appendingPathComponent("\(index).png"))
      }
      let source = "folder:\(folder.path)"
      #expect(throws: (any Error).self) { try order(of: source) }
      #expect(try order(of: source, "data.on_error=skip").count == 32)
    }
  }
}
