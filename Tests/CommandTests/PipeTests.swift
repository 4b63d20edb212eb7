import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// A configuration may come through a pipe, which rank 0 empties for all.
  @Suite struct Pipes {
    /// Calls `body` with the path of a pipe through which `file` comes once.
    private func withPipe<Result>(_ file: URL, in folder: URL, _ body: (String) throws -> Result) throws
      -> Result
    {
      let pipe = folder.appendingPathComponent("pipe-\(UUID().uuidString)").path
      try #require(mkfifo(pipe, 0o600) == 0)
      let writer = try Process.run(
        URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", "exec cat \"$0\" > \"$1\"", file.path, pipe])
      defer { kill(writer.processIdentifier, SIGKILL) }
      return try body(pipe)
    }

    private let commands = [
      "pretrain PIPE --dry-run --run FOLDER/run", "macs PIPE", "bench train PIPE --steps 1 --batch 8",
      "data inspect shapes:24x8 --config PIPE --sheet FOLDER/sheet.png",
    ]

    private func run(
      _ command: String, reading file: URL, in folder: URL, ranks: Int
    ) throws -> (pipe: String, output: Program.Output) {
      try withPipe(file, in: folder) { pipe in
        let line = command.replacing("PIPE", with: pipe).replacing("FOLDER", with: folder.path)
        return (pipe, try Program.run(words(line), ranks: ranks, seconds: 60))
      }
    }

    @Test(arguments: [1, 2]) func everyCommandReadsThem(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        for command in commands {
          let (_, output) = try run(
            "\(command) --json", reading: small.configuration, in: folder, ranks: ranks)
          #expect(output.status == 0, "\(command): \(output)")
          _ = try output.object()
        }
      }
    }

    @Test(arguments: [1, 2]) func mistakesInThemAreOneSentence(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let file = folder.appendingPathComponent("epochz.yaml")
        try "data: {source: shapes}\nepochz: 3\n".write(to: file, atomically: true, encoding: .utf8)
        for command in commands + ["bench kernels PIPE", "bench collectives PIPE"] {
          let (pipe, output) = try run(command, reading: file, in: folder, ranks: ranks)
          #expect(output.status == 1)
          #expect(output.lines == ["sluice: \(pipe):2: there is no key 'epochz'; did you mean 'epochs'?"])
        }
      }
    }

    @Test(arguments: [1, 2]) func aTableOfKernelsComesThroughOneToo(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let table = folder.appendingPathComponent("kernels.yaml")
        let item = "rows=4 in=3x8x8 out=8 kernel=3 stride=1 padding=1 forward=direct backward_weights=direct"
        try "- sluice=1 instruction_set=avx2\n- \(item)\n".write(
          to: table, atomically: true, encoding: .utf8)
        let output = try withPipe(table, in: folder) { pipe in
          try Program.run(
            small.command("kernels=\(pipe)") + ["--print-config"], ranks: ranks, seconds: 60)
        }
        #expect(output.status == 0 && output.result.contains(item), "\(output)")
      }
    }

    /// A run in runs/63 would be nobody's.
    @Test(arguments: [1, 2]) func theRunsFolderHasToBeNamed(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let (path, output) = try withPipe(small.configuration, in: folder) { pipe in
          (pipe, try Program.run(["pretrain", pipe], ranks: ranks, seconds: 60))
        }
        #expect(output.status == 1)
        #expect(
          output.lines == [
            "sluice: \(path) has no name that the run's folder could have: choose the folder with --run"
          ])
      }
    }
  }
}
