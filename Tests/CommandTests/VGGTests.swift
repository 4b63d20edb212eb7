import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// A network of another family, from training to evaluation.
  @Suite struct VGGs {
    private static let network = ["network.family=vgg", "network.depth=16", "network.width=4"]

    private static func command(_ small: SmallRun, _ settings: String...) -> [String] {
      small.command("max_steps=2") + (network + settings).flatMap { ["--set", $0] }
    }

    /// Contract C1, and that recomputing changes no bit.
    @Test func aRunIsTheSameOnAnyRanksAndIsEvaluated() throws {
      try withTemporaryFolder { folder in
        let one = try SmallRun(in: folder.appendingPathComponent("one"))
        let output = try Program.run(Self.command(one))
        try #require(output.status == 0, "\(output)")
        let two = try SmallRun(in: folder.appendingPathComponent("two"))
        #expect(try Program.run(Self.command(two, "memory.recompute=true"), ranks: 2).status == 0)
        expectEqual(try contents(of: two.checkpoint(2)), try contents(of: one.checkpoint(2)))

        let checkpoint = "--checkpoint \(one.checkpoint(2).path)"
        let macs = try Program.run(words("macs \(checkpoint) --json")).object()
        let layers = try #require(macs["layers"] as? [[String: Any]])
        #expect(layers.count == 13 + 7)
        #expect(layers.compactMap { $0["name"] as? String }.contains("features.14.gate"))
        // 9·size² for every pair of channels: 3 to 4 and 4 to 4, then doubled at half the size.
        let pairs = [(32, 12 + 16), (16, 32 + 64), (8, 128 + 2 * 256), (4, 512 + 2 * 1024), (2, 3 * 1024)]
        #expect(macs["dense_macs"] as? Int == pairs.reduce(0) { $0 + 9 * $1.0 * $1.0 * $1.1 })

        let knn = try Program.run(words("evaluate knn \(checkpoint) --data shapes:50x31 --json")).object()
        #expect(knn["images"] as? Int == 31 && knn["top1"] is Double)
        let share = try #require(knn["macs_share"] as? Double)
        #expect(share > 0.1 && share < 1.1)
        let stages = try Program.run(words("evaluate transfer \(checkpoint) --data shapes:50x31"))
        #expect(
          stages.result.split(separator: "\n").dropFirst().map { $0.prefix(6) } == [
            "stage1", "stage2", "stage3", "stage4", "stage5",
          ])

        // What a run of another network left is not gone on with.
        let other = try Program.run(one.command("max_steps=3"))
        #expect(other.status == 1 && other.errors.contains("network.family: vgg → resnet"), "\(other)")
      }
    }

    @Test func anExportBeginsARun() throws {
      try withTemporaryFolder { folder in
        let small = try Export.trained(in: folder.appendingPathComponent("source"), Self.network)
        let file = folder.appendingPathComponent("vgg.safetensors")
        #expect(try Program.run(Export.command(small, to: file)).status == 0)
        let next = try SmallRun(in: folder)
        let output = try Program.run(Self.command(next) + ["--init", file.path])
        #expect(output.status == 0 && output.errors.contains("starting with 107 tensors of"), "\(output)")
        let resNet = try Program.run(next.command() + ["--init", file.path, "--run", folder.path + "/x"])
        #expect(
          resNet.status == 1
            && resNet.errors.contains("such as 'conv1.weight', by itself or behind one of the prefixes"),
          "\(resNet)")
      }
    }
  }
}
