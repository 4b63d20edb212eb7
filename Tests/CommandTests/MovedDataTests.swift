import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// The same data by another path or spelling is the same data.
  @Suite struct MovedData {
    @Test func aRunGoesOnWithItsDataInAnotherPlace() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let tree = try ImageTreeFiles(in: folder)
        func run(_ source: String, steps: Int, into run: String = "run") throws -> Program.Output {
          try Program.run(
            ["pretrain", small.configuration.path, "--run", "\(folder.path)/\(run)"]
              + ["data.source=\(source)", "max_steps=\(steps)", "network.input_size=32"].flatMap {
                ["--set", $0]
              })
        }
        #expect(try run(tree.source, steps: 1).status == 0)
        let root = String(tree.source.drop { $0 != ":" }.dropFirst())
        let moved = folder.path + "/moved"
        try FileManager.default.moveItem(atPath: root, toPath: moved)
        for (steps, source) in [
          (2, "folder:\(moved)"), (3, "folder:\(moved)/"), (4, "folder:\(moved)/../moved"),
        ] {
          let output = try run(source, steps: steps)
          #expect(output.status == 0, "\(output)")
          #expect(output.lines.contains { $0.hasPrefix("the data is at \(source) now, and was at folder:") })
        }
        // The bits are those of a run that nothing was moved under.
        #expect(try run("folder:\(moved)", steps: 4, into: "whole").status == 0)
        let weights = ["model.safetensors", "optimizer.safetensors"]
        let found = try contents(of: small.checkpoint(4))
        let whole = try contents(of: folder.appendingPathComponent("whole/checkpoints/step-00000004"))
        for name in weights { #expect(found[name] != nil && found[name] == whole[name]) }

        // Other files in another place are other data.
        try FileManager.default.removeItem(
          atPath: tree.path(train: 0).replacing(root, with: moved))
        let other = try run("folder:\(moved)", steps: 5)
        #expect(other.status == 1)
        #expect(
          other.lines.last?.contains("holds a run on different data (file list SHA-256 ") == true, "\(other)")
      }
    }
  }
}
