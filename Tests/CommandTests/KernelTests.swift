import Foundation
import Layers
import TestSupport
import Testing

extension CommandLineTests {
  /// Which algorithms compute convolutions: measured, written down, trained with.
  @Suite struct Kernels {
    /// Every algorithm of every distinct convolution: a stem, and in each stage two or four more.
    @Test func benchTimesEveryConvolution() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run([
          "bench", "kernels", small.configuration.path, "--size", "16", "--batch", "2", "--json",
        ])
        try #require(output.status == 0, "\(output)")
        let object = try output.object()
        let convolutions = try #require(object["convolutions"] as? [[String: Any]])
        // Eleven in three directions; the stem has no gradient of its images.
        #expect(convolutions.count == 32)
        for convolution in convolutions {
          #expect(convolution["rows"] as? Int == 4)
          #expect(convolution["fastest"] is String)
          #expect(convolution["auto"] is String)
          let algorithms = try #require(convolution["algorithms"] as? [[String: Any]])
          let names = algorithms.compactMap { $0["name"] as? String }
          #expect(names.contains("direct") && names.contains("onednn:direct"))
          for algorithm in algorithms {
            #expect(try #require(algorithm["ms"] as? Double) > 0)
            #expect(try #require(algorithm["gflops"] as? Double) > 0)
          }
        }
        let direct = try #require(object["direct_ms"] as? Double)
        let fastest = try #require(object["fastest_ms"] as? Double)
        #expect(direct >= fastest)
      }
    }

    @Test func aTableDecidesTheBitsOnAnyRanks() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let path = folder.appendingPathComponent("kernels.yaml").path
        let measured = try Program.run(["bench", "kernels", small.configuration.path, "--write", path])
        try #require(measured.status == 0, "\(measured)")
        let table = try String(contentsOfFile: path, encoding: .utf8)

        /// The model after two steps, with these winners or with other settings.
        func model(_ name: String, _ algorithm: ConvolutionAlgorithm?, _ settings: String..., ranks: Int = 1)
          throws -> Data
        {
          var settings = settings
          if let algorithm {
            let text = table.replacing(/(forward|backward_data|backward_weights)=\S+/) {
              "\($0.output.1)=\(algorithm)"
            }
            let file = folder.appendingPathComponent("\(name).yaml")
            try text.write(to: file, atomically: true, encoding: .utf8)
            settings.append("kernels=\(file.path)")
          }
          let run = folder.appendingPathComponent(name)
          let output = try Program.run(
            ["pretrain", small.configuration.path, "--run", run.path, "--set", "max_steps=2"]
              + settings.flatMap { ["--set", $0] }, ranks: ranks)
          try #require(output.status == 0, "\(output)")
          return try Data(
            contentsOf: run.appendingPathComponent("checkpoints/step-00000002/model.safetensors"))
        }
        let direct = try model("rule", nil, "kernels=direct")
        #expect(try model("direct", SluiceBackend.direct) == direct)
        #expect(try model("direct2", SluiceBackend.direct, ranks: 2) == direct)
        #expect(try model("winograd", SluiceBackend.winograd) != direct)
        #expect(try model("onednn", OneDNNBackend.direct) != direct)

        // The run has the table, so another one is refused, and the file is not needed again.
        let run = folder.appendingPathComponent("direct").path
        let refused = try Program.run([
          "pretrain", small.configuration.path, "--run", run, "--set", "kernels=auto",
        ])
        #expect(refused.status == 1)
        #expect(
          refused.errors.contains(
            /holds a run with a different configuration \(kernels: table [0-9a-f]{8} of 11 convolutions → auto\)/
          ),
          "\(refused)")
        try FileManager.default.removeItem(atPath: "\(run).yaml")
        let evaluated = try Program.run([
          "evaluate", "knn", "--checkpoint", "\(run)/checkpoints/latest", "--data", "shapes:32x8", "--json",
        ])
        #expect(evaluated.status == 0, "\(evaluated)")
      }
    }

    @Test func anUnreadableTableIsOneSentence() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("kernels=no/such.yaml"))
        #expect(output.status == 1)
        #expect(output.lines == ["sluice: no/such.yaml: cannot be read: No such file or directory"])
      }
    }

    /// Contracts C1 and C2 for `precision: bf16`.
    @Test(.enabled(if: OneDNNBackend.bf16.isAvailable, "the processor has no bf16 instructions"))
    func bf16GivesTheSameBitsOnAnyRanks() throws {
      let checkpoints = try [(1, [3]), (2, [3]), (4, [3]), (1, [2, 3])].map { ranks, stops in
        try withTemporaryFolder { folder in
          let small = try SmallRun(in: folder)
          for stop in stops {
            let output = try Program.run(small.command("precision=bf16", "max_steps=\(stop)"), ranks: ranks)
            try #require(output.status == 0, "\(output)")
            #expect(output.lines.contains { $0.contains("bf16") })
            #expect(output.result.contains("and bf16 (oneDNN "))
          }
          return try contents(of: small.checkpoint(3))
        }
      }
      for other in checkpoints.dropFirst() { expectEqual(other, checkpoints[0]) }
      let inF32 = try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        _ = try Program.run(small.command("max_steps=3"))
        return try contents(of: small.checkpoint(3))
      }
      #expect(inF32["model.safetensors"] != checkpoints[0]["model.safetensors"])
    }
  }
}
